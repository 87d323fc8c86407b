"""PyTorch and OpenVINO's own Python as runners of the paper's network, for bench/paper-network.ts.

Arguments: model.onnx, width, height, threads, and f32 or bf16 for OpenVINO. A line "torch" or "openvino" on standard input runs
one frame of 8-bit RGB through it and answers with the milliseconds.
"""

import sys
import time

import numpy
import openvino
import torch
from torch import nn

model_file, width, height, threads, precision = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]


class Convolution(nn.Sequential):
    """Reflection padding, a convolution, and what follows it."""

    def __init__(self, inputs, outputs, kernel, *, stride=1, scale=1, norm=True, relu=True):
        layers = [nn.Upsample(scale_factor=scale, mode="nearest")] if scale > 1 else []
        layers += [nn.ReflectionPad2d(kernel // 2), nn.Conv2d(inputs, outputs, kernel, stride)]
        layers += [nn.InstanceNorm2d(outputs, affine=True)] if norm else []
        layers += [nn.ReLU()] if relu else []
        super().__init__(*layers)


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.block = nn.Sequential(Convolution(channels, channels, 3), Convolution(channels, channels, 3, relu=False))

    def forward(self, x):
        return x + self.block(x)


# Johnson et al. 2016, supplementary material, table 1, as PyTorch's examples/fast_neural_style has it.
network = nn.Sequential(
    Convolution(3, 32, 9),
    Convolution(32, 64, 3, stride=2),
    Convolution(64, 128, 3, stride=2),
    *[Residual(128) for _ in range(5)],
    Convolution(128, 64, 3, scale=2),
    Convolution(64, 32, 3, scale=2),
    Convolution(32, 3, 9, norm=False, relu=False),
).eval()
torch.set_num_threads(threads)
frame = numpy.random.default_rng(1).integers(0, 256, (1, height, width, 3), numpy.uint8)

core = openvino.Core()
model = core.read_model(model_file)
model.reshape({model.input(0): [1, height, width, 3]})
settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
request = core.compile_model(model, "CPU", settings).create_infer_request()


def run_torch():
    image = torch.from_numpy(frame).permute(0, 3, 1, 2).float()
    result = network(image).clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous()
    return result.numpy()


def run_openvino():
    return request.infer([frame])[0]


runners = {"torch": run_torch, "openvino": run_openvino}
with torch.inference_mode():
    for run in runners.values():
        run()
    print(f"PyTorch {torch.__version__}, OpenVINO {openvino.__version__.split('-')[0]}", flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        runners[line.strip()]()
        print((time.perf_counter() - started) * 1000, flush=True)

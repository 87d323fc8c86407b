"""PyTorch and OpenVINO's own Python as runners of the paper's network, for bench/paper-network.ts.

Arguments: model.onnx, width, height, threads, and f32 or bf16 for OpenVINO. A line "torch" or "openvino" on standard input runs
one frame of 8-bit RGB through it and answers with the milliseconds.
"""

import sys
import time

import numpy
import openvino
import torch

from paper_network import restyle

model_file, width, height, threads, precision = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]

torch.set_num_threads(threads)
frame = numpy.random.default_rng(1).integers(0, 256, (1, height, width, 3), numpy.uint8)

core = openvino.Core()
model = core.read_model(model_file)
model.reshape({model.input(0): [1, height, width, 3]})
settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
request = core.compile_model(model, "CPU", settings).create_infer_request()


def run_torch():
    return restyle(torch.from_numpy(frame[0])).numpy()


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

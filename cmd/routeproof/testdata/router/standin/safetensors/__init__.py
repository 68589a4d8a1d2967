"""Stands in for the package safetensors where that is not installed: as much of safe_open as docs/examples/router.py
asks for, with the same names, arguments and results. It does not check what the package checks.
"""
import json
import struct

import numpy as np  # not "numpy", which is a module of this package too


class SafetensorError(Exception):
    pass


class safe_open:
    def __init__(self, filename, framework, device="cpu"):
        if framework not in ("np", "numpy"):
            raise SafetensorError("framework %s is invalid" % framework)
        with open(filename, "rb") as f:
            raw = f.read()
        try:
            size = struct.unpack("<Q", raw[:8])[0]
            self._header = json.loads(raw[8:8 + size])
        except (struct.error, ValueError) as e:
            raise SafetensorError("Error while deserializing header: %s" % e)
        self._metadata = self._header.pop("__metadata__", None)
        self._data = raw[8 + size:]
        if any(t["data_offsets"][1] > len(self._data) for t in self._header.values()):
            raise SafetensorError("Error while deserializing header: MetadataIncompleteBuffer")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._header = self._data = None

    def metadata(self):
        return self._metadata  # None where the file has none

    def keys(self):
        return sorted(self._header)  # not in the file's order, as that is not promised

    def get_tensor(self, name):
        if name not in self._header:
            raise SafetensorError("File does not contain tensor %s" % name)
        t = self._header[name]
        start, end = t["data_offsets"]
        return np.frombuffer(bytearray(self._data[start:end]), dtype={"F32": "<f4"}[t["dtype"]]).reshape(t["shape"])

"""JSON as the formats that are not verified read and write it: with orjson where that is installed, else with Python's own.

Rules that this module keeps:

- the bytes are those of Python's encoder without spaces, whichever is at work: what a body of the canonical profile holds, both write alike
  (no floats, integers below 2^53);
- what orjson refuses is left to Python's: a text that it can not write, and a body that it can not read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Final, TypeAlias

Read: TypeAlias = Callable[[bytes], object]
Write: TypeAlias = Callable[[object], bytes]
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=dict).encode


def _write(value: object) -> bytes:
    return _ENCODE(value).encode()


def ways() -> tuple[tuple[Read, Write], ...]:
    """Return what reads and writes with each encoder that is installed, the fastest first."""
    ours: tuple[Read, Write] = (json.loads, _write)
    try:
        orjson = import_module("orjson")
    except ImportError:
        return (ours,)
    loads, dumps, option = orjson.loads, orjson.dumps, orjson.OPT_PASSTHROUGH_SUBCLASS

    def read(body: bytes) -> object:
        try:
            return loads(body)
        except ValueError:
            return json.loads(body)

    def write(value: object) -> bytes:
        try:
            made: bytes = dumps(value, dict, option)
        except TypeError:
            return _write(value)
        return made

    return (read, write), ours


read_json, write_json = ways()[0]

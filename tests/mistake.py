"""One small mistake in one function, for the length of a block."""

from __future__ import annotations
import __future__ as future

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, cast


@contextmanager
def mistaken(function: Callable[..., Any], old: str, new: str) -> Iterator[None]:
    """Give the function the code of its source with `new` in place of `old`, so that everybody who holds it runs the mistake.

    Raises LookupError if `old` is not there exactly once, or if `new` means the same: a mistake can not silently be none.
    """
    changing = cast(FunctionType, function)
    source = textwrap.dedent(inspect.getsource(function))
    if source.count(old) != 1:
        raise LookupError(f"expected {old!r} once in {function.__qualname__}, found it {source.count(old)} times")
    made: dict[str, Any] = {}
    tree = ast.parse(source.replace(old, new))
    if ast.dump(tree) == ast.dump(ast.parse(source)):
        raise LookupError(f"expected {new!r} to mean something else than {old!r}")
    code = compile(tree, "<mistake>", "exec", flags=future.annotations.compiler_flag, dont_inherit=True)
    exec(code, dict(changing.__globals__), made)
    changed = made[function.__name__]
    before = changing.__code__
    changing.__code__ = getattr(changed, "__func__", changed).__code__
    try:
        yield
    finally:
        changing.__code__ = before

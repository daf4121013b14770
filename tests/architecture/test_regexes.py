"""No regular expression of the package takes more than linear time, whatever somebody sends to be matched."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from importlib import import_module

import pytest

from tests.architecture.backtracking import ambiguity
from tests.architecture.source import Module, imports, last_name, nodes, written

USES = {"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"(a+)+b", "exponential"),
        (r"(a|[ab])*c", None),
        (r"(aa|a)*b", "exponential"),
        (r"(\w|\dx?)+y", "exponential"),
        (r"([a-z]{1,9}-?)+x", "exponential"),
        (r"(x+x+)+y", "exponential"),
        (r"\s*\s*x", "polynomial"),
        (r"a*b?a*x", "polynomial"),
        (r".*,.*", "polynomial"),
        (r"[a-z]+(\.[a-z]+)*", None),
        (r"[a-z]+(\.?[a-z]+)*", "exponential"),
        (r'"(?:[^"\\]|\\.)*"', None),
        (r'"(?:[^"]|\\.)*"', "exponential"),
        (r"([0-9]{1,5}){0,3}x", None),
    ],
)
def test_the_judge_knows_the_slow_ones(pattern: str, found: str | None) -> None:
    """Patterns that are known for taking exponential and polynomial time are told from those that do not."""
    assert ambiguity(pattern) == found


def held(value: object) -> Iterator[re.Pattern[str]]:
    """Yield the compiled patterns in a value of a module."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from held(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from held(each)


def compiled(module: Module) -> int:
    """Return how many patterns a module compiles; raise where it does so inside of a function."""
    calls = [node for node in nodes(module.tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"]
    inside = {
        id(node) for each in nodes(module.tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(each)
    }
    assert [module.at(node) for node in calls if id(node) in inside] == []
    return len(calls)


def inline(module: Module) -> Iterator[str]:
    """Yield the patterns that a module gives to a function of `re` as they stand."""
    for node in nodes(module.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and last_name(node.func.value) == "re"
            and node.func.attr in USES
        ):
            assert isinstance(node.args[0], ast.Constant), module.at(node)
            yield str(node.args[0].value)


@pytest.mark.proves("ASVS-1.3.12")
def test_every_pattern_is_linear() -> None:
    """Each pattern that a module compiles, or uses as it stands, refuses any text in time that is linear in its length."""
    slow, seen = [], 0
    for module in written():
        if not any(target == "re" for target, _ in imports(module.name)):
            continue
        patterns = [each.pattern for each in held(tuple(vars(import_module(module.name)).values()))]
        own = {each for each in patterns if isinstance(each, str)} | set(inline(module))
        assert len(patterns) >= compiled(module), module.name
        seen += len(own)
        slow += [f"{module.name}: {each} is {found}" for each in sorted(own) if (found := ambiguity(each))]
    assert seen > 60
    assert slow == []

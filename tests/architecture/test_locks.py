"""Locks of threads are held for a moment: nothing is awaited or handed out under one, and no second one is taken."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.source import Module, last_name, modules, nodes

LOCKS: Final = ("lock", "mutex", "guard")
# A turn is held while its holder works: one at a time for a key, each with a lock of its own, and no turn is taken in a turn.
TURNS: Final = {"encryption.turns": 2}


def held(module: Module) -> Iterator[tuple[str, list[ast.AST]]]:
    """Yield where a module holds a lock, with everything that it does under it."""
    for node in nodes(module.tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            names = [last_name(item.context_expr).lower().lstrip("_") for item in node.items]
            if any(name.endswith(LOCKS) for name in names):
                yield module.at(node), [each for statement in node.body for each in ast.walk(statement)]


@pytest.mark.proves("ASVS-15.4.3")
def test_nothing_waits_and_no_lock_is_taken_under_a_lock() -> None:
    """Under a lock there is no await, no yield and no other lock, so that no two threads can wait for each other; turns are listed."""
    waiting: dict[str, int] = {}
    nested, seen = [], 0
    for module in modules().values():
        if "ock" not in module.text and "mutex" not in module.text:
            continue
        for place, under in held(module):
            seen += 1
            if any(isinstance(each, ast.Await | ast.Yield | ast.YieldFrom | ast.AsyncFor | ast.AsyncWith) for each in under):
                name = ".".join(module.parts)
                waiting[name] = waiting.get(name, 0) + 1
            inner = [item.context_expr for each in under if isinstance(each, ast.With) for item in each.items]
            calls = [each.func for each in under if isinstance(each, ast.Call) and last_name(each.func) == "acquire"]
            if any(last_name(each).lower().endswith(LOCKS) for each in inner) or calls:
                nested.append(place)
    assert seen > 30
    assert waiting == TURNS
    assert nested == []

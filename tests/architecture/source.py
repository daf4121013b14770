"""The package's source as syntax trees, for the tests that judge its shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


@dataclass(frozen=True, slots=True)
class Module:
    """One source file."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def generated(self) -> bool:
        """Whether tools/twin.py wrote it."""
        return self.path.name.startswith("_sync")

    @property
    def parts(self) -> tuple[str, ...]:
        """The dotted name below `ctsec`, split."""
        return tuple(self.name.split(".")[1:])

    def at(self, node: ast.AST) -> str:
        """Say where a node is."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


@cache
def modules() -> dict[str, Module]:
    """Return every module of the package by its dotted name, generated twins included."""
    found = {}
    for path in sorted((SRC / "ctsec").rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text("utf-8")
        found[name] = Module(name, path, text, ast.parse(text))
    return found


def written() -> list[Module]:
    """Return the modules that people wrote."""
    return [module for module in modules().values() if not module.generated]


@cache
def imports(name: str) -> tuple[tuple[str, int], ...]:
    """Return what a module imports, wherever in it, as (dotted name, line); TYPE_CHECKING blocks and function bodies included."""
    return tuple(_imports(modules()[name]))


def _imports(module: Module) -> Iterator[tuple[str, int]]:
    for node in nodes(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.name.split(".") if module.path.name == "__init__.py" else module.name.split(".")[:-1]
                base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield (inner if inner in modules() else base), node.lineno


@cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Return every node of a module, walked once for all tests of this process."""
    return tuple(ast.walk(tree))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function in a tree, methods and nested ones included."""
    every = nodes(tree) if isinstance(tree, ast.Module) else ast.walk(tree)
    return (node for node in every if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    """Yield every class in a tree."""
    every = nodes(tree) if isinstance(tree, ast.Module) else ast.walk(tree)
    return (node for node in every if isinstance(node, ast.ClassDef))


def last_name(node: ast.expr) -> str:
    """Return the last identifier of a name, attribute, call or subscript."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return last_name(inner)
        case _:
            return ""

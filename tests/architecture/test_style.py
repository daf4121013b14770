"""The figures of the house style, counted."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median

import pytest

from tests.architecture.source import ROOT, classes, functions, last_name, modules, nodes, written

FILE_LINES = 350
MEDIAN_FILE_LINES = 120
FUNCTION_LINES = 48
PUBLIC_METHODS = 11
DEPTH, ERROR_DEPTH = 2, 3
TOO_MANY_METHODS: set[str] = set()  # classes excused from PUBLIC_METHODS, each with a reason beside it
MUTABLE_RECORDS: set[str] = set()  # dataclasses that need not be frozen with slots, each with a reason beside it
PACKAGES_WITHOUT_FACE = {"migrations", "versions", "static", "templates"}  # read by Alembic or as data
FORBIDDEN_WORDS = {"manager", "helper", "helpers", "util", "utils", "handler", "handlers", "processor", "repository", "tenant", "tenants"}


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring."""
    first = node.body[0]
    documented = ast.get_docstring(node, clean=False) is not None
    return (node.end_lineno or 0) - node.lineno + 1 - ((first.end_lineno or 0) - first.lineno + 1 if documented else 0)


def is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function only repeats another's signature."""
    return any(last_name(d) in {"overload", "setter"} for d in node.decorator_list)


def public_methods(node: ast.ClassDef) -> list[str]:
    """Return the public methods that a class defines itself."""
    found = [f for f in node.body if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef)) and not f.name.startswith("_")]
    return [f.name for f in found if not any(last_name(d) in {"property", "cached_property", "kept", "setter"} for d in f.decorator_list)]


def test_files_are_short() -> None:
    """No file has more than 350 lines, and half of them at most 120; generated files apart."""
    lengths = {str(m.path.relative_to(ROOT)): len(m.text.splitlines()) for m in written()}
    assert {path: lines for path, lines in lengths.items() if lines > FILE_LINES} == {}
    assert median(lengths.values()) <= MEDIAN_FILE_LINES


def test_functions_are_short() -> None:
    """No function has more than 48 lines without its docstring; a migration, one table after another, is history and no function."""
    code = [m for m in written() if ".migrations." not in m.name]
    assert [f"{m.at(f)} {f.name}: {code_lines(f)}" for m in code for f in functions(m.tree) if code_lines(f) > FUNCTION_LINES] == []


def test_classes_are_small() -> None:
    """No class has more than 11 public methods; properties are attributes."""
    counts = {f"{m.name}.{c.name}": len(public_methods(c)) for m in written() for c in classes(m.tree)}
    assert {name: count for name, count in counts.items() if count > PUBLIC_METHODS and name not in TOO_MANY_METHODS} == {}


def test_inheritance_is_shallow() -> None:
    """A class of ours has at most one ancestor of ours, an error at most two."""
    bases = {c.name: [last_name(b) for b in c.bases] for m in written() for c in classes(m.tree)}

    def depth(name: str, seen: frozenset[str] = frozenset()) -> int:
        return 0 if name not in bases or name in seen else 1 + max((depth(b, seen | {name}) for b in bases[name]), default=0)

    def is_error(name: str, seen: frozenset[str] = frozenset()) -> bool:
        return name == "CtsecError" or (name not in seen and any(is_error(b, seen | {name}) for b in bases.get(name, [])))

    assert {name: depth(name) for name in bases if depth(name) > (ERROR_DEPTH if is_error(name) else DEPTH)} == {}


def test_everything_is_annotated() -> None:
    """Every parameter and every return value has a type."""
    wrong = []
    for module in modules().values():
        methods = {f for c in classes(module.tree) for f in c.body}
        for function in functions(module.tree):
            a = function.args
            plain = [*a.posonlyargs, *a.args]
            static = any(last_name(d) == "staticmethod" for d in function.decorator_list)
            named = plain[1:] if function in methods and not static else plain
            rest = [*a.kwonlyargs, *(x for x in (a.vararg, a.kwarg) if x)]
            if function.returns is None or any(p.annotation is None for p in [*named, *rest]):
                wrong.append(f"{module.at(function)} {function.name}")
    assert wrong == []


def test_public_names_are_documented() -> None:
    """Every module, public class, public function and public method says what it is, starting with one sentence."""
    wrong = []
    for module in written():
        owners: list[ast.Module | ast.ClassDef] = [module.tree, *(c for c in classes(module.tree) if not c.name.startswith("_"))]
        for owner in owners:
            nodes = [
                n for n in owner.body if isinstance(n, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and not n.name.startswith("_")
            ]
            wrong += [
                f"{module.at(n)} {n.name}"
                for n in nodes
                if not (ast.get_docstring(n) or (isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and is_overload(n)))
            ]
        if not ast.get_docstring(module.tree):
            wrong.append(module.at(module.tree))
    assert wrong == []


def test_records_are_frozen_with_slots() -> None:
    """Every dataclass is frozen and has slots."""
    wrong = []
    for module in written():
        for node in classes(module.tree):
            for decorator in node.decorator_list:
                if last_name(decorator) == "dataclass" and f"{module.name}.{node.name}" not in MUTABLE_RECORDS:
                    given = {k.arg: k.value for k in decorator.keywords} if isinstance(decorator, ast.Call) else {}
                    on = {name for name, value in given.items() if isinstance(value, ast.Constant) and value.value is True}
                    if not {"frozen", "slots"} <= on:
                        wrong.append(f"{module.at(node)} {node.name}")
    assert wrong == []


def test_names_are_those_of_the_field() -> None:
    """No module, class or function is named after a role that says nothing, and an organization is never a tenant."""
    wrong = []
    for module in written():
        names: list[tuple[ast.AST, str]] = [(module.tree, module.path.stem)]
        names += [(n, n.name) for n in nodes(module.tree) if isinstance(n, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))]
        for node, name in names:
            words = {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}
            wrong += [f"{module.at(node)} {name}"] if words & FORBIDDEN_WORDS else []
    assert wrong == []


def test_every_package_lists_its_public_names() -> None:
    """Every package has an `__init__.py` with an `__all__` that names nothing twice (ruff keeps it sorted, RUF022)."""
    wrong = []
    for folder in sorted({m.path.parent for m in written()}):
        path = folder / "__init__.py"
        tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
        found = [n.value for n in tree.body if isinstance(n, (ast.Assign, ast.AnnAssign)) and "__all__" in ast.unparse(n).split("=")[0]]
        names = ast.literal_eval(found[0]) if found and found[0] is not None else None
        if not PACKAGES_WITHOUT_FACE.intersection(folder.parts) and (names is None or len(set(names)) != len(names)):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def source_tests() -> list[Path]:
    """Return the test files that people wrote."""
    return [p for p in sorted((ROOT / "tests").rglob("test_*.py")) if not p.name.startswith("test_sync_")]


@pytest.mark.parametrize("path", source_tests(), ids=lambda p: str(p.relative_to(ROOT / "tests")))
def test_every_test_states_its_rule(path: Path) -> None:
    """Every test has a docstring that states the rule it proves, and every test file says what it is about."""
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree)
    assert [f"{path.name}:{f.lineno} {f.name}" for f in functions(tree) if f.name.startswith("test_") and not ast.get_docstring(f)] == []

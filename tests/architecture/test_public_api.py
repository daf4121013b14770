"""The public names are a promise: a change of them is a change of this snapshot, made on purpose."""

from __future__ import annotations

import ast
import os
from pathlib import Path

from tests.architecture.source import Module, written

SNAPSHOT = Path(__file__).with_name("public_api.txt")


def is_face(module: Module) -> bool:
    """Tell whether hosts import names from this module: the package faces and the modules at the top."""
    private = any(part.startswith("_") for part in module.parts)
    return not private and (module.path.name == "__init__.py" or len(module.parts) == 1)


def public_names(module: Module) -> list[str]:
    """Return `__all__`, or the public names that a module without one defines."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["__all__"]:
            return sorted(ast.literal_eval(node.value))
    names: list[str] = []
    for node in module.tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.append(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.append(name)
    return sorted(name for name in names if not name.startswith("_"))


def test_public_names_are_those_of_the_snapshot() -> None:
    """Public names come and go only together with public_api.txt (CTSEC_WRITE_PUBLIC_API=1 writes it anew)."""
    now = "".join(f"{module.name}: {name}\n" for module in written() if is_face(module) for name in public_names(module))
    if os.environ.get("CTSEC_WRITE_PUBLIC_API"):
        SNAPSHOT.write_text(now, "utf-8")
    assert now.splitlines() == SNAPSHOT.read_text("utf-8").splitlines()

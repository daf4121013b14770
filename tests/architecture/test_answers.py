"""What answers hold is written out field by field: no record is turned into JSON as it is, and no column of secrets has a name in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.source import ROOT, Module, last_name, modules, nodes

WHOLE: Final = {"asdict", "astuple", "vars", "model_dump", "model_dump_json", "fields", "to_dict"}
PAGE: Final = (ROOT / "docs" / "reference" / "data.md").read_text("utf-8")
# Shown once, to who asked for its use, or opened for who may read the log.
SHOWN: Final = {"secret", "secret_base64", "token", "codes", "personal"}


def view_keys(module: Module) -> Iterator[tuple[str, str]]:
    """Yield each view of a module with the names that it answers with; raise for one that is not written out."""
    for function in module.tree.body:
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Dict):
                    for key, value in zip(node.keys, node.values, strict=True):
                        if key is None:
                            assert isinstance(value, ast.Call), module.at(value)
                            assert last_name(value.func) in {each.name for each in module.tree.body if isinstance(each, ast.FunctionDef)}
                        else:
                            assert isinstance(key, ast.Constant), module.at(key)
                            yield function.name, str(key.value)


@pytest.mark.proves("ASVS-15.3.1")
def test_views_name_every_field_and_no_secret() -> None:
    """Each view is a literal of named fields; none has the name of a column that holds what is sealed or a digest."""
    rows = re.findall(r"^\| `ctsec_\w+` \|([^|]*)\|([^|]*)\|", PAGE, re.MULTILINE)
    secret = {name for row in rows for cell in row for name in cell.split()}
    assert {"sealed", "mac", "secret_digest", "token_digest", "wrapped"} <= secret
    found = list(view_keys(modules()["ctsec.web.views"]))
    assert len(found) > 120
    assert {(view, key) for view, key in found if key in secret - SHOWN} == set()


@pytest.mark.proves("ASVS-15.3.1")
def test_no_record_is_answered_whole() -> None:
    """Nothing in the web layer or in a host asks a record for all of its fields."""
    wrong = [
        module.at(node)
        for module in modules().values()
        # A resource of SCIM is a model of what the provider itself sent, and no record.
        if module.parts[:1] in {("web",), ("fastapi",), ("flask",)} and module.parts[:2] != ("web", "scim")
        for node in nodes(module.tree)
        if (isinstance(node, ast.Call) and last_name(node.func) in WHOLE) or (isinstance(node, ast.Attribute) and node.attr == "__dict__")
    ]
    assert wrong == []

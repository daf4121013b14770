"""What providers send otherwise, and which requests are too much: tables, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.web.scim.bounds import MAX_OPERATIONS, unfit_body, unfit_filter
from ctsec.web.scim.dialect import normalized

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MANAGED = {"value": "2819", "$ref": "Users/2819"}
OPERATIONS: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("Okta, no path", {"op": "replace", "value": {"active": False}}, {"op": "replace", "value": {"active": False}}),
    ("Okta, read-only", {"op": "replace", "value": {"id": "x", "displayName": "y"}}, {"op": "replace", "value": {"displayName": "y"}}),
    ("Entra, capitals", {"op": "Replace", "path": "active", "value": "False"}, {"op": "replace", "path": "active", "value": False}),
    ("Entra, no path", {"op": "Add", "value": {"active": "TRUE"}}, {"op": "add", "value": {"active": True}}),
    (
        "Entra, filtered path",
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "a@b.c"},
        {"op": "add", "path": 'emails[type eq "work"].value', "value": "a@b.c"},
    ),
    (
        "Entra, primary",
        {"op": "add", "path": "emails", "value": [{"value": "a", "primary": "True"}]},
        {"op": "add", "path": "emails", "value": [{"value": "a", "primary": True}]},
    ),
    (
        "Entra, primary by path",
        {"op": "add", "path": "emails.primary", "value": "false"},
        {"op": "add", "path": "emails.primary", "value": False},
    ),
    (
        "Entra, manager",
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "2819"},
        {"op": "add", "path": f"{ENTERPRISE}:manager", "value": MANAGED},
    ),
    ("Entra, no manager", {"op": "Add", "path": "manager", "value": ""}, {"op": "add", "path": "manager", "value": None}),
    (
        "Entra, before 2020",
        {"op": "Add", "path": "displayName", "value": [{"$ref": None, "value": "Babs"}]},
        {"op": "add", "path": "displayName", "value": "Babs"},
    ),
    (
        "members stay a list",
        {"op": "Add", "path": "members", "value": [{"$ref": None, "value": "1"}]},
        {"op": "add", "path": "members", "value": [{"$ref": None, "value": "1"}]},
    ),
    ("no value", {"op": "Remove", "path": "title"}, {"op": "remove", "path": "title"}),
)


@pytest.mark.parametrize(("sent", "read"), [(sent, read) for _, sent, read in OPERATIONS], ids=[name for name, _, _ in OPERATIONS])
def test_each_dialect_is_brought_into_form(sent: dict[str, Any], read: dict[str, Any]) -> None:
    """An operation of a provider is read as RFC 7644 has it, alone and within a bulk request; what is in form already stays."""
    assert normalized({"Operations": [sent]}) == {"Operations": [read]}
    bulk = {"Operations": [{"method": "PATCH", "data": {"Operations": [sent]}}]}
    assert normalized(bulk) == {"Operations": [{"method": "PATCH", "data": {"Operations": [read]}}]}
    assert normalized({"Operations": [read]}) == {"Operations": [read]}


def test_resources_are_brought_into_form() -> None:
    """In a resource too: strings for truths, a manager as text, an empty externalId; text that only looks like a truth stays text."""
    sent = {"userName": "True", "active": "false", "externalId": "", "title": "false", ENTERPRISE: {"manager": "2819"}}
    assert normalized(sent) == {"userName": "True", "active": False, "title": "false", ENTERPRISE: {"manager": MANAGED}}
    assert normalized({"active": "maybe", "emails": [None, {"value": "a"}]}) == {"active": "maybe", "emails": [{"value": "a"}]}


def keyed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with the names that are looked at, and others."""
    return st.dictionaries(st.sampled_from(("active", "manager", "Operations", "op", "path", "value", "data", "x")), inner, max_size=4)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | keyed(inner), max_leaves=12
)


@given(keyed(ANYTHING))
def test_anything_is_brought_into_form_once(body: dict[str, Any]) -> None:
    """No body breaks it, and what it made it makes again."""
    once = normalized(body)
    assert normalized(once) == once
    assert isinstance(unfit_body(body), str)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("(" * 8 + "a pr" + ")" * 8, True),
        ("(" * 9 + "a pr" + ")" * 9, False),
        ("not (" * 4 + "a pr" + ")" * 4, True),
        ("not (" * 5 + "a pr" + ")" * 5, False),
        (" and ".join(["a pr"] * 20), True),
        (" or ".join(["a pr"] * 21), False),
        ('a eq "((((((((((((\\" and and"', True),
        ("a" * 1_000, True),
        ("a" * 1_001, False),
    ],
)
def test_filters_are_bounded(text: str, fits: bool) -> None:
    """Length, depth and terms are counted outside of strings; a filter of exactly the bound still fits, in every place of a body."""
    assert (unfit_filter(text) == "") is fits
    for body in ({"filter": text}, {"Operations": [{"path": text}]}, {"operations": [{"data": {"Operations": [{"path": text}]}}]}):
        assert (unfit_body(body) == "") is fits
    assert (unfit_body({"Operations": [{}] * MAX_OPERATIONS}), unfit_body({"Operations": [{}] * (MAX_OPERATIONS + 1)}) != "") == ("", True)

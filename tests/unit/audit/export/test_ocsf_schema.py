"""OCSF against the published schema of 1.8.0, as the package ocsf-json-schema has it; that of 1.9.0 is not published as data yet."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any, Final

import pytest

from ctsec.audit.event import EventName
from ctsec.audit.export.ocsf import OcsfWriter
from ctsec.audit.export.request import OcsfVersion
from tests.unit.audit.export.test_formats import HEAD, event

JUDGE: Final[Any] = import_module("jsonschema").Draft202012Validator  # neither package has types
OCSF: Final[Any] = import_module("ocsf_json_schema")
SAYINGS: tuple[dict[str, Any], ...] = (
    {},
    {"targets": [], "workspace": None, "organization": None, "request": ""},
    {"outcome": "refused", "reason": "denied", "subject": "usr_3"},
    {"outcome": "failed", "actor": {"kind": "service_account", "id": "sva_1", "credential": {"kind": "api_key", "id": "key_1"}}},
)


@pytest.mark.proves("ASVS-16.2.4")
def test_every_event_validates_against_the_published_schema() -> None:
    """Each name, with targets or without, done, refused and failed, by a session and a key, with personal parts and without: no error."""
    schema = OCSF.OcsfJsonSchemaEmbedded(OCSF.get_ocsf_schema(version="1.8.0"))
    writer = OcsfWriter(OcsfVersion.V1_8, head=HEAD)
    judges: dict[int, Any] = {}
    wrong: set[tuple[str, str]] = set()
    for name in (*EventName, "dashboard.deleted"):
        told = [event(name, **said) for said in SAYINGS]
        personal = {"address": "2001:db8::1", "user_agent": "agent", "reason": "why", "email": "ann@example.com"}
        for each in (*told, replace(told[0], personal={}), replace(told[0], personal=personal)):
            made = writer.object(each)
            uid = made["class_uid"]
            if uid not in judges:
                judges[uid] = JUDGE(schema.get_class_schema(class_name=schema.lookup_class_name_from_uid(class_uid=uid)))
            wrong |= {(name, f"{error.json_path}: {error.message}") for error in judges[uid].iter_errors(made)}
    assert wrong == set()
    assert set(judges) == {2004, 3001, 3002, 3003, 3004, 3005, 3006, 6003}


def test_the_schema_refuses_what_is_not_of_it() -> None:
    """The judge is one: a field that no class has, a required one that is missing, and a value outside of an enum are errors."""
    schema = OCSF.OcsfJsonSchemaEmbedded(OCSF.get_ocsf_schema(version="1.8.0"))
    judge = JUDGE(schema.get_class_schema(class_name="authentication"))
    made = OcsfWriter(OcsfVersion.V1_8, head=HEAD).object(event("user.signed_in"))
    assert list(judge.iter_errors(made)) == []
    for changed in (made | {"colour": "red"}, made | {"severity_id": 77}, {name: value for name, value in made.items() if name != "user"}):
        assert list(judge.iter_errors(changed)) != []

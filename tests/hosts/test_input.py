"""Input of every route of the table: types are not coerced, unknown fields and doubled parameters are refused, and nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ctsec.web.models import Body
from ctsec.web.route import Needs, Route
from ctsec.web.table import ROUTES
from tests.hosts.apps import STAFF
from tests.hosts.harness import BASE, Browser, Host, Reply
from tests.hosts.test_sessions import IDS

BODIED = [route for route in ROUTES if route.body is not None]
ASKED = [route for route in ROUTES if route.query]
# One of each kind of JSON value; the text is one that a lenient reader would take for a number.
VALUES: list[tuple[str, Any]] = [
    ("null", None),
    ("boolean", True),
    ("integer", 7),
    ("number", 1.5),
    ("string", "7"),
    ("array", [{}]),
    ("object", {"$ne": ""}),
]
# What nobody may say of themselves or of a record, whichever route they say it to.
BOUND = {"admin": True, "role": "owner", "user_id": "usr_1", "organization_id": "org_1", "aal": 2, "status": "active", "permissions": ["*"]}
# A value of the right type for each required field, so that a refusal is about the field that is looked at.
RIGHT: dict[str, Any] = {
    "approvals": 0, "claims": {"sub": "x"}, "client_id": "c", "provider": "oidc", "code": "123456", "days": 365, "matter": "case 1",
    "why": "seen", "rule": "owner_added", "until": "2026-02-01T00:00:00Z",
    "current": "a long river", "delay_minutes": 0, "domain": "a.example", "email": "a@x.org", "evidence": "video_call",
    "kid": "k", "kind": "aws", "minutes": 5, "name": "A", "new": "a long lake", "organization_id": "org_1", "password": "a long river",
    "permissions": [], "proof": "seen", "reason": "why", "ref": "arn", "reference": "T1", "regions": None, "region": "eu", "response": {},
    "role": "viewer", "secret": "s", "services": None, "longest_life_days": 30, "longest_grant_days": 30, "ticket": "x", "token": "x",
    "audience": "https://api.example", "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "issuer": "https://id.example",
    "preset": "generic", "seen": "0" * 64, "subject_token": "x", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "user_id": IDS["user_id"],
}  # fmt: skip


def kinds(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> set[str]:
    """Return the JSON types that a field takes, as its schema says."""
    if "$ref" in schema:
        return kinds(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return {kind for each in schema["anyOf"] for kind in kinds(each, definitions)}
    return {"string"} if "enum" in schema or "const" in schema else {schema["type"]}


def beyond(field: Mapping[str, Any]) -> Iterator[Any]:
    """Yield values that are one over each limit of a field."""
    for each in field.get("anyOf", [field]):
        if "maxLength" in each:
            yield "x" * (each["maxLength"] + 1)
        if "maxItems" in each:
            yield ["x"] * (each["maxItems"] + 1)
        if each.get("type") == "integer":
            yield from (each["minimum"] - 1, each["maximum"] + 1)


def wrong(model: type[Body]) -> Iterator[tuple[str, Any]]:
    """Yield each field of a model with each value of a type that it does not take, and with values one over its limits."""
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        taken = kinds(field, schema.get("$defs", {}))
        yield from ((name, value) for kind, value in VALUES if kind not in taken)
        yield from ((name, value) for value in beyond(field))


def right(model: type[Body]) -> dict[str, Any]:
    """Return a body that has what the model requires."""
    return {name: RIGHT[name] for name, field in model.model_fields.items() if field.is_required()}


def ask(browser: Browser, route: Route, body: Any = None, *, query: str = "") -> Reply:
    """Make a request of a route with ids that nobody has, as who may make one."""
    path = re.sub(r"\{(\w+)\}", lambda found: IDS[found[1]], route.path) + query
    headers = {"x-staff": f"{STAFF} olga", "origin": BASE} if route.needs is Needs.OPERATOR else {}
    return browser.auth(f"{route.method} {path}", body, headers=headers)


def fields(reply: Reply) -> set[str]:
    """Return the fields that a refusal of a body names."""
    assert reply.status == 422, reply.body
    return {each["field"].partition(".")[0] for each in reply.json["errors"]}


@pytest.mark.proves("ASVS-1.3.3", "ASVS-15.3.5", "ASVS-2.2.1", "ASVS-2.2.2")
def test_values_of_other_types_and_beyond_limits_are_refused(host: Host, browser: Browser) -> None:
    """Every field of every body refuses each JSON type that it does not take, and what is one over its limit: 422 by its name, no event."""
    browser.sign_up("ada@example.com")
    before, tried = host.events(), 0
    for route in BODIED:
        assert route.body is not None
        for name, value in wrong(route.body):
            reply = ask(browser, route, {**right(route.body), name: value})
            assert fields(reply) == {name}, (route.operation, name, value, reply.body)
            tried += 1
    assert tried > 500
    assert host.events() == before


@pytest.mark.proves("ASVS-15.3.3", "CVE-2025-61928")
def test_nobody_says_more_of_themselves_than_a_route_asks(host: Host, browser: Browser) -> None:
    """A field that a body does not have is refused by its name, also beside all that it has: no role, owner or level is ever bound."""
    browser.sign_up("ada@example.com")
    before = host.events()
    for route in BODIED:
        assert route.body is not None
        more = {name: value for name, value in BOUND.items() if name not in route.body.model_fields}
        assert fields(ask(browser, route, {**right(route.body), **more})) == set(more), route.operation
    assert host.events() == before


@pytest.mark.proves("ASVS-15.3.7")
def test_a_parameter_stands_once_and_in_its_place(browser: Browser) -> None:
    """A query parameter that is given twice is refused, and so is a field of the body that is given in the query instead."""
    browser.sign_up("ada@example.com")
    organization = browser.found("Acme")
    for route in ASKED:
        path = route.path.replace("{organization_id}", organization).replace("{workspace_id}", IDS["workspace_id"])
        sent = right(route.body) if route.body is not None else None
        for name in route.query:
            for query in (f"?{name}=1&{name}=2", f"?{name}=1&%{ord(name[0]):x}{name[1:]}=2"):
                reply = ask(browser, replace(route, path=path), sent, query=query)
                assert (reply.status, reply.json["reason"]) == (422, "invalid_input"), (path, query)
    assert ask(browser, next(each for each in BODIED if each.operation == "sign_in"), {}, query="?email=a@x.org").status == 422
    reply = browser.auth("POST /organizations?name=Evil", {"name": "Acme"})
    assert (reply.status, reply.json["reason"]) == (422, "invalid_input")


@pytest.mark.proves("CVE-2025-61928")
def test_a_person_in_the_body_does_not_stand_for_a_session(host: Host, browser: Browser) -> None:
    """Whoever is named in a body, no route that needs a caller answers without a credential, and no key comes of it."""
    browser.sign_up("ada@example.com")
    organization = browser.found("Acme")
    nobody = Browser(host)
    for route in ROUTES:
        if route.needs in {Needs.SESSION, Needs.PRINCIPAL}:
            path = re.sub(r"\{(\w+)\}", lambda found: {**IDS, "organization_id": organization}[found[1]], route.path)
            body = {"user_id": browser.id, "owner_id": browser.id, "name": "robot"} if route.method != "GET" else None
            assert nobody.auth(f"{route.method} {path}", body).status == 401, route.operation
    assert browser.ok(f"GET /organizations/{organization}/api-keys") == {"api_keys": []}

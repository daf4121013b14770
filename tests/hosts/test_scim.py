"""SCIM over both hosts: who may push, in which form, and how much."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from ctsec.guard.allowance import AllowancePolicy
from ctsec.rbac.policy import Policy
from ctsec.sso.policy import SsoPolicy
from tests.hosts.harness import HOSTS, Browser, Host, named
from tests.hosts.scim import ENTERPRISE, ROOT, USER, Pusher, pushes


def wsgi(pusher: Pusher) -> Callable[..., Iterable[bytes]]:
    """Return an application that sends what it is asked to the host, with the credential of the connection."""

    def app(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        told = {key[5:].lower().replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")}
        told |= {"authorization": f"Bearer {pusher.token}", "content-type": environ.get("CONTENT_TYPE") or "application/scim+json"}
        stream: io.BytesIO = environ["wsgi.input"]
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        headers = [(key, value) for key, value in told.items() if key != "host"]
        answer = pusher.host.send(environ["REQUEST_METHOD"], environ["PATH_INFO"] + query, headers=headers, body=stream.read())
        start(f"{answer.status} X", list(answer.headers.items()))
        return [answer.body]

    return app


def test_an_outside_suite_finds_nothing(host: Host) -> None:
    """`scim2-tester`, which we did not write, passes all of its checks: discovery, create, read, replace, PATCH and delete."""
    # Loading it takes three seconds: not in each process that collects tests.
    from scim2_client.engines.wsgi import WSGISCIMClient
    from scim2_tester import Status, check_server

    client = WSGISCIMClient(wsgi(pushes(host)), base_url=f"{host.base_url}{ROOT}")
    results = check_server(client)
    assert len(results) >= 130
    assert [(each.title, each.reason) for each in results if each.status is not Status.SUCCESS] == []


@pytest.mark.proves("SEED-S14")
def test_a_person_is_pushed_ended_and_brought_back(host: Host) -> None:
    """A pushed user is a member of the organization; `active` false ends that, and true gives it back; a deletion ends it too."""
    pusher = pushes(host)
    made = pusher.user("bob", name={"givenName": "Bob", "familyName": "B"}, externalId="00u1")
    assert (made["active"], made["externalId"], made["meta"]["resourceType"]) == (True, "00u1", "User")
    assert made["meta"]["location"] == f"{host.base_url}{ROOT}/Users/{made['id']}"
    assert pusher.members() == {"olga@acme.example": "owner", "bob@acme.example": "member"}
    assert pusher.ok(f"GET /Users/{made['id']}")["userName"] == "bob@acme.example"
    host.clock.advance(timedelta(milliseconds=1))
    assert pusher.patch(f"/Users/{made['id']}", {"op": "replace", "path": "active", "value": False}).status == 204
    assert pusher.members() == {"olga@acme.example": "owner"}
    host.clock.advance(timedelta(milliseconds=1))
    assert pusher.ok(f"GET /Users/{made['id']}")["active"] is False
    assert pusher.patch(f"/Users/{made['id']}", {"op": "Replace", "value": {"active": "True"}}).status == 204
    assert pusher.members() == {"olga@acme.example": "owner", "bob@acme.example": "member"}
    assert pusher.send(f"DELETE /Users/{made['id']}").status == 204
    assert pusher.send(f"GET /Users/{made['id']}").status == 404
    assert pusher.members() == {"olga@acme.example": "owner"}
    whys = {name: [json.loads(each.body)["details"]["why"] for each in named(host.events(pusher.organization), name)] for name in PUSHED}
    assert whys == {"scim_user.created": [""], "scim_user.changed": ["inactive", ""], "scim_user.removed": ["inactive"]}


PUSHED = ("scim_user.created", "scim_user.changed", "scim_user.removed")


@pytest.mark.proves("CVE-2025-4210", "GHSA-j8v8-g9cx-5qf4", "CVE-2026-92539", "CVE-2025-41115")
def test_a_credential_opens_its_own_connection_and_nothing_else(host: Host) -> None:
    """Without a credential that is right every method is 401; with one, what others pushed is not there, whatever is asked."""
    olga = Browser(host).sign_up("olga@acme.example", "Olga").enrol()
    acme = pushes(host, owner=olga)
    ivan = Browser(host).sign_up("ivan@initech.example", "Ivan").enrol()
    initech = pushes(host, name="initech", owner=ivan)
    bob, group = acme.user("bob", externalId="1"), acme.group("Staff")
    wrong = ("", "x", acme.token[:-1] + ("A" if acme.token[-1] != "A" else "B"), olga.cookie)
    for token in wrong:
        for line in (
            "GET /Users",
            "POST /Users",
            f"PUT /Users/{bob['id']}",
            f"PATCH /Users/{bob['id']}",
            "DELETE /Users/1",
            "GET /Schemas",
        ):
            reply = acme.send(line, {"schemas": [USER], "userName": "eve@acme.example"}, token=token)
            assert (reply.status, reply.headers["content-type"]) == (401, "application/scim+json")
            assert reply.headers["www-authenticate"].startswith("Bearer")
    assert olga.call("GET", f"{ROOT}/Users").status == 401
    assert host.send("GET", "/auth/session", headers=[("authorization", f"Bearer {acme.token}")], body=b"").status == 401
    for place in (f"/Users/{bob['id']}", f"/Groups/{group['id']}"):
        for line in (f"GET {place}", f"DELETE {place}"):
            assert initech.send(line).status == 404
        assert initech.patch(place, {"op": "replace", "path": "externalId", "value": "2"}).status == 404
    put = {"schemas": [USER], "userName": "bob@initech.example"}
    assert initech.send(f"PUT /Users/{bob['id']}", put).status == 404
    for asked in ('externalId eq "1"', 'id eq "' + bob["id"] + '"', 'userName eq "bob@acme.example"', "userName pr"):
        assert initech.ok(f"GET /Users?filter={quote(asked)}")["totalResults"] == 0
    assert initech.send("POST /Groups", {"displayName": "x", "members": [{"value": bob["id"]}]}).status == 400
    for number in ("1", "0", "-1", olga.id):
        assert acme.send(f"GET /Users/{number}").status == 404
    assert acme.members() == {"olga@acme.example": "owner", "bob@acme.example": "member"}
    assert initech.members() == {"ivan@initech.example": "owner"}


def test_credentials_overlap_and_end(host: Host) -> None:
    """A second credential works beside the first for the overlap; one that is revoked or over its time ends at once."""
    pusher = pushes(host)
    home = f"/organizations/{pusher.organization}/sso/scim"
    one = pusher.owner.ok(f"GET {home}")["connections"][0]
    assert (one["id"], one["url"], "token" in one["tokens"][0]) == (pusher.connection, f"{host.base_url}{ROOT}", False)
    second = pusher.owner.ok(f"POST {home}/{pusher.connection}/tokens", {"days": 30, "overlap_days": 1})
    assert {pusher.send("GET /Users", token=each).status for each in (pusher.token, second["token"])} == {200}
    host.clock.advance(timedelta(days=1))
    assert [pusher.send("GET /Users", token=each).status for each in (pusher.token, second["token"])] == [401, 200]
    ticket = pusher.owner.sign_in()["ticket"]
    pusher.owner.ok("POST /sign-in/code", {"ticket": ticket, "code": pusher.owner.code()})
    assert pusher.owner.auth(f"DELETE {home}/{pusher.connection}/tokens/{second['id']}").status == 204
    assert pusher.send("GET /Users", token=second["token"]).status == 401


def test_what_is_asked_for_is_found(host: Host) -> None:
    """Filters, sorting, pages by index and by cursor, attributes, ETags and bulk: as RFC 7644 and 9865 have them."""
    pusher = pushes(host)
    ids: dict[str, str] = {}
    for number, who in enumerate(("carl", "anna", "bert", "dora", "emil")):
        host.clock.advance(timedelta(milliseconds=1))
        work = [{"value": f"{who}@acme.example", "type": "work", "primary": True}]
        ids[who] = pusher.user(who, displayName=who.title(), externalId=f"E{number}", active=number != 4, emails=work)["id"]

    def names(query: str) -> list[str]:
        found = pusher.ok(f"GET /Users?{query}")
        return [str(each["userName"]).partition("@")[0] for each in found.get("Resources", ())]

    for asked, wanted in (
        ('userName eq "ANNA@acme.example"', ["anna"]),
        ('externalId eq "E2"', ["bert"]),
        ('externalId eq "e2"', []),
        ('id eq "' + ids["dora"] + '"', ["dora"]),
        ('displayName co "ER"', ["bert"]),
        ('displayName sw "d" or displayName ew "a"', ["anna", "dora"]),
        ("active eq false", ["emil"]),
        ("not (active eq true) and userName pr", ["emil"]),
        ('emails[type eq "work" and value co "carl"]', ["carl"]),
        ('userName eq "anna@acme.example" and active eq false', []),
        ("title pr", []),
    ):
        assert sorted(names(f"filter={quote(asked)}")) == wanted, asked
    assert names("sortBy=userName&sortOrder=descending") == ["emil", "dora", "carl", "bert", "anna"]
    assert names("startIndex=2&count=2") == ["anna", "bert"]
    assert names("sortBy=displayName&startIndex=4&count=9") == ["dora", "emil"]
    assert pusher.ok("GET /Users?count=0") == {**pusher.ok("GET /Users?count=0"), "totalResults": 5, "itemsPerPage": 0}
    for sort in ("", "&sortBy=userName", "&sortBy=userName&sortOrder=descending"):
        seen: list[str] = []
        cursor = ""
        while len(seen) < 9:
            page = pusher.ok(f"GET /Users?cursor={quote(cursor)}&count=2{sort}")
            seen += [each["id"] for each in page["Resources"]]
            cursor = page.get("nextCursor") or ""
            if not cursor:
                break
        assert (len(seen), set(seen)) == (5, set(ids.values())), sort
    assert pusher.send("GET /Users?cursor=forged&count=2").status == 400
    assert set(pusher.ok(f"GET /Users/{ids['anna']}?attributes=userName")) == {"schemas", "id", "userName"}
    one = pusher.send(f"GET /Users/{ids['anna']}")
    assert pusher.send(f"GET /Users/{ids['anna']}", headers={"if-none-match": one.headers["etag"]}).status == 304
    title = {"op": "add", "path": "title", "value": "Boss"}
    assert pusher.patch(f"/Users/{ids['anna']}", title, headers={"if-match": 'W/"99"'}).status == 412
    assert pusher.patch(f"/Users/{ids['anna']}", title, headers={"if-match": one.headers["etag"]}).status == 204
    assert pusher.send(f"DELETE /Users/{ids['anna']}", headers={"if-match": one.headers["etag"]}).status == 412
    twice = pusher.send("POST /Users", {"schemas": [USER], "userName": "Anna@ACME.example"})
    assert (twice.status, twice.json["scimType"]) == (409, "uniqueness")
    bulk = pusher.ok(
        "POST /Bulk",
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [
                {"method": "POST", "path": "/Users", "bulkId": "q", "data": {"schemas": [USER], "userName": "fritz@acme.example"}},
                {"method": "POST", "path": "/Users", "bulkId": "r", "data": {"schemas": [USER], "userName": "anna@acme.example"}},
                {"method": "POST", "path": "/Groups", "bulkId": "s", "data": {"displayName": "G", "members": [{"value": "bulkId:q"}]}},
                {"method": "DELETE", "path": f"/Users/{ids['carl']}"},
            ],
        },
    )
    assert [each["status"] for each in bulk["Operations"]] == ["201", "409", "201", "204"]
    assert set(pusher.members()) == {f"{who}@acme.example" for who in ("olga", "anna", "bert", "dora", "fritz")}


def test_what_is_too_much_is_refused_before_it_is_read(host: Host) -> None:
    """1 MiB is read and one byte more is 413; filters that are long, deep or many are 400; so is deep JSON."""
    pusher = pushes(host)
    padded = json.dumps({"schemas": [USER], "userName": "big@acme.example"}).encode()
    assert pusher.send("POST /Users", padded + b" " * (1_048_576 - len(padded))).status == 201
    assert pusher.send("POST /Users", padded + b" " * (1_048_577 - len(padded))).status == 413
    deep = "(" * 9 + "userName pr" + ")" * 9
    many = " or ".join(["userName pr"] * 21)
    for asked in (deep, many, "not (" * 5 + "userName pr" + ")" * 5, 'userName eq "' + "x" * 1_000 + '"'):
        reply = pusher.send(f"GET /Users?filter={quote(asked)}")
        assert (reply.status, reply.json["scimType"]) == (400, "invalidFilter"), asked
        assert pusher.send("POST /Users/.search", {"filter": asked}).status == 400
    assert pusher.patch("/Users/x", {"op": "remove", "path": f"emails[{deep}]"}).status == 400
    assert pusher.send("POST /Users", b'{"a":' * 40 + b"1" + b"}" * 40).status == 400
    assert pusher.send("POST /Users", b"{").json["scimType"] == "invalidSyntax"
    assert pusher.send("POST /Users", padded, headers={"content-type": "text/plain"}).status == 415
    assert pusher.send("POST /Users", {"schemas": [USER], "userName": "x" * 256}).status == 400
    assert pusher.send("POST /Users", {"schemas": [USER], "userName": "y", "title": "x" * 70_000}).status == 400
    operations = [{"method": "DELETE", "path": "/Users/x"}] * 101
    assert pusher.send("POST /Bulk", {"Operations": operations}).status == 413
    assert (pusher.send("GET /Nothing").status, pusher.send("GET /Me").status) == (404, 501)
    refused = pusher.send("PUT /Users")
    assert (refused.status, "POST" in refused.headers["allow"]) == (405, True)


@pytest.mark.parametrize("name", sorted(HOSTS))
def test_a_connection_has_its_own_allowance(name: str) -> None:
    """What one connection asks too often is 429 with a time to wait; wrong credentials are held back by their address, right ones never."""
    policy = SsoPolicy(scim_requests=AllowancePolicy(burst=3, every=timedelta(seconds=10)))
    host = HOSTS[name](Policy.preset(), single_sign_on=policy)
    try:
        pusher = pushes(host)
        assert [pusher.send("GET /Users").status for _ in range(4)] == [200, 200, 200, 429]
        reply = pusher.send("GET /Users")
        assert (reply.headers["retry-after"], reply.json["status"]) == ("10", "429")
        wrong = pusher.token[:-1] + ("A" if pusher.token[-1] != "A" else "B")
        statuses = [pusher.send("GET /Users", token=wrong).status for _ in range(60)]
        assert (statuses[0], statuses[-1]) == (401, 429)
        host.clock.advance(timedelta(seconds=10))
        assert pusher.send("GET /Users").status == 200
    finally:
        host.close()


def test_groups_of_thousands_are_changed_one_by_one(host: Host) -> None:
    """A PATCH that lets one member in or out of a large group answers 204 and changes that one; reading can leave members out."""
    pusher = pushes(host)
    many = sorted(pusher.user(f"u{number}", active=False)["id"] for number in range(20))
    group = pusher.group("Everybody", *many[:-1])
    place = f"/Groups/{group['id']}"
    assert pusher.patch(place, {"op": "Add", "path": "members", "value": [{"value": many[-1]}]}).status == 204
    assert pusher.patch(place, {"op": "remove", "path": f'members[value eq "{many[0]}"]'}).status == 204
    assert pusher.patch(place, {"op": "Remove", "path": "members", "value": [{"value": many[1]}]}).status == 204
    assert pusher.patch(place, {"op": "add", "path": "members", "value": [{"value": "scu_" + "0" * 26}]}).status == 400
    found = pusher.ok(f"GET {place}")
    assert {each["value"] for each in found["members"]} == set(many[2:])
    assert found["members"][0] == {"value": many[2], "$ref": f"{host.base_url}{ROOT}/Users/{many[2]}", "type": "User"}
    assert "members" not in pusher.ok(f"GET {place}?excludedAttributes=members")
    assert [each["value"] for each in pusher.ok(f"GET {place}?attributes=members.value")["members"]] == many[2:]
    assert [each["value"] for each in pusher.ok(f"GET /Users/{many[5]}")["groups"]] == [group["id"]]
    held = quote(f'members.value eq "{many[5]}"')
    assert pusher.ok(f"GET /Groups?filter={held}")["totalResults"] == 1
    assert pusher.patch(place, {"op": "replace", "path": "members", "value": [{"value": many[7]}]}).status == 204
    assert [each["value"] for each in pusher.ok(f"GET {place}")["members"]] == [many[7]]


def test_dialects_are_understood(host: Host) -> None:
    """What Okta and Entra really send is understood: strings for booleans, capitals, no path, paths into nothing, a manager as text."""
    pusher = pushes(host)
    one, place = pusher.user("bob"), ""
    place = f"/Users/{one['id']}"
    for operation in (
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "bob@acme.example"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "scu_1"},
        {"op": "Replace", "path": "displayName", "value": [{"$ref": None, "value": "Bobby"}]},
        {"op": "replace", "value": {"id": one["id"], "name.givenName": "Bob", "nickName": "B", "unheardOf": 1}},
        {"op": "Replace", "path": "active", "value": "False"},
    ):
        assert pusher.patch(place, operation).status == 204, operation
    found = pusher.ok(f"GET {place}")
    assert (found["active"], found["displayName"], found["name"]["givenName"], found["nickName"]) == (False, "Bobby", "Bob", "B")
    assert (found["emails"], found[ENTERPRISE]["manager"]["value"]) == ([{"type": "work", "value": "bob@acme.example"}], "scu_1")
    assert pusher.members() == {"olga@acme.example": "owner"}

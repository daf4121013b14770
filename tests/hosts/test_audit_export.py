"""The audit log taken away over HTTP: exports, counts, proofs, keys, and what a person sees of herself."""

from __future__ import annotations

import base64
import csv
import gzip
import json
from datetime import timedelta
from typing import Any

import pytest

from ctsec.audit.export import verify_export
from ctsec.audit.tree import ProofBundle, SignedCheckpoint, VerifierKey, is_consistent
from tests.hosts.harness import Browser, Host, named


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


def key_of(owner: Browser, organization: str) -> VerifierKey:
    """Return the key that verifies the log."""
    (key,) = owner.ok(f"GET /organizations/{organization}/audit/key")["keys"]
    return VerifierKey.read(key)


@pytest.mark.proves("SEED-L3")
def test_a_log_is_exported_in_every_format_and_verified_offline(host: Host, owner: Browser) -> None:
    """The file is streamed, named and whole; JSONL verifies with the log's key alone, whole or filtered; who took it is told."""
    organization = owner.found("Acme")
    spaces = [owner.workspace(organization, f"W{number}") for number in range(3)]
    host.events(organization)
    path = f"/organizations/{organization}/audit/export"
    key = key_of(owner, organization)

    reply = owner.auth(f"GET {path}")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/jsonl")
    assert reply.headers["content-disposition"] == f'attachment; filename="audit-{organization}.jsonl"'
    assert (reply.headers["cache-control"], "content-length" in reply.headers) == ("no-store", False)
    head = owner.call("HEAD", f"/auth{path}")
    assert (head.status, head.body, head.headers["content-type"]) == (200, b"", "application/jsonl")
    report = verify_export(reply.body.splitlines(keepends=True), keys=[key])
    assert (report.problem, report.complete, report.signed, report.log) == ("", True, True, organization)
    size = report.events
    assert size + 2 == len(host.events(organization))

    chosen = owner.auth(f"GET {path}?name=workspace.created&gzip=yes")
    assert chosen.headers["content-type"] == "application/gzip"
    report = verify_export(gzip.decompress(chosen.body).splitlines(keepends=True), keys=[key])
    assert (report.problem, report.complete, report.events, report.filters) == ("", False, 3, {"name": "workspace.created"})

    rows = list(csv.DictReader(owner.auth(f"GET {path}?name=workspace.created&format=csv").body.decode().splitlines()))
    assert [row["target_id"] for row in rows] == [*spaces, ""]
    assert (rows[-1]["index"], rows[-1]["id"]) == ("# end", "3")
    lines = [json.loads(line) for line in owner.auth(f"GET {path}?target={spaces[0]}&format=ocsf&ocsf=1.9.0").body.splitlines()]
    assert [line.get("class_uid") for line in lines] == [3004, None]
    assert lines[0]["metadata"]["version"] == "1.9.0"
    assert b"|workspace.created|" in owner.auth(f"GET {path}?format=cef").body

    told = [each.details()["details"] for each in named(host.events(organization), "audit.exported")]
    assert sorted(((each["format"], *each["filters"], each["events"]) for each in told), key=str) == sorted(
        [("jsonl", size), ("jsonl", "name", 3), ("csv", "name", 3), ("ocsf", "target", 1), ("cef", size + 2), ("jsonl", size)], key=str
    )
    assert {each.actor_id for each in named(host.events(organization), "audit.exported")} == {owner.id}
    found = owner.ok(f"GET /organizations/{organization}/audit?name=audit.exported")["events"]
    asked = [json.loads(each["personal"].get("asked", "{}")) for each in found]
    assert sorted(asked, key=str) == [{"name": "workspace.created"}] * 2 + [{"target": spaces[0]}] + [{}] * 3


def test_personal_parts_are_in_an_export_only_if_asked_for(host: Host, owner: Browser) -> None:
    """Addresses and user agents are in no format unless `personal=yes`, and then in each."""
    organization = owner.found("Acme")
    host.events(organization)
    path = f"GET /organizations/{organization}/audit/export?name=organization.created"
    for form in ("jsonl", "csv", "ocsf", "cef"):
        bare, full = owner.auth(f"{path}&format={form}").body, owner.auth(f"{path}&format={form}&personal=yes").body
        for secret in (b"198.51.100.7", b"test browser"):
            assert secret not in bare, form
            assert secret in full, form
    lines = owner.auth(f"{path}&personal=yes").body.splitlines(keepends=True)
    assert verify_export(lines, keys=[key_of(owner, organization)]).problem == ""
    assert verify_export([line for line in lines if b'"personal":{' not in line]).problem


@pytest.mark.proves("SEED-L2")
def test_what_is_searched_is_counted_and_filtered_by_resource_and_reason(host: Host, owner: Browser) -> None:
    """Counts are those of the search, by name and by day; a kind of resource and a reason are filters as the others."""
    organization = owner.found("Acme")
    guest = Browser(host).sign_up("guest@example.com")
    space = owner.workspace(organization)
    owner.invite(organization, guest, workspace_id=space, workspace_role="viewer")
    guest.call("POST", f"/workspaces/{space}/agents-run")
    host.clock.advance(timedelta(days=1))
    owner.workspace(organization, "Later")
    host.events(organization)
    path = f"/organizations/{organization}/audit"
    events = list(owner.ok(f"GET {path}?limit=500")["events"])
    counted = owner.ok(f"GET {path}/counts")
    assert counted == {
        "total": len(events),
        "by": "name",
        "counts": {name: sum(each["name"] == name for each in events) for name in sorted({each["name"] for each in events})},
        "more": False,
        "silent": [],
    }
    days = owner.ok(f"GET {path}/counts?name=workspace.created&by=day")
    assert (days["total"], list(days["counts"].values())) == (2, [1, 1])
    refused = owner.ok(f"GET {path}?outcome=refused")["events"]
    assert {each["name"] for each in refused} == {"access.denied"}
    reason = refused[0]["reason"]
    assert owner.ok(f"GET {path}/counts?reason={reason}&kind=workspace")["counts"] == {"access.denied": 1}
    assert owner.ok(f"GET {path}/counts?reason={reason}&kind=api_key")["total"] == 0
    asked = [each.details()["details"]["asked"] for each in named(host.events(organization), "audit.searched")]
    assert {"events", "counts"} <= set(asked)
    assert owner.auth(f"GET {path}/counts?by=hour").status == 422


def test_a_client_holds_the_log_to_what_it_was(host: Host, owner: Browser) -> None:
    """Checkpoint, key, proof of one event and consistency between two sizes come over HTTP and verify without the host."""
    organization = owner.found("Acme")
    path = f"/organizations/{organization}/audit"
    assert owner.auth(f"GET {path}/checkpoint").status == 404
    host.events(organization)
    key = key_of(owner, organization)
    before = SignedCheckpoint.read(owner.ok(f"GET {path}/checkpoint")["checkpoint"].encode())
    for number in range(4):
        owner.workspace(organization, f"W{number}")
    bodies = [each.body for each in host.events(organization)]
    after = SignedCheckpoint.read(owner.ok(f"GET {path}/checkpoint")["checkpoint"].encode())
    assert before.note.is_signed_by(key)
    assert after.note.is_signed_by(key)
    proof = ProofBundle.read(owner.ok(f"GET {path}/proof?index=3")["proof"].encode())
    assert proof.shows(bodies[3], public=key.public)
    old, new = before.checkpoint, after.checkpoint
    told = owner.ok(f"GET {path}/consistency?old={old.size}")
    hashes = [base64.b64decode(each) for each in told["hashes"]]
    assert told["size"] == new.size
    assert is_consistent(old.size, size=new.size, old_root=old.root, root=new.root, proof=hashes)
    assert owner.ok(f"GET {path}/consistency?old={old.size}&size={old.size}")["hashes"] == []
    for query in ("proof", "proof?index=x", "consistency", "consistency?old=1&size=x"):
        assert owner.auth(f"GET {path}/{query}").status == 422, query
    for query in ("proof?index=999", "consistency?old=1&size=999", "consistency?old=3&size=2"):
        assert owner.auth(f"GET {path}/{query}").status == 404, query
    asked = [each.details()["details"]["asked"] for each in named(host.events(organization), "audit.searched")]
    assert sorted(asked) == ["consistency", "consistency", "proof"]


def test_who_may_not_see_the_log_takes_nothing_away(host: Host, owner: Browser) -> None:
    """A member without audit:view is denied every route, a stranger finds none, no export is recorded; odd input is refused."""
    organization = owner.found("Acme")
    guest, stranger = (Browser(host).sign_up(f"{name}@example.com") for name in ("guest", "stranger"))
    owner.invite(organization, guest)
    host.events(organization)
    for route in ("export", "export?format=odd", "counts", "proof?index=0", "consistency?old=0", "checkpoint", "key"):
        assert guest.auth(f"GET /organizations/{organization}/audit/{route}").status == 403, route
        assert stranger.auth(f"GET /organizations/{organization}/audit/{route}").status == 404, route
    assert named(host.events(organization), "audit.exported") == []
    for query in ("format=xml", "personal=1", "gzip=true", "ocsf=1.7.0", "first=-1", "first=3&end=2", "end=x", "since=now", "limit=3"):
        assert owner.auth(f"GET /organizations/{organization}/audit/export?{query}").status == 422, query


def test_a_person_sees_what_concerns_her(host: Host, owner: Browser) -> None:
    """Her events of the deployment and of her organizations, newest first, by pages; no other's id, nothing of where she is suspended."""
    first, second = owner.found("Acme"), owner.found("Globex")
    guest = Browser(host).sign_up("guest@example.com")
    foreign = guest.found("Initech")
    owner.invite(first, guest)
    space = owner.workspace(second)
    host.events()

    def seen(browser: Browser, *, limit: int) -> list[dict[str, Any]]:
        found, cursor = [], ""
        while True:
            page = browser.ok(f"GET /activity?limit={limit}{cursor}")
            found += page["events"]
            if page["next"] is None:
                return found
            assert len(page["events"]) == limit
            cursor = f"&cursor={page['next']}"

    every = seen(guest, limit=200)
    assert seen(guest, limit=1) == seen(guest, limit=3) == every
    assert [each["time"] for each in every] == sorted((each["time"] for each in every), reverse=True)
    assert {each["organization_id"] for each in every} == {None, first, foreign}
    assert {"user.signed_up", "organization.created", "invitation.accepted"} <= {each["name"] for each in every}
    text = json.dumps(every)
    for other in (owner.id, second, space):
        assert other not in text
    assert all(each["address"] is None for each in every if each["by"] not in {"you", "anonymous"})
    assert all(each["place"] is each["device"] is None for each in every if each["by"] not in {"you", "anonymous"})
    here = ("198.51.100.7", "198.51.100.0/24", "test browser")
    assert any((each["address"], each["place"], each["device"]) == here for each in every if each["by"] == "you")
    assert owner.auth(f"POST /organizations/{first}/members/{guest.id}/suspend").status < 300
    host.events()
    assert {each["organization_id"] for each in seen(guest, limit=50)} == {None, foreign}
    for query in ("cursor=x", "cursor=%C3%A4", "limit=0", "limit=201"):
        assert guest.auth(f"GET /activity?{query}").status == 422, query

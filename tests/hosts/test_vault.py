"""The vault over HTTP, in both hosts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ctsec.rbac import Policy
from ctsec.rbac.preset import MATRIX
from tests.hosts.apps import ORGANIZATION_ACTIONS, WORKSPACE_ACTIONS
from tests.hosts.harness import HOSTS, Browser, Host

WISH: dict[str, Any] = {"name": "billing bucket", "kind": "aws", "services": ["s3", "ec2"], "regions": ["eu-central-1"]}
HERE = {"service": "s3", "region": "eu-central-1"}


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


def disclosed(host: Host, organization: str) -> list[dict[str, Any]]:
    """Return what the events of disclosures say."""
    return [event.details()["details"] for event in host.events(organization) if event.name == "credential.disclosed"]


@pytest.mark.proves("SEED-E3", "ASVS-13.3.1", "ASVS-14.2.6")
def test_a_credential_is_kept_used_and_removed(host: Host, owner: Browser) -> None:
    """The secret is in no answer but that of a use, which is on record; after removal there is nothing to use."""
    organization = owner.found("Acme")
    home = f"/organizations/{organization}/credentials"
    made = owner.auth(f"POST {home}", {**WISH, "secret": "AKIA s3cret é"})
    assert (made.status, made.json["access"], made.json["services"], made.json["version"]) == (201, "read_only", ["ec2", "s3"], 0)
    own = f"{home}/{made.json['id']}"
    told = [made.body, owner.auth(f"GET {home}").body, owner.auth(f"PUT {own}", {**WISH, "label": "main"}).body]
    used = owner.auth(f"POST {own}/use", HERE)
    assert (used.json["secret"], used.json["secret_base64"], used.headers["cache-control"]) == ("AKIA s3cret é", None, "no-store")
    host.clock.advance(timedelta(seconds=30))
    assert disclosed(host, organization) == [{"access": "read_only", "kind": "aws", "region": "eu-central-1", "service": "s3"}]
    listed = owner.ok(f"GET {home}")["credentials"]
    assert [(each["label"], each["last_used_by"]) for each in listed] == [("main", owner.id)]
    assert owner.auth(f"DELETE {own}").status == 204
    assert [owner.auth(f"POST {own}/use", HERE).status, owner.auth(f"DELETE {own}").status] == [404, 404]
    assert all(b"s3cret" not in body for body in told)


@pytest.mark.proves("SEED-P6", "ASVS-13.3.2")
def test_a_credential_is_read_only_and_narrow(host: Host, owner: Browser) -> None:
    """Without a word it is for reading; a write use, another service and another region are refused; narrowing has to be said."""
    organization = owner.found("Acme")
    home = f"/organizations/{organization}/credentials"
    own = f"{home}/{owner.ok(f'POST {home}', {**WISH, 'secret': 'x'})['id']}"
    beyond: list[dict[str, Any]] = [{**HERE, "access": "read_write"}, {**HERE, "service": "iam"}, {**HERE, "region": "us-east-1"}, {}]
    for wrong in beyond:
        reply = owner.auth(f"POST {own}/use", wrong)
        assert (reply.status, reply.json["reason"]) == (403, "denied")
    assert disclosed(host, organization) == []
    assert len([event for event in host.events(organization) if event.name == "access.denied"]) == 4
    for left_out in ("services", "regions"):
        short = {key: value for key, value in WISH.items() if key != left_out}
        assert owner.auth(f"POST {home}", {**short, "name": "o", "secret": "x"}).status == 422
    bad: list[dict[str, Any]] = [
        {"services": []},
        {"kind": "ftp"},
        {"access": "root"},
        {"secret": ""},
        {"workspace_id": "wsp_1"},
        {"users": ["me"]},
    ]
    for wrong in bad:
        assert owner.auth(f"POST {home}", {**WISH, "name": "o", "secret": "x", **wrong}).status == 422, wrong
    changed = owner.ok(f"PUT {own}", {**WISH, "access": "read_write", "version": 0})
    assert (changed["access"], changed["version"]) == ("read_write", 1)
    assert owner.auth(f"PUT {own}", {**WISH, "version": 0}).json["reason"] == "conflict"
    assert owner.ok(f"POST {own}/use", {**HERE, "access": "read_write"})["secret"] == "x"


@pytest.mark.proves("SEED-P3", "ASVS-13.3.4")
def test_rotation_by_schedule(host: Host, owner: Browser) -> None:
    """A due list says what to rotate, owners get a mail, and a rotation ends both."""
    organization = owner.found("Acme")
    home = f"/organizations/{organization}/credentials"
    own = f"{home}/{owner.ok(f'POST {home}', {**WISH, 'secret': 'old', 'rotate_days': 30})['id']}"
    due = f"GET /organizations/{organization}/credentials-due"
    assert owner.ok(due)["credentials"] == []
    assert [each["overdue"] for each in owner.ok(f"{due}?days=30")["credentials"]] == [False]
    assert [owner.auth(f"{due}?days={days}").status for days in ("-1", "3651", "x", "٣")] == [422] * 4
    host.clock.advance(timedelta(days=30))
    owner.sign_in()
    assert [each["overdue"] for each in owner.ok(due)["credentials"]] == [True]
    assert [mail.kind for mail in host.mails("owner@example.com")].count("rotation_due") == 1
    rotated = owner.ok(f"POST {own}/rotate", {"secret": "new"})
    assert (rotated["overdue"], rotated["version"]) == (False, 1)
    assert owner.ok(due)["credentials"] == []
    assert owner.ok(f"POST {own}/use", HERE)["secret"] == "new"


OWN = """
permission          owner  admin  editor  viewer
credentials:manage  yes    -      -       -
credentials:use     yes    yes    yes     -
"""


@pytest.mark.proves("ASVS-13.3.2", "ASVS-8.2.1")
@pytest.mark.parametrize("name", sorted(HOSTS))
def test_a_policy_names_who_may(name: str) -> None:
    """Where the host's policy names the permissions they decide: using in the workspace of the credential, managing in the organization."""
    own = ("credentials:manage", "credentials:use")
    policy = Policy.from_matrix(
        (*own, *WORKSPACE_ACTIONS, *ORGANIZATION_ACTIONS),
        MATRIX,
        OWN,
        organization_scope=("credentials:manage", *ORGANIZATION_ACTIONS),
    )
    host = HOSTS[name](policy)
    owner = Browser(host).sign_up("owner@example.com")
    organization = owner.found("Acme")
    workspace, other = owner.workspace(organization), owner.workspace(organization, "Other")
    home = f"/organizations/{organization}/credentials"
    here, there, above = (
        f"{home}/{owner.ok(f'POST {home}', {**WISH, 'secret': 'x', 'workspace_id': place})['id']}" for place in (workspace, other, None)
    )
    editor, viewer, admin = (Browser(host).sign_up(f"{role}@example.com") for role in ("editor", "viewer", "admin"))
    for person, role in ((editor, "editor"), (viewer, "viewer")):
        owner.invite(organization, person, workspace_id=workspace, workspace_role=role)
    owner.invite(organization, admin, role="admin")
    answers = {
        person.email.partition("@")[0]: [person.auth(f"POST {each}/use", HERE).status for each in (here, there, above)]
        for person in (owner, admin, editor, viewer)
    }
    assert answers == {"owner": [200] * 3, "admin": [200] * 3, "editor": [200, 403, 403], "viewer": [403] * 3}
    assert [person.auth(f"PUT {here}", WISH).status for person in (editor, admin, owner)] == [403, 403, 200]
    for scopes, wanted in ((["credentials:use"], [200, 200, 403]), (["dashboards:view"], [403] * 3)):
        key = owner.ok(f"POST /organizations/{organization}/api-keys", {"name": "ci", "scopes": scopes})["token"]
        bearer = {"authorization": f"Bearer {key}"}
        assert [Browser(host).auth(f"POST {each}/use", HERE, headers=bearer).status for each in (here, there, above)] == wanted
    host.close()


@pytest.mark.proves("SEED-E3", "ASVS-13.3.2")
def test_members_have_no_part_in_it(host: Host, owner: Browser) -> None:
    """A member sees, uses and changes nothing; an admin may; a key with scopes may not where no permission names it."""
    organization = owner.found("Acme")
    home = f"/organizations/{organization}/credentials"
    own = f"{home}/{owner.ok(f'POST {home}', {**WISH, 'secret': 'x'})['id']}"
    member, admin = Browser(host).sign_up("member@example.com"), Browser(host).sign_up("admin@example.com")
    owner.invite(organization, member)
    owner.invite(organization, admin, role="admin")
    lines = (
        (f"GET {home}", None),
        (f"GET /organizations/{organization}/credentials-due", None),
        (f"POST {home}", {**WISH, "name": "o", "secret": "x"}),
        (f"PUT {own}", WISH),
        (f"POST {own}/rotate", {"secret": "y"}),
        (f"POST {own}/use", HERE),
        (f"DELETE {own}", None),
    )
    assert [member.auth(line, body).status for line, body in lines] == [403] * len(lines)
    key = admin.ok(f"POST /organizations/{organization}/api-keys", {"name": "ci", "scopes": ["dashboards:view"]})["token"]
    program = Browser(host)
    bearer = {"authorization": f"Bearer {key}"}
    assert program.auth(f"POST {own}/use", HERE, headers=bearer).status == 403
    assert [admin.auth(line, body).status for line, body in lines] == [200, 200, 201, 200, 200, 200, 204]

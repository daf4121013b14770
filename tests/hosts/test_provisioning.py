"""Who comes in through a provider, with which roles, and who has left: in both hosts, at the local provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ctsec.ids import OrganizationId, UserId
from tests.hosts.harness import Browser, Host
from tests.hosts.protocols import PROTOCOLS
from tests.hosts.sso import Acme, Provider, Traveller, found, setup, whys

ANN = {"email": "ann@acme.example", "email_verified": True, "name": "Ann"}


@pytest.fixture
def provider(request: pytest.FixtureRequest, host: Host) -> Iterator[Provider]:
    """A provider on loopback, on the host's clock; of OpenID Connect, if the test says nothing else."""
    with PROTOCOLS[getattr(request, "param", "oidc")](host.clock) as made:
        made.people["ann"] = dict(ANN)
        yield made


@pytest.fixture
def acme(host: Host, provider: Provider) -> Acme:
    """An organization whose people sign in through the provider."""
    return found(host, provider)


def say(acme: Acme, *, default_role: str = "viewer", **provisioning: Any) -> dict[str, Any]:
    """Write what the connection makes of people; what the provider sees stays, so nothing has to be tested again."""
    body = {name: value for name, value in setup(acme.provider).items() if name != "secret"}
    body |= {"default_role": default_role, "provisioning": provisioning}
    shown: dict[str, Any] = acme.owner.ok(f"PUT {acme.home}/{acme.connection}", body)
    assert shown["state"] == "enabled"
    return shown


def come(acme: Acme, host: Host, groups: object = None, *, person: str = "ann") -> tuple[int, str]:
    """Sign in with some groups (None: the provider does not tell), and return the status and the person."""
    claims = {name: value for name, value in acme.provider.people[person].items() if name != "groups"}
    acme.provider.people[person] = claims | ({"groups": groups} if groups is not None else {})
    host.clock.advance(timedelta(milliseconds=1))  # so that events have an order
    reply = Traveller(acme, Browser(host)).sign_in(person)
    return reply.status, str(reply.json.get("user_id", ""))


def roles(acme: Acme, user: str, *workspaces: str) -> tuple[str | None, ...]:
    """Return what somebody is in the organization (None: no member), and in workspaces of it."""
    members = acme.owner.ok(f"GET /organizations/{acme.organization}/members")["members"]
    made: list[str | None] = [next((each["role"] for each in members if each["user_id"] == user), None)]
    for workspace in workspaces:
        listed = acme.owner.ok(f"GET /workspaces/{workspace}/roles")["roles"]
        made.append(next((each["role"] for each in listed if each["user_id"] == user), None))
    return tuple(made)


@pytest.mark.proves("SEED-S9", "SEED-S13")
@pytest.mark.parametrize("provider", ["oidc", "saml"], indirect=True)
def test_roles_follow_groups_and_hands_are_left_alone(host: Host, acme: Acme) -> None:
    """At each sign-in the rules give and take what is theirs: unknown groups change nothing, and what an admin gave stays."""
    lab, web = (acme.owner.workspace(acme.organization, name) for name in ("Lab", "Web"))
    rules = [
        {"group": "staff", "role": "member"},
        {"group": "dev", "role": "editor", "workspace_id": lab},
        {"group": "staff", "role": "viewer", "workspace_id": lab},
    ]
    shown = say(acme, rules=rules)
    assert shown["provisioning"]["rules"] == [{**each, "workspace_id": each.get("workspace_id")} for each in rules]
    _, ann = come(acme, host)
    assert roles(acme, ann, lab) == ("viewer", None)  # groups are not told: the default, and no mapped role
    for groups, expected in (
        (["staff", "dev"], ("member", "editor")),
        (None, ("member", "editor")),
        ("not a list", ("member", "editor")),
        (["staff"], ("member", "viewer")),
        (["dev"], ("viewer", None)),  # the ceiling of a viewer lets no editor through
        ([], ("viewer", None)),
    ):
        assert come(acme, host, groups) == (200, ann), groups
        assert roles(acme, ann, lab) == expected, groups
    place = f"/organizations/{acme.organization}"
    acme.owner.ok(f"PUT {place}/members/{ann}/role", {"role": "member"})
    acme.owner.ok(f"PUT /workspaces/{web}/roles/{ann}", {"role": "editor"})
    say(acme, rules=[{"group": "staff", "role": "viewer"}, {"group": "dev", "role": "viewer", "workspace_id": web}])
    for groups in (["staff", "dev"], []):
        assert come(acme, host, groups) == (200, ann)
        assert roles(acme, ann, lab, web) == ("member", None, "editor")
    names = [(each.name, each.actor_id) for each in host.events(acme.organization) if each.subject_id == ann and each.name[:5] == "role."]
    theirs = [name for name, actor in names if actor == acme.connection]
    assert (theirs.count("role.changed"), theirs.count("role.assigned"), theirs.count("role.revoked")) == (2, 2, 1)
    assert {actor for _, actor in names} == {acme.connection, acme.owner.id}


@pytest.mark.proves("SEED-S13")
def test_who_has_left_loses_this_organization_and_nothing_else(host: Host, acme: Acme) -> None:
    """Out of the required groups: membership, sessions through the connection and API keys end; the account stays; an invitation heals."""
    say(acme, required_groups=["staff"], default_role="member")
    assert come(acme, host, ["guests"])[0] == come(acme, host)[0] == 401
    assert whys(acme) == ["in_no_required_group", "groups_unknown"]
    acme.provider.people["ben"] = {"email": "ben@acme.example", "email_verified": True}
    own = Browser(host).sign_up("ben@acme.example", "Ben")
    _, ben = come(acme, host, ["staff"], person="ben")
    assert ben == own.id
    through = Browser(host)
    acme.provider.people["ben"]["groups"] = ["staff"]
    Traveller(acme, through).sign_in("ben")
    own.ok(f"POST /organizations/{acme.organization}/api-keys", {"name": "ci"})
    assert come(acme, host, person="ben")[0] == 401  # unknown: nobody comes in, and nothing is taken
    assert (roles(acme, ben), through.auth("GET /session").status) == (("member",), 200)
    for _ in range(2):
        assert come(acme, host, ["guests"], person="ben")[0] == 401
        assert (roles(acme, ben), through.auth("GET /session").status) == ((None,), 401)
    events = [each.name for each in host.events(acme.organization) if each.actor_id == acme.connection]
    assert (events.count("member.removed"), events.count("api_key.revoked"), events.count("session.revoked")) == (1, 1, 1)
    assert Browser(host, email="ben@acme.example").sign_in()["status"] == "signed_in"
    # Back in the group is not enough: somebody has to want it. Another subject with the same address is the same person.
    assert come(acme, host, ["staff"], person="ben")[0] == 401
    acme.provider.people["again"] = dict(acme.provider.people["ben"])
    assert come(acme, host, ["staff"], person="again")[0] == 401
    assert whys(acme)[-2:] == ["not_a_member", "removed"]
    acme.owner.ok(f"POST /organizations/{acme.organization}/invitations", {"email": "ben@acme.example"})
    assert come(acme, host, ["staff"], person="ben") == (200, ben)
    assert roles(acme, ben) == ("member",)
    # Whom an admin removes the provider does not bring back either; a member by hand is barred, and stays one.
    acme.owner.ok(f"DELETE /organizations/{acme.organization}/members/{ben}")
    assert come(acme, host, ["staff"], person="ben")[0] == 401
    acme.provider.people["cid"] = {"email": "cid@acme.example", "email_verified": True}
    cid = Browser(host).sign_up("cid@acme.example", "Cid")
    acme.owner.invite(acme.organization, cid)
    assert come(acme, host, ["staff"], person="cid") == (200, cid.id)
    assert come(acme, host, [], person="cid")[0] == 401
    assert roles(acme, cid.id) == ("member",)


@pytest.mark.proves("SEED-S8")
def test_claims_are_mapped_and_shown_before_anybody_signs_in(host: Host, acme: Acme) -> None:
    """A map names claims; a preview shows what is read, what a newcomer would get and a member gain or lose, and changes nothing."""
    lab = acme.owner.workspace(acme.organization, "Lab")
    rules = [{"group": "dev", "role": "member"}, {"group": "dev", "role": "editor", "workspace_id": lab}]
    said: dict[str, Any] = {
        "rules": rules,
        "name_path": ["profile", "display"],
        "attributes": {"team": ["https://acme.example/team"]},
        "update_name": True,
    }
    say(acme, **said)
    _, ann = come(acme, host, [])
    claims = {"sub": "someone", **ANN, "profile": {"display": "Dr Ann"}, "https://acme.example/team": "Rockets", "groups": ["dev"]}
    before = host.events(acme.organization)
    one = f"{acme.home}/{acme.connection}/preview"
    seen = acme.owner.ok(f"POST {one}", {"claims": claims})
    place = {"workspace_id": lab, "role": "editor"}
    told = ("name", "attributes", "barred", "role", "workspace_roles", "matched", "skipped")
    assert [seen[name] for name in told] == ["Dr Ann", {"team": "Rockets"}, None, "member", [place], [0, 1], []]
    changes = [{"workspace_id": None, "before": "viewer", "after": "member"}, {"workspace_id": lab, "before": None, "after": "editor"}]
    assert seen["member"] == {"user_id": ann, "leaves": False, "changes": changes}
    assert acme.owner.ok(f"POST {one}", {"claims": {**claims, "email": "new@acme.example"}})["member"] is None
    assert (roles(acme, ann, lab), len(host.events(acme.organization))) == (("viewer", None), len(before))
    # What was shown is what happens; the account's name follows, its address does not.
    acme.provider.people["ann"] |= {"profile": {"display": "Dr Ann"}, "https://acme.example/team": "Rockets", "email": "other@acme.example"}
    assert come(acme, host, ["dev"]) == (200, ann)
    assert roles(acme, ann, lab) == ("member", "editor")
    members = acme.owner.ok(f"GET /organizations/{acme.organization}/members")["members"]
    assert [(each["name"], each["email"]) for each in members if each["user_id"] == ann] == [("Dr Ann", "ann@acme.example")]
    read = host.do(lambda unit: unit.provisioning.attributes(UserId(ann), organization=OrganizationId(acme.organization)))
    assert read == {"team": "Rockets"}
    say(acme, required_groups=["staff"], **said)
    shut = acme.owner.ok(f"POST {one}", {"claims": claims})
    assert (shut["barred"], shut["member"]) == ("in_no_required_group", {"user_id": ann, "leaves": True, "changes": []})
    assert roles(acme, ann) == ("member",)


def test_who_may_write_what_a_connection_gives(host: Host, acme: Acme) -> None:
    """No rule makes an owner or an admin, or names a foreign workspace; no map names what identifies; and it takes a fresh proof."""
    rival = found(host, acme.local, name="rival")
    foreign = rival.owner.workspace(rival.organization, "Foreign")
    body = {name: value for name, value in setup(acme.provider).items() if name != "secret"}
    wrong: tuple[dict[str, Any], ...] = (
        {"rules": [{"group": "g", "role": "owner"}]},
        {"rules": [{"group": "g", "role": "admin"}]},
        {"rules": [{"group": "g", "role": "nonsense"}]},
        {"rules": [{"group": "g", "role": "editor", "workspace_id": foreign}]},
        {"rules": [{"group": "g", "role": "editor", "workspace_id": "nonsense"}]},
        {"subject_path": ["email"]},
        {"attributes": {"Team": ["team"]}},
        {"attributes": {"team": []}},
        {"name_path": ["a"] * 6},
    )
    for said in wrong:
        assert acme.owner.auth(f"PUT {acme.home}/{acme.connection}", {**body, "provisioning": said}).status == 422, said
    host.clock.advance(timedelta(minutes=11))
    assert acme.owner.auth(f"PUT {acme.home}/{acme.connection}", {**body, "provisioning": {}}).json["reason"] == "step_up_required"

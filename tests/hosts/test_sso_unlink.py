"""An identity that is linked to the wrong account is unlinked: by who manages the connection, or by its person, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ctsec.testing import LocalIdentityProvider
from tests.hosts.harness import Browser, Host, Reply, named
from tests.hosts.sso import Acme, Traveller, found, kept

PEOPLE: dict[str, dict[str, object]] = {
    "ann": {"email": "ann@acme.example", "email_verified": True, "name": "Ann", "amr": ["otp"]},
    "boss": {"email": "olga@acme.example", "email_verified": True},
}


@pytest.fixture
def acme(host: Host) -> Iterator[Acme]:
    """An organization whose people sign in through a provider."""
    with LocalIdentityProvider(clock=host.clock) as provider:
        provider.people.update({name: dict(claims) for name, claims in PEOPLE.items()})
        yield found(host, provider)


def link(acme: Acme, browser: Browser, person: str) -> None:
    """Link somebody at the provider to who is signed in."""
    begun = browser.auth(f"POST /sso/{acme.connection}/link")
    traveller = Traveller(acme, browser, half=kept(begun))
    assert traveller.back(acme.provider.visit(str(begun.json["url"]), person=person)).json == {"status": "linked"}


def come(acme: Acme, person: str) -> tuple[Browser, Reply]:
    """Come in through the provider."""
    browser = Browser(acme.host)
    return browser, Traveller(acme, browser).sign_in(person)


def members(acme: Acme, user: str, identity: str = "") -> str:
    """Return the path of a member's identities, or of one."""
    return f"/organizations/{acme.organization}/members/{user}/identities" + (f"/{identity}" if identity else "")


def the_one(acme: Acme, user: str) -> str:
    """Return the id of the one identity of a member."""
    (identity,) = acme.owner.ok(f"GET {members(acme, user)}")["identities"]
    assert identity["connection_id"] == acme.connection
    return str(identity["id"])


def stepped(host: Host, browser: Browser) -> Browser:
    """Have somebody prove a second factor again."""
    host.clock.advance(timedelta(seconds=60))
    browser.ok("POST /step-up", {"code": browser.code()})
    return browser


@pytest.mark.proves("SEED-A3")
def test_an_administrator_unlinks_a_member_and_the_sessions_of_that_identity_end(host: Host, acme: Acme) -> None:
    """The next request of the session is refused, other sessions go on; the event names who did it, and the person is mailed."""
    ann = Browser(host).sign_up("ann@acme.example", "Ann")
    acme.owner.invite(acme.organization, ann)
    browser, arrived = come(acme, "ann")
    assert arrived.json["user_id"] == ann.id
    assert browser.auth("GET /session").status == 200
    identity = the_one(acme, ann.id)
    assert acme.owner.auth(f"DELETE {members(acme, ann.id, identity)}").status == 204
    assert (browser.auth("GET /session").status, ann.auth("GET /session").status) == (401, 200)
    assert acme.owner.ok(f"GET {members(acme, ann.id)}")["identities"] == []
    (event,) = named(host.events(acme.organization), "sso_identity.unlinked")
    assert (event.actor_id, event.details()["details"]["own"]) == (acme.owner.id, False)
    assert [each.details()["details"]["why"] for each in named(host.events(acme.organization), "sso.sessions_ended")] == [
        "identity_unlinked"
    ]
    assert any("was unlinked by an administrator" in each.text.reveal() for each in host.mails("ann@acme.example"))
    assert acme.owner.auth(f"DELETE {members(acme, ann.id, identity)}").status == 404
    assert come(acme, "ann")[1].json["user_id"] == ann.id  # whom the provider names is judged anew: nobody is kept out by it


def test_nobody_unlinks_what_is_not_theirs_to_unlink(host: Host, acme: Acme) -> None:
    """Another organization's admins, members, an admin of an owner, and who has no fresh second factor: each is refused, nothing ends."""
    ann = Browser(host).sign_up("ann@acme.example", "Ann")
    acme.owner.invite(acme.organization, ann)
    link(acme, stepped(host, acme.owner), "boss")
    browser, _ = come(acme, "ann")
    identity, owners = the_one(acme, ann.id), the_one(acme, acme.owner.id)
    rival = Browser(host).sign_up("rex@rival.example", "Rex").enrol()
    theirs = rival.found("Rival")
    rival.invite(theirs, ann)
    admin = Browser(host).sign_up("adam@acme.example", "Adam").enrol()
    acme.owner.invite(acme.organization, admin, role="admin")
    stepped(host, admin)
    stepped(host, rival)
    other = f"/organizations/{theirs}/members/{ann.id}/identities"
    assert rival.ok(f"GET {other}")["identities"] == []
    cases: list[tuple[Browser, str, int]] = [
        (rival, f"{other}/{identity}", 404),
        (rival, members(acme, ann.id, identity), 404),
        (admin, members(acme, acme.owner.id, owners), 403),
        (admin, members(acme, acme.owner.id, identity), 403),
        (admin, members(acme, admin.id, identity), 404),
        (admin, members(acme, ann.id, owners), 404),
        (ann, members(acme, admin.id, identity), 403),
        (ann, f"/sso/identities/{owners}", 404),
        (ann, f"/sso/identities/{'0' * 64}", 404),
        (ann, "/sso/identities/nonsense", 404),
    ]
    assert [(path, who.auth(f"DELETE {path}").status) for who, path, _ in cases] == [(path, status) for _, path, status in cases]
    host.clock.advance(timedelta(minutes=11))
    stale = acme.owner.auth(f"DELETE {members(acme, ann.id, identity)}")
    assert (stale.status, stale.json["reason"]) == (403, "step_up_required")
    assert browser.auth("GET /session").status == 200
    assert named(host.events(acme.organization), "sso_identity.unlinked") == []


def test_a_person_unlinks_their_own_while_another_way_in_is_left(host: Host, acme: Acme) -> None:
    """From a session of the account, with a fresh second factor if there is one; a sign-in that waits for its second step ends, too."""
    browser, _ = come(acme, "ann")
    refused = browser.auth("GET /sso/identities")
    assert (refused.status, refused.json["reason"]) == (403, "denied")
    bea = Browser(host).sign_up("bea@acme.example", "Bea").enrol()
    acme.owner.invite(acme.organization, bea)
    acme.local.people["bea"] = {"email": "bea@acme.example", "email_verified": True}
    assert Traveller(acme, Browser(host)).sign_in("bea").status == 200
    (mine,) = bea.ok("GET /sso/identities")["identities"]
    assert (mine["linked_by"], mine["organization_id"]) == ("address", acme.organization)
    host.clock.advance(timedelta(minutes=11))
    assert bea.auth(f"DELETE /sso/identities/{mine['id']}").json["reason"] == "step_up_required"
    step = Traveller(acme, inside := Browser(host)).sign_in("bea")
    assert step.json["status"] == "mfa_required"
    stepped(host, bea)
    assert bea.auth(f"DELETE /sso/identities/{mine['id']}").status == 204
    host.clock.advance(timedelta(seconds=60))
    begun = inside.auth("POST /sign-in/code", {"ticket": step.json["ticket"], "code": bea.code()})
    assert begun.json["status"] == "signed_in"
    assert inside.auth("GET /session").status == 401
    (event,) = named(host.events(acme.organization), "sso_identity.unlinked")
    assert event.details()["details"]["own"] is True
    assert any("was unlinked by you" in each.text.reveal() for each in host.mails("bea@acme.example"))


def test_an_owner_keeps_the_link_through_which_the_organization_is_entered(host: Host, acme: Acme) -> None:
    """Where the provider is required an owner unlinks no last identity, by neither route; with another one linked it goes."""
    link(acme, stepped(host, acme.owner), "boss")
    identity = the_one(acme, acme.owner.id)
    acme.owner.ok(f"POST /organizations/{acme.organization}/sso/break-glass-codes")
    acme.owner.ok(f"PUT /organizations/{acme.organization}/sso/requirement", {"starts_at": "2026-02-01T00:00:00Z"})
    for path in (f"/sso/identities/{identity}", members(acme, acme.owner.id, identity)):
        kept_in = acme.owner.auth(f"DELETE {path}")
        assert (kept_in.status, kept_in.json["reason"]) == (409, "conflict")
    acme.local.people["boss2"] = {"email": "olga2@acme.example", "email_verified": True}
    link(acme, acme.owner, "boss2")
    assert acme.owner.auth(f"DELETE /sso/identities/{identity}").status == 204
    assert [each["subject"] for each in acme.owner.ok("GET /sso/identities")["identities"]] == ["boss2"]

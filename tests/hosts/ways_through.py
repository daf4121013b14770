"""Ways in that are no sign-in of the account's own: through a provider, with a key of any kind, with a credential of a directory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.keys import derive
from ctsec.secret import SecretText
from ctsec.sso.scim import ScimWish
from tests.hosts.harness import PASSWORD, Browser, Host, bearer
from tests.hosts.protocols import PROTOCOLS
from tests.hosts.scim import Pusher, proved
from tests.hosts.sso import RUNNER, Traveller, found, kept
from tests.hosts.test_workload import AUDIENCE, RULE, exchange, github, robot
from tests.hosts.ways import Stage, Way, arrived, finished, first, outcome, signed

SHORT = "lamp9 kx"
TOTP = "/sign-in/enrolment/totp"


def through(protocol: str) -> Callable[[Host, ExitStack], Stage]:
    """Return what makes an organization whose provider speaks `protocol`, and a member whom it made."""

    def make(host: Host, opened: ExitStack) -> Stage:
        provider = opened.enter_context(PROTOCOLS[protocol](host.clock))
        acme = found(host, provider)
        provider.people["ada"] = {"email": "ada@acme.example", "email_verified": True, "name": "Ada"}
        person = Browser(host, email="ada@acme.example")
        person.id = Traveller(acme, person).sign_in("ada").json["user_id"]
        workspace = acme.owner.workspace(acme.organization)
        acme.owner.ok(f"PUT /workspaces/{workspace}/roles/{person.id}", {"role": "viewer"})
        return Stage(host, acme.owner, person, acme.organization, workspace, acme=acme)

    return make


def by_provider(stage: Stage) -> str:
    other = Browser(stage.host, email=stage.person.email)
    return arrived(stage, other, Traveller(stage.provided, other).sign_in("ada"))


def gone(stage: Stage) -> None:
    """Be at the provider, signed in there, before the state changes."""
    traveller = Traveller(stage.provided, Browser(stage.host, email=stage.person.email))
    stage.kept = traveller, stage.provided.provider.visit(traveller.begin(), person="ada")


def by_callback(stage: Stage) -> str:
    traveller, callback = stage.kept
    return arrived(stage, traveller.browser, traveller.back(callback))


def begun_there(stage: Stage) -> None:
    """Come from the provider with a second factor of the account's own to prove yet: enrolled because it was required once."""
    policy, now = f"/organizations/{stage.organization}/mfa-policy", stage.host.clock.now()
    stage.owner.ok(f"PUT {policy}", {"starts_at": now.isoformat(), "grace_until": now.isoformat()})
    enrolling, acme = Browser(stage.host, email=stage.person.email), stage.provided
    ticket = Traveller(acme, enrolling).sign_in("ada").json["ticket"]
    stage.person.totp = enrolling.ok(f"POST {TOTP}", {"ticket": ticket})["manual_key"].replace(" ", "")
    enrolling.ok(f"POST {TOTP}/confirm", {"ticket": ticket, "code": stage.person.code()})
    stage.owner.ok(f"DELETE {policy}")
    stage.host.clock.advance(timedelta(seconds=30))
    other = Browser(stage.host, email=stage.person.email)
    stage.kept = other, Traveller(acme, other).sign_in("ada")


def by_code_of_provider(stage: Stage) -> str:
    other, step = stage.kept
    return finished(stage, other, step, "otp", stage.person.code())


def owing(stage: Stage) -> None:
    """Have a sign-in that ends in an enrolment before the state changes."""
    stage.owner.enrol()
    now = stage.host.clock.now().isoformat()
    stage.owner.ok(f"PUT /organizations/{stage.organization}/mfa-policy", {"starts_at": now, "grace_until": now})
    stage.kept = first(stage)


def by_enrolment(stage: Stage) -> str:
    other, step = stage.kept
    ticket = step.json["ticket"]
    begun = other.auth(f"POST {TOTP}", {"ticket": ticket})
    if begun.status != 201:
        return outcome(begun)
    other.totp = begun.json["manual_key"].replace(" ", "")
    done = other.auth(f"POST {TOTP}/confirm", {"ticket": ticket, "code": other.code()})
    return outcome(stage.there(other)) if done.status == 200 else outcome(done)


def by_passkey_enrolment(stage: Stage) -> str:
    other, step = stage.kept
    ticket, path = step.json["ticket"], "POST /sign-in/enrolment/passkey"
    question = other.auth(f"{path}/options", {"ticket": ticket})
    if question.status != 200:
        return outcome(question)
    kept = other.auth(path, {"ticket": ticket, "name": "Phone", "response": stage.answered(question.json)})
    return signed(stage, other, kept) if kept.status == 200 else outcome(kept)


def renewing(stage: Stage) -> None:
    """Have a sign-in that ends in a new password, since what allowed a short one has ended, before the state changes."""
    stage.owner.enrol()
    stage.person.enrol()
    policy, now = f"/organizations/{stage.organization}/mfa-policy", stage.host.clock.now().isoformat()
    stage.owner.ok(f"PUT {policy}", {"starts_at": now, "grace_until": now})
    stage.person.ok("POST /password/change", {"current": PASSWORD, "new": SHORT})
    stage.owner.ok(f"DELETE {policy}")
    stage.host.clock.advance(timedelta(seconds=30))
    other, step = first(stage, SHORT)
    body = {"ticket": step.json["ticket"], "factor": "otp", "code": stage.person.code()}
    stage.kept = other, other.ok("POST /sign-in/code", body)["ticket"]


def by_renewal(stage: Stage) -> str:
    other, ticket = stage.kept
    done = other.auth("POST /sign-in/password", {"ticket": ticket, "password": "seven purple lanterns"})
    return outcome(stage.there(other)) if done.status == 200 else outcome(done)


def promoted(stage: Stage, role: str) -> None:
    stage.owner.enrol()
    stage.owner.ok(f"PUT /organizations/{stage.organization}/members/{stage.person.id}/role", {"role": role})


def owning(host: Host, opened: ExitStack) -> Stage:
    """Return an organization with a provider that its owner is linked with, and a second owner, who has break-glass codes."""
    provider = opened.enter_context(PROTOCOLS["oidc"](host.clock))
    acme = found(host, provider)
    provider.people["olga"] = {"email": "olga@acme.example", "email_verified": True}
    traveller, begun = Traveller(acme, acme.owner), acme.owner.auth(f"POST /sso/{acme.connection}/link")
    traveller.half = kept(begun)
    assert traveller.back(provider.visit(str(begun.json["url"]), person="olga")).json == {"status": "linked"}
    person, workspace = Browser(host).sign_up("ada@example.com").enrol(), acme.owner.workspace(acme.organization)
    acme.owner.invite(acme.organization, person, role="member", workspace_id=workspace, workspace_role="viewer")
    acme.owner.ok(f"PUT /organizations/{acme.organization}/members/{person.id}/role", {"role": "owner"})
    acme.owner.ok(f"POST /organizations/{acme.organization}/sso/break-glass-codes")
    codes = person.ok(f"POST /organizations/{acme.organization}/sso/break-glass-codes")["codes"]
    return Stage(host, acme.owner, person, acme.organization, workspace, acme=acme, kept=codes)


def by_glass(stage: Stage) -> str:
    """Redeem a code in a session with both factors, after the organization has closed to every session of an account."""
    stage.host.clock.advance(timedelta(seconds=30))
    home = f"/organizations/{stage.organization}/sso"
    stage.owner.ok(f"PUT {home}/requirement", {})
    other, step = first(stage)
    if step.status != 200:
        return outcome(step)
    done = other.auth("POST /sign-in/code", {"ticket": step.json["ticket"], "factor": "otp", "code": stage.person.code()})
    if done.status != 200:
        return outcome(done)
    assert other.auth(f"GET {home}/connections").status in {403, 404}
    broken = other.auth("POST /sso/break-glass", {"organization_id": stage.organization, "code": stage.kept[0]})
    return outcome(other.auth(f"GET {home}/connections")) if broken.status == 200 else outcome(broken)


def with_derived_key(stage: Stage) -> None:
    """Derive a narrower key from one of the person's."""
    stage.person.ok("POST /session/organization", {"organization_id": stage.organization})
    body = {"name": "ci", "scopes": ["dashboards:view"], "derivable": True}
    token = SecretText(stage.person.ok(f"POST /organizations/{stage.organization}/api-keys", body)["token"])
    ends, scopes = stage.host.clock.now() + timedelta(hours=1), frozenset({"dashboards:view"})
    stage.minted = derive(token, expires_at=ends, scopes=scopes, workspace=WorkspaceId(stage.workspace)).reveal()


def by_key(stage: Stage) -> str:
    return outcome(bearer(stage.host, stage.minted, "POST", f"/workspaces/{stage.workspace}/dashboards-view"))


def with_rule(stage: Stage) -> None:
    """Let the person, an administrator, make a service account and a rule by which a job gets keys of it."""
    promoted(stage, "admin")
    stage.person.ok("POST /session/organization", {"organization_id": stage.organization})
    stage.kept = robot(stage.person, stage.organization)
    home = f"/organizations/{stage.organization}/service-accounts/{stage.kept}"
    stage.person.ok(f"POST {home}/workload-rules", {**RULE, "scopes": ["members:manage"]})


def with_service_key(stage: Stage) -> None:
    """Let the person, an administrator, make a service account with a key."""
    promoted(stage, "admin")
    stage.person.ok("POST /session/organization", {"organization_id": stage.organization})
    account = robot(stage.person, stage.organization)
    home = f"/organizations/{stage.organization}/service-accounts/{account}"
    stage.minted = stage.person.ok(f"POST {home}/api-keys", {"name": "ci"})["token"]


def by_service_key(stage: Stage) -> str:
    return outcome(bearer(stage.host, stage.minted, "GET", f"/auth/organizations/{stage.organization}/members"))


def by_exchange(stage: Stage) -> str:
    reply = exchange(stage.host, github(stage.host).token(audience=AUDIENCE), stage.kept)
    if reply.status != 200:
        return outcome(reply)
    return outcome(bearer(stage.host, reply.json["access_token"], "GET", f"/auth/organizations/{stage.organization}/members"))


def with_directory(stage: Stage) -> None:
    """Let the person, an owner, make a connection that a directory pushes to, with its credential."""
    promoted(stage, "owner")
    acme, actor = OrganizationId(stage.organization), proved(stage.host, UserId(stage.person.id))
    stage.host.do(lambda unit: unit.domains.record(RUNNER, organization=acme, domain="acme.example", proof="DNS"))
    made = stage.host.do(lambda unit: unit.scim.connections.create(actor, organization=acme, wish=ScimWish(name="Directory")))
    issued: Any = stage.host.do(lambda unit: unit.scim.connections.issue(actor, made.id, organization=acme))
    stage.kept = Pusher(stage.host, stage.owner, stage.organization, made.id, issued.text.reveal())


def by_directory(stage: Stage) -> str:
    reply = stage.kept.send("GET /Users")
    return "in" if reply.status == 200 else str(reply.status)


THROUGH = {
    "oidc": Way(make=through("oidc"), enter=by_provider),
    "saml": Way(make=through("saml"), enter=by_provider),
    "oidc_before": Way(make=through("oidc"), prepare=gone, enter=by_callback),
    "saml_before": Way(make=through("saml"), prepare=gone, enter=by_callback),
    "oidc_then_code": Way(make=through("oidc"), prepare=begun_there, enter=by_code_of_provider),
    "oidc_session": Way(make=through("oidc"), enter=lambda stage: outcome(stage.there(stage.person))),
    "enrolment": Way(prepare=owing, enter=by_enrolment),
    "enrolment_passkey": Way(prepare=owing, enter=by_passkey_enrolment),
    "renewal": Way(prepare=renewing, enter=by_renewal),
    "break_glass": Way(make=owning, enter=by_glass),
    "derived_key": Way(prepare=with_derived_key, enter=by_key),
    "service_key": Way(prepare=with_service_key, enter=by_service_key),
    "exchange": Way(prepare=with_rule, enter=by_exchange),
    "directory": Way(prepare=with_directory, enter=by_directory),
}

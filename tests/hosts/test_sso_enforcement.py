"""Organizations that are entered through their provider only, over HTTP: set, announced, enforced at each request, broken and relaxed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.hosts.apps import STAFF
from tests.hosts.harness import PASSWORD, Browser, Host, Reply, bearer, named
from tests.hosts.protocols import PROTOCOLS
from tests.hosts.sso import Acme, Provider, Traveller, enable, found, kept, setup
from tests.hosts.test_people import LINES, NOTHINGS, filled

WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
# What a code opens: the settings of single sign-on.
OPENED = ("/sso/connections", "/sso/metadata", "/sso/requirement", "GET /organizations/{o}/sso/scim\n", "}/domains")


class Scene:
    """Olga owns Acme, whose provider knows her and Ann; Olga has linked herself and holds break-glass codes. Acme has a workspace."""

    def __init__(self, host: Host, provider: Provider) -> None:
        self.host, self.provider = host, provider
        self.acme = found(host, provider)
        self.olga = self.acme.owner
        self.workspace = self.olga.workspace(self.acme.organization)
        self.home = f"/organizations/{self.acme.organization}"
        self.path = f"{self.home}/sso/requirement"
        provider.people["olga"] = {"email": "olga@acme.example", "email_verified": True}
        provider.people["ann"] = {"email": "ann@acme.example", "email_verified": True, "name": "Ann"}

    def link(self, browser: Browser, person: str) -> None:
        """Link somebody's identity from inside."""
        owner = Traveller(self.acme, browser)
        begun = browser.auth(f"POST /sso/{self.acme.connection}/link")
        owner.half = kept(begun)
        assert owner.back(self.provider.visit(str(begun.json["url"]), person=person)).json == {"status": "linked"}

    def codes(self) -> list[str]:
        """Have Olga make break-glass codes."""
        return list(self.olga.ok(f"POST {self.home}/sso/break-glass-codes")["codes"])

    def ready(self) -> list[str]:
        """Do what a requirement asks for first."""
        self.link(self.olga, "olga")
        return self.codes()

    def require(self, grace: timedelta = timedelta(0)) -> Any:
        """Have Olga require the provider."""
        body = {"starts_at": (self.host.clock.now() + grace).isoformat()} if grace else {}
        return self.olga.ok(f"PUT {self.path}", body)

    def own(self) -> Browser:
        """Sign Olga in anew, with her password and her second factor, a time step later."""
        self.host.clock.advance(timedelta(seconds=30))
        browser = Browser(self.host, email=self.olga.email, totp=self.olga.totp)
        step = browser.ok("POST /sign-in", {"email": browser.email, "password": PASSWORD})
        browser.ok("POST /sign-in/code", {"ticket": step["ticket"], "factor": "otp", "code": browser.code()})
        return browser

    def through(self, person: str, acme: Acme | None = None, *, totp: str = "") -> Browser:
        """Sign somebody in through the provider, with a second factor of their own (Olga's, if no other is given) if they have one."""
        browser = Browser(self.host, totp=totp or self.olga.totp)
        step = Traveller(acme or self.acme, browser).sign_in(person).json
        if step["status"] == "mfa_required":
            self.host.clock.advance(timedelta(seconds=30))
            browser.ok("POST /sign-in/code", {"ticket": step["ticket"], "factor": "otp", "code": browser.code()})
        return browser

    def smash(self, browser: Browser, code: str) -> Reply:
        """Redeem a break-glass code."""
        return browser.auth("POST /sso/break-glass", {"organization_id": self.acme.organization, "code": code})


@pytest.fixture
def provider(request: pytest.FixtureRequest, host: Host) -> Iterator[Provider]:
    """A provider on loopback, on the host's clock; of OpenID Connect, if the test says nothing else."""
    with PROTOCOLS[getattr(request, "param", "oidc")](host.clock) as made:
        yield made


@pytest.fixture
def scene(host: Host, provider: Provider) -> Scene:
    """Acme before anything is required."""
    return Scene(host, provider)


def why(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["reason"] if reply.status >= 400 else ""


@pytest.mark.parametrize("provider", ["oidc", "saml"], indirect=True)
def test_nobody_is_locked_out_by_a_requirement(scene: Scene) -> None:
    """It takes an enabled connection, an identity of the setter there, an owner's unused codes, a fresh factor; a date within 90 days."""
    one = f"{scene.acme.home}/{scene.acme.connection}"

    def refused(body: dict[str, object] | None = None) -> tuple[int, str, str]:
        reply = scene.olga.auth(f"PUT {scene.path}", body or {})
        return reply.status, reply.json["reason"], reply.json["detail"].split(" ")[0]

    scene.olga.ok(f"POST {one}/disable")
    assert refused() == (409, "conflict", "enable")
    scene.olga.ok(f"POST {one}/enable")
    assert refused() == (409, "conflict", "link")
    scene.link(scene.olga, "olga")
    assert refused() == (409, "conflict", "an")
    scene.codes()
    now = scene.host.clock.now()
    for far in (-MOMENT, timedelta(days=90) + MOMENT):
        assert refused({"starts_at": (now + far).isoformat()})[:2] == (422, "invalid_input")
    assert scene.require(timedelta(days=90)) == {"required_from": (now + timedelta(days=90)).isoformat(), "codes_left": 10}
    scene.host.clock.advance(timedelta(minutes=11))
    assert refused()[:2] == (403, "step_up_required")


ORGANIZATION, WORKSPACE, SETTINGS, ACCOUNT = range(4)
LET_IN = [(200, "")] * 4
REFUSED = [(403, "sso_required")] * 3 + [(200, "")]
PROVIDER = [(200, "")] * 3 + [(403, "denied")]
FOREIGN = [(404, "not_found")] * 3 + [(403, "denied")]
BROKEN = [(403, "sso_required"), (403, "sso_required"), (200, ""), (200, "")]


def places(scene: Scene, ask: Callable[[str, str], Reply]) -> list[tuple[int, str]]:
    """Ask at a route of the organization, of its workspace, of its sign-in, and of the account."""
    lines = (("GET", f"/auth{scene.home}/members"), ("POST", f"/workspaces/{scene.workspace}/dashboards-view"))
    more = (("GET", f"/auth{scene.home}/sso/connections"), ("GET", "/auth/sessions"))
    return [why(ask(*line)) for line in (*lines, *more)]


@pytest.mark.proves("SEED-S11", "SEED-S12")
@pytest.mark.parametrize("provider", ["oidc", "saml"], indirect=True)
def test_only_sessions_through_the_provider_come_in(host: Host, scene: Scene, provider: Provider) -> None:
    """Each credential of the owner at each kind of route: before the date, from the date on, with a code, after its hour, and relaxed."""
    code, used, *_ = scene.ready()
    second = scene.olga.ok(f"POST {scene.acme.home}", setup(provider, name="Second login"))["id"]
    enable(scene.olga, f"{scene.acme.home}/{second}")
    rival = found(host, provider, name="rival")
    rival.owner.invite(rival.organization, scene.olga)
    begun = Traveller(rival, scene.olga)
    begun.half = kept(reply := scene.olga.auth(f"POST /sso/{rival.connection}/link"))
    assert begun.back(provider.visit(str(reply.json["url"]), person="olga")).json == {"status": "linked"}
    key = scene.olga.ok(f"POST {scene.home}/api-keys", {"name": "robot"})["token"]
    due = host.clock.now() + WEEK
    scene.require(WEEK)

    assert places(scene, scene.olga.call) == LET_IN
    host.clock.advance(WEEK - timedelta(minutes=5))
    own, ours, theirs, gone = scene.own(), scene.through("olga"), scene.through("olga", rival), scene.through("olga")
    assert places(scene, own.call) == LET_IN
    host.clock.advance(due - host.clock.now() - MOMENT)
    assert places(scene, own.call) == LET_IN
    host.clock.advance(MOMENT)

    assert places(scene, own.call) == REFUSED
    assert places(scene, ours.call) == PROVIDER
    assert places(scene, theirs.call) == FOREIGN
    assert places(scene, lambda method, path: bearer(host, key, method, path)) == [*LET_IN[:3], (403, "denied")]
    assert why(scene.smash(own, "0000-0000-0000-0000")) == (400, "invalid_code")
    assert places(scene, own.call) == REFUSED
    other = scene.own()
    assert why(scene.smash(other, used)) == (200, "")
    assert why(scene.smash(own, used)) == (400, "code_already_used")
    assert (places(scene, own.call), places(scene, other.call)) == (REFUSED, BROKEN)
    until = host.clock.now() + HOUR
    assert scene.smash(own, code).json == {"organization_id": scene.acme.organization, "until": until.isoformat()}
    assert places(scene, own.call) == BROKEN
    ours = scene.through("olga")
    host.clock.advance(until - host.clock.now() - MOMENT)
    assert places(scene, own.call) == BROKEN
    host.clock.advance(MOMENT)
    assert places(scene, own.call) == REFUSED

    last = scene.through("olga")
    assert why(last.auth(f"POST {scene.acme.home}/{scene.acme.connection}/disable")) == (200, "")
    assert places(scene, gone.call) == places(scene, last.call) == [(401, "not_authenticated")] * 4


def test_a_requirement_is_announced_and_says_which_ways_there_are(host: Host, scene: Scene) -> None:
    """The date is told where somebody signs in, of the session and of each organization; what is refused names the providers."""
    scene.ready()
    elsewhere = scene.olga.ok("POST /organizations", {"name": "Own"})["id"]
    due = scene.require(WEEK)["required_from"]
    told = {each["id"]: each["sso_required_by"] for each in scene.olga.ok("GET /organizations")["organizations"]}
    assert told == {scene.acme.organization: due, elsewhere: None}
    assert scene.olga.ok("GET /session")["sso_required_by"] == due
    assert scene.olga.ok(f"GET {scene.path}") == {"required_from": due, "codes_left": 10}
    assert scene.through("olga").ok("GET /session")["sso_required_by"] is None
    guest = Browser(host).sign_up("guy@elsewhere.example")
    assert guest.sign_in()["sso_required_by"] is None
    scene.olga.invite(scene.acme.organization, guest)
    assert guest.sign_in()["sso_required_by"] == due
    host.clock.advance(WEEK)
    ways = [{"connection_id": scene.acme.connection, "name": "Acme login", "provider": "oidc"}]
    guest.sign_in()
    asked = (
        ("GET", f"/auth{scene.home}/members"),
        ("GET", f"/auth{scene.path}"),
        ("POST", f"/organizations/{scene.acme.organization}/billing-manage"),
    )
    for reply in [guest.call(*each) for each in asked]:
        assert (*why(reply), reply.json["hint"], reply.json["ways"]) == (403, "sso_required", "sso", ways)
    assert why(guest.auth("POST /session/organization", {"organization_id": scene.acme.organization})) == (403, "sso_required")
    # Accounts are global: signing in, and what belongs to the account, goes on.
    guest.ok("POST /password/change", {"current": PASSWORD, "new": "another long and quiet river"})
    scene.own().ok("POST /session/organization", {"organization_id": elsewhere})


def test_no_route_of_the_organization_is_left_open(host: Host, scene: Scene) -> None:
    """Every route of the table about an organization or a workspace refuses the owner's own session; a code opens the settings alone."""
    code, *_ = scene.ready()
    scene.require()
    owner, open_to_code = scene.own(), set[str]()
    ids = {**NOTHINGS, "owner": scene.olga.id, "guest": scene.olga.id}

    def ask(line: str, body: dict[str, object] | None) -> tuple[int, str]:
        sent = filled(body, o=scene.acme.organization, w=scene.workspace)
        return why(owner.auth(line.format(o=scene.acme.organization, w=scene.workspace, **ids), sent))

    for line, body in LINES:
        assert ask(line, body) == (403, "sso_required"), line
    assert why(scene.smash(owner, code)) == (200, "")
    relaxing = "DELETE /organizations/{o}/sso/requirement"
    for line, body in sorted(LINES, key=lambda each: each[0] == relaxing):
        if ask(line, body) != (403, "sso_required"):
            open_to_code.add(line)
    assert open_to_code == {line for line, _ in LINES if any(part in f"{line}\n" for part in OPENED)}
    assert ask("GET /organizations/{o}/members", None) == (200, "")


@pytest.mark.proves("SEED-S12")
@pytest.mark.parametrize("provider", ["oidc", "saml"], indirect=True)
def test_a_code_is_redeemed_by_an_owner_who_proved_both_factors_just_now(host: Host, scene: Scene) -> None:
    """Who is refused for which reason: before the date, stale proofs, a provider's session, an owner no longer, a void code, a stranger."""
    first, *_ = scene.ready()
    second = scene.codes()[0]
    admin = Browser(host).sign_up("adam@acme.example", "Adam").enrol()
    scene.olga.invite(scene.acme.organization, admin, role="admin")
    scene.provider.people["adam"] = {"email": "adam@acme.example", "email_verified": True}
    scene.link(admin, "adam")
    assert why(admin.auth(f"POST {scene.home}/sso/break-glass-codes")) == (403, "denied")
    assert why(scene.smash(scene.olga, second)) == (409, "conflict")
    scene.require()
    host.clock.advance(timedelta(minutes=11))
    assert why(scene.smash(scene.olga, second)) == (403, "step_up_required")
    scene.olga.ok("POST /step-up", {"code": scene.olga.code()})
    assert why(scene.smash(scene.olga, second)) == (403, "step_up_required")  # the password was proved too long ago
    ours = scene.through("olga")
    assert why(scene.smash(ours, second)) == (403, "denied")
    olga = scene.own()
    assert why(scene.smash(olga, first)) == (400, "invalid_code")
    stranger = Browser(host).sign_up("eve@elsewhere.example").enrol()
    assert why(scene.smash(stranger, second)) == (404, "not_found")
    assert why(olga.auth("POST /sso/break-glass", {"organization_id": "org_nowhere", "code": second})) == (404, "not_found")
    organization = scene.acme.organization
    ours.ok(f"PUT {scene.home}/members/{admin.id}/role", {"role": "owner"})
    scene.through("adam", totp=admin.totp).ok(f"PUT {scene.home}/members/{scene.olga.id}/role", {"role": "admin"})
    assert why(scene.smash(olga, second)) == (403, "denied")
    assert host.do(lambda unit: unit.sso_entrance.entrance(organization)).codes_left == 0
    refused = named(host.events(organization), "sso.break_glass_refused")
    assert [event.details()["reason"] for event in refused] == ["invalid_code", "denied"]
    mails = [mail.subject for mail in host.mails("adam@acme.example")]
    assert mails.count("Test: a break-glass code was refused") == 1


def test_a_code_is_for_the_settings_and_tells_every_owner(host: Host, scene: Scene) -> None:
    """With the last connection broken, an owner gets in, sees what there is, relaxes, and everybody is in again; owners were told."""
    code, *_ = scene.ready()
    one = f"{scene.acme.home}/{scene.acme.connection}"
    scene.require()
    owner, ours = scene.own(), scene.through("olga")
    changed = setup(scene.provider, client_id="another")
    for line, body in ((f"POST {one}/disable", None), (f"DELETE {one}", None), (f"PUT {one}", changed)):
        assert why(ours.auth(line, body)) == (409, "conflict"), line
    renamed = {name: value for name, value in setup(scene.provider, name="Renamed").items() if name != "secret"}
    assert ours.ok(f"PUT {one}", renamed)["state"] == "enabled"
    assert scene.through("olga").ok(f"GET {scene.home}/members")
    assert why(scene.smash(owner, code)) == (200, "")
    assert owner.ok(f"GET {scene.path}")["codes_left"] == 9
    assert [each["name"] for each in owner.ok(f"GET {scene.acme.home}")["connections"]] == ["Renamed"]
    assert why(owner.auth(f"PUT {one}", changed)) == (409, "conflict")
    owner.ok(f"POST {scene.acme.home}", setup(scene.provider, name="Second login"))
    owner.ok(f"DELETE {scene.path}")
    assert places(scene, owner.call) == places(scene, scene.olga.call) == LET_IN
    owner.ok(f"POST {one}/disable")
    (event,) = named(host.events(scene.acme.organization), "sso.break_glass_used")
    assert (event.outcome, event.details()["actor"]["id"]) == ("success", scene.olga.id)
    told = [mail.subject for mail in host.mails(scene.olga.email)]
    assert told.count("Test: a break-glass code was used") == told.count("Test: alert: break_glass_used (high)") == 1
    changes = [each.details()["details"] for each in named(host.events(scene.acme.organization), "sso.requirement_changed")]
    assert [each["required_from"] is None for each in changes] == [False, True]


def test_guesses_at_codes_are_throttled(host: Host, scene: Scene) -> None:
    """Attempts are counted before a code is compared: soon a right one is held back too, and new codes forget the count."""
    code, *_ = scene.ready()
    scene.require()
    owner, answers = scene.own(), list[tuple[int, str]]()
    while len(answers) < 40 and (429, "throttled") not in answers:
        answers.append(why(scene.smash(owner, "0000-0000-0000-0000")))
    assert (set(answers[:-1]), answers[-1]) == ({(400, "invalid_code")}, (429, "throttled"))
    assert why(scene.smash(owner, code)) == (429, "throttled")
    fresh = scene.through("olga").ok(f"POST {scene.home}/sso/break-glass-codes")["codes"]
    assert why(scene.smash(owner, code)) == (400, "invalid_code")
    assert why(scene.smash(owner, fresh[0])) == (200, "")


def test_an_operator_relaxes_it_for_who_is_locked_out(scene: Scene) -> None:
    """Provider and codes are lost: an operator lets accounts in again, which the log tells with the reason, and every owner's mail."""
    scene.ready()
    staff, sam = Browser(scene.host), {"x-staff": f"{STAFF} sam"}
    path = f"DELETE /operator{scene.home}/sso/requirement"
    assert why(staff.auth(path, headers=sam)) == (409, "conflict")
    since = scene.require()["required_from"]
    assert scene.own().auth(f"GET {scene.home}/members").status == 403
    assert why(scene.olga.auth(path)) == (404, "not_found")
    assert staff.auth(path, headers=sam).status == 204
    assert scene.own().auth(f"GET {scene.home}/members").status == 200
    told = [each for each in scene.host.events(scene.acme.organization) if each.name == "sso.requirement_changed"][-1]
    assert (told.actor_kind, told.actor_id, told.details()["details"]) == ("operator", "sam", {"required_from": None, "was": since})
    reason = scene.host.do(lambda unit: unit.audit.personal(told))["reason"]
    (letter,) = [each for each in scene.host.mails(scene.olga.email) if each.kind == "requirement_relaxed"]
    assert reason
    assert reason in letter.text.reveal()
    nobody = "DELETE /operator/organizations/org_00000000000000000000000000/sso/requirement"
    assert why(staff.auth(nobody, headers=sam)) == (404, "not_found")

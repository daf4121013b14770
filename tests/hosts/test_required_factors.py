"""Second factors that an organization requires, over HTTP: announced, enforced at each request, enrolled at sign-in, and relaxed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pyotp
import pytest

from ctsec.authn.record import Session
from ctsec.ids import UserId
from ctsec.rbac.methods import MethodTable
from ctsec.rbac.policy import Policy
from ctsec.testing import SoftwareAuthenticator
from tests.hosts.harness import BASE, HOSTS, PASSWORD, Browser, Host, Reply, bearer, named
from tests.hosts.test_people import LINES, NOTHINGS, WISH, filled

SHORT = "lamp9 kx"
LONG = "seven purple lanterns"
WEEK = timedelta(days=7)


class Scene:
    """Olga owns Acme and has a second factor; Ada is a viewer of its workspace, has none, and owns Globex besides."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.owner, self.ada = Browser(host).sign_up("olga@example.com"), Browser(host).sign_up("ada@example.com")
        self.acme = self.owner.found("Acme")
        self.workspace = self.owner.workspace(self.acme)
        self.owner.invite(self.acme, self.ada, workspace_id=self.workspace, workspace_role="viewer")
        self.globex = self.ada.found("Globex")
        self.owner.enrol()

    @property
    def path(self) -> str:
        return f"/organizations/{self.acme}/mfa-policy"

    def require(self, *, grace: timedelta = timedelta(0), **body: Any) -> Any:
        """Have Olga require a second factor, refused after a grace."""
        until = (self.host.clock.now() + grace).isoformat()
        return self.owner.ok(f"PUT {self.path}", {"grace_until": until, **body} if grace else body)

    def there(self, browser: Browser) -> Reply:
        """Use a permission in Acme's workspace, at a route of the host's own."""
        return browser.call("POST", f"/workspaces/{self.workspace}/dashboards-view")

    def begin(self, password: str = PASSWORD) -> tuple[Browser, Any]:
        """Take the first step of Ada's sign-in in another browser."""
        other = Browser(self.host, email=self.ada.email)
        return other, other.ok("POST /sign-in", {"email": other.email, "password": password})

    def second(self, step: Any) -> Browser:
        """Take the second step with a code of the next time step."""
        self.host.clock.advance(timedelta(seconds=30))
        other = Browser(self.host, email=self.ada.email, totp=self.ada.totp)
        other.ok("POST /sign-in/code", {"ticket": step["ticket"], "factor": "otp", "code": other.code()})
        return other

    def enrolled(self, other: Browser, ticket: str) -> Any:
        """Enrol an app with a ticket, and return what its first code is answered with."""
        app = other.ok("POST /sign-in/enrolment/totp", {"ticket": ticket})
        self.ada.totp = other.totp = app["manual_key"].replace(" ", "")
        return other.ok("POST /sign-in/enrolment/totp/confirm", {"ticket": ticket, "code": other.code()})


@pytest.fixture
def scene(host: Host) -> Scene:
    return Scene(host)


def why(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["reason"]


@pytest.mark.proves("SEED-P1", "SEED-A2", "ASVS-6.3.3")
def test_a_requirement_is_announced_and_then_enforced_at_each_request(host: Host, scene: Scene) -> None:
    """Until the grace ends a session without a second factor works and says by when; from then on it is refused there, and only there."""
    until = host.clock.now() + WEEK
    assert scene.there(scene.ada).status == 200
    assert scene.require(grace=WEEK)["grace_until"] == until.isoformat()
    assert scene.ada.ok(f"GET {scene.path}")["required"] is True
    assert scene.there(scene.ada).status == 200
    assert scene.ada.ok("GET /session")["mfa_required_by"] == until.isoformat()
    assert scene.begin()[1]["mfa_required_by"] == until.isoformat()
    told = {each["id"]: each["mfa_required_by"] for each in scene.ada.ok("GET /organizations")["organizations"]}
    assert told == {scene.acme: until.isoformat(), scene.globex: None}
    assert scene.owner.ok("GET /session")["mfa_required_by"] is None
    host.clock.advance(WEEK - timedelta(microseconds=1))
    assert scene.there(scene.ada).status == 200
    host.clock.advance(timedelta(microseconds=1))
    refused = scene.there(scene.ada)
    assert (*why(refused), refused.json["hint"]) == (403, "mfa_required", "sign_in")
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_user_authentication"'
    assert scene.ada.call("POST", f"/organizations/{scene.globex}/billing-manage").status == 200
    scene.ada.ok("GET /mfa")
    scene.ada.ok("POST /session/organization", {"organization_id": scene.globex})
    assert why(scene.ada.auth("POST /session/organization", {"organization_id": scene.acme})) == (403, "mfa_required")
    assert why(scene.ada.auth("POST /mfa/totp")) == (403, "step_up_required")
    other, step = scene.begin()
    scene.enrolled(other, step["ticket"])
    assert scene.there(other).status == 200


@pytest.mark.proves("SEED-P1", "ASVS-6.3.3")
def test_no_route_of_the_organization_is_left_open(host: Host, scene: Scene) -> None:
    """Every route of the table about an organization or a workspace refuses an owner's session without a second factor, and a key's."""
    second = Browser(host).sign_up("tom@example.com")
    scene.owner.invite(scene.acme, second, role="admin")
    second.ok("POST /session/organization", {"organization_id": scene.acme})
    key = second.ok(f"POST /organizations/{scene.acme}/api-keys", {"name": "robot"})
    elevation = scene.ada.ok(f"POST /organizations/{scene.acme}/elevations", filled(WISH, w=scene.workspace))["id"]
    ids = {**NOTHINGS, "key": key["id"], "elevation": elevation, "owner": scene.owner.id, "guest": scene.ada.id}
    scene.require()
    before = len([event for event in host.events(scene.acme) if event.outcome != "refused"])
    for line, body in LINES:
        asked, sent = line.format(o=scene.acme, w=scene.workspace, **ids), filled(body, o=scene.acme, w=scene.workspace)
        assert why(second.auth(asked, sent)) == (403, "mfa_required"), line
        method, path = asked.split(" ")
        by_key = bearer(host, key["token"], method, f"/auth{path}", sent)
        assert why(by_key) in {(403, "mfa_required"), (403, "denied")}, line
    assert why(bearer(host, key["token"], "POST", f"/workspaces/{scene.workspace}/dashboards-view")) == (403, "mfa_required")
    assert len([event for event in host.events(scene.acme) if event.outcome != "refused"]) == before
    second.enrol()
    assert bearer(host, key["token"], "POST", f"/workspaces/{scene.workspace}/dashboards-view").status == 200


@pytest.mark.proves("SEED-P1", "SEED-M1", "SEED-M3")
def test_a_sign_in_ends_in_an_enrolment(host: Host, scene: Scene) -> None:
    """Who has no second factor where one is enforced gets a ticket that enrols one and nothing else, and then a session that has it."""
    scene.require()
    other, step = scene.begin()
    assert (step["status"], other.cookie) == ("enrolment_required", "")
    ticket = step["ticket"]
    assert scene.there(other).status == 401
    assert other.auth("GET /session").status == 401
    assert other.auth("GET /session", headers={"authorization": f"Session {ticket}"}).status in {400, 401}
    assert bearer(host, ticket, "GET", "/auth/organizations").status in {400, 401}
    assert why(other.auth("POST /sign-in/code", {"ticket": ticket, "factor": "otp", "code": "123456"})) == (400, "invalid_code")
    assert why(other.auth("POST /sign-in/password", {"ticket": ticket, "password": LONG})) == (400, "invalid_token")
    app = other.ok("POST /sign-in/enrolment/totp", {"ticket": ticket})
    wrong = {"ticket": ticket, "code": "000000" if pyotp.TOTP(app["manual_key"].replace(" ", "")).now() != "000000" else "111111"}
    assert why(other.auth("POST /sign-in/enrolment/totp/confirm", wrong)) == (400, "invalid_code")
    done = scene.enrolled(other, ticket)
    assert (done["status"], done["aal"], len(done["codes"]), done["mfa_required_by"]) == ("signed_in", 2, 10, None)
    assert scene.there(other).status == 200
    assert why(other.auth("POST /sign-in/enrolment/totp", {"ticket": ticket})) == (400, "invalid_token")
    assert scene.ada.auth("GET /session").status == 401
    assert scene.there(scene.second(scene.begin()[1])).status == 200
    (held,) = [event for event in named(host.events(), "user.sign_in_started") if "owes" in event.details()["details"]]
    assert held.details()["details"]["owes"] == "enrol"


@pytest.mark.proves("SEED-P1")
def test_a_sign_in_enrols_a_passkey(scene: Scene) -> None:
    """A passkey that a ticket enrolled completes the sign-in once it has signed: its registration alone gives no session."""
    scene.require()
    other, step = scene.begin()
    key, ticket = SoftwareAuthenticator(), step["ticket"]
    made = key.create(other.ok("POST /sign-in/enrolment/passkey/options", {"ticket": ticket})["public_key"], origin=BASE)
    added = other.ok("POST /sign-in/enrolment/passkey", {"ticket": ticket, "name": "Phone", "response": json.loads(made)})
    assert (added["status"], len(added["codes"]), other.cookie) == ("mfa_required", 10, "")
    assert why(other.auth("POST /sign-in/enrolment/totp", {"ticket": ticket})) == (400, "invalid_token")
    assert why(other.auth("POST /sign-in/passkey/options", {"ticket": ticket})) == (400, "invalid_token")
    ticket = added["ticket"]
    assert why(other.auth("POST /sign-in/enrolment/totp", {"ticket": ticket})) == (400, "invalid_token")
    signed = key.get(other.ok("POST /sign-in/passkey/options", {"ticket": ticket})["public_key"], origin=BASE)
    done = other.ok("POST /sign-in/passkey", {"ticket": ticket, "response": json.loads(signed)})
    assert (done["status"], done["aal"]) == ("signed_in", 2)
    assert scene.there(other).status == 200


@pytest.mark.proves("SEED-P1")
def test_a_ticket_enrols_nothing_once_there_is_a_factor(scene: Scene) -> None:
    """Of two tickets the one that comes second enrols nothing: what was a first factor then would be a second one now."""
    scene.require()
    (first, step), (other, late) = scene.begin(), scene.begin()
    pending = other.ok("POST /sign-in/enrolment/totp", {"ticket": late["ticket"]})
    scene.enrolled(first, step["ticket"])
    code = pyotp.TOTP(pending["manual_key"].replace(" ", "")).at(scene.host.clock.now())
    assert other.auth("POST /sign-in/enrolment/totp/confirm", {"ticket": late["ticket"], "code": code}).status >= 400
    assert other.auth("POST /sign-in/enrolment/totp", {"ticket": late["ticket"]}).status >= 400
    assert why(other.auth("POST /sign-in/enrolment/passkey/options", {"ticket": late["ticket"]})) == (400, "invalid_token")
    assert other.cookie == ""


@pytest.mark.proves("SEED-P1", "ASVS-16.3.3")
def test_who_may_require_one(host: Host, scene: Scene) -> None:
    """It takes the permission and a fresh second factor in a session, so nobody without one sets it; each change tells before and after."""
    admin = Browser(host).sign_up("tom@example.com")
    scene.owner.invite(scene.acme, admin, role="admin")
    assert why(scene.ada.auth(f"PUT {scene.path}", {})) == (403, "denied")
    without = admin.auth(f"PUT {scene.path}", {})
    assert (*why(without), without.json["max_age"]) == (403, "step_up_required", 600)
    host.clock.advance(timedelta(minutes=10, microseconds=1))
    stale = scene.owner.auth(f"PUT {scene.path}", {})
    assert (*why(stale), stale.json["max_age"], stale.json["hint"]) == (403, "step_up_required", 600, "step_up")
    assert stale.headers["www-authenticate"] == 'Bearer error="insufficient_user_authentication", max_age="600"'
    assert scene.owner.ok(f"GET {scene.path}")["required"] is False
    scene.owner.ok("POST /step-up", {"factor": "otp", "code": scene.owner.code()})
    wrongs: list[dict[str, Any]] = [{"organization_roles": []}, {"organization_roles": ["chef"]}, {"workspace_roles": ["viewer"]}]
    for wrong in wrongs:
        assert why(scene.owner.auth(f"PUT {scene.path}", wrong)) == (422, "invalid_input")
    scene.require(organization_roles=["admin"], workspace_roles=["editor"])
    assert scene.there(scene.ada).status == 200
    assert why(admin.auth(f"DELETE {scene.path}")) == (403, "mfa_required")
    host.clock.advance(timedelta(milliseconds=1))
    scene.owner.ok(f"DELETE {scene.path}")
    assert admin.ok(f"GET {scene.path}")["required"] is False
    told = [event.details()["changes"] for event in named(host.events(scene.acme), "organization.mfa_policy_changed")]
    roles = [(each["before"], each["after"]) for changes in told for each in changes if each["path"] == "organization_roles"]
    assert roles == [(None, ["admin"]), (["admin"], None)]


@pytest.mark.proves("SEED-P1", "NIST-3.1.1.2(1)", "ASVS-6.2.1")
def test_eight_characters_while_a_second_factor_is_enforced(scene: Scene) -> None:
    """A password of 8 characters is taken with a confirmed factor where it is enforced without grace, and given up where that ends."""
    ada = scene.ada
    change = {"current": PASSWORD, "new": SHORT}
    assert why(ada.auth("POST /password/change", change)) == (422, "password_too_short")
    ada.enrol()
    assert why(ada.auth("POST /password/change", change)) == (422, "password_too_short")
    scene.require(grace=WEEK)
    assert why(ada.auth("POST /password/change", change)) == (422, "password_too_short")
    scene.require()
    assert why(ada.auth("POST /password/change", {**change, "new": SHORT[:7]})) == (422, "password_too_short")
    ada.ok("POST /password/change", change)
    assert scene.there(scene.second(scene.begin(SHORT)[1])).status == 200
    scene.owner.ok("POST /step-up", {"factor": "backup", "code": scene.owner.backup[0]})
    scene.owner.ok(f"DELETE {scene.path}")
    scene.host.clock.advance(timedelta(seconds=30))
    other, step = scene.begin(SHORT)
    owed = other.ok("POST /sign-in/code", {"ticket": step["ticket"], "factor": "otp", "code": ada.code()})
    assert (owed["status"], other.cookie) == ("password_change_required", "")
    given = {"ticket": owed["ticket"], "password": LONG}
    assert why(other.auth("POST /sign-in/enrolment/totp", {"ticket": owed["ticket"]})) == (400, "invalid_token")
    assert why(other.auth("POST /sign-in/password", {**given, "password": "lamp9 kx lamp9"})) == (422, "password_too_short")
    assert other.ok("POST /sign-in/password", given)["aal"] == 2
    assert scene.there(other).status == 200
    assert why(other.auth("POST /sign-in/password", given)) == (400, "invalid_token")
    assert why(other.auth("POST /sign-in", {"email": ada.email, "password": SHORT})) == (401, "invalid_credentials")
    assert scene.begin(LONG)[1]["status"] == "mfa_required"


def test_a_mailed_link_sets_no_short_password_without_a_factor(scene: Scene) -> None:
    """Being required to have a second factor is not having one: until it is enrolled, 15 characters are the least."""
    scene.require()
    scene.ada.ok("POST /password/reset-request", {"email": scene.ada.email})
    link = scene.ada.mailed_token()
    assert why(scene.ada.auth("POST /password/reset", {"token": link, "password": SHORT})) == (422, "password_too_short")
    other, step = scene.begin()
    scene.enrolled(other, step["ticket"])
    scene.ada.ok("POST /password/reset", {"token": link, "password": SHORT})


TABLE = MethodTable.keys_unrestricted(
    Policy.preset().index, within={"dashboards:view": timedelta(minutes=2), "billing:manage": timedelta(hours=1)}
)


@pytest.mark.proves("ASVS-7.5.3")
@pytest.mark.parametrize("name", sorted(HOSTS))
def test_a_permission_asks_for_a_proof_of_its_own_age(name: str) -> None:
    """Guards refuse what a permission's own freshness refuses, say how old a proof may be, and let no key through that is not declared."""
    host = HOSTS[name](Policy.preset(), methods=TABLE)
    scene = Scene(host)
    view, pay = f"/workspaces/{scene.workspace}/dashboards-view", f"/organizations/{scene.acme}/billing-manage"
    key = scene.owner.ok(f"POST /organizations/{scene.acme}/api-keys", {"name": "robot"})["token"]
    assert [scene.owner.call("POST", path).status for path in (view, pay)] == [200, 200]
    assert [why(bearer(host, key, "POST", path)) for path in (view, pay)] == [(403, "denied"), (403, "denied")]
    assert bearer(host, key, "POST", f"/workspaces/{scene.workspace}/agents-run").status == 200
    host.clock.advance(timedelta(minutes=2))
    assert scene.owner.call("POST", view).status == 200
    host.clock.advance(timedelta(microseconds=1))
    stale = scene.owner.call("POST", view)
    assert (*why(stale), stale.json["max_age"]) == (403, "step_up_required", 120)
    assert stale.headers["www-authenticate"] == 'Bearer error="insufficient_user_authentication", max_age="120"'
    assert scene.owner.call("POST", pay).status == 200
    assert "dashboards:view" not in scene.owner.ok(f"GET /workspaces/{scene.workspace}/permissions")["permissions"]
    scene.owner.ok("POST /step-up", {"factor": "otp", "code": scene.owner.code()})
    assert scene.owner.call("POST", view).status == 200
    host.clock.advance(timedelta(hours=1, microseconds=1))
    assert (scene.owner.call("POST", pay).json["max_age"], scene.ada.call("POST", view).json["max_age"]) == (3600, 120)
    host.close()


def test_the_description_names_what_a_refusal_asks_for(host: Host) -> None:
    """The OpenAPI document has the age, the hint and the challenge of a refused session in its problems."""
    document = Browser(host).ok("GET /openapi.json")
    assert {"max_age", "hint"} <= document["components"]["schemas"]["Problem"]["properties"].keys()
    answers = document["paths"]["/organizations/{organization_id}/mfa-policy"]["put"]["responses"]
    assert "WWW-Authenticate" in answers["default"]["headers"]


def replaced(session: Session, unit: Any) -> Any:
    """Write a session."""
    return unit._store.sessions.replace(session)


def test_a_session_of_a_link_and_a_code_is_told_to_sign_in(scene: Scene) -> None:
    """A code does not make a session strong that began with no password: the refusal says to sign in, not to prove the code again."""
    scene.ada.enrol()
    scene.require()
    user, now = scene.ada.id, scene.host.clock.now()
    found = scene.host.do(lambda unit: unit._store.sessions.of_user(UserId(user)))
    weak = replace(found[0], aal=1)
    for factors, hint in (({"link": now, "otp": now}, "sign_in"), ({"pwd": now}, "step_up")):
        weak = replace(weak, factors=factors, version=weak.version + 1)
        assert scene.host.do(partial(replaced, weak))
        scene.host.clock.advance(timedelta(seconds=5))
        refused = scene.there(scene.ada)
        assert (*why(refused), refused.json["hint"]) == (403, "mfa_required", hint)

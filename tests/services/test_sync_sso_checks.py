# Generated from tests/services/test_async_sso_checks.py by tools/twin.py; edit that file.
"""Sessions through a provider that is asked again: each outcome, a crash at each step, and two workers (async source of the twin)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.event import EventName
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId, SessionId, UserId, WorkspaceId
from ctsec.secret import SecretText
from ctsec.security import Security
from ctsec.security._sync_sso import Sso
from ctsec.security.parts import EmbeddedOptions
from ctsec.sso import GroupRule, ProvisioningSettings
from ctsec.sso.grant import CLAIM_LIFE
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.oidc.mapping import ClaimMap
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.policy import SsoPolicy
from ctsec.sso.record import identity_digest
from ctsec.sso.settings import ConnectionSettings, ConnectionWish
from ctsec.testing import LocalIdentityProvider
from ctsec.testing.identity_provider import CLIENT_ID, CLIENT_SECRET
from ctsec.transport.fetch import Fetcher
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest
from tests.services._sync_stage import set_stage
from tests.services._sync_world import KINDS, World

HOUR = timedelta(hours=1)
OPTIONS = EmbeddedOptions(sign_in_links=True, single_sign_on=SsoPolicy(reach=Reach.LOOPBACK))


class Scene:
    """An organization with an enabled connection to a provider on loopback, where two people have signed in."""

    def __init__(self, world: World, provider: LocalIdentityProvider) -> None:
        self.world = world
        self.provider = provider
        self.organization = ""
        self.connection: Any = None
        self.sure: Any = None
        self.lab = ""
        self.sessions: dict[str, str] = {}

    def prepare(self) -> None:
        """Make the connection, and let Ann's namesake and Bea come in."""
        stage = set_stage(self.world)
        org, sure = {"organization": stage.acme.id}, self.world.sure(stage.ann)
        self.world.verified(stage.acme.id)
        wish = ConnectionWish(
            name="There", provider=Provider.GENERIC, client_id=CLIENT_ID, settings=ConnectionSettings(issuer=self.provider.issuer)
        )
        made = self.world.call("connections.create", sure, **org, wish=wish, secret=SecretText(CLIENT_SECRET))
        made = self.world.call("connections.tested", sure, made, **org, problem=None)
        self.connection = self.world.call("connections.enable", sure, made.id, **org)
        self.organization, self.sure, self.lab = stage.acme.id, sure, stage.prod.id
        for name in ("ada", "bea"):
            self.provider.people[name] = {"email": f"{name}@acme.example", "email_verified": True}
            self.come(name)

    def come(self, name: str) -> None:
        """Sign somebody in through the provider."""
        sso = self.world.security.sso
        begun: Any = sso.begin(self.connection.id)
        query = parse_qsl(urlsplit(self.provider.visit(begun.url, person=name)).query)
        done: Any = sso.complete(self.connection.id, parameters=query, browser=begun.browser.reveal())
        self.sessions[name] = done.token.reveal()

    def counts(self, name: str) -> bool:
        """Tell whether somebody's session counts, as another process sees it."""
        with self.world.security.begin() as unit:
            return not hasattr(unit.sessions.authenticate(self.sessions[name]), "reason")

    def whys(self) -> list[Any]:
        """Return why sessions were ended."""
        self.world.security.jobs.place_events()
        found = self.world.events(self.organization)
        return [each.details()["details"]["why"] for each in found if each.name == EventName.SSO_SESSIONS_ENDED]

    def grant(self, name: str) -> Any:
        """Return the grant of somebody's session."""
        with self.world.storage.reading() as store:
            found = store.grants.of_identity(identity_digest(self.connection.id, self.provider.issuer, name))
        return found[0] if found else None

    def say(self, **said: Any) -> None:
        """Have an owner write what the connection makes of people."""
        settings = ConnectionSettings(issuer=self.provider.issuer)
        wish = ConnectionWish(
            name="There",
            provider=Provider.GENERIC,
            client_id=CLIENT_ID,
            settings=settings,
            default_role="viewer",
            provisioning=ProvisioningSettings(**said),
        )
        sure = self.world.sure(self.sure)
        done = self.world.call("connections.change", sure, self.connection.id, organization=self.organization, wish=wish)
        assert done.enabled_at is not None

    def asked(self, groups: object) -> tuple[str | None, str | None]:
        """Let an hour pass in which Ada is in some groups (None: not told), and return her roles in the organization and in a workspace."""
        self.provider.people["ada"].pop("groups", None)
        if groups is not None:
            self.provider.people["ada"]["groups"] = groups
        self.world.clock.advance(HOUR)
        self.world.security.sso.checks.run_due()
        with self.world.storage.reading() as store:
            user: Any = store.users.by_email("ada@acme.example")
            found = store.standings.standing(OrganizationId(self.organization), user.id, fresh=True)
        there = found.workspaces.get(WorkspaceId(self.lab)) if found is not None else None
        return (found.role if found is not None else None), (there.role if there is not None else None)

    def unlink(self, name: str) -> None:
        """Take somebody's identity away."""
        digest = identity_digest(self.connection.id, self.provider.issuer, name)
        with self.world.storage.begin(after_commit=lambda scopes: None) as store:
            linked: Any = store.identities.get(digest)
            store.identities.remove(linked.user_id, digest)


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Scene, None, None]:
    """The scene, on memory where a test asks for nothing else."""
    with World.open(getattr(request, "param", "memory"), folder=tmp_path, options=OPTIONS) as world:
        with LocalIdentityProvider(clock=world.clock) as provider:
            made = Scene(world, provider)
            made.prepare()
            yield made


OUTCOMES: dict[str, tuple[Callable[[LocalIdentityProvider], object], str | None]] = {
    "yes": (lambda at: None, None),
    "gone": (lambda at: at.leave("ada"), "grant_refused"),
    "another person": (lambda at: at.claims.update(sub="bea"), "refreshed_other_subject"),
    "another sign-in": (lambda at: at.claims.update(auth_time=1), "refreshed_other_sign_in"),
    "away": (lambda at: setattr(at, "away", True), ""),
    "another issuer": (lambda at: at.claims.update(iss="https://evil.example"), ""),
    "another nonce": (lambda at: at.claims.update(nonce="x"), ""),
    "another client": (lambda at: at.claims.update(aud="other"), ""),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_the_provider_says_decides(scene: Scene, name: str) -> None:
    """A yes is noted; a no ends the sessions of the identity, with its reason; what is no answer is asked for again, later each time."""
    said, why = OUTCOMES[name]
    said(scene.provider)
    before = scene.grant("ada")
    scene.world.clock.advance(HOUR)
    scene.provider.people.pop("bea", None)
    scene.world.security.sso.checks.run_due()
    after, now = scene.grant("ada"), scene.world.clock.now()
    assert scene.counts("ada") is (why in {None, ""})
    if why is None:
        assert (after.checked_at, after.failures, after.claimed_until) == (now, 0, None)
        assert timedelta(minutes=45) <= after.due_at - now <= timedelta(minutes=57)
    elif not why:
        assert (after.checked_at, after.failures, after.claimed_until) == (before.checked_at, 1, None)
        assert after.due_at == now + timedelta(minutes=2)
        scene.world.security.sso.checks.run_due()
        assert (scene.grant("ada")).failures == 1
    else:
        assert after is None
        assert why in scene.whys()


@pytest.mark.proves("NIST-5.1.2")
def test_a_yes_is_no_presence_of_the_person(scene: Scene) -> None:
    """A token that the provider still honours is used without the person: it makes their session no younger, stronger or longer."""

    def session() -> Any:
        with scene.world.storage.reading() as store:
            return store.sessions.get(SessionId(scene.sessions["ada"].partition(".")[0]))

    before = session()
    for _ in range(3):
        scene.world.clock.advance(HOUR)
        scene.world.security.sso.checks.run_due()
    assert (scene.grant("ada")).checked_at == scene.world.clock.now()
    assert (session(), before.live(now=scene.world.clock.now())) == (before, True)


def test_a_no_after_a_lost_answer_ends_its_session_alone(scene: Scene) -> None:
    """The token that is refused may be one that was replaced: the person's other session goes on until the provider says no to it."""
    first = scene.sessions["ada"]
    scene.world.clock.advance(HOUR / 2)
    scene.come("ada")
    scene.world.clock.advance(HOUR / 2)
    scene.provider.away = True
    scene.world.security.sso.checks.run_due()
    scene.provider.away = False
    for each in scene.provider.sign_ins[:1]:
        each.refresh = "replaced, and we never heard"
    scene.world.clock.advance(timedelta(minutes=2))
    scene.world.security.sso.checks.run_due()
    assert (scene.counts("ada"), scene.whys()) == (True, ["interrupted"])
    scene.provider.leave("ada")
    scene.world.clock.advance(HOUR)
    scene.world.security.sso.checks.run_due()
    assert (scene.counts("ada"), sorted(scene.whys())) == (False, ["grant_refused", "interrupted"])
    scene.sessions["ada"] = first
    assert not scene.counts("ada")


def test_an_identity_that_was_unlinked_ends_its_sessions(scene: Scene) -> None:
    """Whoever took the identity away is not undone by the provider's yes."""
    scene.unlink("ada")
    scene.world.clock.advance(HOUR)
    scene.world.security.sso.checks.run_due()
    assert (scene.counts("ada"), scene.counts("bea"), scene.whys()) == (False, True, ["identity_not_linked"])


@pytest.mark.proves("SEED-S14")
def test_groups_that_are_told_anew_count_within_the_hour(scene: Scene) -> None:
    """Without a sign-in: a group taken away takes its role, one that is unknown changes nothing, and outside the required ones all ends."""
    rules = (GroupRule(group="staff", role="member"), GroupRule(group="dev", role="editor", workspace=WorkspaceId(scene.lab)))
    scene.say(rules=rules)
    for groups, expected in (
        (["staff", "dev"], ("member", "editor")),
        (None, ("member", "editor")),
        ("staff", ("member", "editor")),
        (["staff", 1], ("member", "editor")),
        (["staff"], ("member", None)),
        (["other"], ("viewer", None)),
    ):
        assert scene.asked(groups) == expected, groups
        assert scene.counts("ada"), groups
    scene.say(rules=rules, required_groups=("staff",))
    scene.provider.people["bea"]["groups"] = ["staff"]
    assert scene.asked(None) == ("viewer", None)
    assert scene.counts("ada")
    assert scene.asked(["other"]) == (None, None)
    assert (scene.counts("ada"), scene.counts("bea")) == (False, True)
    scene.world.security.jobs.place_events()
    found = scene.world.events(scene.organization)
    changes = [each for each in found if each.name in {EventName.ROLE_CHANGED, EventName.ROLE_ASSIGNED, EventName.ROLE_REVOKED}]
    assert {each.actor_id for each in changes[-4:]} == {scene.connection.id}


def test_a_destroyed_data_key_ends_what_rests_on_it(scene: Scene) -> None:
    """What was sealed under it can not be asked with: the sessions end within the hour, and the log says why; nothing is asked."""
    scene.world.call("data_keys.destroy", scene.world.sure(scene.sure), organization=scene.organization)
    assert scene.counts("ada")
    scene.world.clock.advance(HOUR)
    asked = list(scene.provider.asked)
    scene.world.security.sso.checks.run_due()
    assert (scene.counts("ada"), scene.counts("bea")) == (False, False)
    assert (scene.whys(), scene.provider.asked) == (["token_unreadable"] * 2, asked)
    assert scene.grant("ada") is None


def test_a_name_follows_where_the_domain_is_the_organizations(scene: Scene) -> None:
    """The account is global: of somebody with an address elsewhere the provider changes no name, whatever the map says."""
    scene.say(claims=ClaimMap(update_name=True))
    world, issuer = scene.world, scene.provider.issuer
    guest = UserId((world.member(OrganizationId(scene.organization), "gus@elsewhere.example")).id)
    for email, follows in (("gus@elsewhere.example", False), ("ada@acme.example", True)):
        told = ExternalIdentity(connection=scene.connection.id, issuer=issuer, subject=email[:3], name="Dr Told")
        if not follows:
            world.call("sso.link", guest, scene.connection.id, told)
        with world.security.begin() as unit:
            (connection,) = unit.connections.of_organization(organization=OrganizationId(scene.organization))
            user: Any = unit._store.users.by_email(email)
            assert unit.provisioning.refresh(connection, user, told) == ""
            after: Any = unit._store.users.get(user.id)
        assert (after.name == "Dr Told") is follows, email


def test_an_account_is_foreseen_by_the_key_of_its_address(scene: Scene) -> None:
    """As a sign-in finds it: letters that fold to others are the same address, in lower case they would be another."""
    world = scene.world
    member = world.member(OrganizationId(scene.organization), "strasse@acme.example")
    for email, found in (("Stra\u00dfe@ACME.example", member.id), ("no address", None), ("nobody@acme.example", None)):
        told = ExternalIdentity(connection=scene.connection.id, issuer=scene.provider.issuer, subject="new", email=email)
        for may_link in (True, False):
            foreseen = world.call("provisioning.foresee", scene.connection, told, may_link=may_link)
            assert foreseen.member == (found if may_link else None), email


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class KillAt:
    """Ends the process in place of the `nth` call."""

    def __init__(self, nth: int) -> None:
        self.nth = nth
        self.calls = 0

    def before(self, call: str) -> None:
        """Count."""
        self.calls += 1
        if self.calls == self.nth:
            raise Killed(call)

    def after(self, call: str, result: object) -> None:
        """Nothing to note."""


def test_a_crash_ends_one_session_at_most(scene: Scene) -> None:
    """Killed in place of any call: no refresh token is used twice, and what the others have goes on; the lost one's session ends."""
    lost = step = 0
    while True:
        step += 1
        for name in ("ada", "bea"):
            if not scene.counts(name):
                scene.come(name)
        scene.world.clock.advance(HOUR)
        with scene.world.tap.to(KillAt(step)) as probe, suppress(Killed):
            scene.world.security.sso.checks.run_due()
        if probe.calls < step:
            break
        scene.world.clock.advance(CLAIM_LIFE)
        scene.world.security.sso.checks.run_due()
        states = [scene.counts(name) for name in ("ada", "bea")]
        assert states.count(False) <= 1, step
        lost += states.count(False)
        assert not [each for each in scene.provider.sign_ins if each.ended], step
    assert set(scene.whys()) == {"interrupted"}
    assert 0 < lost < step


class Busy:
    """Two transactions that come for the organization's lock find it taken."""

    def __init__(self) -> None:
        self.left = 2

    def before(self, call: str) -> None:
        """Be busy."""
        if call == "organizations.lock" and self.left:
            self.left -= 1
            raise StoreBusy("the organization is locked")

    def after(self, call: str, result: object) -> None:
        """Nothing to note."""


def test_a_store_that_is_busy_ends_no_session(scene: Scene) -> None:
    """What the provider said is written again when the store was busy: the token was replaced, and the session goes on, then and later."""
    scene.world.clock.advance(HOUR)
    with scene.world.tap.to(Busy()) as busy:
        scene.world.security.sso.checks.run_due()
    assert busy.left == 0
    scene.world.clock.advance(HOUR)
    scene.world.security.sso.checks.run_due()
    assert (scene.counts("ada"), scene.counts("bea"), scene.whys()) == (True, True, [])


class Meanwhile:
    """Fetches, and before the first refresh lets another worker run."""

    def __init__(self, other: Security) -> None:
        self.other: Security | None = other
        self.fetcher = Fetcher()

    def fetch(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
        """Return the answer."""
        other, due = self.other, request.url.endswith("/token")
        if other is not None and due:
            self.other = None
            other.sso.checks.run_due()
        return self.fetcher.fetch(request, reach=reach, hosts=hosts)


@pytest.mark.parametrize("scene", KINDS, indirect=True)
def test_two_workers_use_a_token_once(scene: Scene) -> None:
    """While one asks about a session another leaves it alone, and asks about the others."""
    scene.world.clock.advance(HOUR)
    asked = scene.provider.asked.count("/token")
    ambient = Ambient(clock=scene.world.clock)
    one = Sso(scene.world.security.begin, ambient=ambient, policy=SsoPolicy(), fetcher=Meanwhile(scene.world.security))
    one.checks.run_due()
    assert scene.provider.asked.count("/token") - asked == 2
    assert (scene.counts("ada"), scene.counts("bea"), scene.whys()) == (True, True, [])
    assert not [each for each in scene.provider.sign_ins if each.ended]


def test_a_claim_is_one_workers(scene: Scene) -> None:
    """Two that have both seen a session due: the second gets nothing. A yes about somebody else ends it, however that came about."""
    scene.world.clock.advance(HOUR)
    session = (scene.grant("ada")).session_id
    with scene.world.security.begin() as unit:
        claim: Any = unit.sso_checks.claim(session)
    with scene.world.security.begin() as unit:
        assert unit.sso_checks.claim(session) is None
    assert scene.counts("ada")
    other = ExternalIdentity(
        connection=scene.connection.id, issuer=scene.provider.issuer, subject="bea", email="ada@acme.example", email_verified=True
    )
    with scene.world.security.begin() as unit:
        assert not unit.sso_checks.checked(claim, other)
    assert (scene.counts("ada"), scene.counts("bea"), scene.whys()) == (False, True, ["refreshed_other_subject"])

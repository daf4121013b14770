"""Sessions through a provider that is asked again: each outcome, a crash at each step, and two workers (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
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
from ctsec.security import AsyncSecurity
from ctsec.security._async_sso import AsyncSso
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
from ctsec.transport.fetch import AsyncFetcher, Fetcher  # sync: from ctsec.transport.fetch import Fetcher
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest
from tests.services._async_stage import set_stage
from tests.services._async_world import KINDS, AsyncWorld

HOUR = timedelta(hours=1)
OPTIONS = EmbeddedOptions(sign_in_links=True, single_sign_on=SsoPolicy(reach=Reach.LOOPBACK))


class AsyncScene:
    """An organization with an enabled connection to a provider on loopback, where two people have signed in."""

    def __init__(self, world: AsyncWorld, provider: LocalIdentityProvider) -> None:
        self.world = world
        self.provider = provider
        self.organization = ""
        self.connection: Any = None
        self.sure: Any = None
        self.lab = ""
        self.sessions: dict[str, str] = {}

    async def prepare(self) -> None:
        """Make the connection, and let Ann's namesake and Bea come in."""
        stage = await set_stage(self.world)
        org, sure = {"organization": stage.acme.id}, self.world.sure(stage.ann)
        await self.world.verified(stage.acme.id)
        wish = ConnectionWish(
            name="There", provider=Provider.GENERIC, client_id=CLIENT_ID, settings=ConnectionSettings(issuer=self.provider.issuer)
        )
        made = await self.world.call("connections.create", sure, **org, wish=wish, secret=SecretText(CLIENT_SECRET))
        made = await self.world.call("connections.tested", sure, made, **org, problem=None)
        self.connection = await self.world.call("connections.enable", sure, made.id, **org)
        self.organization, self.sure, self.lab = stage.acme.id, sure, stage.prod.id
        for name in ("ada", "bea"):
            self.provider.people[name] = {"email": f"{name}@acme.example", "email_verified": True}
            await self.come(name)

    async def come(self, name: str) -> None:
        """Sign somebody in through the provider."""
        sso = self.world.security.sso
        begun: Any = await sso.begin(self.connection.id)
        query = parse_qsl(urlsplit(self.provider.visit(begun.url, person=name)).query)
        done: Any = await sso.complete(self.connection.id, parameters=query, browser=begun.browser.reveal())
        self.sessions[name] = done.token.reveal()

    async def counts(self, name: str) -> bool:
        """Tell whether somebody's session counts, as another process sees it."""
        async with self.world.security.begin() as unit:
            return not hasattr(await unit.sessions.authenticate(self.sessions[name]), "reason")

    async def whys(self) -> list[Any]:
        """Return why sessions were ended."""
        await self.world.security.jobs.place_events()
        found = await self.world.events(self.organization)
        return [each.details()["details"]["why"] for each in found if each.name == EventName.SSO_SESSIONS_ENDED]

    async def grant(self, name: str) -> Any:
        """Return the grant of somebody's session."""
        async with self.world.storage.reading() as store:
            found = await store.grants.of_identity(identity_digest(self.connection.id, self.provider.issuer, name))
        return found[0] if found else None

    async def say(self, **said: Any) -> None:
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
        done = await self.world.call("connections.change", sure, self.connection.id, organization=self.organization, wish=wish)
        assert done.enabled_at is not None

    async def asked(self, groups: object) -> tuple[str | None, str | None]:
        """Let an hour pass in which Ada is in some groups (None: not told), and return her roles in the organization and in a workspace."""
        self.provider.people["ada"].pop("groups", None)
        if groups is not None:
            self.provider.people["ada"]["groups"] = groups
        self.world.clock.advance(HOUR)
        await self.world.security.sso.checks.run_due()
        async with self.world.storage.reading() as store:
            user: Any = await store.users.by_email("ada@acme.example")
            found = await store.standings.standing(OrganizationId(self.organization), user.id, fresh=True)
        there = found.workspaces.get(WorkspaceId(self.lab)) if found is not None else None
        return (found.role if found is not None else None), (there.role if there is not None else None)

    async def unlink(self, name: str) -> None:
        """Take somebody's identity away."""
        digest = identity_digest(self.connection.id, self.provider.issuer, name)
        async with self.world.storage.begin(after_commit=lambda scopes: None) as store:
            linked: Any = await store.identities.get(digest)
            await store.identities.remove(linked.user_id, digest)


@pytest.fixture
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncScene, None]:
    """The scene, on memory where a test asks for nothing else."""
    async with AsyncWorld.open(getattr(request, "param", "memory"), folder=tmp_path, options=OPTIONS) as world:
        with LocalIdentityProvider(clock=world.clock) as provider:
            made = AsyncScene(world, provider)
            await made.prepare()
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
async def test_what_the_provider_says_decides(scene: AsyncScene, name: str) -> None:
    """A yes is noted; a no ends the sessions of the identity, with its reason; what is no answer is asked for again, later each time."""
    said, why = OUTCOMES[name]
    said(scene.provider)
    before = await scene.grant("ada")
    scene.world.clock.advance(HOUR)
    scene.provider.people.pop("bea", None)
    await scene.world.security.sso.checks.run_due()
    after, now = await scene.grant("ada"), scene.world.clock.now()
    assert await scene.counts("ada") is (why in {None, ""})
    if why is None:
        assert (after.checked_at, after.failures, after.claimed_until) == (now, 0, None)
        assert timedelta(minutes=45) <= after.due_at - now <= timedelta(minutes=57)
    elif not why:
        assert (after.checked_at, after.failures, after.claimed_until) == (before.checked_at, 1, None)
        assert after.due_at == now + timedelta(minutes=2)
        await scene.world.security.sso.checks.run_due()
        assert (await scene.grant("ada")).failures == 1
    else:
        assert after is None
        assert why in await scene.whys()


@pytest.mark.proves("NIST-5.1.2")
async def test_a_yes_is_no_presence_of_the_person(scene: AsyncScene) -> None:
    """A token that the provider still honours is used without the person: it makes their session no younger, stronger or longer."""

    async def session() -> Any:
        async with scene.world.storage.reading() as store:
            return await store.sessions.get(SessionId(scene.sessions["ada"].partition(".")[0]))

    before = await session()
    for _ in range(3):
        scene.world.clock.advance(HOUR)
        await scene.world.security.sso.checks.run_due()
    assert (await scene.grant("ada")).checked_at == scene.world.clock.now()
    assert (await session(), before.live(now=scene.world.clock.now())) == (before, True)


async def test_a_no_after_a_lost_answer_ends_its_session_alone(scene: AsyncScene) -> None:
    """The token that is refused may be one that was replaced: the person's other session goes on until the provider says no to it."""
    first = scene.sessions["ada"]
    scene.world.clock.advance(HOUR / 2)
    await scene.come("ada")
    scene.world.clock.advance(HOUR / 2)
    scene.provider.away = True
    await scene.world.security.sso.checks.run_due()
    scene.provider.away = False
    for each in scene.provider.sign_ins[:1]:
        each.refresh = "replaced, and we never heard"
    scene.world.clock.advance(timedelta(minutes=2))
    await scene.world.security.sso.checks.run_due()
    assert (await scene.counts("ada"), await scene.whys()) == (True, ["interrupted"])
    scene.provider.leave("ada")
    scene.world.clock.advance(HOUR)
    await scene.world.security.sso.checks.run_due()
    assert (await scene.counts("ada"), sorted(await scene.whys())) == (False, ["grant_refused", "interrupted"])
    scene.sessions["ada"] = first
    assert not await scene.counts("ada")


async def test_an_identity_that_was_unlinked_ends_its_sessions(scene: AsyncScene) -> None:
    """Whoever took the identity away is not undone by the provider's yes."""
    await scene.unlink("ada")
    scene.world.clock.advance(HOUR)
    await scene.world.security.sso.checks.run_due()
    assert (await scene.counts("ada"), await scene.counts("bea"), await scene.whys()) == (False, True, ["identity_not_linked"])


@pytest.mark.proves("SEED-S14")
async def test_groups_that_are_told_anew_count_within_the_hour(scene: AsyncScene) -> None:
    """Without a sign-in: a group taken away takes its role, one that is unknown changes nothing, and outside the required ones all ends."""
    rules = (GroupRule(group="staff", role="member"), GroupRule(group="dev", role="editor", workspace=WorkspaceId(scene.lab)))
    await scene.say(rules=rules)
    for groups, expected in (
        (["staff", "dev"], ("member", "editor")),
        (None, ("member", "editor")),
        ("staff", ("member", "editor")),
        (["staff", 1], ("member", "editor")),
        (["staff"], ("member", None)),
        (["other"], ("viewer", None)),
    ):
        assert await scene.asked(groups) == expected, groups
        assert await scene.counts("ada"), groups
    await scene.say(rules=rules, required_groups=("staff",))
    scene.provider.people["bea"]["groups"] = ["staff"]
    assert await scene.asked(None) == ("viewer", None)
    assert await scene.counts("ada")
    assert await scene.asked(["other"]) == (None, None)
    assert (await scene.counts("ada"), await scene.counts("bea")) == (False, True)
    await scene.world.security.jobs.place_events()
    found = await scene.world.events(scene.organization)
    changes = [each for each in found if each.name in {EventName.ROLE_CHANGED, EventName.ROLE_ASSIGNED, EventName.ROLE_REVOKED}]
    assert {each.actor_id for each in changes[-4:]} == {scene.connection.id}


async def test_a_destroyed_data_key_ends_what_rests_on_it(scene: AsyncScene) -> None:
    """What was sealed under it can not be asked with: the sessions end within the hour, and the log says why; nothing is asked."""
    await scene.world.call("data_keys.destroy", scene.world.sure(scene.sure), organization=scene.organization)
    assert await scene.counts("ada")
    scene.world.clock.advance(HOUR)
    asked = list(scene.provider.asked)
    await scene.world.security.sso.checks.run_due()
    assert (await scene.counts("ada"), await scene.counts("bea")) == (False, False)
    assert (await scene.whys(), scene.provider.asked) == (["token_unreadable"] * 2, asked)
    assert await scene.grant("ada") is None


async def test_a_name_follows_where_the_domain_is_the_organizations(scene: AsyncScene) -> None:
    """The account is global: of somebody with an address elsewhere the provider changes no name, whatever the map says."""
    await scene.say(claims=ClaimMap(update_name=True))
    world, issuer = scene.world, scene.provider.issuer
    guest = UserId((await world.member(OrganizationId(scene.organization), "gus@elsewhere.example")).id)
    for email, follows in (("gus@elsewhere.example", False), ("ada@acme.example", True)):
        told = ExternalIdentity(connection=scene.connection.id, issuer=issuer, subject=email[:3], name="Dr Told")
        if not follows:
            await world.call("sso.link", guest, scene.connection.id, told)
        async with world.security.begin() as unit:
            (connection,) = await unit.connections.of_organization(organization=OrganizationId(scene.organization))
            user: Any = await unit._store.users.by_email(email)
            assert await unit.provisioning.refresh(connection, user, told) == ""
            after: Any = await unit._store.users.get(user.id)
        assert (after.name == "Dr Told") is follows, email


async def test_an_account_is_foreseen_by_the_key_of_its_address(scene: AsyncScene) -> None:
    """As a sign-in finds it: letters that fold to others are the same address, in lower case they would be another."""
    world = scene.world
    member = await world.member(OrganizationId(scene.organization), "strasse@acme.example")
    for email, found in (("Stra\u00dfe@ACME.example", member.id), ("no address", None), ("nobody@acme.example", None)):
        told = ExternalIdentity(connection=scene.connection.id, issuer=scene.provider.issuer, subject="new", email=email)
        for may_link in (True, False):
            foreseen = await world.call("provisioning.foresee", scene.connection, told, may_link=may_link)
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


async def test_a_crash_ends_one_session_at_most(scene: AsyncScene) -> None:
    """Killed in place of any call: no refresh token is used twice, and what the others have goes on; the lost one's session ends."""
    lost = step = 0
    while True:
        step += 1
        for name in ("ada", "bea"):
            if not await scene.counts(name):
                await scene.come(name)
        scene.world.clock.advance(HOUR)
        with scene.world.tap.to(KillAt(step)) as probe, suppress(Killed):
            await scene.world.security.sso.checks.run_due()
        if probe.calls < step:
            break
        scene.world.clock.advance(CLAIM_LIFE)
        await scene.world.security.sso.checks.run_due()
        states = [await scene.counts(name) for name in ("ada", "bea")]
        assert states.count(False) <= 1, step
        lost += states.count(False)
        assert not [each for each in scene.provider.sign_ins if each.ended], step
    assert set(await scene.whys()) == {"interrupted"}
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


async def test_a_store_that_is_busy_ends_no_session(scene: AsyncScene) -> None:
    """What the provider said is written again when the store was busy: the token was replaced, and the session goes on, then and later."""
    scene.world.clock.advance(HOUR)
    with scene.world.tap.to(Busy()) as busy:
        await scene.world.security.sso.checks.run_due()
    assert busy.left == 0
    scene.world.clock.advance(HOUR)
    await scene.world.security.sso.checks.run_due()
    assert (await scene.counts("ada"), await scene.counts("bea"), await scene.whys()) == (True, True, [])


class AsyncMeanwhile:
    """Fetches, and before the first refresh lets another worker run."""

    def __init__(self, other: AsyncSecurity) -> None:
        self.other: AsyncSecurity | None = other
        self.fetcher = AsyncFetcher(Fetcher())  # sync: self.fetcher = Fetcher()

    async def fetch(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
        """Return the answer."""
        other, due = self.other, request.url.endswith("/token")
        if other is not None and due:
            self.other = None
            await other.sso.checks.run_due()
        return await self.fetcher.fetch(request, reach=reach, hosts=hosts)


@pytest.mark.parametrize("scene", KINDS, indirect=True)
async def test_two_workers_use_a_token_once(scene: AsyncScene) -> None:
    """While one asks about a session another leaves it alone, and asks about the others."""
    scene.world.clock.advance(HOUR)
    asked = scene.provider.asked.count("/token")
    ambient = Ambient(clock=scene.world.clock)
    one = AsyncSso(scene.world.security.begin, ambient=ambient, policy=SsoPolicy(), fetcher=AsyncMeanwhile(scene.world.security))
    await one.checks.run_due()
    assert scene.provider.asked.count("/token") - asked == 2
    assert (await scene.counts("ada"), await scene.counts("bea"), await scene.whys()) == (True, True, [])
    assert not [each for each in scene.provider.sign_ins if each.ended]


async def test_a_claim_is_one_workers(scene: AsyncScene) -> None:
    """Two that have both seen a session due: the second gets nothing. A yes about somebody else ends it, however that came about."""
    scene.world.clock.advance(HOUR)
    session = (await scene.grant("ada")).session_id
    async with scene.world.security.begin() as unit:
        claim: Any = await unit.sso_checks.claim(session)
    async with scene.world.security.begin() as unit:
        assert await unit.sso_checks.claim(session) is None
    assert await scene.counts("ada")
    other = ExternalIdentity(
        connection=scene.connection.id, issuer=scene.provider.issuer, subject="bea", email="ada@acme.example", email_verified=True
    )
    async with scene.world.security.begin() as unit:
        assert not await unit.sso_checks.checked(claim, other)
    assert (await scene.counts("ada"), await scene.counts("bea"), await scene.whys()) == (False, True, ["refreshed_other_subject"])

"""Sessions through a provider that is asked again: each outcome, a crash at each step, and two workers (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.event import EventName
from ctsec.secret import SecretText
from ctsec.security import AsyncSecurity
from ctsec.security._async_sso import AsyncSso
from ctsec.security.parts import EmbeddedOptions
from ctsec.sso.grant import CLAIM_LIFE
from ctsec.sso.oidc.identity import ExternalIdentity
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
from tests.services._async_world import AsyncWorld

HOUR = timedelta(hours=1)
OPTIONS = EmbeddedOptions(sign_in_links=True, single_sign_on=SsoPolicy(reach=Reach.LOOPBACK))


class AsyncScene:
    """An organization with an enabled connection to a provider on loopback, where two people have signed in."""

    def __init__(self, world: AsyncWorld, provider: LocalIdentityProvider) -> None:
        self.world = world
        self.provider = provider
        self.organization = ""
        self.connection: Any = None
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
        self.organization = stage.acme.id
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

    async def unlink(self, name: str) -> None:
        """Take somebody's identity away."""
        digest = identity_digest(self.connection.id, self.provider.issuer, name)
        async with self.world.storage.begin(after_commit=lambda scopes: None) as store:
            linked: Any = await store.identities.get(digest)
            await store.identities.remove(linked.user_id, digest)


@pytest.fixture
async def scene() -> AsyncGenerator[AsyncScene, None]:
    """The scene on memory."""
    async with AsyncWorld.open(options=OPTIONS) as world:
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

"""Connected apps: consent, tokens that refresh themselves, and their end (async source of the twin)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import pytest

from ctsec.connections import AppHealth
from ctsec.connections._async_tokens import AsyncAppTokens
from ctsec.connections.record import tokens_context
from ctsec.connections.refresh import leased
from ctsec.encryption import dek_id_of
from ctsec.encryption.reencryption import SealedRow
from ctsec.ids import UserId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import system
from ctsec.secret import SecretText
from ctsec.security._async_app_sealing import AsyncAppTokenTable
from ctsec.testing.apps import told
from ctsec.transport.request import HttpAnswer
from tests.services._async_apps_scene import AsyncAppScene, scene_parts
from tests.services._async_world import KINDS, AsyncWorld
from tests.services.probing import reason

HOUR = timedelta(hours=1)
Pairs: TypeAlias = list[tuple[str, str]]
Says: TypeAlias = Callable[[dict[str, str]], HttpAnswer | None]


@asynccontextmanager
async def async_scene(kind: str = "memory", folder: Path | None = None, **more: Any) -> AsyncGenerator[AsyncAppScene, None]:
    """Open a scene."""
    simulator, options, clock = scene_parts(**more)
    async with AsyncWorld.open(kind, folder=folder, options=options) as world:
        clock.clock = world.clock
        scene = AsyncAppScene(world, simulator)
        await scene.prepare()
        yield scene


@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_is_fetched_and_refreshes_itself(kind: str, tmp_path: Path) -> None:
    """A connection gives a token that the app accepts, the same one until it is due, then another; nothing is asked in between."""
    async with async_scene(kind, tmp_path) as scene:
        app = await scene.connect(scene.bob)
        first = await scene.good(scene.bob, app)
        assert await scene.good(scene.bob, app) == first
        scene.world.clock.advance(HOUR - timedelta(minutes=4))
        second = await scene.good(scene.bob, app)
        assert second != first
        assert scene.simulator.asked == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize("life", [HOUR, None])
async def test_a_token_that_the_api_refused_is_refreshed_at_once_and_once_a_minute(life: timedelta | None) -> None:
    """It is handed out no more to who was refused; one that took its place is, without another question; and a minute lies between."""
    async with async_scene(life=life) as scene:
        app, apps, rest = await scene.connect(scene.bob), scene.world.security.apps, timedelta(minutes=1)

        async def instead_of(token: str) -> Any:
            return await apps.get_token(scene.bob, app.id, organization=scene.organization, refused=SecretText(token))

        tokens = [await scene.good(scene.bob, app)]
        early = await instead_of(tokens[0])
        assert (reason(early), early.retry_after) == (Reason.CONFLICT, rest)
        for _ in range(2):
            scene.world.clock.advance(rest)
            tokens.append((await instead_of(tokens[-1])).secret.reveal())
            assert reason(await instead_of(tokens[-1])) is Reason.CONFLICT
            assert (await instead_of(tokens[-2])).secret.reveal() == tokens[-1]
        assert len(set(tokens)) == 3
        assert scene.simulator.asked == ["authorization_code", "refresh_token", "refresh_token"]
        scene.simulator.away = True
        scene.world.clock.advance(rest)
        assert [reason(await instead_of(tokens[-1])) for _ in range(2)] == [Reason.CONFLICT, Reason.CONFLICT]
        assert scene.simulator.asked.count("refresh_token") <= 3


async def test_a_token_without_a_refresh_token_is_no_less_there_for_being_refused() -> None:
    """Who was refused is told to connect again; the connection itself does not end by a host's word."""
    async with async_scene() as scene:
        scene.simulator.says = lambda _: told(200, access_token="lasting", token_type="bearer")
        app = await scene.connect(scene.bob)
        scene.world.clock.advance(HOUR)
        ask = scene.world.security.apps.get_token
        refused = await ask(scene.bob, app.id, organization=scene.organization, refused=SecretText("lasting"))
        assert reason(refused) is Reason.REVOKED
        found: Any = await ask(scene.bob, app.id, organization=scene.organization)
        assert found.secret.reveal() == "lasting"


def nothing(_: dict[str, str]) -> None:
    """Say nothing in place of the service."""


def answering(status: int, **body: object) -> Says:
    """Return what a service says in place of what it would do, to refreshes alone."""
    return lambda form: told(status, **body) if form.get("grant_type") == "refresh_token" else None


FATES: dict[str, tuple[Says, Reason, AppHealth, str]] = {
    "invalid_grant": (answering(400, error="invalid_grant"), Reason.REVOKED, AppHealth.CONSENT_NEEDED, "grant_refused"),
    "with status 200": (answering(200, error="bad_refresh_token"), Reason.REVOKED, AppHealth.CONSENT_NEEDED, "grant_refused"),
    "revoked": (answering(200, ok=False, error="token_revoked"), Reason.REVOKED, AppHealth.REVOKED, "grant_revoked"),
    "client": (answering(401, error="invalid_client"), Reason.CONFLICT, AppHealth.FAILING, "client_refused"),
    "unknown error": (answering(400, error="tea_time"), Reason.CONFLICT, AppHealth.FAILING, "provider_error"),
    "throttled": (answering(429, error="invalid_grant"), Reason.CONFLICT, AppHealth.FAILING, "provider_unavailable"),
    "no token": (answering(200, token_type="bearer"), Reason.CONFLICT, AppHealth.FAILING, "token_answer_bad_access_token"),
    "not JSON": (
        lambda _: HttpAnswer(status=200, media="text/html", body=b"<p>"),
        Reason.CONFLICT,
        AppHealth.FAILING,
        "token_answer_malformed",
    ),
}


@pytest.mark.proves("SEED-O1")
async def test_only_words_of_a_list_end_a_connection() -> None:
    """A failure that passes is waited out and then the token is there again; a refusal stays, asks no more, and says what to do."""
    async with async_scene() as scene:
        app = await scene.connect(scene.bob)
        for says, reason, health, why in FATES.values():
            scene.world.clock.advance(2 * HOUR)
            scene.simulator.says = says
            scene.simulator.asked.clear()
            for _ in range(2):
                refused = await scene.token(scene.bob, app)
                assert isinstance(refused, Refusal), why
                assert refused.reason is reason, why
            assert scene.simulator.asked == ["refresh_token"], why
            (status,) = await scene.world.call("apps.health", scene.bob, organization=scene.organization)
            assert (status.health, status.problem) == (health, why)
            scene.simulator.says = nothing
            scene.world.clock.advance(timedelta(minutes=5))
            if reason is Reason.REVOKED:
                assert isinstance(await scene.token(scene.bob, app), Refusal), why
                await scene.connect(scene.bob, app=app.id)
            await scene.good(scene.bob, app)
            assert await scene.world.call("apps.health", scene.bob, organization=scene.organization) == ()


async def test_a_token_that_is_good_is_handed_out_through_an_outage() -> None:
    """Ahead of its end a token that can not be refreshed is handed out still, the provider is asked less and less, and nothing is lost."""
    async with async_scene() as scene:
        app = await scene.connect(scene.bob)
        first = await scene.good(scene.bob, app)
        scene.simulator.away = True
        scene.world.clock.advance(HOUR - timedelta(minutes=5))
        for _ in range(200):
            assert await scene.good(scene.bob, app) == first
            scene.world.clock.advance(timedelta(seconds=1))
        assert 4 <= scene.simulator.asked.count("refresh_token") <= 9
        scene.simulator.away = False
        scene.world.clock.advance(timedelta(minutes=6))
        assert await scene.good(scene.bob, app) != first


async def test_an_answer_that_was_lost_is_not_a_silent_loss() -> None:
    """Where the provider replaced a token and its answer was lost, the next refresh says that consent is needed, and why."""
    async with async_scene() as scene:
        app = await scene.connect(scene.bob)
        scene.world.clock.advance(2 * HOUR)
        scene.simulator.lost = True
        assert (await scene.token(scene.bob, app)).reason is Reason.CONFLICT
        scene.simulator.lost = False
        scene.world.clock.advance(timedelta(minutes=5))
        assert (await scene.token(scene.bob, app)).reason is Reason.REVOKED
        (status,) = await scene.world.call("apps.health", scene.bob, organization=scene.organization)
        assert (status.health, status.problem) == (AppHealth.CONSENT_NEEDED, "interrupted")


async def test_a_provider_that_keeps_its_refresh_token() -> None:
    """Where no other refresh token comes, the one that is there is used again; a token that never ends is never refreshed."""
    async with async_scene(rotates=False) as scene:
        app = await scene.connect(scene.bob)
        for _ in range(3):
            scene.world.clock.advance(2 * HOUR)
            await scene.good(scene.bob, app)
        assert scene.simulator.asked.count("refresh_token") == 3
    async with async_scene(life=None) as scene:
        app = await scene.connect(scene.bob)
        scene.world.clock.advance(2000 * HOUR)
        await scene.good(scene.bob, app)
        assert scene.simulator.asked == ["authorization_code"]


async def test_a_short_life_is_no_livelock() -> None:
    """A token of ten seconds is handed out for most of them, and refreshed once for each."""
    async with async_scene(life=timedelta(seconds=10)) as scene:
        app = await scene.connect(scene.bob)
        for _ in range(30):
            scene.world.clock.advance(timedelta(seconds=1))
            await scene.good(scene.bob, app)
        assert 3 <= scene.simulator.asked.count("refresh_token") <= 5


@pytest.mark.proves("SEED-O2", "ASVS-10.4.9", "ASVS-10.7.3")
async def test_who_sees_and_uses_and_ends_what() -> None:
    """People have their own, managers see and end all, and nobody is handed the token of somebody else's; strangers find nothing."""
    async with async_scene() as scene:
        bobs = await scene.connect(scene.bob)
        whole = await scene.connect(scene.ann, own=False)
        org = {"organization": scene.organization}
        seen = {name: await scene.world.call("apps.of_organization", who, **org) for name, who in (("ann", scene.ann), ("bob", scene.bob))}
        assert [each.app.id for each in seen["ann"]] == sorted([bobs.id, whole.id])
        assert [each.app.id for each in seen["bob"]] == [bobs.id]
        await scene.good(scene.ann, whole)
        await scene.good(system("nightly import"), bobs)
        refusals: list[Any] = [
            await scene.token(scene.ann, bobs),
            await scene.token(scene.bob, whole),
            await scene.world.security.apps.begin(scene.bob, "files", **org, own=False),
            await scene.world.security.apps.begin(scene.bob, "nothing", **org),
            await scene.world.security.apps.begin(scene.bob, "files", **org, scopes=frozenset({"files.admin"})),
            await scene.world.security.apps.begin(scene.bob, "files", **org, app=whole.id),
            await scene.world.call("apps.disconnect", scene.bob, whole.id, **org),
            await scene.world.call("apps.get", scene.bob, whole.id, **org),
        ]
        assert [each.reason.value for each in refusals] == [
            *("not_found", "denied", "denied", "not_found", "invalid_input", "not_found", "denied", "not_found")
        ]
        zoe = await scene.world.person("zoe@other.example")
        other = (await scene.world.organization(zoe)).id
        for method, given in (("of_organization", ()), ("get", (bobs.id,)), ("disconnect", (bobs.id,)), ("health", ())):
            assert (await scene.world.call(f"apps.{method}", zoe, *given, **org)).reason is Reason.NOT_FOUND
        assert (await scene.world.call("apps.disconnect", zoe, bobs.id, organization=other)).reason is Reason.NOT_FOUND
        found: Any = await scene.world.security.apps.get_token(zoe, bobs.id, organization=other)
        assert found.reason is Reason.NOT_FOUND
        assert (await scene.world.call("apps.disconnect", scene.ann, bobs.id, **org)).id == bobs.id
        assert (await scene.token(scene.bob, bobs)).reason is Reason.NOT_FOUND


async def test_a_disconnected_app_is_revoked_until_it_is_done() -> None:
    """Tokens are given back by the worker, again and again while the provider is away; then nothing is left of them."""
    async with async_scene() as scene:
        app = await scene.connect(scene.bob)
        scene.simulator.away = True
        await scene.world.call("apps.disconnect", scene.bob, app.id, organization=scene.organization)
        for _ in range(4):
            await scene.world.security.apps.revocations.run_due()
            scene.world.clock.advance(timedelta(minutes=30))
        assert not scene.simulator.consents[0].over
        scene.simulator.away = False
        await scene.world.security.apps.revocations.run_due()
        assert scene.simulator.consents[0].over
        assert await scene.world.storage.guard.app_tokens.get(app.id) is None
        assert await scene.world.security.apps.revocations.run_due() == 0
        names = [event.name for event in await scene.world.events(scene.organization)]
        assert names.count("connected_app.revoked") == 1


async def meddled(scene: AsyncAppScene, happens: Callable[[], Any], *, when: str, dies: bool = False, **more: Any) -> tuple[Any, Any]:
    """Connect as Bob while something happens: once the code was `exchanged`, before tokens are `stored`, or once they are `kept`.

    The process `dies` after that step; return the answer, and the consent at the provider.
    """
    apps = scene.world.security.apps
    begun: Any = await apps.begin(scene.bob, "files", organization=scene.organization, **more)
    query = parse_qsl(scene.simulator.visit(begun.url))
    owner, name = (type(apps), "_tokens") if when == "exchanged" else (AsyncAppTokens, "keep")
    real, waiting = getattr(owner, name), [happens]

    async def step(*given: Any, **named: Any) -> Any:
        if waiting and when == "stored":
            await waiting.pop()()
        answer = await real(*given, **named)
        if waiting:
            await waiting.pop()()
        if dies:
            raise KeyError
        return answer

    setattr(owner, name, step)
    try:
        answer = await apps.complete(scene.bob, "files", parameters=query)
    except KeyError:
        answer = None
    finally:
        setattr(owner, name, real)
    return answer, scene.simulator.consents[-1]


MEDDLED = (("exchanged", False), ("exchanged", True), ("stored", False), ("stored", True), ("kept", False))


@pytest.mark.proves("SEED-O2")
@pytest.mark.parametrize(("when", "late"), MEDDLED)
@pytest.mark.parametrize("renewed", [False, True])
async def test_tokens_of_a_connection_that_ended_meanwhile_are_given_back(when: str, *, late: bool, renewed: bool) -> None:
    """Whenever a connection ends while a consent is on its way, and the worker was there already or not: the new tokens are revoked."""
    async with async_scene() as scene:
        apps = scene.world.security.apps
        old = await scene.connect(scene.bob) if renewed else None
        scene.world.clock.advance(timedelta(minutes=30))

        async def leaves() -> None:
            async with scene.world.security.begin() as unit:
                await unit.app_work.apps.end_of_person(scene.organization, scene.bob.id, actor=scene.ann, why="disconnected")
                if old is None and when == "exchanged":
                    await unit.members.remove(scene.ann, organization=scene.organization, user=scene.bob.id)
            if late:
                await apps.revocations.run_due()
                scene.world.clock.advance(timedelta(minutes=6))
                await apps.revocations.run_due()

        more: dict[str, Any] = {"app": old.id} if old is not None else {}
        answer, consent = await meddled(scene, leaves, when=when, **more)
        assert isinstance(answer, Refusal)
        for _ in range(3):
            scene.world.clock.advance(timedelta(minutes=6))
            await apps.revocations.run_due()
        assert consent.over
        assert await apps.revocations.run_due() == 0
        assert await scene.world.storage.guard.app_tokens.of_organization(scene.organization, after="", limit=9) == ()


@pytest.mark.parametrize("renewed", [False, True])
async def test_the_worker_waits_for_tokens_that_are_on_their_way(*, renewed: bool) -> None:
    """A process that dies right after it stored tokens leaves nothing behind: the ended connection was kept for them, and only so long."""
    async with async_scene() as scene:
        apps = scene.world.security.apps
        more: dict[str, Any] = {"app": (await scene.connect(scene.bob)).id} if renewed else {}
        scene.world.clock.advance(timedelta(minutes=30))

        async def ends() -> None:
            await scene.world.call("apps.end_of_person", scene.organization, scene.bob.id, actor=scene.ann, why="member_removed")
            assert [await apps.revocations.run_due() for _ in range(2)] == [1, 0]

        _, consent = await meddled(scene, ends, when="stored", dies=True, **more)
        assert not consent.over
        scene.world.clock.advance(timedelta(minutes=6))
        assert [await apps.revocations.run_due() for _ in range(2)] == [1, 0]
        assert consent.over
        assert await scene.world.storage.guard.app_tokens.of_organization(scene.organization, after="", limit=9) == ()


async def test_a_provider_that_is_gone_is_given_up_after_three_days() -> None:
    """Who does not answer for three days is asked no more: the tokens are forgotten, and the log says that they were not given back."""
    async with async_scene() as scene:
        app = await scene.connect(scene.bob)
        scene.simulator.away = True
        await scene.world.call("apps.disconnect", scene.bob, app.id, organization=scene.organization)
        for _ in range(40):
            await scene.world.security.apps.revocations.run_due()
            scene.world.clock.advance(3 * HOUR)
        assert await scene.world.storage.guard.app_tokens.get(app.id) is None
        assert 10 <= scene.simulator.asked.count("revocation") <= 24
        assert len(await scene.world.events(scene.organization, "connected_app.revocation_abandoned")) == 1


async def test_a_person_who_leaves_takes_their_apps_along() -> None:
    """Every connection of the person in the organization ends and is given back; that of others and of the organization stays."""
    async with async_scene() as scene:
        mia = await scene.world.member(scene.organization, "mia@acme.example")
        bobs, mias, whole = await scene.connect(scene.bob), await scene.connect(mia), await scene.connect(scene.ann, own=False)
        leaving = {"actor": scene.ann, "why": "member_removed"}
        assert await scene.world.call("apps.end_of_person", scene.organization, UserId(scene.bob.id), **leaving) == 1
        assert await scene.world.call("apps.end_of_person", scene.organization, UserId(scene.bob.id), **leaving) == 0
        assert (await scene.token(scene.bob, bobs)).reason is Reason.NOT_FOUND
        await scene.world.security.apps.revocations.run_due()
        assert [each.over for each in scene.simulator.consents] == [True, False, False]
        await scene.good(mia, mias)
        await scene.good(scene.ann, whole)


@pytest.mark.proves("SEED-O3")
async def test_each_use_is_an_event_and_no_event_has_a_token() -> None:
    """Connecting, each use, each refresh and each failure are in the organization's log, and nothing of a token is."""
    async with async_scene() as scene:
        app = await scene.connect(scene.bob)
        tokens = [await scene.good(scene.bob, app) for _ in range(3)]
        scene.world.clock.advance(2 * HOUR)
        tokens.append(await scene.good(scene.bob, app))
        scene.simulator.says = answering(400, error="invalid_grant")
        scene.world.clock.advance(2 * HOUR)
        await scene.token(scene.bob, app)
        await scene.world.call("apps.disconnect", scene.bob, app.id, organization=scene.organization)
        events = [each for each in await scene.world.events(scene.organization) if each.name.startswith("connected_app.")]
        assert Counter(each.name.partition(".")[2] for each in events) == {
            "connected": 1,
            "token_used": 4,
            "token_refreshed": 1,
            "refresh_failed": 1,
            "disconnected": 1,
        }
        assert {each.subject_id for each in events} == {scene.bob.id}
        told_of = repr(events) + repr(scene.simulator.consents[0].scopes)
        assert not any(token in told_of for token in [*tokens, scene.simulator.consents[0].refresh])


CALLBACKS: dict[str, tuple[Callable[[Pairs], Pairs], str]] = {
    "no state": (lambda query: [pair for pair in query if pair[0] != "state"], "callback_no_state"),
    "another state": (lambda query: [("state", "A" * 43), *query[:1]], "callback_invalid_token"),
    "no code": (lambda query: [pair for pair in query if pair[0] != "code"], "callback_no_code"),
    "a code twice": (lambda query: [*query, query[0]], "callback_duplicate"),
    "declined": (lambda query: [("error", "access_denied"), *query[1:]], "person_declined"),
    "another error": (lambda query: [("error", "x"), *query[1:]], "provider_error"),
    "a token": (lambda query: [*query, ("access_token", "x")], "callback_unexpected_token"),
    "another issuer": (lambda query: [*query, ("iss", "https://evil.example")], "callback_wrong_issuer"),
    "a made-up code": (lambda query: [("code", "x"), *query[1:]], "grant_refused"),
}


async def test_a_callback_is_believed_as_it_was_begun() -> None:
    """Anything that is not as it should be is refused with one word outward and its own in the log, and what was begun is used up."""
    async with async_scene(issuer="https://app.example") as scene:
        apps = scene.world.security.apps
        for change, why in CALLBACKS.values():
            begun: Any = await apps.begin(scene.bob, "files", organization=scene.organization)
            query = parse_qsl(scene.simulator.visit(begun.url))
            refused = await apps.complete(scene.bob, "files", parameters=change(query))
            assert isinstance(refused, Refusal), why
            assert refused.reason is Reason.INVALID_TOKEN, why
            if not why.startswith(("callback_no_state", "callback_invalid")):
                assert isinstance(await apps.complete(scene.bob, "files", parameters=query), Refusal), why
        events = [*await scene.world.events(scene.organization), *await scene.world.events()]
        bodies = b"".join(each.body for each in events if each.name == "connected_app.connection_refused")
        assert [why for _, why in CALLBACKS.values() if f'"{why}"'.encode() not in bodies] == []


async def test_an_answer_at_another_providers_address_is_refused() -> None:
    """What was begun at one provider is not resumed at another one, whose token endpoint would be sent the code; and it is used up."""
    async with async_scene() as scene:
        begun: Any = await scene.world.security.apps.begin(scene.bob, "files", organization=scene.organization)
        query = parse_qsl(scene.simulator.visit(begun.url))
        async with scene.world.security.begin() as unit:
            found = await unit.app_work.consents.resume(scene.bob, provider="calendar", state=dict(query)["state"])
        assert found == "callback_wrong_provider"
        assert isinstance(await scene.world.security.apps.complete(scene.bob, "files", parameters=query), Refusal)


async def test_a_consent_belongs_to_its_session_and_counts_once() -> None:
    """Another session of the same person, and another person, find nothing and use nothing up; after the first time, nobody does."""
    async with async_scene() as scene:
        apps = scene.world.security.apps
        begun: Any = await apps.begin(scene.bob, "files", organization=scene.organization)
        query = parse_qsl(scene.simulator.visit(begun.url))
        again = (await scene.world.login("bob@acme.example")).principal
        for stranger in (again, scene.ann):
            assert isinstance(await apps.complete(stranger, "files", parameters=query), Refusal)
        assert not isinstance(await apps.complete(scene.bob, "files", parameters=query), Refusal)
        assert isinstance(await apps.complete(scene.bob, "files", parameters=query), Refusal)
        late: Any = await apps.begin(scene.bob, "files", organization=scene.organization)
        scene.world.clock.advance(timedelta(minutes=10))
        assert isinstance(await apps.complete(scene.bob, "files", parameters=parse_qsl(scene.simulator.visit(late.url))), Refusal)


async def test_a_token_is_handed_out_inside_of_the_hosts_transaction(tmp_path: Path) -> None:
    """On SQLite a refresh in the middle of a unit that writes waits for nobody, and stands when that unit is rolled back."""
    async with async_scene("sqlite", tmp_path) as scene:
        app = await scene.connect(scene.bob)
        scene.world.clock.advance(2 * HOUR)
        first = ""
        with suppress(KeyError):
            async with scene.world.security.begin() as unit:
                await unit.directory.create_organization(scene.bob, name="Never")
                first = await scene.good(scene.bob, app)
                raise KeyError
        assert await scene.good(scene.bob, app) == first
        assert scene.simulator.asked.count("refresh_token") == 1


@pytest.mark.proves("SEED-O1")
async def test_a_day_with_outages_loses_no_connection() -> None:
    """Over a day of uses with hours of outages, errors and throttling, a strict provider sees each token once, and every app works."""
    async with async_scene() as scene:
        apps = [await scene.connect(scene.bob) for _ in range(3)]
        refused = 0
        for minute in range(0, 24 * 60, 7):
            hour = minute // 60
            scene.simulator.away = hour in {3, 4, 11}
            scene.simulator.says = OUTAGES.get(hour, nothing)
            for app in apps[: 1 + minute % 3]:
                found = await scene.token(scene.bob, app)
                if isinstance(found, Refusal):
                    assert found.reason is Reason.CONFLICT
                    refused += 1
                else:
                    assert scene.simulator.accepts(found.secret.reveal())
            scene.world.clock.advance(timedelta(minutes=7))
        assert refused > 0
        for app in apps:
            await scene.good(scene.bob, app)
        assert scene.simulator.reused == 0


OUTAGES: dict[int, Says] = {
    6: answering(503, error="server_error"),
    7: answering(429, error="slow_down"),
    14: answering(400, error="temporarily_unavailable"),
    20: answering(401, error="invalid_client"),
}


async def test_tokens_are_sealed_anew_unless_they_are_being_refreshed() -> None:
    """After a rotation the worker seals tokens under the new key; those under a lease are passed over and counted, and work still."""
    async with async_scene() as scene:
        apps = [await scene.connect(scene.bob) for _ in range(2)]
        records = scene.world.storage.guard.app_tokens
        before = [await records.get(each.id) for each in apps]
        assert before[0] is not None
        assert await records.replace(leased(before[0], now=scene.world.clock.now()))
        sure = scene.world.sure(scene.ann)
        assert not isinstance(await scene.world.call("data_keys.rotate", sure, organization=scene.organization), Refusal)
        old = dek_id_of(before[0].sealed)
        await scene.world.security.jobs.reencryptions.run_due()
        now = [await records.get(each.id) for each in apps]
        assert [each is not None and dek_id_of(each.sealed) == old for each in now] == [True, False]
        table = AsyncAppTokenTable(records)
        assert await table.count(scene.organization, keys=(old,)) == 1
        assert await table.under(scene.organization, keys=(old,), after="", limit=9) == ()
        row = SealedRow(position=apps[0].id, blob=before[0].sealed, context=tokens_context(before[0].organization_id, apps[0].id))
        assert await table.replace(((row, b"anew"),)) == 0
        for each in apps:
            await scene.good(scene.bob, each)

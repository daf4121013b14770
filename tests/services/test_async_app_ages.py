"""Connected apps over months: consents that grow old, and refresh tokens that would end unused (async source of the twin)."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.connections import AppHealth
from ctsec.ids import AppId, new_id
from ctsec.outcome import Reason
from ctsec.principal import system
from ctsec.security._async_app_keeping import BATCH
from ctsec.testing.conformance.samples import ignore
from tests.services._async_apps_scene import AsyncAppScene, scene_parts
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason

DAY = timedelta(days=1)


async def apps_in(world: AsyncWorld, simulator: Any, clock: Any) -> AsyncAppScene:
    """Return a scene in a world."""
    clock.clock = world.clock
    made = AsyncAppScene(world, simulator)
    await made.prepare()
    return made


async def states(scene: AsyncAppScene, method: str) -> Any:
    """Return what a list of the owner has."""
    return await scene.world.call(method, scene.ann, organization=scene.organization)


@pytest.mark.proves("SEED-P3", "SEED-O1")
async def test_what_nobody_uses_is_kept_alive() -> None:
    """For a year nobody asks: the worker refreshes before the end that the provider states, through an outage, and each token once."""
    simulator, options, clock = scene_parts()
    simulator.unused = 30 * DAY
    async with AsyncWorld.open("memory", options=options) as world:
        scene = await apps_in(world, simulator, clock)
        app = await scene.connect(scene.bob)
        for day in range(365):
            simulator.away = 100 <= day < 105
            world.clock.advance(DAY)
            await world.security.apps.keeping.run_due()
        assert 14 <= simulator.asked.count("refresh_token") <= 20 + 5  # each 18 to 24 days, and at most once a day of the outage
        await scene.good(scene.bob, app)
        assert simulator.reused == 0
        world.clock.advance(31 * DAY)
        assert reason(await scene.token(scene.bob, app)) is Reason.REVOKED
        assert await world.security.apps.keeping.run_due() == 0


@pytest.mark.proves("SEED-P3")
async def test_what_can_not_be_opened_keeps_nobody_waiting() -> None:
    """As many connections as a run looks at, whose tokens do not open, are due before all others: those of others are kept alive still."""
    simulator, options, clock = scene_parts()
    simulator.unused = 30 * DAY
    async with AsyncWorld.open("memory", options=options) as world:
        scene = await apps_in(world, simulator, clock)
        app = await scene.connect(scene.bob)
        kept = world.storage.guard.app_tokens
        tokens: Any = await kept.get(app.id)
        async with world.storage.begin(after_commit=ignore) as store:
            for _ in range(BATCH):
                closed = new_id(AppId, now=world.clock.now(), random=os.urandom)
                await store.apps.add(replace(app, id=closed))
                assert await kept.add(replace(tokens, id=closed, keep_at=tokens.keep_at - timedelta(hours=1), sealed=tokens.sealed[:-1]))
        world.clock.advance(25 * DAY)
        assert [await world.security.apps.keeping.run_due() for _ in range(2)] == [BATCH, 1]
        assert simulator.asked.count("refresh_token") == 1
        world.clock.advance(timedelta(minutes=10))
        assert await world.security.apps.keeping.run_due() == BATCH


async def test_without_a_stated_life_nobody_refreshes_unasked() -> None:
    """A provider that says nothing is asked nothing, and one whose life the host knows is kept alive as well."""
    for known, asked in ((None, 0), (40 * DAY, 1)):
        simulator, options, clock = scene_parts(unused_life=known)
        async with AsyncWorld.open("memory", options=options) as world:
            scene = await apps_in(world, simulator, clock)
            await scene.connect(scene.bob)
            assert await world.security.apps.keeping.run_due() == 0
            world.clock.advance(30 * DAY)
            assert await world.security.apps.keeping.run_due() == asked
            assert simulator.asked.count("refresh_token") == asked


@pytest.mark.proves("SEED-P3")
async def test_a_consent_that_is_too_old_is_asked_for_again() -> None:
    """It is due fourteen days before, gives nobody a token from its end on, is not kept alive, and counts anew once it was renewed."""
    simulator, options, clock = scene_parts()
    simulator.unused = 200 * DAY
    async with AsyncWorld.open("memory", options=options) as world:
        scene = await apps_in(world, simulator, clock)
        app = await scene.connect(scene.bob)
        rules = {"organization": scene.organization, "longest_life": 90 * DAY}
        for wrong in (timedelta(), DAY / 2, 36_501 * DAY):
            assert reason(await world.call("key_rules.put", scene.ann, **rules, longest_grant=wrong)) is Reason.INVALID_INPUT
        put = await world.call("key_rules.put", scene.ann, **rules, longest_grant=100 * DAY)
        assert (put.longest_grant, await states(scene, "apps.due")) == (100 * DAY, ())
        world.clock.advance(86 * DAY)
        (due,) = await states(scene, "apps.due")
        assert (due.status.app.id, due.due_at, due.status.health) == (app.id, world.clock.now(), AppHealth.FINE)
        await scene.good(scene.bob, app)
        world.clock.advance(14 * DAY)
        assert reason(await scene.token(scene.bob, app)) is Reason.REVOKED
        assert reason(await world.security.apps.get_token(system("a job"), app.id, organization=scene.organization)) is Reason.REVOKED
        (status,) = await states(scene, "apps.health")
        assert (status.health, status.problem, status.consent_by) == (AppHealth.CONSENT_NEEDED, "grant_too_old", world.clock.now())
        assert [each.due_at for each in await states(scene, "apps.due")] == [world.clock.now() - 14 * DAY]
        await world.call("key_rules.put", scene.ann, **rules)
        await scene.good(scene.bob, app)
        await world.call("key_rules.put", scene.ann, **rules, longest_grant=100 * DAY)
        asked = simulator.asked.count("refresh_token")
        world.clock.advance(160 * DAY)
        assert await world.security.apps.keeping.run_due() == 1
        assert await world.security.apps.keeping.run_due() == 0
        assert simulator.asked.count("refresh_token") == asked
        again = await scene.connect(scene.bob, app=app.id)
        assert (again.id, await states(scene, "apps.due")) == (app.id, ())
        await scene.good(scene.bob, again)


@pytest.mark.proves("SEED-P3")
async def test_who_has_consented_is_told_in_time_and_once() -> None:
    """Fourteen days before the end: one mail to the person, of an organization's connection to owners and admins; anew for another end."""
    simulator, options, clock = scene_parts()
    async with AsyncWorld.open("memory", options=options) as world:
        scene = await apps_in(world, simulator, clock)
        await world.member(scene.organization, "adam@acme.example", role="admin")
        own, ended = await scene.connect(scene.bob), await scene.connect(scene.bob)
        await scene.connect(scene.ann, own=False)
        await world.call("apps.disconnect", scene.bob, ended.id, organization=scene.organization)

        async def told() -> list[int]:
            await world.security.apps.reminders.remind()
            await world.mail()
            every = [world.mailer.to(f"{name}@acme.example") for name in ("ann", "adam", "bob")]
            return [sum(mail.kind == "consent_due" for mail in mails) for mails in every]

        assert await told() == [0, 0, 0]
        rules = {"organization": scene.organization, "longest_life": 90 * DAY}
        await world.call("key_rules.put", scene.ann, **rules, longest_grant=100 * DAY)
        world.clock.advance(86 * DAY - timedelta(seconds=1))
        assert await told() == [0, 0, 0]
        world.clock.advance(timedelta(seconds=1))
        assert [await told() for _ in range(2)] == [[1, 1, 1], [1, 1, 1]]
        reminded = await world.events(scene.organization, "connected_app.reminded")
        assert sorted(each.details()["details"]["told"] for each in reminded) == [1, 2]
        await scene.connect(scene.bob, app=own.id)
        await world.call("key_rules.put", scene.ann, **rules, longest_grant=99 * DAY)
        assert await told() == [2, 2, 1]
        world.clock.advance(85 * DAY)
        assert await told() == [2, 2, 2]


async def test_a_connection_that_lost_its_consent_is_due() -> None:
    """One whose grant the provider ended is due since its last refresh, whatever the organization's rules say; the longest due is first."""
    simulator, options, clock = scene_parts()
    async with AsyncWorld.open("memory", options=options) as world:
        scene = await apps_in(world, simulator, clock)
        connected = world.clock.now()
        app = await scene.connect(scene.bob)
        world.clock.advance(DAY)
        other = await scene.connect(scene.ann, own=False)
        for consent in simulator.consents:
            consent.over = True
        world.clock.advance(DAY)
        for who, each in ((scene.bob, app), (scene.ann, other)):
            assert reason(await scene.token(who, each)) is Reason.REVOKED
        found = await states(scene, "apps.due")
        assert [(each.status.app.id, each.due_at) for each in found] == [(app.id, connected), (other.id, connected + DAY)]
        own = await world.call("apps.due", scene.bob, organization=scene.organization)
        assert [each.status.app.id for each in own] == [app.id]

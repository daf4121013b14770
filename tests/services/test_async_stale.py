"""What ended is deleted after a week, and nothing that is still needed against guesses and second uses (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from ctsec.authn.journey import SignedIn
from ctsec.guard.counters import password_counter
from ctsec.ids import UserId
from ctsec.outcome import Reason
from ctsec.principal import Factor
from ctsec.security._async_stale_jobs import BATCH, BATCHES, KEPT
from ctsec.storage.memory import AsyncMemoryStorage
from ctsec.storage.memory.tables import DEVICES, SESSIONS
from tests.services._async_world import REQUEST, AsyncWorld
from tests.services.probing import OTHER_PASSWORD, WRONG_PASSWORD, reason

ANN = "ann@acme.example"


@pytest.fixture
async def storage() -> AsyncMemoryStorage:
    return AsyncMemoryStorage()


@pytest.fixture
async def world(storage: AsyncMemoryStorage) -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.over(storage) as made:
        yield made


@pytest.mark.proves("ASVS-14.2.7")
async def test_what_ended_goes_a_week_later(world: AsyncWorld, storage: AsyncMemoryStorage) -> None:
    """Links, tickets, challenges, sessions and devices are there for seven days after their end, and gone after the run that follows."""
    device = await world.enrol(await world.person(ANN))
    await world.call("accounts.request_password_reset", email="nobody@acme.example")
    await world.call("sign_in.begin_passkey")
    await world.step(ANN)
    arrived = await world.login_with(device, ANN)
    await world.call("sessions.sign_out", arrived.principal)
    state = storage.state
    before = len(state.guard.proofs)
    world.clock.advance(KEPT - timedelta(seconds=1))
    assert await world.security.jobs.stale.trim() == 0
    world.clock.advance(timedelta(days=1, hours=1))
    assert await world.security.jobs.stale.trim() > 5
    assert {proof.expires_at for proof in state.guard.proofs.values()} == {None}
    assert before > len(state.guard.proofs) == 10
    assert [*state.newest.tables[SESSIONS.name]] == []
    assert [*state.newest.tables[DEVICES.name]] != []
    world.clock.advance(timedelta(days=180))
    assert await world.security.jobs.stale.trim() > 0
    assert [*state.newest.tables[DEVICES.name]] == []
    assert await world.security.jobs.stale.trim() == 0
    assert isinstance(await world.second(await world.step(ANN), device.backup[0], Factor.BACKUP_CODE), SignedIn)


@pytest.mark.proves("NIST-3.2.2", "NIST-3.1.4.2")
async def test_nothing_can_be_used_again_and_nothing_is_forgiven(world: AsyncWorld, storage: AsyncMemoryStorage) -> None:
    """After everything stale is gone, used codes, links and sessions are refused as before, and failures count as before."""
    device = await world.enrol(await world.person(ANN))
    code, slot = device.code(1), device.backup[0]
    arrived = await world.login_with(device, ANN)
    assert isinstance(await world.second(await world.step(ANN), slot, Factor.BACKUP_CODE), SignedIn)
    await world.call("accounts.request_password_reset", email=ANN)
    token = await world.token(ANN, "password_reset")
    await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)
    for email in (ANN, "nobody@acme.example"):
        for _ in range(5):
            await world.step(email, WRONG_PASSWORD)
    then, steps, attempts = world.clock.now(), dict(storage.state.guard.steps), dict(storage.state.guard.attempts)
    world.clock.advance(timedelta(days=400))
    await world.security.jobs.stale.trim()
    assert (storage.state.guard.steps, storage.state.guard.attempts) == (steps, attempts)
    assert reason(await world.gate.session(arrived.token)) is Reason.NOT_AUTHENTICATED
    # The clock goes back: what was deleted does not come to life with it.
    world.clock.set(then)
    assert reason(await world.call("accounts.reset_password", token=token, password="green paper boats")) is Reason.INVALID_TOKEN
    for email in (ANN, "nobody@acme.example"):
        assert reason(await world.step(email, OTHER_PASSWORD)) is Reason.THROTTLED
    world.clock.advance(timedelta(minutes=15))
    step = await world.step(ANN, OTHER_PASSWORD)
    assert reason(await world.second(step, slot, Factor.BACKUP_CODE)) is Reason.CODE_ALREADY_USED
    assert reason(await world.second(step, code)) is not None


async def test_the_count_of_a_device_goes_with_the_device(world: AsyncWorld, storage: AsyncMemoryStorage) -> None:
    """As long as a device is known its failures are kept; when it is deleted they are, and those of strangers stay."""
    ann = await world.person(ANN)
    async with world.security.begin(REQUEST) as unit:
        step = await unit.sign_in.password(email=ANN, password="correct horse battery")
    assert isinstance(step, SignedIn)
    assert step.device is not None
    async with world.security.begin(replace(REQUEST, device=step.device)) as unit:
        await unit.sign_in.password(email=ANN, password=WRONG_PASSWORD)
    await world.step(ANN, WRONG_PASSWORD)
    counter = password_counter(UserId(ann.id))
    (known,) = [key for key in storage.state.guard.attempts if key != counter]
    assert known.startswith(f"{counter}@")
    world.clock.advance(timedelta(days=180) + KEPT - timedelta(seconds=1))
    await world.security.jobs.stale.trim()
    assert {*storage.state.guard.attempts} == {counter, known}
    world.clock.advance(timedelta(seconds=1))
    await world.security.jobs.stale.trim()
    assert {*storage.state.guard.attempts} == {counter}


async def test_a_run_is_bounded(world: AsyncWorld, storage: AsyncMemoryStorage) -> None:
    """A run deletes batches of 200 until one is not full, and at most 50 of a kind: the rest is for the next run."""
    await world.call("sign_in.begin_passkey")
    ((key, proof),) = storage.state.guard.proofs.items()
    storage.state.guard.proofs.update({(key[0], n.to_bytes(32)): replace(proof, digest=n.to_bytes(32)) for n in range(BATCH * BATCHES)})
    world.clock.advance(timedelta(days=30))
    assert [await world.security.jobs.stale.trim() for _ in range(3)] == [BATCH * BATCHES, 1, 0]

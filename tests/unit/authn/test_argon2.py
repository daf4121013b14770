"""Argon2id: its format, its ceiling, and workers that refuse instead of queueing for ever."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import argon2 as library
import pytest
from argon2.low_level import verify_secret
from hypothesis import given
from hypothesis import strategies as st

from ctsec.authn import argon2
from ctsec.authn.argon2 import Argon2Parameters, hash_password, needs_rehash, parameters_of, stretch, stretch_salt, verify_password
from ctsec.authn.argon2_pool import Argon2Bounds, Argon2Hasher, AsyncArgon2Hasher
from ctsec.errors import CorruptRecord, Overloaded

CHEAP = Argon2Parameters.for_tests()
SALT = b"s" * 16
ENCODED = hash_password(b"password", parameters=CHEAP, salt=SALT)


@pytest.mark.proves("ASVS-6.2.8", "NIST-3.1.1.2(9)", "NIST-3.1.1.2")
@given(password=st.binary(max_size=200), other=st.binary(max_size=200))
def test_exactly_the_same_bytes_verify(password: bytes, other: bytes) -> None:
    """A hash verifies its own password and no other, NUL bytes and byte 73 included; an independent reader agrees."""
    encoded = hash_password(password, parameters=CHEAP, salt=os.urandom(16))
    assert verify_password(encoded, password)
    assert verify_password(encoded, other) is (other == password)
    assert not verify_password(encoded, password + b"\0")
    assert library.PasswordHasher().verify(encoded, password)


@pytest.mark.proves("ASVS-11.4.2")
def test_the_default_is_19_mebibytes_two_passes_one_lane() -> None:
    """The default hash is Argon2id 1.3 with m=19456, t=2, p=1, a 16-byte salt and a 32-byte digest."""
    encoded = hash_password(b"x", parameters=Argon2Parameters(), salt=SALT)
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$c3Nzc3Nzc3Nzc3Nzc3Nzcw$")
    read = library.extract_parameters(ENCODED)
    assert (read.type, read.version, read.salt_len, read.hash_len) == (library.Type.ID, 19, 16, 32)


@pytest.mark.parametrize(
    "cost", ["m=2097152,t=2,p=1", "m=262145,t=2,p=1", "m=19456,t=17,p=1", "m=19456,t=2,p=9", "m=4294967295,t=65535,p=255"]
)
def test_a_planted_cost_is_refused_before_any_work(cost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stored hash with parameters above the ceiling is a corrupt record, and Argon2 is not even called."""
    monkeypatch.setattr(argon2, "verify_secret", lambda *_: pytest.fail("computed"))
    with pytest.raises(CorruptRecord, match="ceiling"):
        verify_password(ENCODED.replace("m=8,t=1,p=1", cost), b"password")


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "password",
        ENCODED.replace("argon2id", "argon2i"),
        ENCODED.replace("argon2id", "argon2d"),
        ENCODED.replace("v=19", "v=16"),
        ENCODED.replace("m=8", "m=08"),
        ENCODED.replace("m=8", "m=7"),
        ENCODED.replace("m=8", "m=-8"),
        ENCODED.replace("p=1", "p=256"),
        ENCODED.replace("t=1", "t=99999"),
        ENCODED[:-30],
        ENCODED + "\n",
        ENCODED + "A" * 300,
        ENCODED.replace("$", "§"),
        "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
    ],
)
def test_what_is_no_argon2id_hash_is_a_corrupt_record(encoded: str) -> None:
    """Another scheme, version, malformed number or length is an error of the store, never "wrong password"."""
    with pytest.raises(CorruptRecord):
        verify_password(encoded, b"password")


@given(text=st.text(max_size=120))
def test_any_text_is_a_hash_or_a_corrupt_record(text: str) -> None:
    """No stored text raises anything else."""
    with pytest.raises(CorruptRecord):
        parameters_of(text)


@pytest.mark.proves("ASVS-11.4.2", "ASVS-11.2.2")
@pytest.mark.parametrize(
    ("stored", "today", "weaker"),
    [
        ((64, 2, 1), (64, 2, 1), False),
        ((63, 2, 1), (64, 2, 1), True),
        ((64, 1, 1), (64, 2, 1), True),
        ((128, 1, 1), (64, 2, 1), False),
        ((127, 1, 1), (64, 2, 1), True),
        ((32, 9, 1), (64, 2, 1), True),
        ((128, 4, 4), (64, 2, 1), False),
        ((64, 2, 1), (64, 2, 4), False),
    ],
)
def test_a_weaker_hash_asks_for_a_new_one(stored: tuple[int, int, int], today: tuple[int, int, int], weaker: bool) -> None:
    """Less memory, or less memory times passes, is weaker; a stronger hash stays, also after the parameters went down."""
    old, new = (Argon2Parameters(memory_kib=m, time_cost=t, lanes=p) for m, t, p in (stored, today))
    encoded = hash_password(b"x", parameters=old, salt=SALT)
    assert needs_rehash(encoded, parameters=new) is weaker
    assert Argon2Hasher(new).needs_rehash(encoded) is AsyncArgon2Hasher(new).needs_rehash(encoded) is weaker


def test_a_stretched_secret_outlives_a_change_of_parameters() -> None:
    """The salt carries the parameters that it was made with, so a hasher with others gives the same 32 bytes."""
    old, new = Argon2Hasher(CHEAP), Argon2Hasher(Argon2Parameters(memory_kib=16, time_cost=2, lanes=1))
    salt = old.new_salt(random=lambda n: b"r" * n)
    assert salt == bytes.fromhex("0000000800010001") + b"r" * 16
    assert old.stretch(b"code", salt) == new.stretch(b"code", salt)
    assert len(old.stretch(b"code", salt)) == 32
    assert old.stretch(b"code", salt) != new.stretch(b"code", new.new_salt(random=lambda n: b"r" * n))
    assert old.stretch(b"code", salt) != old.stretch(b"c0de", salt)


@pytest.mark.parametrize("salt", [b"", b"s" * 16, bytes(24), stretch_salt(SALT, parameters=Argon2Parameters(memory_kib=1 << 21))])
def test_a_salt_that_is_none_or_too_costly_is_a_corrupt_record(salt: bytes) -> None:
    """A salt of another length, without parameters, or with a cost above the ceiling is refused before any work."""
    with pytest.raises(CorruptRecord):
        stretch(b"code", salt)


@pytest.mark.parametrize(
    "wrong",
    [{"lanes": 0}, {"lanes": 256}, {"time_cost": 0}, {"memory_kib": 7}, {"memory_kib": 15, "lanes": 2}, {"memory_kib": 1 << 32}],
)
def test_impossible_parameters_are_refused(wrong: dict[str, int]) -> None:
    """Parameters that Argon2 does not allow raise ValueError when they are built."""
    with pytest.raises(ValueError, match="expected"):
        Argon2Parameters(**{"memory_kib": 64, "time_cost": 1, "lanes": 1} | wrong)


def test_misuse_is_refused() -> None:
    """A salt of another length, bounds that admit nobody, and parameters above their own ceiling raise ValueError."""
    for call in (
        lambda: hash_password(b"x", parameters=CHEAP, salt=b"short"),
        lambda: stretch_salt(b"short", parameters=CHEAP),
        lambda: Argon2Bounds(running=0),
        lambda: Argon2Bounds(waiting=-1),
        lambda: Argon2Hasher(Argon2Parameters(), ceiling=CHEAP),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()


def test_an_unknown_user_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """For nobody the same function runs once with the same parameters, salt and digest lengths, and nothing verifies."""
    calls: list[str] = []
    real = verify_secret

    def spy(encoded: bytes, password: bytes, kind: library.Type) -> bool:
        calls.append(encoded.decode())
        return real(encoded, password, kind)

    monkeypatch.setattr(argon2, "verify_secret", spy)
    hasher = Argon2Hasher(CHEAP)
    hasher.verify_nothing(b"password")
    hasher.verify(hasher.hash(b"password"), b"password")
    nobody, known = calls
    assert library.extract_parameters(nobody) == library.extract_parameters(known)
    assert len(nobody) == len(known)


@dataclass
class Held:
    """Hashes that wait until they are let go; each that begins is in `begun` and can be awaited by `started`."""

    gate: threading.Event
    begun: list[bytes]
    arrivals: threading.Semaphore

    def started(self, count: int) -> None:
        """Return when so many more hashes have begun; the time-out ends a test that would otherwise wait for ever."""
        assert all(self.arrivals.acquire(timeout=60) for _ in range(count))


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """Make every hash wait."""
    made = Held(threading.Event(), [], threading.Semaphore(0))

    def wait(password: bytes, **_: object) -> str:
        made.begun.append(password)
        made.arrivals.release()
        made.gate.wait(60)
        return "hash"

    monkeypatch.setattr(argon2, "hash_password", wait)
    yield made
    made.gate.set()


class Turns:
    """A semaphore that counts who asks for a turn."""

    def __init__(self, turns: int) -> None:
        self._semaphore = threading.BoundedSemaphore(turns)
        self.asked = 0
        self.asking = threading.Semaphore(0)

    def acquire(self, *, timeout: float) -> bool:
        self.asked += 1
        self.asking.release()
        return self._semaphore.acquire(timeout=timeout)

    def release(self) -> None:
        self._semaphore.release()


@pytest.mark.proves("ASVS-15.2.2")
def test_threads_beyond_the_bounds_are_refused_at_once(held: Held) -> None:
    """With two at work and three waiting the sixth thread gets Overloaded without asking for a turn; afterwards there is room again."""
    hasher, results = Argon2Hasher(CHEAP, bounds=Argon2Bounds(running=2, waiting=3)), []
    turns = Turns(2)
    hasher._running = turns  # type: ignore[assignment]
    threads = [threading.Thread(target=lambda: results.append(hasher.hash(b"x"))) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert all(turns.asking.acquire(timeout=60) for _ in range(5))
    held.started(2)
    with pytest.raises(Overloaded):
        hasher.hash(b"x")
    assert turns.asked == 5
    assert len(held.begun) == 2
    held.gate.set()
    for thread in threads:
        thread.join()
    assert results == ["hash"] * 5
    assert hasher.hash(b"x") == "hash"


@pytest.mark.proves("ASVS-15.2.2")
async def test_tasks_beyond_the_bounds_are_refused_at_once(held: Held) -> None:
    """The same on an event loop, which goes on turning while the hashes are computed."""
    hasher = AsyncArgon2Hasher(CHEAP, bounds=Argon2Bounds(running=2, waiting=3))
    tasks = [asyncio.create_task(hasher.hash(b"x")) for _ in range(5)]
    await asyncio.to_thread(held.started, 2)
    with pytest.raises(Overloaded):
        await hasher.hash(b"x")
    assert len(held.begun) == 2
    held.gate.set()
    assert await asyncio.gather(*tasks) == ["hash"] * 5
    assert await hasher.hash(b"x") == "hash"
    await hasher.aclose()


async def test_a_cancelled_request_does_not_free_the_place_of_its_work(held: Held) -> None:
    """While the work of a request that went away still runs its place is taken; a waiting one that went away gives its place back."""
    hasher = AsyncArgon2Hasher(CHEAP, bounds=Argon2Bounds(running=1, waiting=1))
    running = asyncio.create_task(hasher.hash(b"running"))
    await asyncio.to_thread(held.started, 1)
    waiting = asyncio.create_task(hasher.hash(b"waiting"))
    await asyncio.sleep(0)  # the task has taken its place
    for task in (running, waiting):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    third = asyncio.create_task(hasher.hash(b"third"))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await hasher.hash(b"fourth")
    held.gate.set()
    assert await third == "hash"
    assert held.begun == [b"running", b"third"]
    await hasher.aclose()


async def test_errors_give_their_place_back_and_both_colours_agree() -> None:
    """After more failures than there are places both hashers still work, and each verifies what the other made."""
    bounds = Argon2Bounds(running=1, waiting=0)
    one, two = Argon2Hasher(CHEAP, bounds=bounds), AsyncArgon2Hasher(CHEAP, bounds=bounds)
    for _ in range(3):
        with pytest.raises(CorruptRecord):
            one.verify("garbage", b"x")
        with pytest.raises(CorruptRecord):
            await two.verify("garbage", b"x")
    assert await two.verify(one.hash(b"x"), b"x")
    assert one.verify(await two.hash(b"x"), b"x")
    assert not await two.verify(one.hash(b"x"), b"y")
    await two.verify_nothing(b"x")
    salt = two.new_salt(random=os.urandom)
    assert await two.stretch(b"code", salt) == one.stretch(b"code", salt)
    await two.aclose()
    assert await two.verify(ENCODED, b"password")
    await two.aclose()
    gc.collect()


def test_a_lack_of_memory_is_overload(monkeypatch: pytest.MonkeyPatch) -> None:
    """If Argon2 can not take its memory the call may be tried again; it says nothing of the password."""

    def starved(*_: object) -> bool:
        raise library.exceptions.VerificationError("Memory allocation error")

    def starved_hash(*_: object) -> bytes:
        raise library.exceptions.HashingError("Memory allocation error")

    monkeypatch.setattr(argon2, "verify_secret", starved)
    monkeypatch.setattr(argon2, "hash_secret", starved_hash)
    monkeypatch.setattr(argon2, "hash_secret_raw", starved_hash)
    for call in (
        lambda: verify_password(ENCODED, b"x"),
        lambda: hash_password(b"x", parameters=CHEAP, salt=SALT),
        lambda: stretch(b"x", stretch_salt(SALT, parameters=CHEAP)),
    ):
        with pytest.raises(Overloaded):
            call()


def test_nothing_shows_a_password() -> None:
    """Neither a hasher's repr nor the message of an error shows the password or the hash."""
    hasher = Argon2Hasher(CHEAP)
    with pytest.raises(CorruptRecord) as caught:
        hasher.verify("canary-hash", b"canary-password")
    assert "canary" not in repr(hasher) + str(caught.value) + repr(AsyncArgon2Hasher(CHEAP))

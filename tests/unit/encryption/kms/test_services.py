"""Key services by reference, and blocking ones for an event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ctsec.encryption.kms import (
    AsyncBlockingKeyServices,
    AsyncCompositeKeyServices,
    AsyncLocalKeyServices,
    AsyncLocalKms,
    CompositeKeyServices,
    KmsThreads,
    LocalKeyServices,
    LocalKms,
)
from ctsec.errors import ConfigurationError, KeyNotFound, KmsUnavailable
from ctsec.secret import Secret
from tests.kms.support import in_a_child

ONE = LocalKms(b"1" * 16, key=Secret(b"k" * 32))
TWO = LocalKms(b"2" * 16, key=Secret(b"l" * 32))


def test_local_keys_are_found_by_their_reference() -> None:
    """The current key and an earlier one open what they wrapped; one that is not loaded is KeyNotFound, another kind a mistake."""
    services = LocalKeyServices(ONE, TWO)
    for kms in (ONE, TWO):
        secret, wrapped = kms.generate_data_key(b"c")
        assert services.open(kms.describe().ref).unwrap(wrapped, b"c") == secret
    with pytest.raises(KeyNotFound, match="load its file"):
        services.open("local:" + "00" * 16)
    with pytest.raises(ConfigurationError, match="local:"):
        services.open("arn:aws:kms:…")
    with pytest.raises(ValueError, match="at least one"):
        LocalKeyServices()


def test_providers_are_chosen_by_the_scheme() -> None:
    """Each provider gets the references of its scheme; an unknown scheme says what is known and what to do, without the reference."""
    services = CompositeKeyServices({"local": LocalKeyServices(ONE), "other": LocalKeyServices(TWO)})
    assert services.open(ONE.ref) is ONE
    for ref in ("arn:aws:kms:x", "", "local", "LOCAL:" + "31" * 16, " local:", "vault:secret-name", "pkcs11:token=a;object=b"):
        with pytest.raises((ConfigurationError, KeyNotFound)) as caught:
            services.open(ref)
        assert "secret-name" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"local:, other:.*configure their provider"):
        services.open("arn:aws:kms:x")
    for wrong in ({}, {"": LocalKeyServices(ONE)}, {"a:": LocalKeyServices(ONE)}):
        with pytest.raises(ValueError, match="scheme"):
            CompositeKeyServices(wrong)


async def test_both_colours_open_the_same() -> None:
    """The async composite opens local keys, and blocking services in threads, to the same data keys."""
    threads = KmsThreads(running=2)
    services = AsyncCompositeKeyServices(
        {"local": AsyncLocalKeyServices(AsyncLocalKms(ONE)), "x": AsyncBlockingKeyServices(_Renamed(), threads=threads)}
    )
    for ref, kms in ((ONE.ref, ONE), ("x:two", TWO)):
        secret, wrapped = await services.open(ref).generate_data_key(b"c")
        assert kms.unwrap(wrapped, b"c") == secret
        assert await services.open(ref).describe() == kms.describe()
    threads.close()


class _Renamed:
    """Services that have one key under another scheme."""

    def open(self, ref: str) -> LocalKms:
        return {"x:two": TWO}[ref]


async def test_calls_run_in_threads_of_their_own_and_in_bounds() -> None:
    """Two at once run beside the loop and one waits; a fourth is refused at once, and places come back when calls end."""
    threads, gate, names, started = KmsThreads(running=2, waiting=1), threading.Event(), [], threading.Semaphore(0)

    def call() -> int:
        names.append(threading.current_thread().name)
        started.release()
        gate.wait(10)
        return len(names)

    tasks = [asyncio.create_task(threads.run(call)) for _ in range(3)]
    for _ in range(2):
        await asyncio.to_thread(started.acquire)
    with pytest.raises(KmsUnavailable, match="too many"):
        await threads.run(call)
    gate.set()
    assert max(await asyncio.gather(*tasks)) == 3
    assert all(name.startswith("ctsec-kms") for name in names)
    assert await threads.run(lambda: 7) == 7
    threads.close()
    assert await threads.run(lambda: 8) == 8
    threads.close()


async def test_who_goes_away_frees_no_place() -> None:
    """A cancelled call keeps its place until the service is done, so that impatient callers can not pile up work."""
    threads, gate, started = KmsThreads(running=1, waiting=0), threading.Event(), threading.Event()

    def call() -> None:
        started.set()
        gate.wait(10)

    task = asyncio.create_task(threads.run(call))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(KmsUnavailable):
        await threads.run(call)
    gate.set()
    threads.close()


async def test_a_forked_child_starts_without_threads() -> None:
    """A child of a process whose threads are at work, or all busy, makes its own and finishes."""
    threads, gate, started = KmsThreads(running=1, waiting=0), threading.Event(), threading.Event()

    def call() -> None:
        started.set()
        gate.wait(10)

    task = asyncio.create_task(threads.run(call))
    await asyncio.to_thread(started.wait, 10)

    def child() -> bytes:
        made = threads._submit(lambda: b"from a thread of the child")
        return made.result(10)

    answer = in_a_child(child)
    gate.set()
    await task
    threads.close()
    assert answer == b"from a thread of the child"


def test_threads_are_bounded_from_the_start() -> None:
    """No thread at all and a negative queue raise ValueError."""
    for running, waiting in ((0, 1), (1, -1)):
        with pytest.raises(ValueError, match="expected"):
            KmsThreads(running=running, waiting=waiting)

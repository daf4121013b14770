"""Many bring the same message of SAML at once: of an assertion, and of a request, exactly one is taken, on every database.

Eight threads, and two rounds of each; a hundred with CTSEC_SOAK.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from ctsec.ambient import Ambient
from ctsec.errors import StoreBusy
from ctsec.guard.attempts import Charge
from ctsec.ids import ConnectionId
from ctsec.outcome import Refusal
from ctsec.sso._sync_saml_messages import SamlMessages
from ctsec.sso.saml import NameId, SentRequest, VerifiedAssertion
from ctsec.storage.sql import SqlStorage
from ctsec.testing import FixedClock, UnsafeSeededRandom
from ctsec.testing.conformance import sso_samples
from tests.servers import Database
from tests.storage.sql.support import emptied
from tests.storage.sql.test_guessing import open_storage, throttle

THREADS, ROUNDS = 8, (100 if os.environ.get("CTSEC_SOAK") else 2)
NOW = FixedClock().now()
HERE = sso_samples.connection(1, of=1)
ASSERTION = VerifiedAssertion(
    connection=HERE.id, issuer="https://idp.example", assertion_id="_a", response_id="_r", forget_at=NOW + timedelta(minutes=6),
    name_id=NameId(value="ann"), authenticated_at=NOW, context_class="",
)  # fmt: skip


def messages(storage: SqlStorage) -> SamlMessages:
    ambient = Ambient(clock=FixedClock(), random=UnsafeSeededRandom(55))
    return SamlMessages(storage.guard.proofs, throttle=throttle(storage, ""), ambient=ambient)


def at_once(act: Callable[[], bool]) -> Counter[bool]:
    """Do something in each thread at the same time, again where the store was busy, and count what came of it."""
    ready = Barrier(THREADS)

    def one(_: int) -> bool:
        ready.wait()
        while True:
            try:
                return act()
            except StoreBusy:
                continue

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, range(THREADS)))


@pytest.mark.proves("ASVS-6.8.3", "CVE-2026-18967")
def test_an_assertion_is_taken_once(database: Database) -> None:
    """Of eight threads that bring one assertion one takes it; another connection's or issuer's of the same id is another one."""
    storage = open_storage(emptied(database).sync_url)
    for n in range(ROUNDS):
        mine = replace(ASSERTION, assertion_id=f"_{n}")
        assert at_once(lambda: messages(storage).take(HERE, mine)) == {True: 1, False: THREADS - 1}  # noqa: B023 - called in this round
    assert not messages(storage).take(HERE, replace(ASSERTION, assertion_id="_0", response_id="_another"))
    assert messages(storage).take(HERE, replace(ASSERTION, assertion_id="_0", issuer="https://other.example"))
    assert messages(storage).take(sso_samples.connection(2, of=1), replace(ASSERTION, assertion_id="_0"))
    storage.close()


@pytest.mark.proves("CVE-2026-9098")
def test_a_request_is_answered_once(database: Database) -> None:
    """Of eight threads that bring an answer to one request one gets it, and later nobody; who has half of it, or another's, never does."""
    storage = open_storage(emptied(database).sync_url)
    for n in range(ROUNDS):
        kept = messages(storage)
        tokens = tuple(kept.tokens() for _ in range(n + 1))[n]
        sent = kept.remember(HERE.id, SentRequest(id=f"_{n}", sent_at=NOW), tokens=tokens, person=None, charge=Charge((), None))
        relay, browser = sent.relay, sent.browser.reveal()

        def asked(relay: str = relay, browser: str = browser, connection: ConnectionId = HERE.id) -> bool:
            found = messages(storage).recall(connection, relay=relay, browser=browser)
            return not isinstance(found, Refusal) and found.asked is not None

        assert not asked(browser=relay)
        assert at_once(asked) == {True: 1, False: THREADS - 1}
        assert not asked()
    storage.close()

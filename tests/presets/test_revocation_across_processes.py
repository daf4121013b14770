"""A key that is revoked in one process is refused in another one, which had just let it in."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from ctsec import Principal, Refusal, Security
from ctsec.ambient import Request
from ctsec.authn import Argon2Parameters
from ctsec.outcome import Reason
from ctsec.rbac.preset import POLICY
from ctsec.security import EmbeddedOptions
from ctsec.testing import FixedClock
from tests.presets.pair import opened

PATIENCE = 120.0  # seconds that a busy machine may take; what is measured is printed, not judged


class Ticking(FixedClock):
    """The date of the test, and seconds that pass."""

    def monotonic(self) -> float:
        """Return real seconds."""
        return time.monotonic()


def use_until_refused(path: str, token: str, admitted: Event) -> None:
    """Be another process: let the key in, say so, and go on until it is refused as revoked."""
    options = EmbeddedOptions(password_hash=Argon2Parameters.for_tests(), clock=Ticking(), worker=False, changes="store")
    security = Security.embedded(path, policy=POLICY, issuer="Acme", options=options)
    ends = time.monotonic() + PATIENCE
    found = security.gate.api_key(token, Request())
    if isinstance(found, Principal):
        admitted.set()
    while isinstance(found, Principal) and time.monotonic() < ends:
        time.sleep(0.01)
        found = security.gate.api_key(token, Request())
    refused = isinstance(found, Refusal) and found.reason is Reason.REVOKED
    security.close()
    raise SystemExit(0 if refused else 1)


@pytest.mark.proves("SEED-K6")
def test_a_revoked_key_ends_in_another_process(tmp_path: Path) -> None:
    """The other process lets the key in, hears of the revocation from the store, and refuses it as revoked; here it ends at once."""
    spawning = multiprocessing.get_context("spawn")
    admitted = spawning.Event()
    with opened(tmp_path, changes="store") as pair:
        token = pair.key.token.reveal()
        other = spawning.Process(target=use_until_refused, args=(str(tmp_path / "app.db"), token, admitted))
        other.start()
        try:
            assert admitted.wait(PATIENCE)
            began = time.monotonic()
            bob = Principal(id=pair.member.user.id, kind=pair.owner.kind, credential=pair.owner.credential)
            with pair.here.begin() as unit:
                assert unit.api_keys.revoke(bob, organization=pair.organization.id, key_id=pair.key.key.id) is True
            assert not pair.api_key(pair.here)
            other.join(PATIENCE)
            print(f"refused elsewhere after at most {time.monotonic() - began:.2f} s, its end included")
            assert other.exitcode == 0
        finally:
            other.kill()
            other.join()

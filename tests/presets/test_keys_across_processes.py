"""What two processes know of each other's data keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ctsec import Principal, Refusal, Security
from ctsec.encryption import Context, WrappedDek, dek_id_of
from ctsec.errors import KeyNotFound
from ctsec.principal import Factor
from tests.presets.pair import Pair, opened

SECOND = timedelta(seconds=1)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two processes on one store, each asking it every second what the other changed."""
    with opened(tmp_path, changes="store") as made:
        yield made


def context(pair: Pair) -> Context:
    """Return the context of a secret of the organization."""
    return Context(organization=pair.organization.id, purpose="token")


def sealed(pair: Pair, process: Security) -> bytes:
    """Seal a secret in a process."""
    with process.begin() as unit:
        return unit.secrets.seal(b"a token", context=context(pair))


def sure(pair: Pair) -> Principal:
    """Return the owner right after a proof of the second factor."""
    return replace(pair.owner, credential=replace(pair.owner.credential, factors={Factor.TOTP: pair.clock.now()}))


def test_a_rotation_is_heard_with_the_next_request(pair: Pair) -> None:
    """A process that hears of a rotation seals under the new key with its next request, a second later, not when its own record dies."""
    before = sealed(pair, pair.here)
    assert dek_id_of(sealed(pair, pair.there)) == dek_id_of(before)
    with pair.here.begin() as unit:
        made = unit.data_keys.rotate(sure(pair), organization=pair.organization.id)
    assert isinstance(made, WrappedDek)
    assert dek_id_of(sealed(pair, pair.here)) == made.id
    assert dek_id_of(sealed(pair, pair.there)) == dek_id_of(before)
    pair.clock.advance(SECOND)
    assert pair.session(pair.there)
    assert dek_id_of(sealed(pair, pair.there)) == made.id


def test_what_was_destroyed_opens_nowhere(pair: Pair) -> None:
    """A process that holds an unwrapped key drops it with the next request after the organization destroyed its keys elsewhere."""
    blob = sealed(pair, pair.here)
    with pair.there.begin() as unit:
        assert unit.secrets.open(blob, context=context(pair)) == b"a token"
    with pair.here.begin() as unit:
        assert not isinstance(unit.data_keys.destroy(sure(pair), organization=pair.organization.id), Refusal)
    pair.clock.advance(SECOND)
    assert pair.session(pair.there)
    with pair.there.begin() as unit, pytest.raises(KeyNotFound, match="destroyed"):
        unit.secrets.open(blob, context=context(pair))

# Generated from tests/services/test_async_readings.py by tools/twin.py; edit that file.
"""A unit that only reads asks what somebody may, and locks nothing for it (async source of the twin)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctsec.errors import StoreReadOnly
from ctsec.outcome import Reason
from tests.services._sync_world import KINDS, World
from tests.services.probing import reason


@pytest.mark.parametrize("kind", KINDS)
def test_a_reading_decides_without_a_lock(kind: str, tmp_path: Path) -> None:
    """What locks the organization elsewhere is judged in a reading too: who may not is refused for that, and who may can not write."""
    with World.open(kind, folder=tmp_path) as world:
        ann = world.person("ann@acme.example")
        acme = world.organization(ann)
        bob = world.member(acme.id, "bob@acme.example")
        with world.security.reading() as unit:
            assert reason(unit.directory.rename_organization(bob, organization=acme.id, name="Mine")) is Reason.DENIED
        with pytest.raises(StoreReadOnly, match="writes nothing"):
            with world.security.reading() as unit:
                unit.directory.rename_organization(ann, organization=acme.id, name="Ours")

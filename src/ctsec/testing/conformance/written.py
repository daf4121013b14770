"""Events of a suite as ctsec writes them: a purge takes none whose columns say something else than its bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.ambient import Ambient
from ctsec.audit.event import build
from ctsec.audit.record import StoredEvent, store_form
from ctsec.ids import EventId, OrganizationId
from ctsec.principal import system
from ctsec.testing.clock import FixedClock
from ctsec.testing.conformance.samples import NOW, number, org_id, user_id
from ctsec.testing.random import UnsafeSeededRandom


def written(n: int, *, of: int, name: str = "user.signed_in", subject: int = 1, at: datetime = NOW, region: str = "") -> StoredEvent:
    """Return the n-th event of the log of organization number `of` and person number `subject`, in the store of `region` (empty: home)."""
    made = build(
        name,
        ambient=Ambient(clock=FixedClock(at), random=UnsafeSeededRandom(n)),
        actor=system("suite"),
        subject=user_id(subject),
        organization=OrganizationId(org_id(of)),
        details={"number": n},
    )
    placed = replace(made, id=EventId(number("evt", n)), region=region)
    return store_form(placed, personal=b"")

"""Erasures over one database, to be killed at any step: run by `tests.victim`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ctsec.audit.erasure import Erasure, ErasureState, FileErasureList
from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.query import AuditPage, AuditQuery
from ctsec.authn.argon2_pool import Argon2Hasher
from ctsec.encryption.context import Context
from ctsec.encryption.kms.local import LocalKms
from ctsec.ids import UserId, new_id
from ctsec.operators import Operator
from ctsec.presets import parts_of, settings_of
from ctsec.rbac import Policy
from ctsec.secret import Secret
from ctsec.security import EmbeddedOptions, Security
from tests.audit.storm import open_storage

SAM: Final = Operator(id="sam", reason="ticket 9")


def opened(url: str, folder: str | Path) -> Security:
    """Return a bundle over a database, with the list that lies beside it."""
    options, kms = EmbeddedOptions(), LocalKms(bytes(16), key=Secret(bytes(range(32))))
    return Security(
        storage=open_storage(url),
        kms=kms,
        slow_hash=Argon2Hasher(options.password_hash),
        parts=parts_of(kms, policy=Policy.preset(), settings=settings_of("Test", options), options=options),
        random=os.urandom,
        erased=FileErasureList(Path(folder) / "erased"),
    )


def run(url: str, folder: str) -> None:
    """Carry out what is due."""
    security = opened(url, folder)
    security.jobs.erasures.run_due()
    security.close()


def asked(security: Security, *, persons: int) -> list[Erasure]:
    """Have persons who have a key each, and ask that they be erased."""
    made: list[Erasure] = []
    for _ in range(persons):
        user = new_id(UserId, now=security.parts.clock.now(), random=os.urandom)
        security.jobs.erasures._subjects.seal(b"x", subject=user, context=Context(organization=None, purpose="test"))
        with security.begin() as unit:
            found = unit.erasures.request(SAM, user=user)
        assert isinstance(found, Erasure)
        made.append(found)
    return made


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there of an erasure: whether it is done, the counts of keys in its events, whether the person's key lives, and is listed."""

    done: bool
    told: tuple[int, ...]
    alive: bool
    listed: bool


def seen(security: Security, folder: Path, erasures: Sequence[Erasure]) -> list[Seen]:
    """Look at erasures, once what waits was placed."""
    security.logs.place()
    listed = {each.user_id for each in FileErasureList(folder / "erased").all()}
    found: list[Seen] = []
    for each in erasures:
        with security.reading() as unit:
            state = unit.erasures.get(each.id)
            events = unit.audit.search(AuditQuery(log=DEPLOYMENT_LOG, person=each.user_id, name="person.erased"))
        assert state is not None
        assert isinstance(events, AuditPage)
        keys = security._storage.guard.subjects.of_subject(each.user_id)
        told = tuple(int(event.event.details()["details"]["keys"]) for event in events.events)
        alive = any(key.destroyed_at is None for key in keys)
        found.append(Seen(state.state is ErasureState.DONE, told, alive, each.user_id in listed))
    return found

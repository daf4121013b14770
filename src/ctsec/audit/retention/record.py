"""What is stored of a log's retention, and the signed record that stands for what was purged.

Rules that this module keeps:

- a purge record is an event; it says where in the log it stands, the size and the root of the checkpoint that it was decided at, the
  plan, the holds that bound, and exactly which indexes went, how many, and when the newest of them was;
- it is signed by the retention key, which is not the log's key, over its own origin, event id, time and index: a record that was copied,
  moved or made without that key is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, cast

from ctsec.audit.canonical import canonical
from ctsec.audit.event import Detail, LogId
from ctsec.audit.record import microseconds
from ctsec.audit.retention.plan import Plans, RetentionPlan
from ctsec.audit.retention.ranges import Ranges
from ctsec.audit.tree.note import read_base64, write_base64
from ctsec.encryption.ed25519 import SIGNATURE_BYTES, is_signed

KEY_LABEL: Final = b"audit-retention/1"
_DOMAIN: Final = b"ctsec audit purge 1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlans:
    """The plans of a log as stored: `plan` and `following` as text (empty: none), who chose (empty: the deployment), the last purge."""

    log: LogId
    plan: str = ""
    following: str = ""
    starts: datetime | None = None
    chosen_by: str = ""
    purged_at: datetime | None = None
    version: int = 1

    @property
    def plans(self) -> Plans:
        """Its plans, read."""
        plan, following = (RetentionPlan.read(text) if text else None for text in (self.plan, self.following))
        return Plans(plan=plan, following=following, starts=self.starts)

    def with_plans(self, plans: Plans, *, chosen_by: str) -> StoredPlans:
        """Return the next version, with other plans."""
        plan, following = ("" if each is None else str(each) for each in (plans.plan, plans.following))
        return replace(self, plan=plan, following=following, starts=plans.starts, chosen_by=chosen_by, version=self.version + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeRecord:
    """What one step of a purge did: `index` is where its event stands, `newest` the latest time of what went (microseconds).

    `heard` is in the store of a region alone: up to which size of the home log it knew what was decided.
    """

    index: int
    size: int
    root: bytes
    plan: RetentionPlan
    holds: tuple[str, ...]
    ranges: Ranges
    newest: int
    heard: int | None = None

    def details(self) -> dict[str, Detail]:
        """Return the details of its event, all but the signature."""
        return {
            "index": self.index,
            "size": self.size,
            "root": self.root.hex(),
            "plan": str(self.plan),
            "holds": self.holds,
            "ranges": self.ranges.text(),
            "count": len(self.ranges),
            "newest": self.newest,
            **({} if self.heard is None else {"heard": self.heard}),
        }

    @classmethod
    def read(cls, details: Mapping[str, object]) -> PurgeRecord:
        """Return the record in the details of an event; raise ValueError for anything else."""
        holds = details.get("holds")
        numbers = [details.get(name) for name in ("index", "size", "newest")]
        texts = [details.get(name) for name in ("root", "plan", "ranges")]
        heard = details.get("heard")
        if (
            not isinstance(holds, list)
            or not all(type(each) is int for each in numbers)
            or not all(isinstance(each, str) for each in texts)
            or type(heard) not in {int, type(None)}
        ):
            raise ValueError("expected the details of a purge record")
        index, size, newest = (int(str(each)) for each in numbers)
        root, plan, ranges = map(str, texts)
        return cls(
            index=index,
            size=size,
            root=bytes.fromhex(root),
            plan=RetentionPlan.read(plan),
            holds=tuple(map(str, cast(list[object], holds))),
            ranges=Ranges.read(ranges),
            newest=newest,
            heard=None if heard is None else int(str(heard)),
        )


def signed_text(details: Mapping[str, object], *, origin: str, event: str, time: datetime | int, domain: bytes = _DOMAIN) -> bytes:
    """Return what the retention key signs of a record: its details but the signature, under the log's origin, event id and time.

    `domain` says of what kind the record is, that of a purge if none is given.
    """
    said = {name: value for name, value in details.items() if name != "signature"}
    micros = time if isinstance(time, int) else microseconds(time)
    return domain + canonical({"origin": origin, "event": event, "time": micros, "details": said})


def signature_text(signature: bytes) -> str:
    """Return a signature as it stands in the details."""
    return write_base64(signature)


def is_authentic(
    details: Mapping[str, object], *, origin: str, event: str, time: int, keys: tuple[bytes, ...], domain: bytes = _DOMAIN
) -> bool:
    """Say whether a record was signed by one of `keys` for this place."""
    try:
        value = read_base64(str(details.get("signature")))
        message = signed_text(details, origin=origin, event=event, time=time, domain=domain)
    except ValueError:
        return False
    return len(value) == SIGNATURE_BYTES and any(is_signed(message, signature=value, by=key) for key in keys)

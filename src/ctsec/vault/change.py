"""Credentials of the vault as they are made and changed.

Rules that this module keeps:

- a wish is judged whole: names in NFC, 1 to 200 services, regions and users where they are narrowed, an interval of 1 hour to 3650 days;
- a schedule runs from the last rotation: changing the interval moves the due time, changing anything else does not;
- a secret has 1 byte to 64 KiB.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.ids import CredentialId, OrganizationId, UserId, WorkspaceId, is_id, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.secret import Secret
from ctsec.user import parse_name
from ctsec.vault.record import AccessMode, VaultCredential, VaultKind, VaultWish, due_after, name_digest

MAX_SECRET: Final = 64 * 1024
MAX_ENTRIES: Final = 200
SHORTEST_ROTATION: Final = timedelta(hours=1)
LONGEST_ROTATION: Final = timedelta(days=3650)
_WORD: Final = re.compile(r"[!-~]{1,64}")
_SET: Final = ("access", "kind", "label", "name", "regions", "rotate_seconds", "services", "users")


def checked(wish: VaultWish) -> VaultWish:
    """Return `wish` with its name and label in NFC; raise ValueError that says what was expected."""
    for entries, what in ((wish.services, "services"), (wish.regions, "regions")):
        if entries is not None and not (_few(entries) and all(_WORD.fullmatch(each) for each in entries)):
            raise ValueError(f"expected 1 to {MAX_ENTRIES} {what} of printable ASCII without spaces, or None for all")
    if wish.users is not None and not (_few(wish.users) and all(is_id(UserId, each) for each in wish.users)):
        raise ValueError(f"expected 1 to {MAX_ENTRIES} ids of people, or None for everybody with the permission")
    if wish.rotate_every is not None and not SHORTEST_ROTATION <= wish.rotate_every <= LONGEST_ROTATION:
        raise ValueError("expected a rotation interval of 1 hour to 3650 days, or None")
    return VaultWish(
        name=parse_name(wish.name),
        kind=VaultKind(wish.kind),
        services=wish.services,
        regions=wish.regions,
        access=AccessMode(wish.access),
        label=parse_name(wish.label) if wish.label else "",
        users=wish.users,
        rotate_every=wish.rotate_every,
    )


def judged(wish: VaultWish) -> Outcome[VaultWish]:
    """Return what `checked` returns, or the refusal that says what was expected."""
    try:
        return checked(wish)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))


def fits(secret: Secret) -> Refusal | None:
    """Return why a secret can not be kept, or None."""
    if not len(secret):
        return Refusal(Reason.INVALID_INPUT, "expected a secret that is not empty")
    return Refusal(Reason.TOO_LARGE, f"expected a secret of at most {MAX_SECRET} bytes") if len(secret) > MAX_SECRET else None


def made_of(wish: VaultWish, *, organization: OrganizationId, workspace: WorkspaceId | None, by: str, ambient: Ambient) -> VaultCredential:
    """Return the record of a new credential, rotated now."""
    now = ambient.now()
    seconds = _seconds(wish)
    return VaultCredential(
        id=new_id(CredentialId, now=now, random=ambient.random),
        organization_id=organization,
        workspace_id=workspace,
        name=wish.name,
        name_digest=name_digest(wish.name, workspace=workspace),
        kind=wish.kind,
        label=wish.label,
        access=wish.access,
        services=wish.services,
        regions=wish.regions,
        users=wish.users,
        rotate_seconds=seconds,
        due_at=due_after(now, seconds=seconds),
        created_by=by,
        created_at=now,
        changed_by=by,
        changed_at=now,
        rotated_by=by,
        rotated_at=now,
    )


def changed(credential: VaultCredential, wish: VaultWish, *, by: str, now: datetime) -> VaultCredential:
    """Return the next version of a credential, as `wish` says."""
    seconds = _seconds(wish)
    return replace(
        credential,
        name=wish.name,
        name_digest=name_digest(wish.name, workspace=credential.workspace_id),
        kind=wish.kind,
        label=wish.label,
        access=wish.access,
        services=wish.services,
        regions=wish.regions,
        users=wish.users,
        rotate_seconds=seconds,
        due_at=due_after(credential.rotated_at, seconds=seconds),
        changed_by=by,
        changed_at=now,
        version=credential.version + 1,
    )


def rotated(credential: VaultCredential, *, by: str, now: datetime) -> VaultCredential:
    """Return the next version of a credential whose secret is new since `now`."""
    due_at = due_after(now, seconds=credential.rotate_seconds)
    return replace(credential, rotated_by=by, rotated_at=now, due_at=due_at, version=credential.version + 1)


def differences(before: VaultCredential, after: VaultCredential) -> tuple[str, ...]:
    """Return the names of the fields, among those that a manager sets, that differ."""
    return tuple(each for each in _SET if getattr(before, each) != getattr(after, each))


def told(credential: VaultCredential) -> Mapping[str, object]:
    """Return what an event says of the fields that a manager sets."""
    values: dict[str, object] = {each: getattr(credential, each) for each in _SET}
    return values | {name: tuple(sorted(each)) for name in ("regions", "services", "users") if (each := getattr(credential, name))}


def _seconds(wish: VaultWish) -> int:
    return int(wish.rotate_every.total_seconds()) if wish.rotate_every is not None else 0


def _few(entries: Collection[str]) -> bool:
    return 1 <= len(entries) <= MAX_ENTRIES

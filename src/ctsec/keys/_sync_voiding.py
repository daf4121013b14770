# Generated from src/ctsec/keys/_async_voiding.py by tools/twin.py; edit that file.
"""Keys of service accounts that somebody who leaves has seen: their secrets end (async source).

Rules that this module keeps:

- every secret that a leaver was shown, or could have had shown to the account, ends at once: it has no overlap;
- the key itself stays, with its name, scopes and networks: whoever manages the account rotates it, and it works again;
- what somebody else was shown works on;
- a key is one event, in the transaction of the departure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.ids import KeyId, OrganizationId, ServiceAccountId, UserId
from ctsec.keys._sync_owner_ports import KeyLists
from ctsec.keys._sync_ports import EpochRecords, KeyRecords
from ctsec.keys.knowledge import HeldSecret, known_to
from ctsec.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidingParts:
    """What keys are read from and ended in."""

    records: KeyRecords
    lists: KeyLists
    epochs: EpochRecords


class LeaversKeys:
    """Ends what a leaver knows of service accounts' keys."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: VoidingParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def count_of_minter(self, organization: OrganizationId, user: UserId) -> int:
        """Return how many keys have a working secret that a person knows."""
        return len({each.key.id for each in self._known(user, self._held(organization, user))})

    def rotate_of_minter(self, organization: OrganizationId, user: UserId, *, actor: Principal) -> tuple[str, ...]:
        """End the secrets that a person knows; return the names of their keys, in the order of ids."""
        now, held = self._ambient.now(), self._held(organization, user)
        known = self._known(user, held)
        ended: dict[KeyId, HeldSecret] = {}
        for each in known:
            if self._parts.lists.end_secret(each.key.id, each.secret.generation, now=now):
                ended[each.key.id] = each
        for key_id, each in sorted(ended.items()):
            works = any(one.key.id == key_id and one not in known and one.works(now) for one in held)
            self._parts.epochs.bump(key_id)
            details: Mapping[str, Detail] = {"owner": each.key.owner_id, "works": works}
            self._audit.note(
                EventName.API_KEY_VOIDED,
                actor=actor,
                targets=(Target("api_key", key_id),),
                subject=user,
                organization=organization,
                details=details,
            )
        return tuple(each.key.name for _, each in sorted(ended.items()))

    def _held(self, organization: OrganizationId, user: UserId) -> tuple[HeldSecret, ...]:
        """Return every secret of each service account that a person could ever act as, or have another one act as."""
        accounts, asking, held = set[ServiceAccountId](), [str(user)], list[HeldSecret]()
        while asking:
            for account in self._parts.lists.shown_accounts(organization, asking.pop()):
                if account not in accounts:
                    accounts.add(account)
                    asking.append(account)
                    held += self._of_account(organization, account)
        return tuple(held)

    def _of_account(self, organization: OrganizationId, account: ServiceAccountId) -> list[HeldSecret]:
        found = [self._parts.records.get(key.id) for key in self._parts.records.of_owner(organization, account)]
        return [HeldSecret(each[0], secret) for each in found if each is not None for secret in each[1]]

    def _known(self, user: UserId, held: tuple[HeldSecret, ...]) -> tuple[HeldSecret, ...]:
        now = self._ambient.now()
        return tuple(each for each in known_to(user, held) if each.works(now))

# Generated from src/ctsec/security/_async_key_reminders.py by tools/twin.py; edit that file.
"""The job that tells before API keys end (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync import AuditLog
from ctsec.audit.event import EventName, Target
from ctsec.directory.record import MembershipStatus
from ctsec.encryption._sync import KeyRing
from ctsec.ids import ServiceAccountId, UserId
from ctsec.keys.due import NOTICE, to_remind
from ctsec.keys.organization_policy import OrganizationKeyPolicy, under
from ctsec.keys.record import ApiKey
from ctsec.mail._sync import Outbox
from ctsec.mail.message import Letters
from ctsec.mail.owner_letters import key_letter
from ctsec.principal import PrincipalKind, system
from ctsec.storage._sync_ports import Storage, Store
from ctsec.user import UserStatus

_PAGE: Final = 100
_MAX_OWNERS: Final = 50


def _nothing(scopes: frozenset[str]) -> None:
    """A reminder changes nothing that a cache decides by."""


class KeyReminders:
    """Reminders: each end of a key is one event and one mail to each who has to do with it, fourteen days before.

    The person whose key it is is told; of a service account's key its creator, as long as a member, and the owners.
    """

    __slots__ = ("_ambient", "_letters", "_secrets", "_storage")

    def __init__(self, storage: Storage, *, secrets: KeyRing, letters: Letters, ambient: Ambient) -> None:
        self._storage = storage
        self._secrets = secrets
        self._letters = letters
        self._ambient = ambient

    def remind(self) -> int:
        """Tell of what ends by itself, at most a hundred keys a run, and of what an organization's policy ends; return how many."""
        now = self._ambient.now()
        with self._storage.reading() as store:
            found = store.key_lists.to_remind(now=now, before=now + NOTICE, limit=_PAGE)
        told = sum([self._remind(key) for key in found])
        after = ""
        while True:
            with self._storage.reading() as store:
                page = store.key_policies.page(after=after, limit=_PAGE)
            told += sum([self._remind_under(policy) for policy in page if policy.longest_life is not None])
            if len(page) < _PAGE:
                return told
            after = page[-1].organization_id

    def _remind_under(self, policy: OrganizationKeyPolicy) -> int:
        told, after = 0, ""
        while True:
            with self._storage.reading() as store:
                page = store.key_lists.of_organization(policy.organization_id, after=after, limit=_PAGE)
            told += sum([self._remind(under(policy, key)) for key, _ in page])
            if len(page) < _PAGE:
                return told
            after = page[-1][0].id

    def _remind(self, key: ApiKey) -> bool:
        if key.expires_at is None or not to_remind(key, now=self._ambient.now()):
            return False
        with self._storage.begin(after_commit=_nothing) as store:
            if not store.key_lists.reminded(key.id, end=key.expires_at):
                return False
            whom = _concerned(store, key)
            post = Outbox(store.outbox, sealer=self._secrets, ambient=self._ambient)
            for address in whom:
                said = key_letter(name=key.name, ends=key.expires_at)
                post.post(self._letters.recovery.set(recipient=address, **said))
            self._log(store).note(
                EventName.API_KEY_REMINDED,
                actor=system("keys"),
                targets=(Target("api_key", key.id),),
                organization=key.organization_id,
                details={"ends_at": key.expires_at.isoformat(), "told": len(whom)},
            )
        return True

    def _log(self, store: Store) -> AuditLog:
        aside = self._storage.guard.events
        return AuditLog(inbox=store.inbox, log=store.log, aside=aside, sealer=self._secrets, ambient=self._ambient)


def _concerned(store: Store, key: ApiKey) -> tuple[str, ...]:
    """Return the addresses of the people who have to do with a key, in the order of their ids."""
    people = {UserId(key.owner_id)}
    if key.owner_kind is PrincipalKind.SERVICE_ACCOUNT:
        people = set(store.roster.owners(key.organization_id, limit=_MAX_OWNERS))
        account = store.service_accounts.get(key.organization_id, ServiceAccountId(key.owner_id))
        maker = UserId(account.created_by) if account is not None else None
        seat = store.memberships.get(key.organization_id, maker) if maker is not None else None
        if seat is not None and seat.status is MembershipStatus.ACTIVE:
            people.add(seat.user_id)
    accounts = [store.users.get(each) for each in sorted(people)]
    return tuple(each.email for each in accounts if each is not None and each.status is UserStatus.ACTIVE)

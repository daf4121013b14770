# Generated from src/ctsec/security/_async_vault_jobs.py by tools/twin.py; edit that file.
"""The job that tells when a credential of the vault is to be rotated (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync import AuditLog
from ctsec.audit.event import EventName, Target
from ctsec.directory._sync_alarm import OwnerAlarm
from ctsec.encryption._sync import KeyRing
from ctsec.mail._sync import Outbox
from ctsec.mail.message import Letters
from ctsec.principal import system
from ctsec.storage._sync_ports import Storage, Store
from ctsec.vault.record import VaultCredential

_PAGE: Final = 100


def _nothing(scopes: frozenset[str]) -> None:
    """A reminder changes nothing that a cache holds."""


class VaultJobs:
    """Reminders: each due time of a credential is one event in its organization's log, and one mail to each owner."""

    __slots__ = ("_ambient", "_letters", "_secrets", "_storage")

    def __init__(self, storage: Storage, *, secrets: KeyRing, letters: Letters, ambient: Ambient) -> None:
        self._storage = storage
        self._secrets = secrets
        self._letters = letters
        self._ambient = ambient

    def remind(self) -> int:
        """Tell of what became due, at most a hundred credentials a run; return how many."""
        with self._storage.reading() as store:
            found = store.credentials.to_remind(now=self._ambient.now(), limit=_PAGE)
        return sum([self._remind(credential) for credential in found])

    def _remind(self, credential: VaultCredential) -> bool:
        if credential.due_at is None:
            return False
        with self._storage.begin(after_commit=_nothing) as store:
            if not store.credentials.reminded(credential.id, due_at=credential.due_at):
                return False
            self._log(store).note(
                EventName.CREDENTIAL_REMINDED,
                actor=system("vault"),
                targets=(Target("credential", credential.id),),
                organization=credential.organization_id,
                workspace=credential.workspace_id,
                details={"kind": credential.kind.value, "due_at": credential.due_at.isoformat()},
            )
            post = Outbox(store.outbox, sealer=self._secrets, ambient=self._ambient)
            alarm = OwnerAlarm(users=store.users, roster=store.roster, post=post, letters=self._letters)
            alarm.rotation_due(credential.organization_id, name=credential.name)
        return True

    def _log(self, store: Store) -> AuditLog:
        aside = self._storage.guard.events
        return AuditLog(inbox=store.inbox, log=store.log, aside=aside, sealer=self._secrets, ambient=self._ambient)

# Generated from src/ctsec/authn/_async_passwords.py by tools/twin.py; edit that file.
"""Passwords at rest: hashed in the bounded worker, sealed under the pepper, compared at equal cost (async source)."""

from __future__ import annotations

from collections.abc import Iterable

from ctsec.ambient import Ambient
from ctsec.authn._sync_ports import PasswordHasher, PasswordRecords
from ctsec.authn.password_policy import check_password, normalise
from ctsec.authn.pepper import Sealing, open_hash, seal_hash
from ctsec.authn.record import PasswordRecord
from ctsec.ids import UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.user import User

_NOBODY = UserId("usr_00000000000000000000000000")
_WRONG = Refusal(Reason.INVALID_CREDENTIALS, "the address or the password is not right")


class PasswordVault:
    """Sets and proves passwords; everything about their storage is here."""

    __slots__ = ("_ambient", "_hasher", "_product", "_records", "_sealing")

    def __init__(self, *, records: PasswordRecords, hasher: PasswordHasher, sealing: Sealing, product: str, ambient: Ambient) -> None:
        self._records = records
        self._hasher = hasher
        self._sealing = sealing
        self._product = product
        self._ambient = ambient

    def acceptable(self, text: str, *, email: str, name: str, mfa_enforced: bool = False) -> Outcome[bytes]:
        """Return the normalised password if the policy accepts it for this person, or the refusal with its reason."""
        context: Iterable[str] = (email, name, self._product)
        return check_password(text, mfa_enforced=mfa_enforced, context=context)

    def put(self, user_id: UserId, password: bytes) -> bool:
        """Store the hash of a normalised, accepted password; False if another change came first."""
        before = self._records.get(user_id)
        encoded = self._hasher.hash(password)
        return self._write(user_id, encoded, version=before.version + 1 if before else 1)

    def prove(self, user: User | None, text: str) -> Outcome[None]:
        """Compare `text` with the stored password of `user`, at the same cost for nobody; INVALID_CREDENTIALS if it is another.

        A hash made with other parameters than today's is replaced on success.
        """
        password = normalise(text)
        record = self._records.get(user.id if user is not None else _NOBODY)
        if isinstance(password, Refusal):
            return _WRONG
        if record is None or user is None:
            self._hasher.verify_nothing(password)
            return _WRONG
        encoded = open_hash(record.sealed, user=user.id, sealing=self._sealing)
        if not self._hasher.verify(encoded, password):
            return _WRONG
        if self._hasher.needs_rehash(encoded):
            self._write(user.id, self._hasher.hash(password), version=record.version + 1)
        return None

    def _write(self, user_id: UserId, encoded: str, *, version: int) -> bool:
        sealed = seal_hash(encoded, user=user_id, sealing=self._sealing, random=self._ambient.random)
        return self._records.put(PasswordRecord(user_id=user_id, sealed=sealed, changed_at=self._ambient.now(), version=version))

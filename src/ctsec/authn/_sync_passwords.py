# Generated from src/ctsec/authn/_async_passwords.py by tools/twin.py; edit that file.
"""Passwords at rest: hashed in the bounded worker, sealed under the pepper, compared at equal cost (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ambient import Ambient
from ctsec.authn._sync_breaches import BreachCheck
from ctsec.authn._sync_ports import PasswordHasher, PasswordRecords
from ctsec.authn.mix import Mix
from ctsec.authn.password_policy import MINIMUM, MINIMUM_WITH_MFA, check_password, normalise
from ctsec.authn.pepper import Sealing, open_hash, renewed
from ctsec.authn.record import PasswordRecord
from ctsec.authn.strength import PasswordHint, password_hint
from ctsec.ids import UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.user import User

NOBODY = UserId("usr_00000000000000000000000000")
_PLACE = b"ctsec/password-mix/v1\0"
_WRONG = Refusal(Reason.INVALID_CREDENTIALS, "the address or the password is not right")


class PasswordVault:
    """Sets and proves passwords; everything about their storage is here."""

    __slots__ = ("_ambient", "_breaches", "_hasher", "_mix", "_product", "_records", "_sealing")

    def __init__(
        self,
        *,
        records: PasswordRecords,
        hasher: PasswordHasher,
        sealing: Sealing,
        breaches: BreachCheck,
        mix: Mix,
        product: str,
        ambient: Ambient,
    ) -> None:
        self._records = records
        self._hasher = hasher
        self._sealing = sealing
        self._mix = mix
        self._breaches = breaches
        self._product = product
        self._ambient = ambient

    def acceptable(self, text: str, *, email: str, name: str, mfa_enforced: bool = False) -> Outcome[bytes]:
        """Return the normalised password if policy and list of leaked passwords accept it for this person, or the refusal with its reason.

        Raises BreachesUnavailable where the list is needed and does not answer.
        """
        accepted = check_password(text, mfa_enforced=mfa_enforced, context=self._context(email, name))
        if isinstance(accepted, Refusal):
            return accepted
        leaked = self._breaches.refusal(accepted)
        return accepted if leaked is None else leaked

    def hint(self, text: str, *, email: str, name: str, mfa_enforced: bool = False) -> PasswordHint:
        """Return what is weak about a password for this person."""
        return password_hint(text, mfa_enforced=mfa_enforced, context=self._context(email, name))

    def _context(self, email: str, name: str) -> tuple[str, ...]:
        return (email, name, self._product)

    def put(self, user_id: UserId, password: bytes) -> bool:
        """Store the hash of a normalised, accepted password; False if another change came first."""
        # Read before the slow part: a change that is made meanwhile is not overwritten.
        long = len(password.decode()) >= MINIMUM
        before = replace(self._before(user_id), minimum=MINIMUM if long else MINIMUM_WITH_MFA)
        return self._renew(before, self._hasher.hash(password))

    def is_short(self, user_id: UserId) -> bool:
        """Say whether the password was set with fewer than 15 characters; one whose length nobody has seen was not."""
        record = self._records.get(user_id)
        return record is not None and record.minimum == MINIMUM_WITH_MFA

    def set_at(self, user_id: UserId, *, held: bool = False) -> str:
        """Return when the password was set, in ISO 8601; empty without one. Hashing and sealing anew do not change it.

        `held`: nobody sets another one before this transaction ends.
        """
        record = self._records.get(user_id, held=held)
        return record.changed_at.isoformat() if record is not None else ""

    def bring(self, user_id: UserId, encoded: str) -> bool:
        """Store a hash of another system, as `ctsec.authn.schemes.accept_foreign` returned it; False if another change came first."""
        return self._renew(self._before(user_id), encoded)

    def prove(self, user: User | None, text: str, *, key: str = "") -> Outcome[str]:
        """Compare `text` with the stored password of `user`, and return when that was set (`set_at`); INVALID_CREDENTIALS if it is another.

        For nobody the cost is that of the account that the address `key` could have, or, without an address, that of a new password. On
        success a record that is another system's, weaker than today's or under an old pepper is replaced.
        """
        password = normalise(text)
        record = self._records.get(user.id if user is not None else NOBODY)
        if isinstance(password, Refusal):
            return _WRONG
        if key and self._mix.is_due(now=self._ambient.clock.monotonic()):
            self._mix.counted(self._records.census())
        typed = text.encode()
        if record is None or user is None:
            scheme = self._mix.scheme_for(self._sealing.tag(_PLACE + key.encode())) if key else ""
            self._hasher.verify_nothing(password, typed=typed, scheme=scheme)
            return _WRONG
        encoded = open_hash(record.sealed, user=user.id, sealing=self._sealing)
        if not self._hasher.verify(encoded, password, typed=typed):
            return _WRONG
        if self._hasher.needs_rehash(encoded):
            self._renew(record, self._hasher.hash(password))
        elif self._sealing.needs_rewrap(record.sealed):
            self._renew(record, encoded)
        return record.changed_at.isoformat()

    def _before(self, user_id: UserId) -> PasswordRecord:
        """Return what a new password comes after: the stored version, set now; version 0 if there is none."""
        found = self._records.get(user_id)
        version = found.version if found is not None else 0
        return PasswordRecord(user_id=user_id, sealed=b"", changed_at=self._ambient.now(), version=version)

    def _renew(self, record: PasswordRecord, encoded: str) -> bool:
        return self._records.put(renewed(record, encoded, sealing=self._sealing, random=self._ambient.random))

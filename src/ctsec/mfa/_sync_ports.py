# Generated from src/ctsec/mfa/_async_ports.py by tools/twin.py; edit that file.
"""What second factors need of a store and of the other features (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.ids import AuthenticatorId, DeviceId, PasskeyId, Random, SessionId, UserId
from ctsec.mail.message import Message
from ctsec.mfa.passkey import Passkey
from ctsec.mfa.record import Authenticator, BackupCodeSetRecord
from ctsec.principal import Factor
from ctsec.secret import SecretText
from ctsec.user import User


class KnownDevices(Protocol):
    """The devices that people have used before, answered by authn."""

    def recognise(self, user_id: UserId | None) -> DeviceId | None:
        """Return the device that this request comes from, if the person has used it before; the same is done for nobody (None)."""
        ...

    def distrust(self, user_id: UserId) -> int:
        """Have every device of a person asked for the second step again; return how many were not."""
        ...


class AuthenticatorRecords(Protocol):
    """Authenticators."""

    def add(self, authenticator: Authenticator) -> None:
        """Insert an authenticator."""
        ...

    def of_user(self, user_id: UserId) -> tuple[Authenticator, ...]:
        """Return every authenticator of a person, pending ones too."""
        ...

    def replace(self, authenticator: Authenticator) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    def remove(self, user_id: UserId, *, confirmed: bool) -> int:
        """Delete the person's confirmed, or pending, authenticators; return how many."""
        ...

    def remove_one(self, user_id: UserId, authenticator_id: AuthenticatorId) -> bool:
        """Delete one authenticator of a person; False if there is none of that person."""
        ...


class BackupCodeRecords(Protocol):
    """The current set of backup codes of each person."""

    def put(self, codes: BackupCodeSetRecord) -> None:
        """Replace the person's set."""
        ...

    def get(self, user_id: UserId) -> BackupCodeSetRecord | None:
        """Return the person's set."""
        ...

    def remove(self, user_id: UserId) -> bool:
        """Delete the person's set."""
        ...


class PasskeyRecords(Protocol):
    """Passkeys."""

    def add(self, passkey: Passkey) -> bool:
        """Insert a passkey; False if its credential id is taken, by whomever."""
        ...

    def by_credential(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey with the id that its authenticator gave it."""
        ...

    def of_user(self, user_id: UserId) -> tuple[Passkey, ...]:
        """Return the passkeys of a person, in the order of ids."""
        ...

    def replace(self, passkey: Passkey) -> bool:
        """Write name, backup and last use if the stored version is one less; whose it is and its key never change."""
        ...

    def remove(self, user_id: UserId, passkey_id: PasskeyId) -> bool:
        """Delete a passkey of a person; False if there is none, or another person has it."""
        ...


class Stretcher(Protocol):
    """One Argon2id for a presented backup code, in the bounded worker of passwords."""

    def new_salt(self, *, random: Random) -> bytes:
        """Return a fresh salt to store, which says with which parameters it stretches."""
        ...

    def stretch(self, secret: bytes, salt: bytes) -> bytes:
        """Return 32 bytes."""
        ...


class Owners(Protocol):
    """The people whose factors these are."""

    def get(self, user_id: UserId) -> User | None:
        """Return the account."""
        ...


class SessionControl(Protocol):
    """What happens to sessions when the factors of a person change."""

    def revoke_others(self, user_id: UserId, *, keep: SessionId | None) -> int:
        """Revoke every session of a person except `keep`; return how many."""
        ...

    def raise_assurance(self, session_id: SessionId, factor: Factor) -> SecretText | None:
        """Note that the person of this session proved `factor` now, and return its new token; None if the session is not live."""
        ...


class Post(Protocol):
    """Where mail is put; it leaves after commit."""

    def post(self, message: Message) -> None:
        """Put a message into the outbox, in this transaction."""
        ...

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


class AsyncKnownDevices(Protocol):
    """The devices that people have used before, answered by authn."""

    async def recognise(self, user_id: UserId | None) -> DeviceId | None:
        """Return the device that this request comes from, if the person has used it before; the same is done for nobody (None)."""
        ...

    async def distrust(self, user_id: UserId) -> int:
        """Have every device of a person asked for the second step again; return how many were not."""
        ...


class AsyncAuthenticatorRecords(Protocol):
    """Authenticators."""

    async def add(self, authenticator: Authenticator) -> None:
        """Insert an authenticator."""
        ...

    async def of_user(self, user_id: UserId) -> tuple[Authenticator, ...]:
        """Return every authenticator of a person, pending ones too."""
        ...

    async def replace(self, authenticator: Authenticator) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    async def remove(self, user_id: UserId, *, confirmed: bool) -> int:
        """Delete the person's confirmed, or pending, authenticators; return how many."""
        ...

    async def remove_one(self, user_id: UserId, authenticator_id: AuthenticatorId) -> bool:
        """Delete one authenticator of a person; False if there is none of that person."""
        ...


class AsyncBackupCodeRecords(Protocol):
    """The current set of backup codes of each person."""

    async def put(self, codes: BackupCodeSetRecord) -> None:
        """Replace the person's set."""
        ...

    async def get(self, user_id: UserId) -> BackupCodeSetRecord | None:
        """Return the person's set."""
        ...

    async def remove(self, user_id: UserId) -> bool:
        """Delete the person's set."""
        ...


class AsyncPasskeyRecords(Protocol):
    """Passkeys."""

    async def add(self, passkey: Passkey) -> bool:
        """Insert a passkey; False if its credential id is taken, by whomever."""
        ...

    async def by_credential(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey with the id that its authenticator gave it."""
        ...

    async def of_user(self, user_id: UserId) -> tuple[Passkey, ...]:
        """Return the passkeys of a person, in the order of ids."""
        ...

    async def replace(self, passkey: Passkey) -> bool:
        """Write name, backup and last use if the stored version is one less; whose it is and its key never change."""
        ...

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> bool:
        """Delete a passkey of a person; False if there is none, or another person has it."""
        ...


class AsyncStretcher(Protocol):
    """One Argon2id for a presented backup code, in the bounded worker of passwords."""

    def new_salt(self, *, random: Random) -> bytes:
        """Return a fresh salt to store, which says with which parameters it stretches."""
        ...

    async def stretch(self, secret: bytes, salt: bytes) -> bytes:
        """Return 32 bytes."""
        ...


class AsyncOwners(Protocol):
    """The people whose factors these are."""

    async def get(self, user_id: UserId) -> User | None:
        """Return the account."""
        ...


class AsyncSessionControl(Protocol):
    """What happens to sessions when the factors of a person change."""

    async def revoke_others(self, user_id: UserId, *, keep: SessionId | None) -> int:
        """Revoke every session of a person except `keep`; return how many."""
        ...

    async def raise_assurance(self, session_id: SessionId, factor: Factor) -> SecretText | None:
        """Note that the person of this session proved `factor` now, and return its new token; None if the session is not live."""
        ...


class AsyncPost(Protocol):
    """Where mail is put; it leaves after commit."""

    async def post(self, message: Message) -> None:
        """Put a message into the outbox, in this transaction."""
        ...

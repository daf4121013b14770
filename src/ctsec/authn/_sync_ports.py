# Generated from src/ctsec/authn/_async_ports.py by tools/twin.py; edit that file.
"""What sign-in needs of a store and of the other features (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from ctsec.authn.device import Device
from ctsec.authn.record import PasswordGroup, PasswordRecord, Session
from ctsec.authn.ticket import Passage
from ctsec.guard.attempts import Charge
from ctsec.ids import AuthenticatorId, DeviceId, OrganizationId, SessionId, UserId
from ctsec.mail.message import Message
from ctsec.outcome import Outcome, Refusal
from ctsec.principal import Factor, Principal
from ctsec.secret import Secret, SecretText
from ctsec.user import User


class AccountRecords(Protocol):
    """The accounts that people sign in to."""

    def add(self, user: User) -> bool:
        """Insert `user`; False if its e-mail key is taken."""
        ...

    def get(self, user_id: UserId) -> User | None:
        """Return the account."""
        ...

    def by_email(self, email_key: str) -> User | None:
        """Return the account with this key."""
        ...

    def replace(self, user: User) -> bool:
        """Write `user` if the stored version is one less; True if written."""
        ...


class PasswordRecords(Protocol):
    """Sealed password hashes."""

    def get(self, user_id: UserId, *, held: bool = False) -> PasswordRecord | None:
        """Return the record of a user; `held`, as it is committed now, and as it stays until this transaction ends."""
        ...

    def put(self, record: PasswordRecord) -> bool:
        """Insert version 1, or replace the version before; False if another change came first."""
        ...

    def census(self) -> tuple[PasswordGroup, ...]:
        """Return how many records there are of each pepper and scheme, in their order."""
        ...

    def page(self, pepper: str, scheme: str, *, after: str, limit: int) -> tuple[PasswordRecord, ...]:
        """Return up to `limit` records of one pepper and scheme whose user id is above `after`, in the order of user ids."""
        ...


class SessionRecords(Protocol):
    """Sessions."""

    def add(self, session: Session) -> None:
        """Insert a session."""
        ...

    def get(self, session_id: SessionId) -> Session | None:
        """Return a session."""
        ...

    def replace(self, session: Session) -> bool:
        """Write if the stored version is one less and the stored session is not revoked; True if written."""
        ...

    def touch(self, session_id: SessionId, *, at: datetime) -> None:
        """Move the last use forward to `at` if it is later; no version changes. Called coalesced and batched, never in a request."""
        ...

    def of_user(self, user_id: UserId) -> tuple[Session, ...]:
        """Return the sessions of a person that are not revoked."""
        ...

    def revoke(self, user_id: UserId, session_id: SessionId | None, *, keep: SessionId | None, now: datetime) -> int:
        """Revoke one session of a person, or all (None), except `keep`; return how many were live rows."""
        ...

    def trim(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` sessions that reached their absolute end, or were revoked, by `before`; return how many."""
        ...


class SessionConnections(Protocol):
    """What sessions through connections rest on."""

    def carried_until(self, session: Session) -> datetime | None:
        """Return when a session ends for want of its provider's word, None if its connection carries it no more."""
        ...


class DeviceRecords(Protocol):
    """Devices that people have used before."""

    def add(self, device: Device) -> None:
        """Insert a device."""
        ...

    def get(self, device_id: DeviceId) -> Device | None:
        """Return a device."""
        ...

    def of_user(self, user_id: UserId) -> tuple[Device, ...]:
        """Return the devices of a person, in the order of ids."""
        ...

    def renew(self, device_id: DeviceId, *, seen_at: datetime, expires_at: datetime) -> bool:
        """Write both times of a device that is there; False, and nothing is written, if it was forgotten."""
        ...

    def forget(self, user_id: UserId, device_id: DeviceId) -> bool:
        """Delete a device of a person; False if there was none."""
        ...

    def trim(self, *, before: datetime, limit: int) -> tuple[Device, ...]:
        """Delete at most `limit` devices that ended by `before`, and return them."""
        ...

    def distrust(self, user_id: UserId, device_id: DeviceId | None) -> int:
        """Take `trusted_until` from one device of a person, or from all (None); return how many had one."""
        ...


class EpochRecords(Protocol):
    """See the directory's port of the same name."""

    def bump(self, scope: str) -> None:
        """Change the epoch of `scope` in this transaction, and have caches forget it after commit."""
        ...


class Post(Protocol):
    """Where mail is put; it leaves after commit."""

    def post(self, message: Message) -> None:
        """Put a message into the outbox, in this transaction."""
        ...


class SecondFactors(Protocol):
    """The second factors of a person, answered by the mfa feature."""

    def enrolled(self, user_id: UserId) -> frozenset[Factor]:
        """Return the confirmed second factors."""
        ...

    def prove(
        self, user_id: UserId, *, factor: Factor, code: str, device: DeviceId | None, along: tuple[str, ...] = (), sole: bool = False
    ) -> Outcome[Charge]:
        """Consume a code of `factor`; return the charge to settle when the journey is complete, or why not. It is charged first.

        `device` is the known device that it comes from, `along` are the counters of what was proved earlier in the same journey.
        `sole`: no password was proved beside it, so a passkey has to verify the person.
        """
        ...

    def passkey_options(self, user_id: UserId | None, *, sole: bool = False) -> Outcome[Mapping[str, object]]:
        """Return what a browser is to ask a passkey of this person for, or (None) one of anybody's."""
        ...

    def identify(self, response: str) -> Outcome[tuple[UserId, Charge]]:
        """Return whose passkey answered a challenge that was for anybody, and verified the person, with the charge to settle."""
        ...


class RecoveryTrails(Protocol):
    """What of an account was replaced lately, answered by the recovery feature; every way in by mail asks it."""

    def mail_refusal(self, user_id: UserId) -> Refusal | None:
        """Return why nothing that was mailed may set a password of this person or sign in now, or None."""
        ...

    def password_reset(self, user_id: UserId) -> Refusal | None:
        """Note that the password is reset by mail now; or return why it must not be."""
        ...

    def address_changed(self, user_id: UserId, *, former: str) -> None:
        """Note that the account has another address than `former` now."""
        ...

    def signed_in(self, user_id: UserId, factors: Mapping[str, datetime]) -> None:
        """Note what a complete sign-in has proved."""


class PendingFactor(Protocol):
    """What an authenticator app needs to be enrolled; shown once."""

    @property
    def authenticator_id(self) -> AuthenticatorId:
        """The authenticator that waits for its first code."""
        ...

    @property
    def uri(self) -> SecretText:
        """The otpauth URI, drawn as a QR code."""
        ...

    @property
    def seed(self) -> Secret:
        """The seed, for typing."""
        ...


class FirstCodes(Protocol):
    """The backup codes that come with a first second factor; shown once."""

    @property
    def codes(self) -> tuple[SecretText, ...]:
        """The codes."""
        ...


class FirstPasskey(Protocol):
    """A passkey that was added."""

    @property
    def codes(self) -> FirstCodes | None:
        """The backup codes, where it is the first second factor."""
        ...


class Enrolment(Protocol):
    """A first authenticator app, answered by the mfa feature; the principal is a session's, or a sign-in's that is not complete."""

    def begin_totp(self, principal: Principal) -> Outcome[PendingFactor]:
        """Make a pending authenticator."""
        ...

    def confirm_totp(self, principal: Principal, *, code: str) -> Outcome[FirstCodes]:
        """Confirm it with its first code."""
        ...


class PasskeyEnrolment(Protocol):
    """A first passkey, answered by the mfa feature; the principal is a session's, or a sign-in's that is not complete."""

    def begin_registration(self, principal: Principal) -> Outcome[Mapping[str, object]]:
        """Return what the browser is to make."""
        ...

    def finish_registration(self, principal: Principal, *, response: str, name: str) -> Outcome[FirstPasskey]:
        """Keep the passkey that the browser made."""
        ...


class Requirements(Protocol):
    """The second factors that organizations require, answered by the roles feature."""

    def due(self, user: UserId) -> Mapping[OrganizationId, datetime]:
        """Return the organizations that require a second factor of a person now, and from when on each refuses to go without."""
        ...

    def entered_from(self, user: UserId) -> Mapping[OrganizationId, datetime]:
        """Return the organizations of a person that are entered through their provider only, now or soon, and from when on."""
        ...

    def refusal(self, principal: Principal, organization: OrganizationId) -> Refusal | None:
        """Return SSO_REQUIRED or MFA_REQUIRED if the organization refuses this credential of the person, or None."""
        ...


class Origins(Protocol):
    """Where accounts come from, answered by single sign-on."""

    def rests_on(self, user: User, passage: Passage) -> bool:
        """Say whether an account was made by this connection and is nobody's elsewhere: it has nothing of its own to sign in with."""
        ...


class Memberships(Protocol):
    """The organizations that a person may be active in, answered by the directory."""

    def first_organization(self, user_id: UserId) -> OrganizationId | None:
        """Return the organization that a new session starts in, if the person has exactly one."""
        ...

    def is_member(self, user_id: UserId, organization: OrganizationId) -> bool:
        """Say whether the person is an active member now."""
        ...


class BreachRanges(Protocol):
    """A list of leaked passwords, asked by ranges of hashes."""

    def answer(self, prefix: str) -> bytes:
        """Return the entries of a prefix of 5 hex digits: lines of 35 hex digits, a colon and a count; raise BreachesUnavailable."""
        ...


class PasswordHasher(Protocol):
    """Argon2id in a bounded worker."""

    def hash(self, password: bytes) -> str:
        """Return the encoded hash."""
        ...

    def verify(self, encoded: str, password: bytes, *, typed: bytes | None = None) -> bool:
        """Say whether `password` made `encoded`; raise CorruptRecord if the stored parameters are malformed or above the ceiling.

        `typed` is the password as it was typed, for hashes of other systems (None: the same).
        """
        ...

    def verify_nothing(self, password: bytes, *, typed: bytes | None = None, scheme: str = "") -> None:
        """Cost as much as `verify` does for a hash of `scheme` (empty: today's), for an unknown user."""
        ...

    def wrap(self, encoded: str) -> str:
        """Return Argon2id over another system's hash; raise CorruptRecord if it is none."""
        ...

    def needs_rehash(self, encoded: str) -> bool:
        """Say whether `encoded` is another system's, or weaker than today's."""
        ...

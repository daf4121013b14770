# Generated from src/ctsec/mfa/_async_authenticators.py by tools/twin.py; edit that file.
"""The authenticator apps of a person: listed, named and removed one by one (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.change import Change, diff
from ctsec.audit.event import EventName, Target
from ctsec.guard.counters import code_counter
from ctsec.ids import AuthenticatorId, SessionId, UserId
from ctsec.mfa._sync import Mfa
from ctsec.mfa._sync_parts import MfaParts
from ctsec.mfa.passkey import parse_factor_name
from ctsec.mfa.record import Authenticator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Factor, Principal
from ctsec.user import User

_SESSION_ONLY: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again first")
_NONE: Final = Refusal(Reason.NOT_FOUND, "there is no such authenticator app")


class Authenticators:
    """The confirmed authenticator apps of a person. `Mfa.begin_totp` adds one."""

    __slots__ = ("_ambient", "_audit", "_mfa", "_parts")

    def __init__(self, parts: MfaParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._mfa = Mfa(parts, audit=audit, ambient=ambient)
        self._audit = audit
        self._ambient = ambient

    def of(self, user_id: UserId) -> tuple[Authenticator, ...]:
        """Return the authenticators of a person that count, the oldest first; their seeds are sealed."""
        return tuple([each for each in self._parts.authenticators.of_user(user_id) if each.confirmed_at is not None])

    def rename(self, principal: Principal, authenticator_id: AuthenticatorId, *, name: str) -> Outcome[Authenticator]:
        """Give one of the principal's own authenticators another name, of 1 to 64 characters."""
        found = self._own(principal, authenticator_id)
        if isinstance(found, Refusal):
            return found
        label = parse_factor_name(name)
        if isinstance(label, Refusal):
            return label
        user, authenticator = found
        after = replace(authenticator, name=label, version=authenticator.version + 1)
        if not self._parts.authenticators.replace(after):
            return Refusal(Reason.CONFLICT, "the authenticator app was used or changed meanwhile; try again")
        changes = diff({"name": authenticator.name}, {"name": label})
        self._record(EventName.AUTHENTICATOR_RENAMED, principal, user, after, changes)
        return after

    def remove(self, principal: Principal, authenticator_id: AuthenticatorId) -> Outcome[Authenticator]:
        """Remove one of the principal's own authenticators; takes a fresh second factor. Other sessions end.

        With the last second factor the backup codes go too.
        """
        found = self._own(principal, authenticator_id)
        if isinstance(found, Refusal):
            return found
        user, authenticator = found
        if not principal.credential.second_factor_fresh(now=self._ambient.now()):
            return _STEP_UP
        if not self._parts.authenticators.remove_one(user.id, authenticator.id):
            return _NONE
        if not self.of(user.id):
            # What is bound next starts at no failures. While another one is left, what was guessed at counts for it.
            self._parts.throttle.bind(code_counter(user.id, Factor.TOTP), actor=principal, subject=user.id)
        off = self._mfa.drop_codes(user.id, actor=principal)
        tail = ", and multi-factor authentication was turned off" if off else ""
        self._parts.sessions.revoke_others(user.id, keep=SessionId(principal.credential.id))
        self._parts.post.post(self._parts.letters.notice(user.email, what=f"the authenticator app {authenticator.name} was removed{tail}"))
        self._record(EventName.MFA_REMOVED, principal, user, authenticator)
        return authenticator

    def _own(self, principal: Principal, authenticator_id: AuthenticatorId) -> Outcome[tuple[User, Authenticator]]:
        user = self._parts.owners.get(UserId(principal.id)) if principal.credential.kind is CredentialKind.SESSION else None
        if user is None:
            return _SESSION_ONLY
        found = [each for each in self.of(user.id) if each.id == authenticator_id]
        return (user, found[0]) if found else _NONE

    def _record(
        self, name: EventName, principal: Principal, user: User, authenticator: Authenticator, changes: tuple[Change, ...] = ()
    ) -> None:
        target = Target("authenticator", authenticator.id)
        self._audit.note(name, actor=principal, targets=(target,), subject=user.id, changes=changes)

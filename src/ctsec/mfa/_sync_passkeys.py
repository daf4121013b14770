# Generated from src/ctsec/mfa/_async_passkeys.py by tools/twin.py; edit that file.
"""Passkeys of people: registered, named and removed (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.change import Change, diff
from ctsec.audit.event import EventName, Target
from ctsec.guard.counters import code_counter
from ctsec.guard.proof import Purpose
from ctsec.ids import PasskeyId, SessionId, UserId, new_id
from ctsec.mfa._sync import Mfa
from ctsec.mfa._sync_parts import MfaParts
from ctsec.mfa._sync_prover import PasskeyProver
from ctsec.mfa.enrolment import PasskeyAdded
from ctsec.mfa.passkey import MAX_PASSKEYS, Passkey, parse_factor_name
from ctsec.mfa.passkey_options import Options, creation_options
from ctsec.mfa.passkey_response import parse_registration
from ctsec.mfa.passkey_verification import NewKey, verify_registration
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import ENROLLING, Factor, Principal
from ctsec.user import User

_SESSION_ONLY: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again first")
_SIGN_IN: Final = Refusal(Reason.STEP_UP_REQUIRED, "sign in again first; adding a passkey takes a fresh proof of who you are")
_FULL: Final = Refusal(Reason.CEILING_EXCEEDED, f"there are {MAX_PASSKEYS} passkeys already; remove one first")
_NONE: Final = Refusal(Reason.NOT_FOUND, "there is no such passkey")


class Passkeys:
    """The passkeys of a person. Adding and removing one takes a fresh proof, ends the other sessions and is told by mail.

    A registration without attestation is signed by nothing, so it raises the assurance of no session: the first sign-in with it does.
    """

    __slots__ = ("_ambient", "_audit", "_mfa", "_parts", "_prover")

    def __init__(self, parts: MfaParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._mfa = Mfa(parts, audit=audit, ambient=ambient)
        self._prover = PasskeyProver(parts, audit=audit, ambient=ambient)
        self._audit = audit
        self._ambient = ambient

    def begin_registration(self, principal: Principal) -> Outcome[Options]:
        """Return what the browser is to make; takes a fresh second factor, or where there is none a fresh password.

        Raises ConfigurationError without the library webauthn, and where the base address has no host name.
        """
        user = self._may_add(principal)
        if isinstance(user, Refusal):
            return user
        known = self._parts.passkeys.of_user(user.id)
        site = self._prover.site
        challenge = self._prover.challenge(Purpose.PASSKEY_REGISTRATION, subject=user.id)
        self._audit.note(EventName.PASSKEY_REGISTRATION_STARTED, actor=principal, targets=(Target("user", user.id),), subject=user.id)
        return creation_options(challenge, site=site, user=user, known=known)

    def finish_registration(self, principal: Principal, *, response: str, name: str) -> Outcome[PasskeyAdded]:
        """Keep the passkey that the browser made: `response` is its answer as JSON text, `name` 1 to 64 characters. Other sessions end."""
        user = self._may_add(principal)
        if isinstance(user, Refusal):
            return user
        label = parse_factor_name(name)
        if isinstance(label, Refusal):
            return label
        made = self._made(user, response)
        if isinstance(made, Refusal):
            return self._refuse(made, principal, user)
        credential_id, transports, key = made
        now = self._ambient.now()
        passkey = Passkey(
            id=new_id(PasskeyId, now=now, random=self._ambient.random),
            user_id=user.id,
            credential_id=credential_id,
            public_key=key.public_key,
            transports=transports,
            backup=key.backup,
            name=label,
            created_at=now,
        )
        self._parts.steps.start(passkey.id, step=key.sign_count)
        if not self._parts.passkeys.add(passkey):
            return self._refuse(Refusal(Reason.ALREADY_EXISTS, "this passkey is registered already"), principal, user)
        codes = self._mfa.first_codes(user, actor=principal)
        self._changed(principal, user, what=f"the passkey {label} was added")
        self._record(EventName.PASSKEY_REGISTERED, principal, passkey)
        return PasskeyAdded(passkey, codes)

    def of(self, user_id: UserId) -> tuple[Passkey, ...]:
        """Return the passkeys of a person, the oldest first."""
        return self._parts.passkeys.of_user(user_id)

    def rename(self, principal: Principal, passkey_id: PasskeyId, *, name: str) -> Outcome[Passkey]:
        """Give one of the principal's own passkeys another name, of 1 to 64 characters."""
        found = self._own(principal, passkey_id)
        if isinstance(found, Refusal):
            return found
        label = parse_factor_name(name)
        if isinstance(label, Refusal):
            return label
        after = replace(found[1], name=label, version=found[1].version + 1)
        if not self._parts.passkeys.replace(after):
            return Refusal(Reason.CONFLICT, "the passkey was used or changed meanwhile; try again")
        self._record(EventName.PASSKEY_RENAMED, principal, after, diff({"name": found[1].name}, {"name": label}))
        return after

    def remove(self, principal: Principal, passkey_id: PasskeyId) -> Outcome[Passkey]:
        """Remove one of the principal's own passkeys; takes a fresh second factor. Other sessions end.

        With the last second factor the backup codes go too.
        """
        found = self._own(principal, passkey_id)
        if isinstance(found, Refusal):
            return found
        user, passkey = found
        if not principal.credential.second_factor_fresh(now=self._ambient.now()):
            return _STEP_UP
        if not self._parts.passkeys.remove(user.id, passkey.id):
            return _NONE
        off = self._mfa.drop_codes(user.id, actor=principal)
        tail = ", and multi-factor authentication was turned off" if off else ""
        self._changed(principal, user, what=f"the passkey {passkey.name} was removed{tail}")
        self._record(EventName.PASSKEY_REMOVED, principal, passkey)
        return passkey

    def _made(self, user: User, response: str) -> Outcome[tuple[bytes, tuple[str, ...], NewKey]]:
        site = self._prover.site
        given = parse_registration(response)
        if isinstance(given, Refusal):
            return given
        refusal = self._prover.spend(given.challenge, Purpose.PASSKEY_REGISTRATION, subject=user.id)
        if refusal is not None:
            return refusal
        key = verify_registration(given, site=site)
        return key if isinstance(key, Refusal) else (given.credential_id, given.transports, key)

    def _may_add(self, principal: Principal) -> Outcome[User]:
        user = self._person(principal)
        if isinstance(user, Refusal):
            return user
        credential, now = principal.credential, self._ambient.now()
        if self._mfa.enrolled(user.id):
            if not credential.second_factor_fresh(now=now):
                return _STEP_UP
        elif not credential.fresh(Factor.PASSWORD, now=now):
            return _SIGN_IN
        return _FULL if len(self._parts.passkeys.of_user(user.id)) >= MAX_PASSKEYS else user

    def _own(self, principal: Principal, passkey_id: PasskeyId) -> Outcome[tuple[User, Passkey]]:
        user = self._person(principal)
        if isinstance(user, Refusal):
            return user
        found = [each for each in self._parts.passkeys.of_user(user.id) if each.id == passkey_id]
        return (user, found[0]) if found else _NONE

    def _person(self, principal: Principal) -> Outcome[User]:
        if principal.credential.kind not in ENROLLING:
            return _SESSION_ONLY
        return self._parts.owners.get(UserId(principal.id)) or _SESSION_ONLY

    def _changed(self, principal: Principal, user: User, *, what: str) -> None:
        # Another set of passkeys starts at no failures, also after 100 of the one before.
        self._parts.throttle.bind(code_counter(user.id, Factor.PASSKEY), actor=principal, subject=user.id)
        self._parts.sessions.revoke_others(user.id, keep=SessionId(principal.credential.id))
        self._parts.post.post(self._parts.letters.notice(user.email, what=what))

    def _record(self, name: EventName, principal: Principal, passkey: Passkey, changes: tuple[Change, ...] = ()) -> None:
        self._audit.note(
            name,
            actor=principal,
            targets=(Target("passkey", passkey.id),),
            subject=passkey.user_id,
            details={"backup": passkey.backup.value},
            changes=changes,
        )

    def _refuse(self, refusal: Refusal, principal: Principal, user: User) -> Refusal:
        self._audit.note_aside(
            EventName.MFA_CODE_REFUSED,
            actor=principal,
            targets=(Target("user", user.id),),
            subject=user.id,
            refused=refusal.reason,
            details={"factor": Factor.PASSKEY.value},
        )
        return refusal

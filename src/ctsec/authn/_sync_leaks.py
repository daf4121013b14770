# Generated from src/ctsec/authn/_async_leaks.py by tools/twin.py; edit that file.
"""Leaked sessions, devices and mailed links of people: ended, and told to their persons (async source).

Rules that this module keeps:

- a text counts by its whole secret: its digest is what finds it, or is compared in constant time;
- a session that works ends, a known device is forgotten with the trust in it, a link that works is used up: its person signs in, or asks
  for another link, again. What had ended is recorded and ends nothing;
- a link whose other half a browser holds is not known by the link alone, and good for nothing without that half.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.authn._sync_ports import AccountRecords, DeviceRecords, EpochRecords, Post, SessionRecords
from ctsec.authn.device import parse_device_token
from ctsec.authn.session_token import parse_session_token
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.proof import Purpose, token_digest
from ctsec.ids import UserId
from ctsec.mail.message import Letters
from ctsec.outcome import Refusal
from ctsec.principal import system

_SYSTEM: Final = system("leak_report")
VALID: Final = "valid"
EXPIRED: Final = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLeakParts:
    """What these credentials are kept in, and how their persons are told."""

    accounts: AccountRecords
    sessions: SessionRecords
    devices: DeviceRecords
    epochs: EpochRecords
    proofs: ProofRecords
    post: Post
    letters: Letters


class AccountLeaks:
    """Judges of what people sign in with."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AccountLeakParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def session(self, text: str, *, told: Mapping[str, Detail]) -> bool:
        """End the session of this token."""
        presented, now = parse_session_token(text), self._ambient.now()
        session = None if isinstance(presented, Refusal) else self._parts.sessions.get(presented.session_id)
        if isinstance(presented, Refusal) or session is None or not hmac.compare_digest(presented.digest, session.secret_digest):
            return False
        if session.revoked_at is not None:
            return True
        live = session.live(now=now)
        if live:
            self._parts.sessions.revoke(session.user_id, session.id, keep=None, now=now)
            self._parts.epochs.bump(session.user_id)
        self._record(
            session.user_id,
            Target("session", session.id),
            told,
            was=VALID if live else EXPIRED,
            what="a session of it was found in public, and is ended",
        )
        return True

    def device(self, text: str, *, told: Mapping[str, Detail]) -> bool:
        """Forget the known device of this token."""
        presented = parse_device_token(text)
        device = self._parts.devices.get(presented.device_id) if presented is not None else None
        if presented is None or device is None or not hmac.compare_digest(presented.digest, device.secret_digest):
            return False
        known = self._parts.devices.forget(device.user_id, device.id) and self._ambient.now() < device.expires_at
        what = "the mark of a device that it is used on was found in public, and is forgotten"
        self._record(device.user_id, Target("device", device.id), told, was=VALID if known else EXPIRED, what=what)
        return True

    def link(self, purpose: Purpose, token: str, *, told: Mapping[str, Detail]) -> bool:
        """Use up a mailed link, given the token in it."""
        digest, now = token_digest(token), self._ambient.now()
        proof = None if isinstance(digest, Refusal) else self._parts.proofs.peek(purpose, digest)
        if isinstance(digest, Refusal) or proof is None or self._parts.accounts.get(UserId(proof.subject)) is None:
            return False
        # Recorded also when it was used before: it is used up in the guard store, which a transaction that fails does not undo.
        works = self._parts.proofs.consume(purpose, digest, now=now)
        was = VALID if works else EXPIRED if proof.used_at is None else "used"
        what = "a link that was mailed for it was found in public, and works no more"
        self._record(UserId(proof.subject), Target("mailed_link", purpose), told, was=was, what=what)
        return True

    def _record(self, person: UserId, target: Target, told: Mapping[str, Detail], *, was: str, what: str) -> None:
        details = {**told, "was": was, "ended": was == VALID}
        self._audit.note(EventName.CREDENTIAL_LEAK_REPORTED, actor=_SYSTEM, targets=(target,), subject=person, details=details)
        account = self._parts.accounts.get(person) if was == VALID else None
        if account is not None:
            self._parts.post.post(self._parts.letters.notice(account.email, what=what))

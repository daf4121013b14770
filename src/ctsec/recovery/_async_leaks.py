"""Leaked links that cancel a reset of second factors: told to their person, and left as they are (async source).

Whoever finds one can stop a reset, which is asked for again; without it the person could not stop one that an attacker asked for. That a
link was told of stands beside it in the guard store, under a digest that no token has, so that a report that comes again mails nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.guard.proof import Proof, Purpose, check_proof, token_digest
from ctsec.ids import RecoveryId
from ctsec.outcome import Refusal
from ctsec.principal import system
from ctsec.recovery._async_cases import AsyncRecoveryParts


class AsyncRecoveryLeaks:
    """The judge of these links."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncRecoveryParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def link(self, token: str, *, told: Mapping[str, Detail]) -> bool:
        """Record that a link was found, and tell its person while it works."""
        digest = token_digest(token)
        proof = None if isinstance(digest, Refusal) else await self._parts.proofs.peek(Purpose.RECOVERY_CANCEL, digest)
        recovery = await self._parts.records.get(RecoveryId(proof.subject)) if proof is not None else None
        if proof is None or recovery is None:
            return False
        now = self._ambient.now()
        works = not isinstance(check_proof(proof, now=now), Refusal)
        await self._audit.note(
            EventName.CREDENTIAL_LEAK_REPORTED,
            actor=system("leak_report"),
            targets=(Target("recovery", recovery.id),),
            subject=recovery.user_id,
            organization=recovery.organization_id,
            details={**told, "was": "valid" if works else "expired" if proof.used_at is None else "used", "ended": False},
        )
        account = await self._parts.accounts.get(recovery.user_id) if works and await self._first(proof, now=now) else None
        if account is not None:
            what = "a link that cancels a reset of its second factors was found in public: whoever reads that can read your mail"
            await self._parts.post.post(self._parts.letters.notice(account.email, what=what))
        return True

    async def _first(self, proof: Proof, *, now: datetime) -> bool:
        digest = hashlib.sha256(b"leak of " + proof.digest).digest()
        if await self._parts.proofs.peek(proof.purpose, digest) is not None:
            return False
        await self._parts.proofs.issue((replace(proof, digest=digest, issued_at=now),))
        return True

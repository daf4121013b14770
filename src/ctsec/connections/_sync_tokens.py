# Generated from src/ctsec/connections/_async_tokens.py by tools/twin.py; edit that file.
"""The tokens of connected apps: kept, leased, renewed and handed out, each step committed by itself (async source).

Rules that this module keeps:

- everything here is a side write: it stands whatever becomes of the host's transaction, and waits for none;
- the lease of a refresh is one compare-and-set, so of many processes one asks;
- what came in exchange is written over the version that was leased, in one statement: until then the old tokens are there, then the new;
- that the organization's key can seal is tried before the provider is asked: what came back could not be kept otherwise;
- each use, refresh and failure is an event, committed before its token is handed out, and has no token in it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit.event import Detail, EventName, Target
from ctsec.connections._sync_ports import AppNotes, AppSealer, AppTokenRecords, Pause
from ctsec.connections.record import (
    AccessToken,
    AppConnection,
    Lease,
    Pair,
    StoredTokens,
    TokenState,
    Waiting,
    pack,
    tokens_context,
    unpack,
)
from ctsec.connections.refresh import (
    INTERRUPTED,
    NO_REFRESH_TOKEN,
    Failed,
    Fate,
    Lives,
    Verdict,
    failed,
    judge,
    leased,
    renewed,
    rests_until,
    spans,
    was_interrupted,
)
from ctsec.encryption.data_key import DataKeyExhausted, NoDataKey
from ctsec.errors import DecryptionFailed, StoreError
from ctsec.jose.token_answer import TokenSet
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal, system
from ctsec.secret import SecretText

_CONSENT: Final = Refusal(Reason.REVOKED, "the app does not accept this connection any more; connect it again")
_TRIES: Final = 5
_PAUSE: Final = 0.2
_SYSTEM: Final = system("connected apps")
_BUSY: Final = "the app can not be asked at this moment; try again later"


class AppTokens:
    """The tokens of connected apps; `security.apps` calls it."""

    __slots__ = ("_ambient", "_audit", "_records", "_sealer")

    def __init__(self, records: AppTokenRecords, *, sealer: AppSealer, audit: AppNotes, ambient: Ambient) -> None:
        self._records = records
        self._sealer = sealer
        self._audit = audit
        self._ambient = ambient

    def look(self, actor: Principal, app: AppConnection, *, refused: SecretText | None = None) -> Outcome[AccessToken | Lease | Waiting]:
        """Return a token to hand out, the lease of a refresh that is due, or why there is neither.

        `refused` is a token that the API refused; it counts while it is the one that is stored.
        Reasons: REVOKED where the person has to consent again, CONFLICT where the provider can not be asked at the moment.
        """
        now, tokens = self._ambient.now(), self._records.get(app.id)
        if tokens is None:
            return _CONSENT
        again = refused is not None and refused == (self._opened(tokens)).access
        match judge(tokens, now=now, refused=again):
            case Verdict.USE:
                return self._handed(actor, app, tokens)
            case Verdict.WAIT:
                return Waiting()
            case Verdict.BACK_OFF:
                return Refusal(Reason.CONFLICT, _BUSY, retry_after=rests_until(tokens) - now if again else _waits(tokens, now=now))
            case Verdict.EXPIRED:
                after, name, details = self._failing(tokens, Failed(Fate.CONSENT_NEEDED, NO_REFRESH_TOKEN))
                if self._records.replace(after):
                    self._note(name, app, details)
                return _CONSENT
            case Verdict.BROKEN:
                return _CONSENT
            case Verdict.REFRESH:
                return self._leased(app, tokens)

    def lease(self, app: AppConnection) -> Lease | None:
        """Lease tokens whose refresh is due though nobody asks for one; None where it is not, or another process does it."""
        now, tokens = self._ambient.now(), self._records.get(app.id)
        if tokens is None or tokens.keep_at is None or now < tokens.keep_at or judge(tokens, now=now) is not Verdict.REFRESH:
            return None
        found = self._leased(app, tokens)
        return found if isinstance(found, Lease) else None

    def let_go(self, tokens: StoredTokens) -> None:
        """Have the worker look at tokens no more: their connection has ended, or its person has to consent again."""
        self._records.replace(replace(tokens, keep_at=None, version=tokens.version + 1))

    def put_off(self, tokens: StoredTokens, *, by: timedelta) -> None:
        """Have the worker look at tokens again later, behind others; nothing where they were changed meanwhile."""
        self._records.replace(replace(tokens, keep_at=self._ambient.now() + by, version=tokens.version + 1))

    def keep(self, app: AppConnection, given: TokenSet, *, lives: Lives, sealed: bytes, pause: Pause) -> bool:
        """Store the first tokens of a connection, or those of another consent, sealed by the caller; False if others were quicker."""
        now = self._ambient.now()
        ends = spans(given, lives=lives, refreshes=given.refresh_token is not None, now=now, random=self._ambient.random)
        made = StoredTokens(
            id=app.id,
            organization_id=app.organization_id,
            sealed=sealed,
            state=TokenState.LIVE,
            refreshed_at=now,
            expires_at=ends[0],
            due_at=ends[1],
            keep_at=ends[2],
        )
        for left in reversed(range(_TRIES)):
            try:
                before = self._records.get(app.id)
                after = renewed(before, sealed=sealed, ends=ends, now=now) if before is not None else None
                if self._records.replace(after) if after is not None else self._records.add(made):
                    return True
            except StoreError:
                if not left:
                    raise
                pause(_PAUSE)
        return False

    def conclude(self, lease: Lease, given: TokenSet | Failed, *, lives: Lives, pause: Pause) -> None:
        """Write what came of a lease, and the event that says so; nothing where the lease is not ours any more.

        A store that fails is asked again, since of tokens that came there is no other copy.
        """
        after, name, details = self._judged(lease, given, lives=lives)
        written = False
        for left in reversed(range(_TRIES)):
            try:
                written = written or self._records.replace(after)
                if written:
                    self._note(name, lease.app, details)
            except StoreError:
                if not left:
                    raise
                pause(_PAUSE)
            else:
                return

    def _judged(self, lease: Lease, given: TokenSet | Failed, *, lives: Lives) -> tuple[StoredTokens, EventName, dict[str, Detail]]:
        now, random = self._ambient.now(), self._ambient.random
        if isinstance(given, Failed):
            lost = given.fate is Fate.CONSENT_NEEDED and lease.interrupted
            return self._failing(lease.tokens, Failed(given.fate, INTERRUPTED) if lost else given)
        refresh = given.refresh_token or lease.pair.refresh
        sealed = self._sealed(lease.app, Pair(access=given.access_token, refresh=refresh))
        ends = spans(given, lives=lives, refreshes=refresh is not None, now=now, random=random)
        after = renewed(lease.tokens, sealed=sealed, ends=ends, now=now)
        return after, EventName.CONNECTED_APP_TOKEN_REFRESHED, {"rotated": given.refresh_token is not None}

    def _failing(self, tokens: StoredTokens, failure: Failed) -> tuple[StoredTokens, EventName, dict[str, Detail]]:
        after = failed(tokens, failure, now=self._ambient.now(), random=self._ambient.random)
        details: dict[str, Detail] = {"why": failure.why, "fate": failure.fate.value, "failures": after.failures}
        return after, EventName.CONNECTED_APP_REFRESH_FAILED, details

    def opened(self, app: AppConnection) -> Lease | Waiting | None:
        """Lease the tokens of an ended connection to give them back; None if there are none, or none that open.

        Waiting where tokens are being refreshed, and where those of a consent that was just given are not stored yet.
        """
        tokens, now = self._records.get(app.id), self._ambient.now()
        if app.awaits(tokens, now=now):
            return Waiting()
        if tokens is None:
            return None
        if tokens.lease_until is not None and now < tokens.lease_until:
            return Waiting()
        try:
            pair = self._opened(tokens)
        except DecryptionFailed:
            return None
        taken = leased(tokens, now=now)
        return Lease(app=app, tokens=taken, pair=pair, interrupted=False) if self._records.replace(taken) else Waiting()

    def forget(self, app: AppConnection) -> None:
        """Delete the tokens of a connection."""
        self._records.remove(app.id)

    def _leased(self, app: AppConnection, tokens: StoredTokens) -> Outcome[Lease | Waiting]:
        pair = self._opened(tokens)
        if pair.refresh is None:
            return _CONSENT  # The API refused it, and there is nothing to refresh it with; that alone ends no connection.
        try:
            self._sealed(app, pair)
        except NoDataKey:
            raise DataKeyExhausted("the organization needs another data key before its tokens can be refreshed") from None
        taken = leased(tokens, now=self._ambient.now())
        if not self._records.replace(taken):
            return Waiting()
        return Lease(app=app, tokens=taken, pair=pair, interrupted=was_interrupted(tokens))

    def _handed(self, actor: Principal, app: AppConnection, tokens: StoredTokens) -> AccessToken:
        pair = self._opened(tokens)
        self._note(EventName.CONNECTED_APP_TOKEN_USED, app, {}, actor=actor)
        return AccessToken(secret=pair.access, expires_at=tokens.expires_at, scopes=frozenset(app.scopes.split()))

    def _opened(self, tokens: StoredTokens) -> Pair:
        return unpack(self._sealer.open(tokens.sealed, context=tokens_context(tokens.organization_id, tokens.id)))

    def _sealed(self, app: AppConnection, pair: Pair) -> bytes:
        return self._sealer.seal(pack(pair), context=tokens_context(app.organization_id, app.id))

    def _note(self, name: EventName, app: AppConnection, details: dict[str, Detail], *, actor: Principal | None = None) -> None:
        self._audit.note_aside(
            name,
            actor=actor if actor is not None else _SYSTEM,
            targets=(Target("connected_app", app.id),),
            subject=app.user_id,
            organization=app.organization_id,
            details={"provider": app.provider, **details},
        )


def _waits(tokens: StoredTokens, *, now: datetime) -> timedelta | None:
    return tokens.retry_at - now if tokens.retry_at is not None else None

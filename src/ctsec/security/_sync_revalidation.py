# Generated from src/ctsec/security/_async_revalidation.py by tools/twin.py; edit that file.
"""The job that asks providers about the sessions that came through them (async source).

Rules that this module keeps:

- no transaction is open while a provider is asked; a token is claimed in one before, and what came of it is written in one after;
- a refresh token that the provider replaced is written before its answer is judged: whatever fails then, it is not lost;
- one that fails stops no other; what could not be asked is asked again later;
- the tokens of sessions that are over are given back to the provider, once, whether it listens or not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol, TypeAlias

from ctsec.errors import CtsecError, FetchError, StoreBusy
from ctsec.ids import SessionId
from ctsec.jose.rejection import Rejected
from ctsec.security._sync_providers import KnownProvider, Providers
from ctsec.sso._sync_checks import NOES, Checks, Claim
from ctsec.sso.oidc.flow import Judged, ProvedSignIn, judge_renewed, renew, revoke
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.oidc.key_cache import KeyCache, Steps
from ctsec.sso.oidc.tokens import Exchange, TokenSet
from ctsec.worker._sync import Job

_EVERY: Final = timedelta(minutes=1)
_TRIES: Final = 3
_LOG: Final = logging.getLogger("ctsec.sso")


class CheckUnit(Protocol):
    """A unit of work, as far as the job needs it."""

    @property
    def sso_checks(self) -> Checks:
        """Sessions through connections."""
        ...


Units: TypeAlias = Callable[[], AbstractContextManager[CheckUnit]]


@dataclass(frozen=True, slots=True)
class _Answered:
    """What became of a claim whose token was used: the claim with what came for it, and who the provider says it is, or why not."""

    claim: Claim
    outcome: ExternalIdentity | str


class Revalidation:
    """Asks about each session that is due, one after the other; several processes may run it at once."""

    __slots__ = ("_begin", "_providers")

    def __init__(self, begin: Units, *, providers: Providers) -> None:
        self._begin = begin
        self._providers = providers

    def job(self) -> Job:
        """Return the job, which every process runs: each session is claimed by one of them."""
        return Job(name="sso-sessions", every=_EVERY, work=self.run_due, shared=False)

    def run_due(self) -> int:
        """Ask about what is due, at most two hundred sessions a run; return how many were looked at."""
        with self._begin() as unit:
            due = unit.sso_checks.due()
        for session in due:
            try:
                self._look_at(session)
            except CtsecError as error:
                _LOG.warning("a session could not be asked about: %s", error.code)
            except Exception:  # noqa: BLE001 - a mistake about one session must not keep those of other organizations unasked
                _LOG.exception("a session could not be asked about")
        return len(due)

    def _look_at(self, session: SessionId) -> None:
        try:
            with self._begin() as unit:
                claim = unit.sso_checks.claim(session)
        except CtsecError:
            with self._begin() as unit:
                unit.sso_checks.unheard(session, asked=False)
            raise
        if claim is None:
            return
        known = self._providers.known(claim.connection, claim.client)
        if claim.over:
            self._give_back(claim, known)
            return
        answer = self._asked(claim, known) if isinstance(known, KnownProvider) else known
        if isinstance(answer, _Answered):
            self._conclude(answer.claim, answer.outcome)
        elif answer is not None:
            self._conclude(claim, answer)

    def _asked(self, claim: Claim, known: KnownProvider) -> _Answered | str | None:
        """Return what the provider says, or in one word why it says nothing of use; None if the grant is not ours any more."""
        ours, tokens = claim, TokenSet(access_token=claim.token.secret)
        if claim.token.refreshes:
            steps = renew(self._providers.exchange(known, claim.client), refresh_token=claim.token.secret, before=claim.token.before)
            found = self._providers.drive(steps, client=claim.client)
            if isinstance(found, (str, Rejected)):
                return found if isinstance(found, str) else found.reason.value
            written = self._written(claim, found)
            if written is None:
                return None
            ours, tokens = written, found

        def judging(exchange: Exchange, keys: KeyCache | None) -> Steps[Judged]:
            return judge_renewed(exchange, tokens=tokens, before=ours.token.before, keys=keys)

        try:
            judged = (self._providers.judge(known, ours.client, judging)).outcome
        except FetchError as error:
            return _Answered(ours, error.reason)
        if isinstance(judged, ProvedSignIn):
            return _Answered(ours, judged.identity)
        return _Answered(ours, judged.reason.value if isinstance(judged, Rejected) else "unexpected")

    def _written(self, claim: Claim, tokens: TokenSet) -> Claim | None:
        """Write what came for the refresh token that was used; a store that is busy is asked again, since there is no other copy."""
        for left in reversed(range(_TRIES)):
            try:
                with self._begin() as unit:
                    return unit.sso_checks.renewed(claim, tokens.refresh_token or claim.token.secret)
            except StoreBusy:
                if not left:
                    raise
        return None

    def _conclude(self, claim: Claim, outcome: ExternalIdentity | str) -> None:
        """Write what was said; a store that is busy is asked again, or a claim that stands would end the session at the next check."""
        for left in reversed(range(_TRIES)):
            try:
                with self._begin() as unit:
                    self._said(unit, claim, outcome)
            except StoreBusy:
                if not left:
                    raise
            else:
                return

    def _said(self, unit: CheckUnit, claim: Claim, outcome: ExternalIdentity | str) -> None:
        if not isinstance(outcome, str):
            unit.sso_checks.checked(claim, outcome)
        elif outcome in NOES:
            unit.sso_checks.refused(claim, outcome)
        else:
            unit.sso_checks.unheard(claim.grant.session_id, asked=True)

    def _give_back(self, claim: Claim, known: KnownProvider | str) -> None:
        if isinstance(known, KnownProvider):
            exchange = self._providers.exchange(known, claim.client)
            steps = revoke(exchange, token=claim.token.secret, refreshes=claim.token.refreshes)
            self._providers.drive(steps, client=claim.client)

# Generated from src/ctsec/security/_async_apps.py by tools/twin.py; edit that file.
"""Connected apps, from the button to a token: short units of work, and the provider asked between them (async source).

Rules that this module keeps:

- no transaction is open while a provider is asked, and no unit that writes is opened to hand out a token: a host's own may be waiting;
- what a browser brings back is consumed before the provider hears of it, and what the provider gives is stored before anybody has it;
- tokens are handed out without a transaction: who holds a connection of the main store must wait for no other one;
- who asks while another process refreshes waits for a bounded time, and asks nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

from ctsec.ambient import Request
from ctsec.connections._sync import Consented
from ctsec.connections._sync_pending import Returned, Wanted
from ctsec.connections._sync_ports import AppFetches, AppSealer, Pause
from ctsec.connections.consent import CONSENT_LIFE, ConsentReason, begin_consent, read_callback
from ctsec.connections.exchange import code_request, read_tokens, refresh_request
from ctsec.connections.provider import AppProvider
from ctsec.connections.record import AccessToken, AppConnection, Lease, Pair, Waiting, pack, tokens_context
from ctsec.connections.refresh import Failed, Fate, Lives
from ctsec.encryption.data_key import DataKeyExhausted
from ctsec.errors import FetchError
from ctsec.ids import AppId, OrganizationId, UserId
from ctsec.jose.token_answer import TokenSet
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.secret import SecretText
from ctsec.security._sync_app_jobs import AppRevocations
from ctsec.security._sync_app_keeping import AppKeeping
from ctsec.security._sync_app_reminders import AppReminders
from ctsec.security._sync_app_work import AppBeside, AppWork
from ctsec.transport.fetch import Fetcher
from ctsec.transport.pause import sync_pause
from ctsec.transport.request import HttpRequest
from ctsec.worker._sync import Job

_ROUNDS: Final = 150
_FIRST_WAIT: Final = 0.02
_LAST_WAIT: Final = 0.2
_BUSY: Final = Refusal(Reason.CONFLICT, "the app can not be asked at this moment; try again later", retry_after=timedelta(seconds=30))
_NO_PROVIDER: Final = Refusal(Reason.NOT_FOUND, "there is no such app to connect")
_ENDED: Final = Refusal(Reason.CONFLICT, "the app was disconnected meanwhile; connect it again")
_SCOPES: Final = Refusal(Reason.INVALID_INPUT, "expected scopes that this app may be asked for")


class AppUnit(Protocol):
    """A unit of work, as far as connected apps need it."""

    @property
    def app_work(self) -> AppWork:
        """What is done with connected apps."""
        ...

    @property
    def secrets(self) -> AppSealer:
        """What belongs to organizations, sealed; a key is made where there is none."""
        ...


Units: TypeAlias = Callable[[Request | None], AbstractContextManager[AppUnit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRedirect:
    """Where to send the browser, and until when it has to be back."""

    url: str
    expires_at: datetime


class Apps:
    """Connects apps and hands out their tokens. `begin` opens units that write, `reading` units that do not.

    `revocations` gives tokens of ended connections back to their providers, `keeping` refreshes those that would end unused, and
    `reminders` tells of consents that fall due.
    """

    __slots__ = (
        *("_ambient", "_base_url", "_begin", "_beside", "_fetcher", "_pause", "_policy", "_reading"),
        *("keeping", "reminders", "revocations"),
    )

    def __init__(
        self,
        begin: Units,
        *,
        reading: Units,
        beside: AppBeside,
        fetcher: AppFetches | None = None,
        pause: Pause = sync_pause,
    ) -> None:
        settings, ambient = beside.parts.settings, beside.ambient
        asking = settings.apps.fetcher or Fetcher()
        guarded = asking
        self._fetcher = fetcher if fetcher is not None else guarded
        self._beside = beside
        self._begin = begin
        self._reading = reading
        self._policy = settings.apps
        self._base_url = settings.base_url
        self._ambient = ambient
        self._pause = pause
        self.revocations = AppRevocations(lambda: begin(None), policy=self._policy, ambient=ambient, fetcher=self._fetcher)
        self.reminders = AppReminders(beside)
        self.keeping = AppKeeping(lambda: reading(None), beside=beside, refresh=self._kept)

    @property
    def providers(self) -> tuple[AppProvider, ...]:
        """What can be connected."""
        return self._policy.providers

    def jobs(self) -> tuple[Job, ...]:
        """Return the worker's jobs."""
        return self.revocations.job(), self.keeping.job(), self.reminders.job()

    def begin(
        self,
        actor: Principal,
        provider: str,
        *,
        organization: OrganizationId,
        own: bool = True,
        scopes: frozenset[str] = frozenset(),
        app: AppId | None = None,
        request: Request | None = None,
    ) -> Outcome[ConsentRedirect]:
        """Begin to connect, for the actor or (not `own`) for the organization; with `app` to consent anew to a connection that is there.

        `scopes` are asked for beside the provider's usual ones. Reasons: NOT_FOUND, INVALID_INPUT, what the roles refuse,
        CEILING_EXCEEDED.
        """
        found = self._policy.provider(provider)
        asked = found.asked(scopes) if found is not None else None
        if found is None or asked is None:
            return _NO_PROVIDER if found is None else _SCOPES
        with self._begin(request) as unit:
            allowed = unit.app_work.apps.may_connect(actor, organization=organization, own=own, app=app)
            if isinstance(allowed, Refusal):
                return allowed
            if allowed is not None and allowed.provider != provider:
                return _NO_PROVIDER
            redirect_uri = self._policy.redirect_uri(self._base_url, found)
            begun = begin_consent(found, redirect_uri=redirect_uri, scopes=asked, random=self._ambient.random)
            wanted = Wanted(provider=provider, organization=organization, own=own, scopes=" ".join(asked), app=app)
            unit.app_work.consents.remember(actor, begun, wanted)
        return ConsentRedirect(url=begun.url, expires_at=self._ambient.now() + CONSENT_LIFE)

    def complete(
        self, actor: Principal, provider: str, *, parameters: Iterable[tuple[str, str]], request: Request | None = None
    ) -> Outcome[AppConnection]:
        """Take a callback to its end; `parameters` as they stood in the address, `actor` as who began it, in the same session.

        Reasons: NOT_FOUND, INVALID_TOKEN for everything that is wrong with the callback or the provider's answer (the log says which),
        what the roles refuse, CONFLICT.
        """
        found = self._policy.provider(provider)
        if found is None:
            return _NO_PROVIDER
        given = tuple(parameters)
        state = next((value for name, value in given if name == "state"), "")
        with self._begin(request) as unit:
            returned = unit.app_work.consents.resume(actor, provider=provider, state=state)
            code = read_callback(given, provider=found)
            if isinstance(returned, str):
                return unit.app_work.apps.refuse(actor, provider, organization=None, why=returned)
            if isinstance(code, ConsentReason):
                return unit.app_work.apps.refuse(actor, provider, organization=returned.wanted.organization, why=code.value)
        redirect_uri = self._policy.redirect_uri(self._base_url, found)
        asking = code_request(
            found, code=code, verifier=returned.verifier, redirect_uri=redirect_uri, now=self._ambient.now(), random=self._ambient.random
        )
        tokens = self._tokens(found, asking)
        if isinstance(tokens, Failed):
            with self._begin(request) as unit:
                return unit.app_work.apps.refuse(actor, provider, organization=returned.wanted.organization, why=tokens.why)
        return self._connected(actor, found, returned, tokens, request=request)

    def get_token(
        self,
        actor: Principal,
        app: AppId,
        *,
        organization: OrganizationId,
        refused: SecretText | None = None,
        request: Request | None = None,
    ) -> Outcome[AccessToken]:
        """Return a token that is good now, refreshed where that is due; that it was handed out is in the log by then.

        `refused` is a token from here that the API has just refused (401 `invalid_token`, RFC 6750 section 3.1): unless another has taken
        its place it is refreshed at once, by one process, and at most once a minute (CONFLICT with `retry_after` before).
        Reasons: what the roles refuse, NOT_FOUND, REVOKED where the app has to be connected again, CONFLICT with `retry_after` where the
        provider can not be asked, or another process has not done so yet. Raises a `KmsError` if the organization's key can not be used.
        """
        waited = _FIRST_WAIT
        for _ in range(_ROUNDS):
            with self._reading(request) as unit:
                found = unit.app_work.apps.to_use(actor, app, organization=organization)
                if isinstance(found, Refusal):
                    return found
            answer = self._looked(actor, found, request, refused=refused)
            if answer is None:
                self._make_key(found, request)
            elif isinstance(answer, Lease):
                self._refresh(answer, request)
            elif not isinstance(answer, Waiting):
                return answer
            else:
                self._pause(waited * (0.5 + int.from_bytes(self._ambient.random(2), "big") / 65_535))
                waited = min(_LAST_WAIT, waited * 2)
        return _BUSY

    def _looked(
        self, actor: Principal, app: AppConnection, request: Request | None, *, refused: SecretText | None
    ) -> Outcome[AccessToken | Lease | Waiting] | None:
        """Return what there is, None where the organization needs another data key before anything can be sealed."""
        try:
            return self._beside.tokens(request).look(actor, app, refused=refused)
        except DataKeyExhausted:
            return None

    def _kept(self, app: AppConnection) -> None:
        """Refresh what nobody asks for, if that is due."""
        for _ in range(2):
            try:
                lease = self._beside.tokens(None).lease(app)
            except DataKeyExhausted:
                self._make_key(app, None)
                continue
            if lease is not None:
                self._refresh(lease, None)
            return

    def _make_key(self, app: AppConnection, request: Request | None) -> None:
        with self._begin(request) as unit:
            unit.secrets.seal(b"", context=tokens_context(app.organization_id, app.id))

    def _refresh(self, lease: Lease, request: Request | None) -> None:
        """Use a lease: ask the provider, and write what came of it."""
        provider = self._policy.provider(lease.app.provider)
        given: TokenSet | Failed = Failed(Fate.RETRY, "provider_not_configured")
        if provider is not None and lease.pair.refresh is not None:
            asking = refresh_request(provider, token=lease.pair.refresh, now=self._ambient.now(), random=self._ambient.random)
            given = self._tokens(provider, asking)
        lives = provider.lives if provider is not None else Lives()
        tokens = self._beside.tokens(request)
        try:
            tokens.conclude(lease, given, lives=lives, pause=self._pause)
        except DataKeyExhausted:
            self._make_key(lease.app, request)
            tokens.conclude(lease, given, lives=lives, pause=self._pause)

    def _connected(
        self, actor: Principal, provider: AppProvider, returned: Returned, given: TokenSet, *, request: Request | None
    ) -> Outcome[AppConnection]:
        """Write the connection, then its tokens; one that is interrupted in between needs consent, and says so.

        Tokens whose connection was refused, or ended before they were stored, are given back by the worker.
        """
        wanted = returned.wanted
        scopes = " ".join(sorted(given.scopes)) if given.scopes is not None else wanted.scopes
        consented = Consented(
            provider=provider.name,
            organization=wanted.organization,
            user=UserId(actor.id) if wanted.own else None,
            scopes=scopes,
            app=wanted.app,
        )
        kept, sealed = False, b""
        with self._begin(request) as unit:
            made = unit.app_work.apps.connect(actor, consented)
            if not isinstance(made, Refusal):
                sealed = self._sealed(unit, made, given)
        if not isinstance(made, Refusal):
            kept = self._beside.tokens(request).keep(made, given, lives=provider.lives, sealed=sealed, pause=self._pause)
        ended = self._handed_over(actor, provider, consented, made, given, request=request)
        if isinstance(made, Refusal):
            return made
        return _ENDED if ended else made if kept else _BUSY

    def _handed_over(
        self,
        actor: Principal,
        provider: AppProvider,
        consented: Consented,
        made: Outcome[AppConnection],
        given: TokenSet,
        *,
        request: Request | None,
    ) -> bool:
        """Have the worker give tokens back whose connection is not there any more, or never was; True if it is so."""
        app = consented.app if isinstance(made, Refusal) else made.id
        with self._begin(request) as unit:
            ended = unit.app_work.endings.hand_over(actor, consented, made=app)
            if ended is None:
                return False
            sealed = self._sealed(unit, ended, given)
        tokens = self._beside.tokens(request)
        tokens.keep(ended, given, lives=provider.lives, sealed=sealed, pause=self._pause)
        if not isinstance(made, Refusal):
            tokens.forget(made)
        return True

    @staticmethod
    def _sealed(unit: AppUnit, app: AppConnection, given: TokenSet) -> bytes:
        pair = Pair(access=given.access_token, refresh=given.refresh_token)
        return unit.secrets.seal(pack(pair), context=tokens_context(app.organization_id, app.id))

    def _tokens(self, provider: AppProvider, asking: HttpRequest) -> TokenSet | Failed:
        try:
            answer = self._fetcher.fetch(asking, reach=provider.reach, hosts=provider.hosts)
        except FetchError as error:
            return Failed(Fate.RETRY, error.reason)
        return read_tokens(answer, provider=provider)

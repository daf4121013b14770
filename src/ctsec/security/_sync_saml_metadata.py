# Generated from src/ctsec/security/_async_saml_metadata.py by tools/twin.py; edit that file.
"""Metadata of providers that speak SAML: fetched, compared and trusted, in short units of work (async source).

Rules that this module keeps:

- it is fetched by the guarded fetcher, from the one host of its address, and no transaction is open meanwhile;
- who sees what a fetch came to may manage connections, and has just proved a second factor; of what is no metadata nothing is shown;
- one that fails stops no other, and is looked at again at the next run;
- a run of the job looks at so few connections that even the slowest answers are in before its lease ends.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ctsec.ambient import Ambient, Request
from ctsec.errors import CtsecError
from ctsec.ids import ConnectionId, OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.security._sync_providers import Providers
from ctsec.security._sync_sso_logout import Units
from ctsec.sso.policy import SsoPolicy
from ctsec.sso.record import Connection
from ctsec.sso.saml.settings import SamlSettings
from ctsec.sso.saml.watching import Offer, metadata_request, offered, read_metadata
from ctsec.sso.settings import ConnectionSettings
from ctsec.transport.address import check_url
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer
from ctsec.worker._sync import Job

if TYPE_CHECKING:
    from ctsec.sso.saml.provider import ProviderDocument

LOOKS: Final = 20
_LOG: Final = logging.getLogger("ctsec.sso")
METADATA_JOB: Final = "saml-metadata"
_NO_CONNECTION: Final = Refusal(Reason.NOT_FOUND, "there is no such connection that speaks SAML")
_NO_SOURCE: Final = Refusal(Reason.INVALID_INPUT, "expected an https address of metadata, or the metadata itself")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataSource:
    """Where metadata comes from: its address, or the text itself (`document`); of which provider, if it has several."""

    url: str = ""
    document: str = ""
    entity_id: str = ""


class SamlMetadata:
    """Reads what providers say of themselves; what is trusted of it is said by an administrator, or by a connection's policy."""

    __slots__ = ("_ambient", "_begin", "_policy", "_providers")

    def __init__(self, begin: Units, *, providers: Providers, policy: SsoPolicy, ambient: Ambient) -> None:
        self._begin = begin
        self._providers = providers
        self._policy = policy
        self._ambient = ambient

    def preview(
        self, actor: Principal, source: MetadataSource, *, organization: OrganizationId, request: Request | None = None
    ) -> Outcome[ProviderDocument]:
        """Return what a document says, before there is a connection. Reasons: what `sso:manage` refuses, STEP_UP_REQUIRED,
        INVALID_INPUT; CONFLICT, with one word, for what was not to be had or is not accepted.
        """
        with self._begin(request) as unit:
            refusal = unit.connections.refusal(actor, organization=organization)
        return refusal if refusal is not None else self._document(source)

    def difference(
        self,
        actor: Principal,
        connection: ConnectionId,
        *,
        organization: OrganizationId,
        source: MetadataSource | None = None,
        request: Request | None = None,
    ) -> Outcome[Offer]:
        """Return how a document differs from what a connection believes: that at the connection's address, or another (`source`)."""
        found = self._found(actor, connection, organization, request)
        if isinstance(found, Refusal):
            return found
        document = self._document(_source(found[1], source))
        return document if isinstance(document, Refusal) else offered(found[1], document)

    def trust(
        self,
        actor: Principal,
        connection: ConnectionId,
        *,
        organization: OrganizationId,
        seen: str,
        source: MetadataSource | None = None,
        request: Request | None = None,
    ) -> Outcome[Connection]:
        """Take a document as it was shown: `seen` is the name of the offer. CONFLICT if it is another one by now."""
        found = self._found(actor, connection, organization, request)
        if isinstance(found, Refusal):
            return found
        document = self._document(_source(found[1], source))
        if isinstance(document, Refusal):
            return document
        with self._begin(request) as unit:
            return unit.saml_watch.trust(actor, found[0], organization=organization, document=document, seen=seen)

    def fetched(self, url: str) -> HttpAnswer | str:
        """Return the answer of an address of metadata, or in one word why there is none."""
        hosts = frozenset({check_url(url).host})
        return self._providers.fetched(metadata_request(url), reach=self._policy.reach, hosts=hosts)

    def run_due(self) -> int:
        """Look at the metadata of connections that are due, a few in a run; return how many were looked at."""
        with self._begin(None) as unit:
            due = unit.saml_watch.due(limit=LOOKS)
        for each in due:
            try:
                self._look_at(each)
            except CtsecError as error:
                _LOG.warning("what the provider of a connection says could not be kept: %s", error.code)
            except Exception:  # noqa: BLE001 - a mistake about one must not keep those of other organizations
                _LOG.exception("what the provider of a connection says could not be kept")
        return len(due)

    def _look_at(self, connection: Connection) -> None:
        saml = ConnectionSettings.read(connection.settings).saml
        answer: ProviderDocument | str | None = None
        if saml is not None and saml.metadata_url:
            answer = read_metadata(self.fetched(saml.metadata_url), entity_id=saml.issuer, now=self._ambient.now())
        with self._begin(None) as unit:
            unit.saml_watch.looked(connection, answer=answer)

    def job(self) -> Job:
        """Return what the worker runs."""
        return Job(name=METADATA_JOB, every=timedelta(minutes=10), work=self.run_due)

    def _found(
        self, actor: Principal, connection: ConnectionId, organization: OrganizationId, request: Request | None
    ) -> Outcome[tuple[Connection, SamlSettings]]:
        with self._begin(request) as unit:
            refusal = unit.connections.refusal(actor, organization=organization)
            if refusal is not None:
                return refusal
            found = unit.sso_trials.found(connection, organization=organization)
        saml = None if isinstance(found, Refusal) else ConnectionSettings.read(found.settings).saml
        return _NO_CONNECTION if isinstance(found, Refusal) or saml is None else (found, saml)

    def _document(self, source: MetadataSource) -> Outcome[ProviderDocument]:
        answer: HttpAnswer | str
        if source.document:
            answer = HttpAnswer(status=200, body=source.document.encode())
        elif _fetchable(source.url, self._policy.reach):
            answer = self.fetched(source.url)
        else:
            return _NO_SOURCE
        found = read_metadata(answer, entity_id=source.entity_id, now=self._ambient.now())
        return Refusal(Reason.CONFLICT, f"the provider's metadata was not accepted: {found}") if isinstance(found, str) else found


def _source(saml: SamlSettings, source: MetadataSource | None) -> MetadataSource:
    """Return where the metadata of a connection's own provider comes from."""
    document = source.document if source is not None else ""
    return MetadataSource(url=saml.metadata_url, document=document, entity_id=saml.issuer)


def _fetchable(url: str, reach: Reach) -> bool:
    try:
        check_url(url)
    except ValueError:
        return False
    return reach is Reach.LOOPBACK or url.startswith("https://")

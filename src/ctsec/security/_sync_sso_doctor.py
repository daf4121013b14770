# Generated from src/ctsec/security/_async_sso_doctor.py by tools/twin.py; edit that file.
"""The doctor of a connection: what stands here, what its provider answers, and what to do (async source).

Rules that this module keeps:

- it changes nothing, here or there, and no transaction is open while the provider is asked;
- nothing is asked but the connection's hosts, by the guarded fetcher: the document and the keys, of GitHub its API without a token,
  of a provider that speaks SAML its metadata, where the connection has an address of it;
- a provider that does not answer is a check that failed, not an error.
"""

from __future__ import annotations

from typing import Final, Protocol
from urllib.parse import quote

from ctsec.ambient import Ambient, Request
from ctsec.ids import ConnectionId, OrganizationId
from ctsec.outcome import Outcome, Refusal
from ctsec.principal import Principal
from ctsec.security._sync_providers import Providers
from ctsec.security._sync_sso_logout import Units
from ctsec.sso.doctor import Check, CheckName, DoctorReport
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.key_cache import Steps, keys_request
from ctsec.sso.oidc.metadata import discovery_request
from ctsec.sso.own_checks import OwnSide, own_checks
from ctsec.sso.provider_checks import Asked, api_check, connection_checks, document_checks, key_checks, keys_address, read_document
from ctsec.sso.saml.own_key import own_keys
from ctsec.sso.saml.peer import SamlPeer
from ctsec.sso.saml_checks import metadata_check, saml_checks
from ctsec.transport.request import HttpAnswer, HttpRequest

_ORDER: Final = {name: number for number, name in enumerate(CheckName)}


class Metadata(Protocol):
    """Fetches metadata of providers that speak SAML."""

    def __call__(self, url: str) -> HttpAnswer | str:
        """Return the answer of an address, or in one word why there is none."""
        ...


class SsoDoctor:
    """Looks at connections, drafts too."""

    __slots__ = ("_ambient", "_begin", "_metadata_of", "_providers")

    def __init__(self, begin: Units, *, providers: Providers, metadata: Metadata, ambient: Ambient) -> None:
        self._metadata_of = metadata
        self._begin = begin
        self._providers = providers
        self._ambient = ambient

    def report(
        self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId, request: Request | None = None
    ) -> Outcome[DoctorReport]:
        """Return what is to be said of a connection. Reasons: what `sso:manage` refuses, STEP_UP_REQUIRED, NOT_FOUND."""
        with self._begin(request) as unit:
            refusal = unit.connections.refusal(actor, organization=organization)
            if refusal is not None:
                return refusal
            found = unit.sso_trials.found(connection, organization=organization)
            if isinstance(found, Refusal):
                return found
            own = unit.sso_trials.own_side(found)
        return self._reported(own)

    def inspect(self, connection: ConnectionId) -> Outcome[DoctorReport]:
        """Return the same for who runs the deployment, of whichever organization: nobody is asked for a right. Reasons: NOT_FOUND."""
        with self._begin(None) as unit:
            found = unit.sso_trials.found(connection, organization=None)
            if isinstance(found, Refusal):
                return found
            own = unit.sso_trials.own_side(found)
        return self._reported(own)

    def _reported(self, own: OwnSide) -> DoctorReport:
        checks = list(own_checks(own))
        if own.peer is not None:
            checks += saml_checks(own.peer, ours=own_keys(own.connection.public_keys), now=self._ambient.now())
            checks += self._metadata(own.peer)
        if own.client is not None:
            checks += self._provider(own.client)
        checks.sort(key=lambda each: _ORDER[each.name])
        return DoctorReport(connection=own.connection.id, looked_at=self._ambient.now(), checks=tuple(checks))

    def _metadata(self, peer: SamlPeer) -> list[Check]:
        url = peer.settings.metadata_url
        if not url:
            return [metadata_check(None, peer=peer, now=self._ambient.now())]
        answer = self._metadata_of(url)
        asked = Asked(answer=answer, at=self._ambient.now())
        return [*connection_checks(asked, skew=peer.trust.skew), metadata_check(answer, peer=peer, now=asked.at)]

    def _provider(self, client: OidcClient) -> list[Check]:
        if not client.preset.oidc:
            asked = self._ask(_membership(client), client)
            return [*connection_checks(asked, skew=client.skew), api_check(asked.answer)]
        asked = self._ask(discovery_request(client), client)
        checks = [*connection_checks(asked, skew=client.skew), *document_checks(asked.answer, client=client)]
        found = read_document(asked.answer)
        if found is not None:
            address = keys_address(found, client=client)
            keys = None if address is None else (self._ask(keys_request(address), client)).answer
            checks.append(key_checks(keys, client=client))
        return checks

    def _ask(self, request: HttpRequest, client: OidcClient) -> Asked:
        answer = self._providers.drive(_once(request), client=client)
        return Asked(answer=answer, at=self._ambient.now())


def _once(request: HttpRequest) -> Steps[HttpAnswer]:
    return (yield request)


def _membership(client: OidcClient) -> HttpRequest:
    place = f"/memberships/orgs/{quote(client.github.login, safe='')}" if client.github is not None else ""
    return HttpRequest(url=f"https://api.github.com/user{place}")

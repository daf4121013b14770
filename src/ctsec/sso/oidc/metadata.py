"""What a provider says of itself (OpenID Connect Discovery 1.0; RFC 8414; RFC 7009).

Rules that this module keeps:

- the issuer in the document is the configured one, byte by byte, or nothing of the document counts;
- every endpoint is https at a host of the connection: a document can not lead the server or the browser elsewhere;
- what the provider lists may only take away: it adds no algorithm, no method and no flow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from ctsec.jose.rejection import Rejected, Unacceptable, refuse_if
from ctsec.jose.strict import parse_object
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.reason import OidcReason
from ctsec.transport.address import check_url
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest

MAX_DOCUMENT: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMetadata:
    """Where a provider's endpoints are; an empty one is not offered. `names_issuer` says that its callbacks carry `iss` (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str = ""
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    revocation_endpoint: str = ""
    names_issuer: bool = False


def discovery_request(client: OidcClient) -> HttpRequest:
    """Return what asks for the document."""
    return HttpRequest(url=client.document, limit=MAX_DOCUMENT)


def parse_discovery(answer: HttpAnswer, client: OidcClient) -> ProviderMetadata | Rejected:
    """Return what the document of the connection's provider says, or why it is not accepted."""
    if answer.status != 200:
        return Rejected(OidcReason.DISCOVERY_STATUS)
    try:
        found = parse_object(answer.body, limit=MAX_DOCUMENT)
    except ValueError:
        return Rejected(OidcReason.DISCOVERY_MALFORMED)
    try:
        return _metadata(found, client)
    except Unacceptable as error:
        return Rejected(error.reason)


def _metadata(found: Mapping[str, object], client: OidcClient) -> ProviderMetadata:
    refuse_if(found.get("issuer") != client.name_of_issuer, OidcReason.DISCOVERY_WRONG_ISSUER)
    refuse_if("code" not in _words(found, "response_types_supported", otherwise=("code",)), OidcReason.DISCOVERY_NO_CODE_FLOW)
    refuse_if("S256" not in _words(found, "code_challenge_methods_supported", otherwise=("S256",)), OidcReason.DISCOVERY_NO_S256)
    names_issuer = found.get("authorization_response_iss_parameter_supported", False)
    if not isinstance(names_issuer, bool):
        raise Unacceptable(OidcReason.DISCOVERY_MALFORMED)
    return ProviderMetadata(
        issuer=client.name_of_issuer,
        authorization_endpoint=_endpoint(found, "authorization_endpoint", client),
        token_endpoint=_endpoint(found, "token_endpoint", client),
        jwks_uri=_endpoint(found, "jwks_uri", client),
        userinfo_endpoint=_endpoint(found, "userinfo_endpoint", client, needed=False),
        end_session_endpoint=_endpoint(found, "end_session_endpoint", client, needed=False),
        revocation_endpoint=_endpoint(found, "revocation_endpoint", client, needed=False),
        names_issuer=names_issuer,
    )


def _words(found: Mapping[str, object], name: str, *, otherwise: tuple[str, ...]) -> list[object]:
    words = found.get(name, list(otherwise))
    if not isinstance(words, list):
        raise Unacceptable(OidcReason.DISCOVERY_MALFORMED)
    return cast("list[object]", words)


def _endpoint(found: Mapping[str, object], name: str, client: OidcClient, *, needed: bool = True) -> str:
    url = found.get(name)
    if url is None and not needed:
        return ""
    fault = endpoint_fault(url, client=client)
    if fault is not None or not isinstance(url, str):
        raise Unacceptable(fault or OidcReason.DISCOVERY_BAD_ENDPOINT)
    return url


def endpoint_fault(url: object, *, client: OidcClient) -> OidcReason | None:
    """Return why an address in a document is no endpoint of the connection's provider, or None."""
    try:
        location = check_url(url) if isinstance(url, str) else None
    except ValueError:
        location = None
    if location is None or "#" in str(url) or (location.scheme != "https" and client.reach is not Reach.LOOPBACK):
        return OidcReason.DISCOVERY_BAD_ENDPOINT
    return None if location.host in client.known_hosts else OidcReason.DISCOVERY_FOREIGN_HOST

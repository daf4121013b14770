"""What the doctor makes of the answers of a provider: of its document, its keys, its certificate and its clock.

Rules that this module keeps:

- what refuses a sign-in fails here, by the same functions and lists that sign-ins are judged by; everything else is at most a warning;
- what a provider does not announce is read as OpenID Connect Discovery 1.0 (3) and RFC 8414 (2) say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from ctsec.jose.jwks import parse_jwks
from ctsec.jose.keys import Algorithm
from ctsec.jose.rejection import KeyReason, Rejected
from ctsec.jose.strict import parse_object
from ctsec.sso.doctor import Check, CheckName, fail, listed, ok, shown, warn
from ctsec.sso.oidc.client import OidcClient, PrivateKeyJwt, SecretPost
from ctsec.sso.oidc.metadata import MAX_DOCUMENT, endpoint_fault
from ctsec.transport.report import TLS13
from ctsec.transport.request import FetchReason, HttpAnswer

CERTIFICATE_SOON: Final = timedelta(days=21)
_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OFFERED: Final = ("userinfo_endpoint", "end_session_endpoint", "revocation_endpoint")
_HARMLESS: Final = frozenset({KeyReason.NOT_FOR_SIGNATURES})
_SIGNED_BY: Final = "ES256"
_BROKEN: Final = {FetchReason.NO_TLS.value: CheckName.TLS, FetchReason.BAD_CERTIFICATE.value: CheckName.CERTIFICATE}
Document = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a provider answered, or in one word why it did not, and the time here when the answer had come."""

    answer: HttpAnswer | str
    at: datetime


def read_document(answer: HttpAnswer | str) -> Document | None:
    """Return the document in an answer, None for one that is none."""
    if isinstance(answer, str) or answer.status != 200:
        return None
    try:
        return parse_object(answer.body, limit=MAX_DOCUMENT)
    except ValueError:
        return None


def keys_address(found: Document, *, client: OidcClient) -> str | None:
    """Return where the keys stand, None if that is no address of the connection's provider."""
    url = found.get("jwks_uri")
    return url if isinstance(url, str) and endpoint_fault(url, client=client) is None else None


def connection_checks(asked: Asked, *, skew: timedelta) -> Iterator[Check]:
    """Yield what is to be said of the connection itself: TLS, certificate, clock."""
    answer = asked.answer
    if isinstance(answer, str):
        yield from (fail(_BROKEN[word], word, "have the provider renew or repair it") for word in (answer,) if word in _BROKEN)
        return
    if not answer.protocol:
        yield warn(CheckName.TLS, "plain http", "only a deployment that reaches loopback asks without TLS; use https elsewhere")
    elif answer.protocol == TLS13:
        yield ok(CheckName.TLS, answer.protocol)
    else:
        yield warn(CheckName.TLS, shown(answer.protocol), "have the provider speak TLS 1.3")
    until = answer.certificate_until
    if until is not None:
        seen = f"valid until {until:%Y-%m-%d}"
        soon = until - asked.at < CERTIFICATE_SOON
        yield warn(CheckName.CERTIFICATE, seen, "renew it before then: sign-ins end with it") if soon else ok(CheckName.CERTIFICATE, seen)
    if answer.said_at is None:
        yield warn(CheckName.CLOCK, "the provider tells no time", "compare the clocks by hand")
        return
    apart = (answer.said_at - asked.at).total_seconds()
    seen = f"the provider's clock is {abs(apart):.0f} s {'ahead' if apart > 0 else 'behind'}"
    advice = f"set the clocks right (NTP): sign-ins are refused from {skew.total_seconds():.0f} s on"
    if abs(apart) > skew.total_seconds():
        yield fail(CheckName.CLOCK, seen, advice)
    else:
        yield warn(CheckName.CLOCK, seen, advice) if abs(apart) > skew.total_seconds() / 2 else ok(CheckName.CLOCK, seen)


def document_checks(answer: HttpAnswer | str, *, client: OidcClient) -> Iterator[Check]:
    """Yield what is to be said of the document."""
    found = read_document(answer)
    if found is None:
        seen = answer if isinstance(answer, str) else f"{answer.status}, {len(answer.body)} bytes"
        advice = "have the provider answer there with 200 and a JSON object, or correct the issuer or the place of the document"
        yield fail(CheckName.DISCOVERY, shown(f"{client.document}: {seen}"), advice)
        return
    yield ok(CheckName.DISCOVERY, shown(client.document))
    issuer = found.get("issuer")
    if issuer == client.name_of_issuer:
        yield ok(CheckName.ISSUER, shown(issuer))
    else:
        seen = f"{shown(issuer)} instead of {client.name_of_issuer}"
        yield fail(CheckName.ISSUER, seen, "write the issuer of the connection exactly as the document has it, a slash at its end included")
    yield _endpoints(found, client)
    yield _words(found, "response_types_supported", CheckName.CODE_FLOW, wanted="code", advice="allow the code flow for this client")
    yield _words(found, "code_challenge_methods_supported", CheckName.PKCE, wanted="S256", advice="allow PKCE with S256")
    yield _algorithms(found)
    yield _callback_issuer(found)
    yield _scopes(found, client)
    yield _proof(found, client)
    yield _claims(found, client)
    yield from _offers(found)


def key_checks(answer: HttpAnswer | str | None, *, client: OidcClient) -> Check:
    """Return what is to be said of the provider's keys; None where they were not asked for, since their address is not the provider's."""
    advice = "have the provider publish its public keys for signatures there"
    if answer is None:
        return fail(CheckName.KEYS, "not asked for: their address is none of the provider's", advice)
    if isinstance(answer, str) or answer.status != 200:
        return fail(CheckName.KEYS, f"not to be had: {answer if isinstance(answer, str) else answer.status}", advice)
    found = parse_jwks(answer.body, rsa=client.algorithm)
    if isinstance(found, Rejected):
        return fail(CheckName.KEYS, found.reason.value, advice)
    usable = listed(dict.fromkeys(each.algorithm.value for each in found.keys))
    seen = f"{len(found.keys)} usable ({usable})"
    if found.left_out:
        seen += f"; left out: {listed(f'number {position} ({why.value})' for position, why in found.left_out)}"
    if not found.keys:
        return fail(CheckName.KEYS, seen, advice)
    odd = any(why not in _HARMLESS for _, why in found.left_out)
    return (
        warn(CheckName.KEYS, seen, "tokens signed with a key that is left out are refused; replace it") if odd else ok(CheckName.KEYS, seen)
    )


def api_check(answer: HttpAnswer | str) -> Check:
    """Return whether GitHub's API of memberships answers; without a token it says 401, which is what was asked for."""
    if isinstance(answer, HttpAnswer) and answer.status in {401, 403}:
        return ok(CheckName.PROVIDER_API, f"the API of memberships answers ({answer.status} without a token)")
    seen = answer if isinstance(answer, str) else str(answer.status)
    return fail(
        CheckName.PROVIDER_API, f"the API of memberships does not answer: {seen}", "try again later, and see the provider's status page"
    )


def _endpoints(found: Document, client: OidcClient) -> Check:
    faults = [(name, endpoint_fault(found.get(name), client=client)) for name in _NEEDED]
    faults += [(name, endpoint_fault(found[name], client=client)) for name in _OFFERED if found.get(name) is not None]
    wrong = [f"{name}: {why.value}" for name, why in faults if why is not None]
    if wrong:
        hosts = listed(sorted(client.known_hosts))
        advice = f"every endpoint is https at one of {hosts}; add a host to the connection if it is the provider's own"
        return fail(CheckName.ENDPOINTS, listed(wrong), advice)
    return ok(CheckName.ENDPOINTS, f"all at {listed(sorted(client.known_hosts))}")


def _listed(found: Document, name: str) -> list[object] | None:
    value = found.get(name)
    return cast("list[object]", value) if isinstance(value, list) else None


def _words(found: Document, name: str, check: CheckName, *, wanted: str, advice: str) -> Check:
    words = _listed(found, name)
    if words is None and name in found:
        return fail(check, f"{name} is no list", advice)
    if words is None:
        return warn(check, f"{name} is not announced", f"{advice}, which is used in any case")
    return ok(check, wanted) if wanted in words else fail(check, listed(words), advice)


def _algorithms(found: Document) -> Check:
    words = _listed(found, "id_token_signing_alg_values_supported")
    if words is None:
        return warn(CheckName.ALGORITHMS, "not announced", "have ID tokens signed with RS256, ES256 or another algorithm of the reference")
    ours = [each for each in words if isinstance(each, str) and each in frozenset(Algorithm)]
    if not ours:
        return fail(CheckName.ALGORITHMS, listed(words), "have ID tokens signed with RS256, ES256 or another algorithm of the reference")
    if "none" in words:
        return warn(CheckName.ALGORITHMS, listed(words), "the provider offers unsigned tokens: they are refused here; turn them off there")
    return ok(CheckName.ALGORITHMS, listed(ours))


def _callback_issuer(found: Document) -> Check:
    said = found.get("authorization_response_iss_parameter_supported", False)
    if not isinstance(said, bool):
        return fail(CheckName.CALLBACK_ISSUER, "neither true nor false", "correct authorization_response_iss_parameter_supported")
    return ok(
        CheckName.CALLBACK_ISSUER,
        "required in callbacks (RFC 9207)" if said else "not announced; the redirect URI is this connection's alone",
    )


def _scopes(found: Document, client: OidcClient) -> Check:
    words, asked = _listed(found, "scopes_supported"), listed(client.asked)
    missing = [each for each in client.asked if words is not None and each not in words]
    if missing:
        return warn(CheckName.SCOPES, f"not announced: {listed(missing)}", "allow them for this client, or take them out of the connection")
    return ok(CheckName.SCOPES, f"asked for: {asked}" + ("" if words is not None else " (the provider announces none)"))


def _proof(found: Document, client: OidcClient) -> Check:
    private = isinstance(client.proof, PrivateKeyJwt)
    method = "private_key_jwt" if private else "client_secret_post" if isinstance(client.proof, SecretPost) else "client_secret_basic"
    words = _listed(found, "token_endpoint_auth_methods_supported")
    advice = f"allow {method} for this client, or have the connection prove itself otherwise"
    if words is None:
        plain = method == "client_secret_basic"
        return (
            ok(CheckName.CLIENT_AUTHENTICATION, method)
            if plain
            else warn(CheckName.CLIENT_AUTHENTICATION, f"{method} is not announced", advice)
        )
    if method not in words:
        return fail(CheckName.CLIENT_AUTHENTICATION, f"{method} is not among {listed(words)}", advice)
    signed = _listed(found, "token_endpoint_auth_signing_alg_values_supported")
    if private and signed is not None and _SIGNED_BY not in signed:
        return fail(CheckName.CLIENT_AUTHENTICATION, f"{_SIGNED_BY} is not among {listed(signed)}", f"allow {_SIGNED_BY} for this client")
    return ok(CheckName.CLIENT_AUTHENTICATION, method)


def _claims(found: Document, client: OidcClient) -> Check:
    words, groups = _listed(found, "claims_supported"), client.groups_claim or client.preset.groups_claim
    if not groups:
        return ok(CheckName.CLAIMS, "the provider tells no groups, and rules by groups match nobody")
    if words is not None and groups not in words:
        advice = "have it sent if rules or required groups need it: groups that are not told are unknown"
        return warn(CheckName.CLAIMS, f"the claim {shown(groups)} is not announced", advice)
    return ok(CheckName.CLAIMS, f"groups are read from {shown(groups)}")


def _offers(found: Document) -> Iterator[Check]:
    grants = _listed(found, "grant_types_supported")
    for check, there, advice in (
        (CheckName.USERINFO, "userinfo_endpoint" in found, "address, name and groups have to stand in the ID token"),
        (
            CheckName.REFRESH,
            grants is None or "refresh_token" in grants,
            "sessions can not be asked about, and end after SsoPolicy.unasked",
        ),
        (CheckName.END_SESSION, "end_session_endpoint" in found, "whoever signs out here stays signed in there"),
        (CheckName.REVOCATION, "revocation_endpoint" in found, "tokens of sessions that are over stay good until they expire"),
        (
            CheckName.BACK_CHANNEL_LOGOUT,
            found.get("backchannel_logout_supported") is True,
            "who is signed out there is seen at the next check",
        ),
    ):
        yield (
            ok(check, "offered" if check is not CheckName.REFRESH or grants is not None else "not announced")
            if there
            else warn(check, "not offered", advice)
        )

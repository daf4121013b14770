"""ID tokens (OpenID Connect Core 1.0, 3.1.3.7 and 12.2): what makes one a proof that this person signed in, here and now.

Rules that this module keeps:

- the signature first, then every claim; each rule has its reason, and none is left out because the token comes straight from the provider;
- the issuer of several directories is its template with the token's own directory in it, and that directory is one of the connection;
- a refreshed token is of the same issuer, person, client and sign-in as the first one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ctsec.jose.claims import (
    Times,
    check_access_token_hash,
    check_audience,
    check_class,
    check_issuer,
    check_methods,
    check_nonce,
    check_sign_in_time,
    check_subject,
    check_times,
)
from ctsec.jose.jwks import KeySet
from ctsec.jose.jws import ID_TOKEN, MAX_TOKEN, open_jws, read_object
from ctsec.jose.keys import Algorithm
from ctsec.jose.rejection import Rejected, TokenReason, Unacceptable, refuse_if
from ctsec.secret import SecretText
from ctsec.sso.oidc.authorization import PendingSignIn
from ctsec.sso.oidc.client import TENANT, OidcClient
from ctsec.sso.oidc.reason import OidcReason
from ctsec.sso.oidc.tokens import TokenSet


@dataclass(frozen=True, slots=True, kw_only=True)
class IdToken:
    """A token that was accepted. `signed_in_at`, `acr`, `methods` are what the provider says of the sign-in; whether they count is the
    connection's to say. `session` is the provider's name for it (`sid`).
    """

    issuer: str
    subject: str
    claims: Mapping[str, object] = field(repr=False)
    signed_in_at: datetime | None = None
    acr: str | None = None
    methods: tuple[str, ...] = ()
    session: str | None = None


def check_id_token(tokens: TokenSet, *, client: OidcClient, keys: KeySet, pending: PendingSignIn, now: datetime) -> IdToken | Rejected:
    """Return the ID token of an answer, or why it is not accepted."""
    since = None if pending.max_age is None else pending.begun_at - pending.max_age
    try:
        claims, algorithm = read_claims(tokens.id_token, client=client, keys=keys)
        times = Times(now=now, skew=client.skew)
        check_times(claims, times=times)
        check_nonce(claims, nonce=pending.nonce.reveal())
        check_access_token_hash(claims, algorithm=algorithm, access_token=tokens.access_token.reveal())
        signed_in_at = check_sign_in_time(claims, times=times, since=since)
        return _accepted(claims, signed_in_at, wanted=pending.acr)
    except Unacceptable as error:
        return Rejected(error.reason)


def check_refreshed(tokens: TokenSet, *, client: OidcClient, keys: KeySet, before: IdToken, now: datetime) -> IdToken | Rejected:
    """Return the ID token that came with refreshed tokens, or why it is not accepted; `before` is the one of the sign-in."""
    try:
        claims, algorithm = read_claims(tokens.id_token, client=client, keys=keys)
        times = Times(now=now, skew=client.skew)
        check_times(claims, times=times)
        check_access_token_hash(claims, algorithm=algorithm, access_token=tokens.access_token.reveal())
        signed_in_at = check_sign_in_time(claims, times=times, since=None)
        after = _accepted(claims, signed_in_at, wanted=frozenset())
        refuse_if(after.issuer != before.issuer, OidcReason.REFRESHED_OTHER_ISSUER)
        refuse_if(after.subject != before.subject, OidcReason.REFRESHED_OTHER_SUBJECT)
        refuse_if("nonce" in claims and claims["nonce"] != before.claims.get("nonce"), TokenReason.WRONG_NONCE)
        both = after.signed_in_at is not None and before.signed_in_at is not None
        refuse_if(both and after.signed_in_at != before.signed_in_at, OidcReason.REFRESHED_OTHER_SIGN_IN)
        return after
    except Unacceptable as error:
        return Rejected(error.reason)


def read_claims(token: SecretText | None, *, client: OidcClient, keys: KeySet) -> tuple[Mapping[str, object], Algorithm]:
    """Return the claims of an ID token of this client by one of its issuers, times and nonce apart; raise Unacceptable if it is none."""
    if token is None:
        raise Unacceptable(OidcReason.TOKEN_NO_ID_TOKEN)
    opened = open_jws(token.reveal(), keys, kind=ID_TOKEN)
    claims = read_object(opened.payload, limit=MAX_TOKEN)
    # What only other kinds of tokens have (RFC 8417; RFC 9068).
    refuse_if("events" in claims, TokenReason.WRONG_TYPE)
    check_issuer(claims, issuer=issuer_of(claims, client=client))
    check_audience(claims, client_id=client.client_id, others=client.audiences)
    return claims, opened.algorithm


def issuer_of(claims: Mapping[str, object], *, client: OidcClient) -> str:
    """Return the issuer that a token must have; raise Unacceptable if its directory is none of the connection's."""
    named = client.name_of_issuer
    if not client.preset.tenant_claim:
        return named
    directory = claims.get(client.preset.tenant_claim)
    if not isinstance(directory, str) or directory not in client.directories:
        raise Unacceptable(OidcReason.WRONG_DIRECTORY)
    return named.replace(TENANT, directory)


def _accepted(claims: Mapping[str, object], signed_in_at: datetime | None, *, wanted: frozenset[str]) -> IdToken:
    session = claims.get("sid")
    return IdToken(
        issuer=str(claims["iss"]),
        subject=check_subject(claims),
        claims=claims,
        signed_in_at=signed_in_at,
        acr=check_class(claims, wanted=wanted),
        methods=check_methods(claims),
        session=session if isinstance(session, str) and 0 < len(session) <= 255 else None,
    )

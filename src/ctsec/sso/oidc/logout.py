"""Signing out in both directions (OpenID Connect RP-Initiated Logout 1.0; Back-Channel Logout 1.0, 2.6).

Rules that this module keeps:

- a logout token says what it is (`typ` is `logout+jwt`, which the specification recommends and ctsec requires), so nothing else
  passes for one;
- it has the one event, names a person or a session, has an id and no nonce, and was issued at most two minutes ago;
- its id is to be consumed once, until `forget_at`: that is the caller's, since it takes a store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, cast

from ctsec.jose.claims import Times, check_audience, check_issuer, check_subject, check_times, number_of, text_of
from ctsec.jose.jwks import KeySet
from ctsec.jose.jws import LOGOUT_TOKEN, MAX_TOKEN, open_jws, read_object
from ctsec.jose.rejection import Rejected, TokenReason, Unacceptable, refuse_if
from ctsec.secret import SecretText
from ctsec.sso.oidc.authorization import with_query
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.id_token import issuer_of
from ctsec.sso.oidc.metadata import ProviderMetadata

LOGOUT_LIFE: Final = timedelta(minutes=2)
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutNotice:
    """What a provider says has ended: everything of a `subject`, or one `session`, or both.

    `token_id` is to be remembered until `forget_at`.
    """

    issuer: str
    token_id: str
    forget_at: datetime
    subject: str | None = None
    session: str | None = None


def check_logout_token(token: str, *, client: OidcClient, keys: KeySet, now: datetime) -> LogoutNotice | Rejected:
    """Return what a back-channel logout token says, or why it is not accepted."""
    try:
        claims = read_object(open_jws(token, keys, kind=LOGOUT_TOKEN).payload, limit=MAX_TOKEN)
        check_issuer(claims, issuer=_issuer(claims, client))
        check_audience(claims, client_id=client.client_id)
        check_times(claims, times=Times(now=now, skew=client.skew, longest=LOGOUT_LIFE))
        return _notice(claims, client.skew)
    except Unacceptable as error:
        return Rejected(error.reason)


def _issuer(claims: Mapping[str, object], client: OidcClient) -> str:
    # Entra's logout tokens need not name the directory: their issuer does.
    named = claims.get("iss")
    if client.preset.tenant_claim and client.preset.tenant_claim not in claims and isinstance(named, str) and named in client.issuers():
        return named
    return issuer_of(claims, client=client)


def _notice(claims: Mapping[str, object], skew: timedelta) -> LogoutNotice:
    refuse_if("nonce" in claims, TokenReason.UNEXPECTED_NONCE)
    events = claims.get("events")
    named = cast("Mapping[str, object]", events).get(EVENT) if isinstance(events, dict) else None
    refuse_if(not isinstance(named, dict), TokenReason.BAD_EVENTS)
    token_id, session = text_of(claims, "jti"), text_of(claims, "sid")
    if token_id is None or len(token_id) > 255:
        raise Unacceptable(TokenReason.NO_TOKEN_ID)
    refuse_if("sid" in claims and (session is None or len(session) > 255), TokenReason.NOBODY_NAMED)
    refuse_if("sid" not in claims and "sub" not in claims, TokenReason.NOBODY_NAMED)
    expires = number_of(claims, "exp") or 0.0
    return LogoutNotice(
        issuer=str(claims["iss"]),
        token_id=token_id,
        forget_at=datetime.fromtimestamp(min(expires, 253_402_300_000), UTC) + skew,
        subject=check_subject(claims) if "sub" in claims else None,
        session=session,
    )


def logout_url(
    client: OidcClient, metadata: ProviderMetadata, *, id_token: SecretText | None = None, back_to: str = "", state: str = ""
) -> str | None:
    """Return where a browser is sent to sign out at the provider, None if it offers that nowhere.

    `back_to` is an address registered there; the ID token, if given, tells the provider whose session it is.
    """
    if not metadata.end_session_endpoint:
        return None
    more = {"id_token_hint": id_token.reveal()} if id_token is not None else {}
    return end_session_url(metadata.end_session_endpoint, client_id=client.client_id, back_to=back_to, state=state, more=more)


def end_session_url(
    endpoint: str, *, client_id: str, back_to: str = "", state: str = "", hint: str = "", more: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return the address at a provider's end-session endpoint; `hint` is what the provider calls the person or their session."""
    asked = {
        "client_id": client_id,
        **more,
        **({"logout_hint": hint} if hint else {}),
        **({"post_logout_redirect_uri": back_to} if back_to else {}),
        **({"state": state} if state and back_to else {}),
    }
    return with_query(endpoint, asked)

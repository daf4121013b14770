"""The userinfo endpoint (OpenID Connect Core 1.0, 5.3): more of the same person, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctsec.jose.rejection import Rejected
from ctsec.jose.strict import parse_object
from ctsec.secret import SecretText
from ctsec.sso.oidc.metadata import ProviderMetadata
from ctsec.sso.oidc.reason import OidcReason
from ctsec.transport.request import HttpAnswer, HttpRequest

_MAX_ANSWER: Final = 128 * 1024


def userinfo_request(metadata: ProviderMetadata, *, access_token: SecretText) -> HttpRequest:
    """Return what asks for the claims of the person that an access token is of."""
    return HttpRequest(url=metadata.userinfo_endpoint, headers={"Authorization": f"Bearer {access_token.reveal()}"}, limit=_MAX_ANSWER)


def parse_userinfo(answer: HttpAnswer, *, subject: str) -> Mapping[str, object] | Rejected:
    """Return the claims of an answer about `subject`, or why it is not accepted: one about anybody else is refused (5.3.2)."""
    if answer.status != 200:
        return Rejected(OidcReason.USERINFO_STATUS)
    try:
        found = parse_object(answer.body, limit=_MAX_ANSWER)
    except ValueError:
        return Rejected(OidcReason.USERINFO_MALFORMED)
    if found.get("sub") != subject or not subject:
        return Rejected(OidcReason.USERINFO_WRONG_SUBJECT)
    return found

"""What Authlib's validation of ID tokens lets through is refused here: the same tokens, for the same client, key and moment."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from typing import Any

import pytest
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.oidc.core import CodeIDToken

from ctsec.sso.oidc import ProvedSignIn
from tests.unit.jose.forge import compact
from tests.unit.sso.hostile import CLAIMS, TOKENS
from tests.unit.sso.provider import DOCUMENT, KEY, Simulator, begun, claims_of, reason_of, seconds, signed_in


class Then(CodeIDToken):  # type: ignore[misc]  # it has no types
    """Authlib's claims of an ID token, validated at the moment of the tables."""

    def validate(self, now: int | None = None, leeway: int = 0) -> None:
        """Validate as it does, at that moment."""
        super().validate(now=now or seconds(), leeway=leeway)


class Client(OpenIDMixin):  # type: ignore[misc]
    """Authlib's client, of which only the validation is used: the provider's document and keys are at hand."""

    client_id = "ctsec"

    def load_server_metadata(self) -> Mapping[str, Any]:
        """Return the document of the provider, with its keys."""
        return {**DOCUMENT, "id_token_signing_alg_values_supported": ["ES256", "RS256", "none", "HS256"], "jwks": {"keys": [KEY.jwk()]}}


def accepted(token: str) -> bool:
    """Tell whether Authlib accepts an ID token, with the nonce that was sent."""
    with warnings.catch_warnings(), contextlib.suppress(Exception):  # whatever it raises is a refusal
        warnings.simplefilter("ignore")  # that `none` is deprecated
        return (
            Client().parse_id_token({"id_token": token, "access_token": "at-1"}, nonce=begun().nonce.reveal(), claims_cls=Then) is not None
        )
    return False


# For another client, without an algorithm, of another kind, of nobody, of long ago: and these, of the same classes.
WRONGLY = (
    "another client, asked for by this one",
    "none, which the provider lists",
    "access token",
    "logout token",
    "empty subject",
    "issued ten years ago",
    "subject twice",
)


@pytest.mark.proves("CVE-2026-28802", "ASVS-9.1.2", "ASVS-9.2.2")
def test_what_authlib_accepts_wrongly_is_refused_here() -> None:
    """Each of these tokens passes Authlib's validation, and none of them signs anybody in here; the sound one passes both."""
    made = {name: TOKENS[name][1]() if name in TOKENS else compact(claims_of(**CLAIMS[name][1]), key=KEY) for name in (*CLAIMS, *TOKENS)}
    passing = {name for name, token in made.items() if accepted(token)}
    assert set(WRONGLY) <= passing
    assert {name: reason_of(signed_in(Simulator(id_token=made[name]))) for name in passing} == {
        name: {**CLAIMS, **TOKENS}[name][0].value for name in passing
    }
    sound = compact(claims_of(), key=KEY)
    assert accepted(sound)
    assert isinstance(signed_in(Simulator(id_token=sound)).outcome, ProvedSignIn)

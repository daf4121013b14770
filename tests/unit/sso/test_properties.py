"""What holds for any change of a sound sign-in, and not only for those that somebody thought of."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctsec.jose.rejection import Rejected
from ctsec.sso.oidc import ProvedSignIn
from tests.unit.jose.forge import compact
from tests.unit.sso.provider import (
    ENTRA_CLIENT,
    GENERIC_CLIENT,
    ISSUER,
    KEY,
    Simulator,
    answered,
    begun,
    callback,
    claims_of,
    seconds,
    signed_in,
    sound,
)

WHOLE: Final = claims_of(acr="mfa", amr=["pwd"], azp="ctsec", nbf=seconds(), auth_time=seconds(), sid="s-1")
# What may say anything: the person is described by it, and nothing is decided. What each decides else is in test_providers.
HARMLESS: Final = {"email", "email_verified", "name", "groups", "sid"}
TIMES: Final = {"iat", "exp", "nbf", "auth_time"}
VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 50), 1 << 50) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


def outcome(claims: dict[str, object]) -> ProvedSignIn | Rejected:
    """Return what becomes of a sign-in with these claims, rightly signed."""
    found = signed_in(Simulator(id_token=compact(json.dumps(claims), key=KEY))).outcome
    assert isinstance(found, (ProvedSignIn, Rejected))
    return found


def within(name: str, value: object) -> bool:
    """Tell whether a changed claim is one that the rules let in."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match name:
        case "sub":
            return isinstance(value, str) and len(value.strip()) > 0 and all(" " <= each <= "~" for each in value)
        case "acr":
            return isinstance(value, str)
        case "amr":
            return isinstance(value, list) and all(isinstance(word, str) and word for word in value)
        case "exp":
            return number and seconds(seconds=-60) < value < 1 << 40  # type: ignore[operator]
        case "iat":
            return number and seconds(hours=-1, seconds=-60) <= value <= seconds(seconds=60)  # type: ignore[operator]
        case "nbf" | "auth_time":
            return number and 0 <= value <= seconds(seconds=60)  # type: ignore[operator]
        case "aud":
            return value == ["ctsec"]
    return name in HARMLESS


@pytest.mark.proves("ASVS-9.2.1", "ASVS-9.2.3", "ASVS-10.5.4")
@given(name=st.sampled_from(sorted(WHOLE)), value=VALUES | st.integers(seconds(hours=-2), seconds(hours=2)))
@example(name="exp", value=seconds(seconds=-60))
@example(name="iat", value=seconds(seconds=60))
@example(name="aud", value=["ctsec"])
def test_a_change_of_one_claim_is_refused_or_within_its_rule(name: str, value: object) -> None:
    """Any value in the place of one claim of a sound token is refused, unless that claim's own rule lets it in."""
    found = outcome(WHOLE | {name: value})
    if value == WHOLE[name] and type(value) is type(WHOLE[name]):
        assert isinstance(found, ProvedSignIn)
    else:
        assert isinstance(found, ProvedSignIn) is within(name, value)
    if isinstance(found, ProvedSignIn) and name != "sub":
        assert found.identity.key == ("con_1", ISSUER, "person-1")


@given(taken=st.sets(st.sampled_from(sorted(WHOLE)), min_size=1))
def test_without_a_claim_that_is_needed_nobody_signs_in(taken: set[str]) -> None:
    """A token without some claims is refused exactly if one of them is mandatory."""
    found = outcome({name: value for name, value in WHOLE.items() if name not in taken})
    assert isinstance(found, Rejected) is bool(taken & {"iss", "aud", "sub", "exp", "iat", "nonce"})


@given(name=st.text(min_size=1, max_size=12), value=VALUES)
@example(name="nonce_supported", value=False)
@example(name="alg", value="none")
def test_a_claim_that_nobody_knows_changes_nothing(name: str, value: object) -> None:
    """A further claim of any name and value leaves the identity as it was, or is of a name that has a rule."""
    if name in WHOLE or name in {"at_hash", "events"}:
        return
    found = outcome(WHOLE | {name: value})
    assert isinstance(found, ProvedSignIn)
    assert found == outcome_without(found)


def outcome_without(found: ProvedSignIn) -> ProvedSignIn:
    """Return the sound sign-in with the claims of another, which are the only place where something more may stand."""
    sign_in = outcome(WHOLE)
    assert isinstance(sign_in, ProvedSignIn)
    assert sign_in.id_token is not None
    assert found.id_token is not None
    kept = replace(sign_in.id_token, claims=found.id_token.claims)
    return replace(sign_in, id_token=kept, tokens=found.tokens)


@given(name=st.sampled_from(["state", "iss", "code"]), value=st.text(max_size=50))
def test_a_change_of_one_parameter_of_a_callback_is_refused(name: str, value: str) -> None:
    """Any other state or issuer is refused; any other code is sent as it is, with this sign-in's verifier, or refused."""
    pending, provider = begun(), sound()
    if value == dict(callback(pending))[name]:
        return
    changed: dict[str, Any] = {name: value}
    found = signed_in(provider, pending=pending, **changed).outcome
    if name == "code" and isinstance(found, ProvedSignIn):
        assert provider.form()["code"] == value
        assert provider.form()["code_verifier"] == pending.verifier.reveal()
    else:
        assert isinstance(found, Rejected)
        assert provider.seen == []


@given(tid=VALUES, issuer=st.sampled_from([ISSUER, *sorted(ENTRA_CLIENT.issuers()), ENTRA_CLIENT.issuer]) | st.text(max_size=20))
def test_only_a_directory_of_the_connection_signs_in(tid: object, issuer: str) -> None:
    """Of any directory and issuer only those of the connection, together, sign somebody in."""
    found = signed_in(sound(ENTRA_CLIENT, tid=tid, iss=issuer), client=ENTRA_CLIENT).outcome
    assert isinstance(found, Rejected) or (tid in ENTRA_CLIENT.directories and issuer in ENTRA_CLIENT.issuers())


@given(
    body=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()),
    path=st.sampled_from(["/token", "/keys", "/userinfo"]),
)
def test_no_answer_of_a_provider_is_an_error_of_ours(body: bytes, path: str) -> None:
    """Any bytes in the place of any answer end in an outcome; nothing is raised, and nobody else signs in."""
    provider = sound(GENERIC_CLIENT, email=...)
    provider.overrides[path] = answered(body)
    found = signed_in(provider).outcome
    assert isinstance(found, Rejected) or found.identity.key == ("con_1", ISSUER, "person-1")  # type: ignore[union-attr]

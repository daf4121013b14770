"""Hostile tokens, documents, callbacks and answers: each is refused for the reason that its row names, and the sound one is accepted."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.errors import FetchRefused
from ctsec.jose.rejection import Rejected, TokenReason
from ctsec.jose.strict import encode_base64url
from ctsec.secret import SecretText
from ctsec.sso.oidc import LogoutNotice, ProvedSignIn, ProviderMetadata
from ctsec.sso.oidc.authorization import PENDING_LIFE, check_callback
from ctsec.sso.oidc.id_token import check_id_token
from ctsec.sso.oidc.logout import EVENT, LOGOUT_LIFE, check_logout_token
from ctsec.sso.oidc.metadata import parse_discovery
from ctsec.sso.oidc.tokens import TokenSet, parse_tokens
from ctsec.transport.reach import Reach
from tests.unit.jose.forge import ALGORITHMS, compact, key_set, pair
from tests.unit.sso.hostile import CALLBACKS, CLAIMS, DOCUMENTS, NO_KEYS, TOKEN_ANSWERS, TOKENS, USERINFO, D, T, document, tokens
from tests.unit.sso.provider import (
    BACK,
    DOCUMENT,
    GENERIC_CLIENT,
    ISSUER,
    KEY,
    METADATA,
    NOW,
    Simulator,
    answered,
    begun,
    callback,
    claims_of,
    reason_of,
    seconds,
    signed_in,
    sound,
)


@pytest.mark.proves("ASVS-9.2.1", "ASVS-9.2.3", "ASVS-10.5.1", "ASVS-10.5.4", "CVE-2026-75509", "GHSA-75c5-xw7c-p5pm", "CVE-2026-114617")
@pytest.mark.parametrize("name", CLAIMS)
def test_hostile_claims_are_refused_for_their_reason(name: str) -> None:
    """An ID token, rightly signed, with one wrong claim ends the sign-in for the reason in the table."""
    reason, changed = CLAIMS[name]
    assert reason_of(signed_in(sound(**changed))) == reason


@pytest.mark.proves("ASVS-9.2.1", "ASVS-9.2.3")
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"aud": ["ctsec"]},
        {"aud": ["ctsec", "ctsec"]},
        {"azp": "ctsec"},
        {"exp": seconds(seconds=-59)},
        {"exp": seconds(minutes=5) + 0.5},
        {"iat": seconds(seconds=60)},
        {"iat": seconds(minutes=-60)},
        {"nbf": seconds(seconds=60)},
        {"at_hash": encode_base64url(hashlib.sha256(b"at-1").digest()[:16])},
        {"auth_time": seconds(days=-30)},
        {"acr": "whatever", "amr": ["pwd", "mfa"]},
        {"sub": "s" * 255},
        {"sub": "a b"},
        {"unknown": {"deep": [1, 2, {"x": None}]}},
    ],
    ids=str,
)  # fmt: skip
def test_sound_claims_are_accepted(changed: dict[str, Any]) -> None:
    """The same token with claims that are within every rule, to the second, signs the person in."""
    found = signed_in(replace_userinfo(sound(**changed))).outcome
    assert isinstance(found, ProvedSignIn), found
    assert found.identity.key == ("con_1", ISSUER, changed.get("sub", "person-1"))


def replace_userinfo(provider: Simulator) -> Simulator:
    """Return the provider; what the ID token says is enough, so userinfo must not be asked."""
    provider.overrides["/userinfo"] = FetchRefused("nobody asks here", reason="host_not_allowed")
    return provider


def test_an_empty_nonce_equals_nothing() -> None:
    """A record without a nonce accepts no ID token, not even one with an empty nonce."""
    empty = replace(begun(), nonce=SecretText(""))
    for nonce in ("", ..., None):
        assert reason_of(signed_in(sound(nonce=nonce), pending=empty)) == T.WRONG_NONCE


def test_an_audience_of_the_connection_may_stand_beside_the_client() -> None:
    """An audience that the connection names is accepted beside this client, if the token says who asked for it."""
    client = replace(GENERIC_CLIENT, audiences=frozenset({"api"}))
    provider = sound(aud=["ctsec", "api"], azp="ctsec")
    tokens = TokenSet(access_token=SecretText("at-1"), id_token=SecretText(provider.id_token))
    found = check_id_token(tokens, client=client, keys=key_set(KEY), pending=begun(), now=NOW)
    assert not isinstance(found, Rejected)
    without = replace(tokens, id_token=SecretText(sound(aud=["ctsec", "api"]).id_token))
    assert check_id_token(without, client=client, keys=key_set(KEY), pending=begun(), now=NOW) == Rejected(T.WRONG_PARTY)


@pytest.mark.proves("ASVS-6.8.4")
def test_how_and_when_somebody_signed_in_is_kept_where_it_was_asked() -> None:
    """A sign-in that is older than was asked, or whose age or class is not told, is refused; without a question nothing is assumed."""
    asked = replace(begun(), max_age=timedelta(minutes=10))
    start = asked.begun_at
    assert reason_of(signed_in(sound(), pending=asked)) == T.NO_SIGN_IN_TIME
    assert reason_of(signed_in(sound(auth_time=seconds(start, minutes=-11, seconds=-1)), pending=asked)) == T.SIGN_IN_TOO_OLD
    assert isinstance(signed_in(sound(auth_time=seconds(start, minutes=-11)), pending=asked).outcome, ProvedSignIn)
    wanting = replace(begun(), acr=frozenset({"mfa"}))
    for acr in (..., "pwd", "MFA"):
        assert reason_of(signed_in(sound(acr=acr), pending=wanting)) == T.WRONG_CLASS
    found = signed_in(sound(acr="mfa", amr=["pwd", "otp"], auth_time=seconds()), pending=wanting).outcome
    assert isinstance(found, ProvedSignIn)
    assert (found.identity.acr, found.identity.methods, found.identity.signed_in_at) == ("mfa", ("pwd", "otp"), NOW)
    silent = signed_in(sound()).outcome
    assert isinstance(silent, ProvedSignIn)
    assert (silent.identity.acr, silent.identity.methods, silent.identity.signed_in_at) == (None, (), None)


@pytest.mark.proves("CVE-2026-28498")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_hash_of_the_access_token_is_that_of_each_algorithm(alg: str) -> None:
    """With each algorithm the half of its own hash is accepted, and that of any other length or text is not."""
    key = pair(alg)
    name = "sha512" if alg == "EdDSA" else f"sha{alg[2:]}"

    def judged(made: str) -> object:
        token = compact(claims_of(at_hash=made), key=key)
        tokens = TokenSet(access_token=SecretText("at-1"), id_token=SecretText(token))
        return check_id_token(tokens, client=GENERIC_CLIENT, keys=key_set(key), pending=begun(), now=NOW)

    digests = {each: hashlib.new(each, b"at-1").digest() for each in ("sha256", "sha384", "sha512", "sha1")}
    halves = {each: encode_base64url(digest[: len(digest) // 2]) for each, digest in digests.items()}
    assert {each for each, half in halves.items() if not isinstance(judged(half), Rejected)} == {name}


@pytest.mark.proves("CVE-2024-51744")
def test_a_wrong_signature_goes_before_every_claim() -> None:
    """A token that is expired, of another issuer and badly signed is badly signed, and nothing else is said of it."""
    token = sound(iss="https://evil.example", exp=1).id_token
    provider = Simulator(id_token=token[:-8] + "AAAAAAAA")
    assert reason_of(signed_in(provider)) == T.BAD_SIGNATURE


@pytest.mark.proves("ASVS-9.1.2", "ASVS-9.2.2", "CVE-2026-28802")
@pytest.mark.parametrize("name", TOKENS)
def test_hostile_id_tokens_are_refused_for_their_reason(name: str) -> None:
    """An ID token that is no sound one as a whole ends the sign-in for the reason in the table."""
    reason, make = TOKENS[name]
    assert reason_of(signed_in(Simulator(id_token=make()))) == reason


@pytest.mark.proves("ASVS-10.5.3")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_hostile_documents_are_refused_for_their_reason(name: str) -> None:
    """A discovery document that is not the configured provider's, or leads elsewhere, is refused for the reason in the table."""
    reason, given = DOCUMENTS[name]
    assert parse_discovery(given, GENERIC_CLIENT) == Rejected(reason)


def test_the_sound_document_is_accepted() -> None:
    """The sound document gives its endpoints; hosts that the connection names may be led to, and loopback with its switch."""
    assert parse_discovery(document(), GENERIC_CLIENT) == METADATA
    least = parse_discovery(document(**{name: ... for name in DOCUMENT if name not in NEEDED}), GENERIC_CLIENT)
    assert least == replace(METADATA, userinfo_endpoint="", end_session_endpoint="", names_issuer=False)
    client = replace(GENERIC_CLIENT, hosts=frozenset({"keys.acme.example"}))
    assert isinstance(parse_discovery(document(jwks_uri="https://keys.acme.example/"), client), ProviderMetadata)
    here = replace(GENERIC_CLIENT, issuer="http://127.0.0.1:9000", reach=Reach.LOOPBACK)
    local = {name: str(value).replace(ISSUER, here.issuer) for name, value in DOCUMENT.items() if isinstance(value, str)}
    assert isinstance(parse_discovery(answered(local), here), ProviderMetadata)


NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


@pytest.mark.proves("ASVS-10.2.1", "ASVS-10.2.2", "CVE-2026-81888", "CVE-2026-61687")
@pytest.mark.parametrize("name", CALLBACKS)
def test_hostile_callbacks_are_refused_for_their_reason(name: str) -> None:
    """A callback that does not belong to this sign-in of this provider is refused before any code is sent."""
    reason, changed = CALLBACKS[name]
    provider = sound()
    assert reason_of(signed_in(provider, **changed)) == reason
    assert provider.seen == []


@pytest.mark.proves("ASVS-10.2.1", "ASVS-10.2.2", "CVE-2026-61687")
def test_a_callback_belongs_to_one_sign_in_of_one_connection() -> None:
    """A record of another connection or redirect URI, an old one, one of the future, an empty state and doubles are refused."""
    pending = begun()

    def judged(**changed: object) -> object:
        mine = replace(pending, **changed)  # type: ignore[arg-type]
        return check_callback(callback(mine), pending=mine, client=GENERIC_CLIENT, metadata=METADATA, now=NOW)

    assert judged() == SecretText("code-1")
    assert judged(connection="con_2") == Rejected(D.CALLBACK_WRONG_CONNECTION)
    assert judged(redirect_uri=BACK + "2") == Rejected(D.CALLBACK_WRONG_CONNECTION)
    assert judged(begun_at=NOW - PENDING_LIFE) == Rejected(D.CALLBACK_EXPIRED)
    assert judged(begun_at=NOW + timedelta(seconds=1)) == Rejected(D.CALLBACK_EXPIRED)
    assert judged(begun_at=NOW - PENDING_LIFE + timedelta(seconds=1)) == SecretText("code-1")
    assert judged(state=SecretText("")) == Rejected(D.CALLBACK_NO_STATE)
    empty = replace(pending, state=SecretText(""))
    assert check_callback(callback(pending), pending=empty, client=GENERIC_CLIENT, metadata=METADATA, now=NOW) == Rejected(
        D.CALLBACK_WRONG_STATE
    )
    for name, value in callback(pending):
        twice = [*callback(pending), (name, value)]
        assert check_callback(twice, pending=pending, client=GENERIC_CLIENT, metadata=METADATA, now=NOW) == Rejected(D.CALLBACK_DUPLICATE)
    quiet = replace(METADATA, names_issuer=False)
    assert check_callback(callback(pending, iss=...), pending=pending, client=GENERIC_CLIENT, metadata=quiet, now=NOW) == SecretText(
        "code-1"
    )


@pytest.mark.parametrize("name", TOKEN_ANSWERS)
def test_hostile_token_answers_are_refused_for_their_reason(name: str) -> None:
    """An answer of the token endpoint that is an error, whatever its status, or no set of tokens ends the sign-in for its reason."""
    reason, given = TOKEN_ANSWERS[name]
    provider = sound()
    provider.overrides["/token"] = given
    assert reason_of(signed_in(provider)) == reason
    assert len(provider.seen) == 1


def test_the_sound_token_answer_is_accepted() -> None:
    """Tokens, lifetime and scopes are those of the answer, which may say `bearer`, and separate scopes by commas."""
    found = parse_tokens(tokens(scope="openid email", token_type="bearer"), with_id_token=True)
    assert found == TokenSet(
        access_token=SecretText("at-1"),
        refresh_token=SecretText("rt-1"),
        id_token=SecretText("x.y.z"),
        life=timedelta(minutes=5),
        scopes=frozenset({"openid", "email"}),
    )
    least = parse_tokens(tokens(id_token=..., refresh_token=None, expires_in=..., scope="a,b"), with_id_token=False)
    assert least == TokenSet(access_token=SecretText("at-1"), scopes=frozenset({"a", "b"}))


@pytest.mark.parametrize("name", USERINFO)
def test_hostile_userinfo_is_refused_for_its_reason(name: str) -> None:
    """What the userinfo endpoint says of anybody else, or in any other form, ends the sign-in for the reason in the table."""
    reason, given = USERINFO[name]
    provider = sound(email=...)
    provider.overrides["/userinfo"] = given
    assert reason_of(signed_in(provider)) == reason


def logout_claims(**changed: object) -> dict[str, object]:
    """Return the claims of a sound logout token with some changed; `...` takes one away."""
    whole = {
        "iss": ISSUER,
        "aud": "ctsec",
        "iat": seconds(),
        "exp": seconds(minutes=2),
        "jti": "j-1",
        "events": {EVENT: {}},
        "sub": "person-1",
    }
    return {name: value for name, value in (whole | {"sid": "s-1"} | changed).items() if value is not ...}


LOGOUTS: dict[str, tuple[TokenReason, dict[str, Any]]] = {
    "another issuer": (T.WRONG_ISSUER, {"iss": "https://evil.example"}),
    "another client": (T.WRONG_AUDIENCE, {"aud": "other"}),
    "a nonce": (T.UNEXPECTED_NONCE, {"nonce": "x"}),
    "a nonce that is null": (T.UNEXPECTED_NONCE, {"nonce": None}),
    "no events": (T.BAD_EVENTS, {"events": ...}),
    "another event": (T.BAD_EVENTS, {"events": {"http://schemas.openid.net/event/other": {}}}),
    "event in a list": (T.BAD_EVENTS, {"events": [EVENT]}),
    "event that is a text": (T.BAD_EVENTS, {"events": {EVENT: "yes"}}),
    "no id": (T.NO_TOKEN_ID, {"jti": ...}),
    "empty id": (T.NO_TOKEN_ID, {"jti": ""}),
    "id of a page": (T.NO_TOKEN_ID, {"jti": "j" * 256}),
    "nobody": (T.NOBODY_NAMED, {"sub": ..., "sid": ...}),
    "empty session": (T.NOBODY_NAMED, {"sid": ""}),
    "empty subject": (T.WRONG_SUBJECT, {"sub": ""}),
    "no expiry": (T.NO_EXPIRY, {"exp": ...}),
    "expired": (T.EXPIRED, {"exp": seconds(minutes=-2)}),
    "no time of issue": (T.NO_ISSUE_TIME, {"iat": ...}),
    "issued too long ago": (T.ISSUED_LONG_AGO, {"iat": seconds(minutes=-4), "exp": seconds(days=1)}),
    "issued in the future": (T.ISSUED_IN_FUTURE, {"iat": seconds(minutes=2)}),
}


def judged_logout(claims: dict[str, object], typ: str = "logout+jwt") -> LogoutNotice | Rejected:
    """Return what a logout token with these claims says."""
    token = compact(claims, key=KEY, header={"alg": "ES256", "kid": KEY.kid, "typ": typ})
    return check_logout_token(token, client=GENERIC_CLIENT, keys=key_set(KEY), now=NOW)


@pytest.mark.proves("ASVS-10.5.5")
@pytest.mark.parametrize("name", LOGOUTS)
def test_hostile_logout_tokens_are_refused_for_their_reason(name: str) -> None:
    """A logout token with one wrong claim ends nobody's session, for the reason in the table."""
    reason, changed = LOGOUTS[name]
    assert judged_logout(logout_claims(**changed)) == Rejected(reason)


@pytest.mark.proves("ASVS-10.5.5", "ASVS-9.2.2")
def test_the_sound_logout_token_is_accepted_by_its_type_only() -> None:
    """The sound one names person, session, and how long its id is to be remembered; as an ID token or without a type it is nothing."""
    notice = LogoutNotice(issuer=ISSUER, token_id="j-1", forget_at=NOW + timedelta(minutes=3), subject="person-1", session="s-1")
    assert judged_logout(logout_claims()) == notice
    assert judged_logout(logout_claims(sid=...)) == replace(notice, session=None)
    assert judged_logout(logout_claims(sub=...)) == replace(notice, subject=None)
    assert judged_logout(logout_claims(), typ="JWT") == Rejected(T.WRONG_TYPE)
    assert judged_logout(claims_of()) == Rejected(T.UNEXPECTED_NONCE)
    assert timedelta(minutes=2) == LOGOUT_LIFE


@pytest.mark.parametrize("name", NO_KEYS)
def test_without_its_key_no_token_is_accepted(name: str) -> None:
    """Where the provider publishes no key that made the signature the sign-in ends, for the reason in the table."""
    reason, given = NO_KEYS[name]
    provider = sound()
    provider.overrides["/keys"] = given
    assert reason_of(signed_in(provider)) == reason

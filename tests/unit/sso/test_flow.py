"""A whole sign-in as steps: which requests are made, in which order, with what in them, and what is kept."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from ctsec.errors import FetchFailed
from ctsec.jose.rejection import Rejected, TokenReason
from ctsec.secret import SecretText
from ctsec.sso.oidc import IdToken, Judged, LogoutNotice, ProvedSignIn, discover, judge_logout, refresh_sign_in
from ctsec.sso.oidc.github import GITHUB_METADATA
from ctsec.sso.oidc.key_cache import KEYS_INTERVAL, KEYS_LIFE
from ctsec.sso.oidc.logout import EVENT
from ctsec.sso.oidc.reason import OidcReason
from ctsec.transport.request import HttpAnswer, HttpRequest
from tests.unit.jose.forge import body, compact, pair
from tests.unit.sso.provider import (
    DOCUMENT,
    ENTRA_CLIENT,
    GENERIC_CLIENT,
    GITHUB_CLIENT,
    ISSUER,
    KEY,
    METADATA,
    NOW,
    TENANT_A,
    TENANT_B,
    Simulator,
    answered,
    begun,
    claims_of,
    exchange,
    reason_of,
    run,
    seconds,
    signed_in,
    sound,
)

NEW = pair("ES256", "new")


def proved(found: Judged) -> ProvedSignIn:
    """Return the sign-in that was proved."""
    assert isinstance(found.outcome, ProvedSignIn), found.outcome
    return found.outcome


def test_a_sign_in_asks_for_tokens_keys_and_what_is_missing() -> None:
    """The code is exchanged with the verifier of this sign-in; keys and, where something is missing, userinfo are asked for; no more."""
    provider, pending = sound(name=...), begun()
    found = proved(signed_in(provider, pending=pending))
    assert provider.paths() == ["/token", "/keys", "/userinfo"]
    assert provider.form() == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": GENERIC_CLIENT.redirect_uri,
        "code_verifier": pending.verifier.reveal(),
    }
    assert provider.seen[0].headers["Authorization"].startswith("Basic ")
    assert provider.seen[2].headers == {"Authorization": "Bearer at-1"}
    assert found.identity.key == ("con_1", ISSUER, "person-1")
    assert found.tokens.access_token == SecretText("at-1")
    assert not any(word in repr(found) for word in ("at-1", "person@"))
    whole = sound()
    proved(signed_in(whole))
    assert whole.paths() == ["/token", "/keys"]


@pytest.mark.proves("ASVS-10.2.2")
def test_nothing_is_asked_outside_of_the_hosts_of_the_connection() -> None:
    """Discovery, sign-in, refresh and logout ask the issuer's host and no other; GitHub's sign-in asks GitHub's two."""
    provider = sound(name=...)
    assert run(discover(GENERIC_CLIENT), provider) == METADATA
    before = proved(signed_in(provider)).id_token
    run(refresh_sign_in(exchange(), refresh_token=SecretText("rt"), before=before, keys=None), provider)
    run(judge_logout(exchange(), token="x.y.z", keys=None), provider)
    assert {urlsplit(request.url).hostname for request in provider.seen} == set(GENERIC_CLIENT.known_hosts) == {"login.acme.example"}
    assert {urlsplit(request.url).scheme for request in provider.seen} == {"https"}
    github = Simulator(overrides={"/login/oauth/access_token": answered({"access_token": "a", "token_type": "bearer"})})
    github.overrides |= {"/user": answered({"id": 7}), "/user/emails": answered([])}
    assert run(discover(GITHUB_CLIENT), github) == GITHUB_METADATA
    assert reason_of(signed_in(github, client=GITHUB_CLIENT)) == OidcReason.NOT_A_MEMBER
    assert {urlsplit(request.url).hostname for request in github.seen} == set(GITHUB_CLIENT.known_hosts) == {"github.com", "api.github.com"}


def test_keys_are_kept_and_asked_for_again_when_they_are_old() -> None:
    """Within an hour the keys that were kept are used without a question; then, or with a clock that went back, they are asked for."""
    kept = signed_in(sound()).keys
    assert kept is not None
    for age, paths in (
        (KEYS_LIFE - timedelta(seconds=1), ["/token"]),
        (KEYS_LIFE, ["/token", "/keys"]),
        (timedelta(seconds=-1), ["/token", "/keys"]),
    ):
        provider, older = sound(), replace(kept, came_at=NOW - age, asked_at=NOW - age)
        assert proved(signed_in(provider, keys=older))
        assert provider.paths() == paths


def test_a_new_key_is_asked_for_once_in_an_interval() -> None:
    """A token of a key that is not known leads to one question, and to none within the interval, whatever tokens come."""
    old = signed_in(sound()).keys
    assert old is not None
    rotated = Simulator(id_token=compact(claims_of(), key=NEW), key=NEW)
    early = replace(old, asked_at=NOW - KEYS_INTERVAL + timedelta(seconds=1))
    refused = signed_in(rotated, keys=early)
    assert reason_of(refused) == TokenReason.UNKNOWN_KEY
    assert rotated.paths() == ["/token"]
    due = replace(old, asked_at=NOW - KEYS_INTERVAL)
    found = signed_in(rotated, keys=due)
    assert proved(found)
    assert rotated.paths() == ["/token", "/token", "/keys"]
    assert found.keys is not None
    assert [key.kid for key in found.keys.keys.keys] == ["new"]


def test_made_up_tokens_do_not_make_us_ask() -> None:
    """A thousand logout tokens of unknown keys, within one interval, lead to one question, though the provider does not answer it."""
    for given in (answered({}, 503), FetchFailed("no answer", reason="too_slow"), answered(body(KEY.jwk()))):
        provider, keys = Simulator(overrides={"/keys": given}), None
        for number in range(1000):
            forged = compact({"jti": str(number)}, key=NEW, header={"alg": "ES256", "kid": f"k{number}", "typ": "logout+jwt"})
            judged = run(judge_logout(exchange(), token=forged, keys=keys), provider)
            assert reason_of(judged) in {TokenReason.UNKNOWN_KEY, OidcReason.KEYS_UNAVAILABLE}
            keys = judged.keys
        assert len(provider.seen) == 1


def test_a_provider_that_is_away_for_a_moment_keeps_its_fresh_keys() -> None:
    """A question that fails leaves the keys in use and counts as asked; old keys are not used because nothing newer came."""
    kept = signed_in(sound()).keys
    assert kept is not None
    away = sound()
    away.overrides["/keys"] = FetchFailed("no answer", reason="too_slow")
    unknown = Simulator(id_token=compact(claims_of(), key=NEW), overrides=away.overrides)
    judged = signed_in(unknown, keys=replace(kept, asked_at=NOW - KEYS_INTERVAL))
    assert reason_of(judged) == TokenReason.UNKNOWN_KEY
    assert judged.keys == replace(kept, asked_at=NOW)
    assert proved(signed_in(away, keys=judged.keys))
    old = replace(kept, came_at=NOW - KEYS_LIFE, asked_at=NOW - KEYS_LIFE)
    assert reason_of(signed_in(away, keys=old)) == OidcReason.KEYS_UNAVAILABLE


def test_a_token_endpoint_that_is_away_is_an_error() -> None:
    """What the steps do not take as an answer goes to whoever drives them."""
    provider = sound()
    provider.overrides["/token"] = FetchFailed("no answer", reason="too_slow")
    with pytest.raises(FetchFailed):
        signed_in(provider)


def refreshed(provider: Simulator, before: IdToken | None = None) -> Judged:
    """Return what becomes of a refresh."""
    first = before or proved(signed_in(sound())).id_token
    return run(refresh_sign_in(exchange(), refresh_token=SecretText("rt-1"), before=first, keys=None), provider)


def test_a_refresh_says_the_person_anew() -> None:
    """A refreshed ID token is of the same person; the refresh token stays where none came; what is not said anew is unknown."""
    anew = Simulator(id_token=compact(claims_of(nonce=..., groups=["staff"], email="olga@new.example"), key=KEY))
    found = proved(refreshed(anew))
    assert anew.form() == {"grant_type": "refresh_token", "refresh_token": "rt-1"}
    assert (found.identity.groups, found.identity.email, found.identity.email_verified) == (("staff",), "olga@new.example", False)
    assert found.tokens.refresh_token == SecretText("rt-1")
    same = Simulator(id_token=compact(claims_of(), key=KEY))
    assert proved(refreshed(same)).identity.key == ("con_1", ISSUER, "person-1")
    silent = Simulator(overrides={"/token": answered({"access_token": "at-2", "token_type": "Bearer", "refresh_token": "rt-2"})})
    quiet = proved(refreshed(silent))
    assert (quiet.identity.key, quiet.identity.groups, quiet.identity.email, quiet.identity.name) == (
        ("con_1", ISSUER, "person-1"),
        None,
        None,
        None,
    )
    assert quiet.tokens.refresh_token == SecretText("rt-2")
    assert silent.paths() == ["/token", "/userinfo"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"sub": "person-2"}, OidcReason.REFRESHED_OTHER_SUBJECT),
        ({"iss": "https://evil.example"}, TokenReason.WRONG_ISSUER),
        ({"aud": "other"}, TokenReason.WRONG_AUDIENCE),
        ({"nonce": "A" * 43}, TokenReason.WRONG_NONCE),
        ({"nonce": None}, TokenReason.WRONG_NONCE),
        ({"exp": 0}, TokenReason.EXPIRED),
        ({"auth_time": seconds(hours=-1)}, OidcReason.REFRESHED_OTHER_SIGN_IN),
        ({"at_hash": "x"}, TokenReason.WRONG_ACCESS_TOKEN_HASH),
        ({"sub": ""}, TokenReason.WRONG_SUBJECT),
    ],
    ids=str,
)  # fmt: skip
def test_a_refresh_that_is_of_somebody_else_is_refused(changed: dict[str, Any], reason: object) -> None:
    """A refreshed ID token of another issuer, person, client or sign-in is refused for its reason."""
    first = proved(signed_in(sound(auth_time=seconds(minutes=-1)))).id_token
    provider = Simulator(id_token=compact(claims_of(**{"auth_time": seconds(minutes=-1)} | changed), key=KEY))
    assert reason_of(refreshed(provider, first)) == reason


def test_a_refresh_that_the_provider_refuses_is_told_as_such() -> None:
    """`invalid_grant` is a reason of its own, since access ends with it; a directory that is no longer let in is refused too."""
    provider = Simulator(overrides={"/token": answered({"error": "invalid_grant"}, 400)})
    assert reason_of(refreshed(provider)) == OidcReason.GRANT_REFUSED
    first = proved(signed_in(sound(ENTRA_CLIENT), client=ENTRA_CLIENT)).id_token
    closed = replace(ENTRA_CLIENT, directories=frozenset({"another"}))
    moved = sound(ENTRA_CLIENT)
    steps = refresh_sign_in(exchange(closed), refresh_token=SecretText("rt"), before=first, keys=None)
    assert reason_of(run(steps, moved)) == OidcReason.REFRESHED_OTHER_ISSUER
    assert moved.seen == []
    elsewhere = sound(ENTRA_CLIENT, tid="another")
    steps = refresh_sign_in(exchange(ENTRA_CLIENT), refresh_token=SecretText("rt"), before=first, keys=None)
    assert reason_of(run(steps, elsewhere)) == OidcReason.WRONG_DIRECTORY
    both = replace(ENTRA_CLIENT, directories=frozenset({TENANT_A, TENANT_B}))
    other = sound(both, tid=TENANT_B, iss=f"https://login.microsoftonline.com/{TENANT_B}/v2.0")
    steps = refresh_sign_in(exchange(both), refresh_token=SecretText("rt"), before=first, keys=None)
    assert reason_of(run(steps, other)) == OidcReason.REFRESHED_OTHER_ISSUER


def test_githubs_membership_is_asked_for_again() -> None:
    """A refresh at GitHub asks its API anew, so that somebody who left the organization is refused."""
    overrides = {
        "/login/oauth/access_token": answered({"access_token": "ghu_2", "token_type": "bearer", "refresh_token": "ghr_2"}),
        "/user": answered({"id": 7}),
        "/user/emails": answered([]),
        "/user/memberships/orgs/acme": answered({"state": "active", "organization": {"id": 77}, "user": {"id": 7}}),
    }
    setting = exchange(GITHUB_CLIENT, metadata=GITHUB_METADATA)
    provider = Simulator(overrides=dict(overrides))
    steps = refresh_sign_in(setting, refresh_token=SecretText("ghr_1"), before=None, keys=None)
    again = proved(run(steps, provider))
    assert (again.identity.subject, again.userinfo) == ("7", {"id": 7})
    provider.overrides["/user/memberships/orgs/acme"] = answered({}, 404)
    steps = refresh_sign_in(setting, refresh_token=SecretText("ghr_1"), before=None, keys=None)
    assert reason_of(run(steps, provider)) == OidcReason.NOT_A_MEMBER


def test_a_logout_notice_is_judged_with_the_providers_keys() -> None:
    """A sound notice is returned with the keys to keep; Entra's, which need not name its directory, by its issuer."""
    claims = {"aud": "ctsec", "iat": seconds(), "exp": seconds(minutes=2), "jti": "j", "events": {EVENT: {}}, "sid": "s-1"}

    def judged(issuer: str, **more: object) -> Judged:
        token = compact({"iss": issuer, **claims, **more}, key=KEY, header={"alg": "ES256", "kid": KEY.kid, "typ": "logout+jwt"})
        client = GENERIC_CLIENT if issuer == ISSUER else ENTRA_CLIENT
        return run(judge_logout(exchange(client), token=token, keys=None), Simulator())

    found = judged(ISSUER)
    assert isinstance(found.outcome, LogoutNotice)
    assert found.outcome.session == "s-1"
    assert found.keys is not None
    ours = f"https://login.microsoftonline.com/{TENANT_A}/v2.0"
    assert isinstance(judged(ours).outcome, LogoutNotice)
    assert isinstance(judged(ours, tid=TENANT_A).outcome, LogoutNotice)
    assert reason_of(judged(ours, tid="another")) == OidcReason.WRONG_DIRECTORY
    assert reason_of(judged("https://login.microsoftonline.com/another/v2.0")) == OidcReason.WRONG_DIRECTORY


def test_the_steps_are_plain_values() -> None:
    """A step yields a request and takes an answer: no client, no loop and no clock is needed to run one."""
    steps: Generator[HttpRequest, HttpAnswer, object] = discover(GENERIC_CLIENT)
    assert next(steps) == HttpRequest(url=f"{ISSUER}/.well-known/openid-configuration", limit=64 * 1024)
    with pytest.raises(StopIteration) as done:
        steps.send(answered(DOCUMENT))
    assert done.value.value == METADATA
    wrong = discover(GENERIC_CLIENT)
    next(wrong)
    with pytest.raises(StopIteration) as refused:
        wrong.send(answered(DOCUMENT | {"issuer": "https://evil.example"}))
    assert refused.value.value == Rejected(OidcReason.DISCOVERY_WRONG_ISSUER)

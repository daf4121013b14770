"""What is kept of a sign-in, how long a session goes on with it, and how it is given back: values alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import ConnectionId, OrganizationId, SessionId, UserId
from ctsec.secret import SecretText
from ctsec.sso.grant import Grant, Held, Token, held_from, next_due, pack, unpack
from ctsec.sso.oidc.authorization import begin_sign_in
from ctsec.sso.oidc.flow import ProvedSignIn
from ctsec.sso.oidc.github import GITHUB_METADATA
from ctsec.sso.oidc.id_token import IdToken
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.oidc.logout import end_session_url
from ctsec.sso.oidc.presets import OKTA
from ctsec.sso.oidc.tokens import TokenSet, revocation_request
from ctsec.sso.policy import SsoPolicy
from ctsec.testing.random import UnsafeSeededRandom
from tests.unit.sso.provider import (
    ENTRA_CLIENT,
    GENERIC_CLIENT,
    GITHUB_CLIENT,
    GOOGLE_CLIENT,
    METADATA,
    NOW,
    exchange,
    query,
)

HOUR = timedelta(hours=1)
ACCESS, REFRESH = SecretText("access-token-1"), SecretText("refresh-token-1")
GRANT = Grant(
    session_id=SessionId("ses_1"), connection_id=ConnectionId("sso_1"), organization_id=OrganizationId("org_1"), user_id=UserId("usr_1"),
    identity=bytes(32), provider_subject=bytes(32), provider_session=None, end_session="", sign_out_name="", sealed=b"x", began_at=NOW,
    checked_at=NOW, due_at=NOW + HOUR,
)  # fmt: skip


def held(*, refresh: bool = True, token: bool = True, **changed: object) -> Held:
    """Return what is kept of a sign-in at a generic provider, or, without an ID token, at GitHub."""
    client = GENERIC_CLIENT if token else GITHUB_CLIENT
    claims = {"sub": "s", "nonce": "n", "email": "ann@acme.example", "groups": ["staff"], **changed}
    made = IdToken(issuer="https://login.acme.example", subject="s", claims=claims, signed_in_at=NOW, session="there")
    who = ExternalIdentity(connection="con_1", issuer=client.name_of_issuer, subject="7", email=None, email_verified=False)
    tokens = TokenSet(access_token=ACCESS, refresh_token=REFRESH if refresh else None)
    proved = ProvedSignIn(identity=who, tokens=tokens, id_token=made if token else None)
    return held_from(proved, client=client, metadata=METADATA if token else GITHUB_METADATA)


def test_what_is_kept_is_what_the_next_answer_is_held_against() -> None:
    """A refresh token with `sub` and `nonce` and no other claim; of GitHub the access token; nothing shows itself."""
    kept = held().token
    assert kept is not None
    assert kept.before is not None
    assert (dict(kept.before.claims), kept.before.signed_in_at, kept.refreshes) == ({"sub": "s", "nonce": "n"}, NOW, True)
    back = unpack(pack(kept))
    assert (back.secret.reveal(), back.refreshes, back.before) == ("refresh-token-1", True, replace(kept.before, session=None))
    assert "token-1" not in repr(held())
    assert held(refresh=False).token is None
    there = held(refresh=False, token=False).token
    assert there is not None
    assert (there.secret.reveal(), there.refreshes, unpack(pack(there)).before) == ("access-token-1", False, None)
    assert held().sign_out_name == "there"
    assert [held(login_hint=each).sign_out_name for each in ("opaque", 7, "x" * 256)] == ["opaque", "", ""]


@given(minutes=st.integers(15, 60), seed=st.integers(0, 1000))
def test_a_session_is_asked_about_within_its_interval(minutes: int, seed: int) -> None:
    """After 75 to 95 % of it, whatever was drawn: a worker that looks every minute keeps the hour."""
    every = timedelta(minutes=minutes)
    due = next_due(now=NOW, policy=SsoPolicy(revalidate_every=every), random=UnsafeSeededRandom(seed))
    assert 0.75 * every <= due - NOW <= 0.95 * every


def test_a_session_counts_until_a_stored_moment() -> None:
    """Four hours after the last yes, or twelve after the sign-in where nobody is asked; waits double and stay below half an hour."""
    assert replace(GRANT, checked_at=NOW + HOUR).counts_until(SsoPolicy()) == NOW + 5 * HOUR
    assert replace(GRANT, sealed=b"", checked_at=NOW + HOUR).counts_until(SsoPolicy()) == NOW + 12 * HOUR
    assert [int((replace(GRANT, failures=n).unheard(now=NOW).due_at - NOW).total_seconds()) // 60 for n in (0, 1, 3, 4, 99)] == [
        2, 4, 16, 30, 30,
    ]  # fmt: skip


WRONG: list[dict[str, object]] = [
    {"revalidate_every": timedelta(minutes=14)},
    {"revalidate_every": timedelta(minutes=61)},
    {"unchecked": HOUR},
    {"unchecked": timedelta(hours=25)},
    {"unasked": timedelta()},
    {"unasked": timedelta(hours=25)},
    {"after_sign_out": "out"},
    {"after_sign_out": "/out?x=1"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_policy_has_bounds(wrong: dict[str, object]) -> None:
    """Nobody asks seldom, waits for days, or sends a browser anywhere."""
    with pytest.raises(ValueError, match="expected"):
        SsoPolicy(**wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_tokens_are_asked_for_as_each_provider_wants_it() -> None:
    """Google by two parameters, Entra and Okta by a scope, GitHub not at all; elsewhere the scope comes with its consent page."""
    asked = {
        name: query(begin_sign_in(client, METADATA, now=NOW, random=UnsafeSeededRandom(1)).url)
        for name, client in (
            ("google", GOOGLE_CLIENT), ("entra", ENTRA_CLIENT), ("okta", replace(GENERIC_CLIENT, preset=OKTA)),
            ("github", GITHUB_CLIENT), ("oidc", GENERIC_CLIENT),
        )
    }  # fmt: skip
    assert {name for name, each in asked.items() if each.get("access_type") == ["offline"] and each.get("prompt") == ["consent"]} == {
        "google"
    }
    assert {name for name, each in asked.items() if "offline_access" in each["scope"][0].split()} == {"entra", "okta"}
    wanting = replace(GENERIC_CLIENT, scopes=("openid", "offline_access"))
    prompts = [query(begin_sign_in(wanting, METADATA, now=NOW, random=UnsafeSeededRandom(1), again=again).url) for again in (False, True)]
    assert [each["prompt"] for each in prompts] == [["consent"], ["login consent"]]


def test_a_token_is_given_back_where_that_is_offered() -> None:
    """By form at the revocation endpoint, by DELETE at GitHub with the client's proof; nowhere else, and never in the address."""
    there = replace(METADATA, revocation_endpoint="https://login.acme.example/revoke")
    form = revocation_request(exchange(metadata=there), token=REFRESH, refreshes=True)
    github = revocation_request(exchange(GITHUB_CLIENT, metadata=GITHUB_METADATA), token=ACCESS, refreshes=False)
    assert form is not None
    assert github is not None
    assert (form.method, form.body) == ("POST", b"token=refresh-token-1&token_type_hint=refresh_token")
    assert (github.method, github.url) == ("DELETE", "https://api.github.com/applications/ctsec/token")
    assert github.body == b'{"access_token": "access-token-1"}'
    assert all("authorization" in {name.lower() for name in each.headers} for each in (form, github))
    assert "token-1" not in form.url + github.url + repr((form, github))
    assert revocation_request(exchange(), token=REFRESH, refreshes=True) is None
    assert revocation_request(exchange(GITHUB_CLIENT, metadata=GITHUB_METADATA), token=REFRESH, refreshes=True) is None


def test_a_browser_comes_back_where_the_policy_says() -> None:
    """The path is below the base address; without one nothing is asked for."""
    policy = SsoPolicy(after_sign_out="/bye")
    assert policy.back_to("https://app.example/") == "https://app.example/bye"
    assert SsoPolicy().back_to("https://app.example") == ""
    url = end_session_url("https://id.example/end?x=1", client_id="c", back_to=policy.back_to("https://app.example"), hint="h")
    assert query(url) == {"x": ["1"], "client_id": ["c"], "logout_hint": ["h"], "post_logout_redirect_uri": ["https://app.example/bye"]}


def test_a_token_alone_names_nobody() -> None:
    """A packed token that has no ID token behind it comes back without one."""
    assert unpack(pack(Token(secret=ACCESS, refreshes=True))).before is None

"""Sign-in through npm's oidc-provider, which is certified by the OpenID Foundation, in both hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import programs
from tests.hosts.harness import Browser, Host
from tests.hosts.sso import Acme, Traveller, enable, whys
from tests.peers.listening import listening
from tests.peers.running import OidcProvider
from tests.peers.scene import SCOPES, SECRET, come, connect, counts, register
from tests.peers.visitor import Visitor

pytestmark = [pytest.mark.program("oidc-provider")]
RULES = {"rules": [{"group": "engineers", "role": "member"}]}


def member(acme: Acme, user: str) -> tuple[str, str, str]:
    """Return address, name and role of a member."""
    members = acme.owner.ok(f"GET /organizations/{acme.organization}/members")["members"]
    return next((each["email"], each["name"], each["role"]) for each in members if each["user_id"] == user)


@pytest.mark.parametrize(
    ("client", "algorithm", "setup"),
    [
        ("client_secret_basic", "RS256", {}),
        ("client_secret_post", "EdDSA", {"secret_in_form": True}),
        ("private_key_jwt", "ES256", {"proof": "private_key", "secret": None}),
    ],
)
@pytest.mark.proves("SEED-A3")
def test_people_sign_in(host: Host, provider: OidcProvider, client: str, algorithm: str, setup: dict[str, Any]) -> None:
    """With each proof of the client and each kind of signature: who it is, address and groups from userinfo, and a refresh token."""
    acme = connect(host, provider, default_role="viewer", provisioning=RULES, **setup)
    with listening(host) as listener:
        key = {"jwks_uri": f"{listener.url}/auth/sso/{acme.connection}/keys", "client_secret": None}
        register(
            acme,
            provider,
            token_endpoint_auth_method=client,
            id_token_signed_response_alg=algorithm,
            **(key if client == "private_key_jwt" else {}),
        )
        first, second, other = (Traveller(acme, Browser(host)).sign_in(person).json for person in ("alice", "alice", "bob"))
    assert (first["status"], first["organization_id"]) == ("signed_in", acme.organization), whys(acme)
    assert first["user_id"] == second["user_id"] != other["user_id"]
    assert member(acme, first["user_id"]) == ("alice@acme.example", "Alice Able", "member")
    assert member(acme, other["user_id"]) == ("bob@acme.example", "Bob Baker", "viewer")
    assert [provider.count(path) for path in ("/token", "/me", "/jwks")] == [3, 3, 1]
    assert provider.count("/token with a secret in the header") == (3 if client == "client_secret_basic" else 0)
    assert len(provider.kept("RefreshToken")) >= 3


@pytest.mark.proves("SEED-A3")
def test_a_stranger_with_the_same_address_gets_no_account(host: Host, provider: OidcProvider) -> None:
    """Who has not verified alice's address there is not alice here; alice then finds her account, and comes back to it."""
    acme = connect(host, provider)
    own = Browser(host).sign_up("alice@acme.example", "Alice")
    refused = Traveller(acme, Browser(host)).sign_in("mallory")
    assert (refused.status, refused.json["reason"], whys(acme)) == (401, "invalid_credentials", ["address_not_verified"])
    assert "set-cookie" not in refused.headers or "ctsec_session" not in refused.headers["set-cookie"]
    assert Traveller(acme, Browser(host)).sign_in("alice").json["user_id"] == own.id
    assert Traveller(acme, Browser(host)).sign_in("mallory").status == 401


def test_a_wrong_secret_is_told_to_the_log(host: Host, provider: OidcProvider) -> None:
    """The provider refuses the client, whoever signs in: no session, and the log says what to look at; the right secret then does."""
    acme = connect(host, provider, secret="another-secret-of-forty-characters-or-so")
    refused = Traveller(acme, Browser(host)).sign_in("alice")
    assert (refused.status, refused.json["reason"], whys(acme)) == (401, "invalid_credentials", ["client_refused"])
    body = {"name": "Acme login", "provider": "oidc", "client_id": "", "issuer": provider.issuer, "scopes": list(SCOPES)}
    (shown,) = acme.owner.ok(f"GET {acme.home}")["connections"]
    acme.owner.ok(f"PUT {acme.home}/{acme.connection}", {**body, "client_id": shown["client_id"], "secret": SECRET})
    enable(acme.owner, f"{acme.home}/{acme.connection}")
    assert counts(come(acme, "alice"))


@pytest.mark.program("nanoidp")
def test_the_reference_names_what_ran() -> None:
    """The page on single sign-on says which providers of others it was run against, in the words of the tests' header."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "single-sign-on.md").read_text("utf-8")
    assert [kind for kind in ("oidc-provider", "nanoidp") if f"`{programs.describe(kind)}`" not in page] == []


def test_who_declines_there_is_not_signed_in_here(host: Host, provider: OidcProvider) -> None:
    """Whoever leaves the provider's page by its way out comes back without a code: no session, and the log says what happened."""
    acme = connect(host, provider)
    traveller = Traveller(acme, Browser(host))
    with Visitor(provider.issuer) as visitor:
        reply = traveller.back(visitor.decline(traveller.begin()))
    assert (reply.status, reply.json["reason"], whys(acme)) == (401, "invalid_credentials", ["person_declined"])

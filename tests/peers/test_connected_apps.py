"""Connected apps against npm's oidc-provider, which replaces refresh tokens and ends the grant of one that comes twice."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from ctsec.connections import AccessToken, AppHealth, AppPolicy, AppProvider
from ctsec.jose.client_proof import SecretPost
from ctsec.outcome import Reason
from ctsec.secret import SecretText
from ctsec.security.parts import EmbeddedOptions
from ctsec.transport.reach import Reach
from tests.peers.running import OidcProvider
from tests.peers.scene import SECRET
from tests.services._sync_world import World
from tests.services.probing import reason

pytestmark = [pytest.mark.program("oidc-provider")]
SOAK = bool(os.environ.get("CTSEC_SOAK"))
CLIENT = "a-connected-app"
THREADS = 8


@dataclass(frozen=True, slots=True)
class Scene:
    """An organization that has connected the provider as an app, with its owner."""

    world: World
    provider: OidcProvider
    ann: Any
    organization: Any
    app: Any

    def ask(self, refused: SecretText | None = None) -> Any:
        """Ask for a token."""
        return self.world.security.apps.get_token(self.ann, self.app.id, organization=self.organization, refused=refused)

    def storm(self, refused: SecretText | None) -> AccessToken:
        """Ask in many threads at once; return the token that all have."""
        start = threading.Barrier(THREADS)

        def asked(_: int) -> Any:
            start.wait()
            return self.ask(refused)

        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(asked, range(THREADS)))
        assert all(isinstance(each, AccessToken) for each in found), found
        assert len({each.secret.reveal() for each in found}) == 1
        first: AccessToken = found[0]
        return first

    def accepts(self, token: AccessToken) -> bool:
        """Tell whether the provider's own API takes a token."""
        sent = {"authorization": f"Bearer {token.secret.reveal()}"}
        return httpx.get(f"{self.provider.issuer}/me", headers=sent, timeout=60).status_code == 200


@pytest.fixture
def scene(started: OidcProvider, tmp_path: Path) -> Iterator[Scene]:
    """A connected app; its refresh token is one that rotates."""
    at = started.issuer
    known = AppProvider(
        name="peer",
        issuer=at,
        authorization_endpoint=f"{at}/auth",
        token_endpoint=f"{at}/token",
        revocation_endpoint=f"{at}/token/revocation",
        client_id=CLIENT,
        proof=SecretPost(SecretText(SECRET)),
        scopes=("openid", "offline_access"),
        extra={"prompt": "consent"},
        reach=Reach.LOOPBACK,
    )
    with World.open("sqlite", folder=tmp_path, options=EmbeddedOptions(apps=AppPolicy(providers=(known,)))) as world:
        started.clock = world.clock
        ann = world.person("ann@acme.example")
        organization = world.organization(ann).id
        apps = world.security.apps
        begun: Any = apps.begin(ann, "peer", organization=organization, own=False)
        redirect = dict(parse_qsl(urlsplit(begun.url).query))["redirect_uri"]
        grants = ["authorization_code", "refresh_token"]
        how = {"response_types": ["code"], "token_endpoint_auth_method": "client_secret_post"}
        started.register({"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [redirect], "grant_types": grants, **how})
        back = started.visit(begun.url, person="alice")
        app = apps.complete(ann, "peer", parameters=parse_qsl(urlsplit(back).query))
        yield Scene(world, started, ann, organization, app)


@pytest.mark.proves("SEED-O1")
@pytest.mark.parametrize("rounds", [pytest.param(1000, marks=pytest.mark.slow) if SOAK else 3])
def test_many_calls_are_one_refresh_and_a_token_that_comes_twice_ends_the_grant(scene: Scene, rounds: int) -> None:
    """A provider that ends a grant at a reuse never sees one of ours, whether tokens end or are refused; a stranger's reuse is told."""
    token = scene.ask()
    assert scene.accepts(token)
    for done in range(rounds):
        scene.world.clock.advance(timedelta(seconds=61) if done else timedelta(minutes=11))
        before = scene.provider.count("/token")
        after = scene.storm(token.secret if done else None)
        assert (scene.provider.count("/token") - before, after.secret == token.secret) == (1, False)
        token = after
    assert scene.accepts(token)
    issued = scene.provider.kept("RefreshToken")
    grant = list(issued.values())[-1]["grantId"]  # ours: other tests ask the same provider
    spent = next(name for name, told in issued.items() if told["grantId"] == grant and "consumed" in told)
    form = {"grant_type": "refresh_token", "refresh_token": spent, "client_id": CLIENT, "client_secret": SECRET}
    reused = httpx.post(f"{scene.provider.issuer}/token", data=form, timeout=60)
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    assert not scene.accepts(token)
    scene.world.clock.advance(timedelta(seconds=61))
    assert reason(scene.ask(token.secret)) is Reason.REVOKED
    (status,) = scene.world.call("apps.health", scene.ann, organization=scene.organization)
    assert (status.health, status.problem) == (AppHealth.CONSENT_NEEDED, "grant_refused")


@pytest.mark.proves("SEED-O2")
def test_a_disconnected_app_has_no_token_there_either(scene: Scene) -> None:
    """The worker gives the tokens back at the provider's own endpoint, and that one then takes neither."""
    token = scene.ask()
    scene.world.call("apps.disconnect", scene.ann, scene.app.id, organization=scene.organization)
    assert scene.world.security.apps.revocations.run_due() == 1
    assert scene.provider.count("/token/revocation") >= 1
    assert not scene.accepts(token)
    assert reason(scene.ask()) is Reason.NOT_FOUND

"""Tokens of programs that npm's oidc-provider signs, exchanged for API keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ctsec.keys.policy import KeyPolicy, MintedKey
from ctsec.keys.workload import RuleTerms
from ctsec.keys.workload_policy import WorkloadPolicy
from ctsec.keys.workload_presets import Workload
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.security.parts import EmbeddedOptions
from ctsec.transport.fetch import Fetcher
from ctsec.transport.reach import Reach
from tests.peers.running import OidcProvider
from tests.peers.scene import SECRET
from tests.services._sync_world import World
from tests.services.probing import reason

pytestmark = [pytest.mark.program("oidc-provider")]
AUDIENCE = "https://api.acme.example"
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """An organization whose service account trusts the provider's client `ci-release`."""

    world: World
    provider: OidcProvider
    owner: Any
    organization: Any
    account: Any

    def token(self, client: str = "ci-release", audience: str = AUDIENCE) -> str:
        """Have a program ask the provider for a token (RFC 6749, 4.4; RFC 8707)."""
        self.provider.tell()
        form = {"grant_type": "client_credentials", "resource": audience}
        answer = httpx.post(f"{self.provider.issuer}/token", data=form, auth=(client, SECRET), timeout=60)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def exchange(self, token: str) -> Any:
        """Exchange a token."""
        return self.world.security.workload.exchange(token, account=self.account, request=self.world.request)

    def whys(self) -> list[str]:
        """Return why tokens were refused, as the log says."""
        found = self.world.events(self.organization, "workload_token.refused")
        return [str(each.details()["details"]["why"]) for each in found]


@pytest.fixture
def scene(started: OidcProvider) -> Iterator[Scene]:
    """A scene; the provider has two clients that are programs."""
    policy = WorkloadPolicy(reach=Reach.LOOPBACK, fetcher=Fetcher(seconds=60))
    with World.open(options=EmbeddedOptions(keys=KeyPolicy(workload=policy))) as world:
        started.clock = world.clock
        for name in ("ci-release", "ci-other"):
            how = {"redirect_uris": [], "response_types": [], "grant_types": ["client_credentials"]}
            started.register({"client_id": name, "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic", **how})
        owner = world.person("ann@acme.example")
        organization = world.organization(owner).id
        made = world.call("service_accounts.create", owner, organization=organization, name="Deployer", role="admin")
        terms = RuleTerms(
            name="release",
            preset=Workload.GENERIC,
            issuer=started.issuer,
            audience=AUDIENCE,
            claims={"sub": "ci-release", "client_id": "ci-release"},
            scopes=frozenset({"agents:run"}),
            life=5 * MINUTE,
        )
        rule = world.call("workload_rules.create", owner, organization=organization, account=made.account.id, terms=terms)
        assert rule.issuer == started.issuer
        yield Scene(world, started, owner, organization, made.account.id)


@pytest.mark.proves("SEED-K4")
def test_a_token_of_a_real_issuer_is_exchanged_once(scene: Scene) -> None:
    """Discovery, keys and signature are the issuer's own; the key works for five minutes, and neither a copy nor another token gets one."""
    token = scene.token()
    minted = scene.exchange(token)
    assert isinstance(minted, MintedKey), scene.whys()
    used = scene.world.gate.api_key(minted.token.reveal(), scene.world.request)
    assert isinstance(used, Principal)
    assert (used.id, used.credential.scopes) == (scene.account, frozenset({"agents:run"}))
    forged = token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB")
    refused = (token, scene.token("ci-other"), forged)
    assert [reason(scene.exchange(each)) for each in refused] == [Reason.INVALID_TOKEN] * 3
    assert reason(scene.exchange(scene.token(audience="https://other.example"))) is Reason.INVALID_TOKEN
    late = scene.token()
    scene.world.clock.advance(7 * MINUTE)
    assert reason(scene.exchange(late)) is Reason.INVALID_TOKEN
    assert sorted(scene.whys()) == ["claim_differs", "token_bad_signature", "token_expired", "token_replayed"]
    assert reason(scene.world.gate.api_key(minted.token.reveal(), scene.world.request)) is Reason.EXPIRED


def test_an_issuer_changes_its_keys(scene: Scene) -> None:
    """A token under a key that is not known yet has the keys fetched again, at most once a minute, and one under the old key is refused."""
    old = scene.token()
    assert isinstance(scene.exchange(scene.token()), MintedKey)
    before = scene.provider.count("/jwks")
    scene.provider.restart(new_keys=True)
    scene.world.clock.advance(2 * MINUTE)
    assert isinstance(scene.exchange(scene.token()), MintedKey), scene.whys()
    assert scene.provider.count("/jwks") == before + 1
    assert reason(scene.exchange(old)) is Reason.INVALID_TOKEN
    assert scene.provider.count("/jwks") == before + 1

"""Two hundred calls in four processes are one refresh, which npm's oidc-provider counts: a token that came twice would end the grant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ctsec.connections import AccessToken
from ctsec.storage.sql import schema
from tests.peers.app_crowd import CALLS, CLIENT, JOB, PROCESSES, AppCrowd, world_over
from tests.peers.running import OidcProvider
from tests.peers.scene import SECRET
from tests.servers import available_databases, fresh_database
from tests.services._sync_world import World

pytestmark = [pytest.mark.program("oidc-provider")]
SOAK = bool(os.environ.get("CTSEC_SOAK"))
ROUNDS = int(os.environ.get("CTSEC_SOAK_ROUNDS", "1000"))
# PostgreSQL where this machine has it; each database in a soak.
KINDS = available_databases() if SOAK else available_databases()[:2][-1:]
# An access token is good for ten minutes: it has ended after eleven, and is due, but good, after nine and a quarter.
ENDED, DUE = timedelta(minutes=11), timedelta(minutes=9, seconds=15)


@dataclass(frozen=True, slots=True)
class Scene:
    """An organization whose app is connected, and the processes of its deployment."""

    world: World
    crowd: AppCrowd
    provider: OidcProvider
    organization: Any
    app: Any

    def token(self) -> str:
        """Return the token of this process."""
        found = self.world.security.apps.get_token(JOB, self.app, organization=self.organization)
        assert isinstance(found, AccessToken), found
        return found.secret.reveal()

    def storm(self, after: timedelta) -> set[str]:
        """Have everybody ask at once, after some time; return the tokens that were handed out."""
        self.world.clock.advance(after)
        self.provider.tell()
        self.provider.heard.clear()
        self.provider.asked.clear()
        given = self.crowd.ask(self.world.clock.now(), self.organization, self.app)
        assert [sum(each.values()) for each in given] == [CALLS] * PROCESSES
        self.provider.tell()
        return {token for each in given for token in each}


@pytest.fixture(params=KINDS)
def scene(started: OidcProvider, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """A scene on each kind of database."""
    database = fresh_database(request.param, folder=tmp_path)
    schema.create(database.sync_url)
    world = world_over(database, tmp_path, started.issuer)
    world.security.prepare()
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
    app: Any = apps.complete(ann, "peer", parameters=parse_qsl(urlsplit(back).query))
    crowd = AppCrowd(database, tmp_path, started.issuer)
    yield Scene(world, crowd, started, organization, app.id)
    crowd.close()
    world.security.close()


@pytest.mark.proves("SEED-O1")
@pytest.mark.parametrize("rounds", [pytest.param(ROUNDS, marks=pytest.mark.slow) if SOAK else 2])
def test_two_hundred_calls_are_one_refresh_at_the_provider(scene: Scene, rounds: int) -> None:
    """Each round the provider sees one refresh token once and keeps the grant; every call has a token, ended or due as the last one is."""
    before = scene.token()
    for done in range(rounds):
        ended = done % 2 == 0
        given = scene.storm(ENDED if ended else DUE)
        after = scene.token()
        assert scene.provider.asked["/token"] == 1, done
        assert scene.provider.heard == {"refresh_token.consumed": 1, "refresh_token.saved": 1}, done
        assert given == {after} if ended else given <= {before, after}, done
        assert after != before
        before = after

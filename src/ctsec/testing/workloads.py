"""Issuers of workload identities in this process: they stand for GitHub Actions, GitLab CI and a Kubernetes cluster, without a socket.

    issuer = github_actions(clock=clock)
    token = issuer.token(audience="https://api.acme.example", ref="refs/heads/main")

Their tokens have the claims that the providers document: GitHub, "OpenID Connect reference" (OIDC token claims); GitLab, "OpenID Connect
(OIDC) authentication using ID tokens" (token payload); Kubernetes, "Managing Service Accounts" (bound service account tokens).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from ctsec.clock import Clock
from ctsec.errors import FetchFailed
from ctsec.jose.signing import SigningKey
from ctsec.keys.workload_presets import GITHUB_ISSUER, GITLAB_ISSUER
from ctsec.transport.reach import Reach
from ctsec.transport.request import FetchReason, HttpAnswer, HttpRequest

CLUSTER: Final = "https://cluster.example/id/1"


class WorkloadIssuer:
    """One issuer: `claims` are what its tokens say beside times and audience, `life` is how many seconds they are good for.

    `typed` says whether its tokens have a type. `away` makes it answer nothing, `asked` are the paths that were asked for.
    """

    def __init__(self, issuer: str, claims: Mapping[str, object], *, clock: Clock, life: int = 900, typed: bool = True) -> None:
        self.issuer = issuer
        self.claims = dict(claims)
        self.clock = clock
        self.life = life
        self.typed = typed
        self.key = SigningKey.generate(kid=secrets.token_hex(8))
        self.away = False
        self.asked: list[str] = []

    def token(self, *, audience: str, **changed: object) -> str:
        """Return a token for an audience; `changed` are claims (None: left out)."""
        now = int(self.clock.now().timestamp())
        said: dict[str, object] = {
            "iss": self.issuer,
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + self.life,
            "jti": secrets.token_hex(16),
            **self.claims,
            **changed,
        }
        return self.key.sign({name: value for name, value in said.items() if value is not None}, typ="JWT" if self.typed else "")

    def answer(self, path: str) -> HttpAnswer:
        """Return what the issuer says at a path."""
        self.asked.append(path)
        below = urlsplit(self.issuer).path.rstrip("/")
        if self.away:
            raise FetchFailed("the issuer is away", reason=FetchReason.NO_CONNECTION.value)
        if path == f"{below}/.well-known/openid-configuration":
            return _told({"issuer": self.issuer, "jwks_uri": f"{self.issuer.rstrip('/')}/jwks", "response_types_supported": ["id_token"]})
        return _told({"keys": [dict(self.key.public())]}) if path == f"{below}/jwks" else HttpAnswer(status=404)


class WorkloadIssuers:
    """Fetches from issuers by the names of their hosts (`WorkloadPolicy(fetcher=…)`); nothing else is there."""

    def __init__(self, *issuers: WorkloadIssuer) -> None:
        self.all = {urlsplit(each.issuer).hostname: each for each in issuers}

    def fetch(self, request: HttpRequest, *, reach: Reach = Reach.PUBLIC, hosts: frozenset[str] | None = None) -> HttpAnswer:
        """Return the answer; raise FetchFailed where no issuer of this name is, or it is away."""
        del reach
        parts = urlsplit(request.url)
        found = self.all.get(parts.hostname)
        if found is None or (hosts is not None and parts.hostname not in hosts):
            raise FetchFailed("no simulator stands for this name", reason=FetchReason.UNKNOWN_NAME.value)
        return found.answer(parts.path)


def github_actions(*, clock: Clock, repository: str = "acme/app", repository_id: str = "74", owner_id: str = "65") -> WorkloadIssuer:
    """Return what stands for GitHub Actions, with the claims of a job on the main branch."""
    owner = repository.partition("/")[0]
    claims = {
        "sub": f"repo:{repository}:ref:refs/heads/main",
        "repository": repository,
        "repository_id": repository_id,
        "repository_owner": owner,
        "repository_owner_id": owner_id,
        "repository_visibility": "private",
        "actor": "alice",
        "actor_id": "12",
        "ref": "refs/heads/main",
        "ref_type": "branch",
        "sha": "0123456789abcdef0123456789abcdef01234567",
        "event_name": "push",
        "workflow": "release",
        "job_workflow_ref": f"{repository}/.github/workflows/release.yml@refs/heads/main",
        "run_id": "1001",
        "run_attempt": "1",
        "runner_environment": "github-hosted",
    }
    return WorkloadIssuer(GITHUB_ISSUER, claims, clock=clock)


def gitlab_ci(*, clock: Clock, issuer: str = GITLAB_ISSUER, project_id: str = "22", namespace_id: str = "72") -> WorkloadIssuer:
    """Return what stands for GitLab CI, with the claims of a job on a protected branch."""
    claims = {
        "sub": "project_path:acme/app:ref_type:branch:ref:main",
        "project_id": project_id,
        "project_path": "acme/app",
        "namespace_id": namespace_id,
        "namespace_path": "acme",
        "user_id": "1",
        "user_login": "alice",
        "pipeline_id": "574",
        "pipeline_source": "push",
        "job_id": "302",
        "ref": "main",
        "ref_type": "branch",
        "ref_path": "refs/heads/main",
        "ref_protected": "true",
        "runner_environment": "gitlab-hosted",
    }
    return WorkloadIssuer(issuer, claims, clock=clock, life=3600)


def kubernetes(*, clock: Clock, issuer: str = CLUSTER, uid: str = "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798") -> WorkloadIssuer:
    """Return what stands for a cluster, with the claims of a token that is bound to a pod; its tokens have no type."""
    bound = {
        "namespace": "build",
        "node": {"name": "node-1", "uid": "020bb9de-1ff6-4d8d-9b9e-0c4f8c4c1d4f"},
        "pod": {"name": "builder-0", "uid": "8e3aab68-9b9e-4f5b-8f0c-3f6f7ad1c111"},
        "serviceaccount": {"name": "builder", "uid": uid},
    }
    claims = {"sub": "system:serviceaccount:build:builder", "kubernetes.io": bound}
    return WorkloadIssuer(issuer, claims, clock=clock, life=3600, typed=False)


def _told(said: Mapping[str, object]) -> HttpAnswer:
    return HttpAnswer(status=200, media="application/json", body=json.dumps(said).encode())

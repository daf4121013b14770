"""Providers of workload identities that are known by name: which claims a rule has to pin, and where a pattern can not be confused.

Rules that this module keeps:

- names are handed on: whoever takes a repository's, a project's or an owner's old name makes tokens with its `sub`. So each preset demands
  the ids that a provider never gives twice, and each of them as one exact value;
- an issuer that is known by name has its own preset: as a generic one it would escape from that demand;
- a pattern is allowed for the claims that are listed here alone, and a claim that is listed never names who a workload is.

Sources: GitHub, "OpenID Connect reference" (claims `repository_id`, `repository_owner_id`, `ref`, `jti`); GitLab, "OpenID Connect (OIDC)
authentication using ID tokens" (claims `project_id`, `namespace_id`, `ref`, `jti`); Kubernetes, "Managing Service Accounts" and
"Configure Service Accounts for Pods" (claim `kubernetes.io` with `serviceaccount.uid`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Workload(StrEnum):
    """Who issues the tokens of a rule."""

    GITHUB_ACTIONS = "github_actions"
    GITLAB_CI = "gitlab_ci"
    KUBERNETES = "kubernetes"
    GENERIC = "generic"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadPreset:
    """What is asked of rules for one kind of issuer.

    `pinned` are claims that a rule has to name, `patterns` those whose value may end with `/*`. With `nested` a `/` in the name of a claim
    leads into an object. `beside` are claims that say what another one means, and are named with it. `named` says that the issuer is known
    by name, `once` that its tokens always carry an id, and `types` are the values of `typ` that its tokens have (RFC 8725, 3.11; RFC 9068,
    2.1), an empty one for none.
    """

    pinned: frozenset[str]
    patterns: frozenset[str] = frozenset()
    nested: bool = False
    beside: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    named: bool = False
    once: bool = False
    types: frozenset[str] = frozenset({"", "jwt"})


GITHUB_ISSUER: Final = "https://token.actions.githubusercontent.com"
GITLAB_ISSUER: Final = "https://gitlab.com"
# GitHub Enterprise Cloud with data residency: each enterprise has an issuer of its own below ghe.com.
_GITHUB_TENANT: Final = re.compile(r"https://token\.actions\.[a-z0-9-]+\.ghe\.com(?:/.*)?")
PRESETS: Final = {
    Workload.GITHUB_ACTIONS: WorkloadPreset(
        pinned=frozenset({"repository_id", "repository_owner_id"}),
        patterns=frozenset({"ref"}),
        named=True,
        once=True,
    ),
    Workload.GITLAB_CI: WorkloadPreset(
        pinned=frozenset({"project_id", "namespace_id"}),
        patterns=frozenset({"ref"}),
        # GitLab's ref is a bare name, which a branch and a tag can both have.
        beside=MappingProxyType({"ref": "ref_type"}),
        once=True,
    ),
    Workload.KUBERNETES: WorkloadPreset(pinned=frozenset({"kubernetes.io/serviceaccount/uid"}), nested=True),
    Workload.GENERIC: WorkloadPreset(pinned=frozenset({"sub"}), types=frozenset({"", "jwt", "at+jwt"})),
}


def own_preset(issuer: str) -> Workload | None:
    """Return the preset that an issuer has to be used with, None for one that is not known by name."""
    if issuer == GITHUB_ISSUER or issuer.startswith(f"{GITHUB_ISSUER}/") or issuer.rstrip("/").endswith("/_services/token"):
        return Workload.GITHUB_ACTIONS
    if _GITHUB_TENANT.fullmatch(issuer):
        return Workload.GITHUB_ACTIONS
    return Workload.GITLAB_CI if issuer.rstrip("/") == GITLAB_ISSUER else None

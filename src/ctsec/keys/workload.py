"""Rules of workload identity: whose tokens are exchanged for a key of which service account.

Rules that this module keeps:

- a rule names one issuer and one audience, byte by byte, and what claims have to say: 1 to 16 of them, each one text;
- the claims that its preset demands are pinned to one value each (see `ctsec.keys.workload_presets`);
- a value that ends with `/*` stands for whatever follows, where the preset lets it; any other asterisk is refused, so that nobody takes for
  a pattern what is none, and `sub` is never one: `repo:org/*` would be whoever owns that name, and `repo:org*` other owners, too;
- a key lives for 1 to 15 minutes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from ctsec.ids import OrganizationId, ServiceAccountId, WorkloadRuleId, WorkspaceId
from ctsec.keys.policy import KeyPolicy, KeyRequest, check_request
from ctsec.keys.workload_presets import PRESETS, Workload, WorkloadPreset, own_preset
from ctsec.outcome import Reason, Refusal
from ctsec.transport.address import check_url

LONGEST_LIFE: Final = timedelta(minutes=15)
SHORTEST_LIFE: Final = timedelta(minutes=1)
MAX_RULES: Final = 50
MAX_CLAIMS: Final = 16
MAX_TEXT: Final = 255
MAX_WORKSPACES: Final = 200
_TEXT: Final = re.compile(r"[ -~]{1,255}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,128}")
_MANDATORY: Final = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTerms:
    """What a rule says; `claims` are names and values, None for `scopes` and `workspaces` does not narrow, `networks` are CIDRs."""

    name: str
    preset: Workload
    issuer: str
    audience: str
    claims: Mapping[str, str]
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None
    networks: tuple[str, ...] = ()
    life: timedelta = LONGEST_LIFE


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadRule:
    """A rule as it is kept. `made_by` is who made it, or changed it last: its keys may nothing that this one may not.

    `exchanged` is how many keys it gave, `last_exchanged_at` when it gave the last one.
    """

    id: WorkloadRuleId
    organization_id: OrganizationId
    account_id: ServiceAccountId
    name: str
    preset: Workload
    issuer: str
    audience: str
    claims: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None
    networks: tuple[str, ...] = ()
    life_seconds: int
    made_by: str
    created_at: datetime
    changed_at: datetime
    exchanged: int = 0
    last_exchanged_at: datetime | None = None
    version: int = 1

    @property
    def known(self) -> WorkloadPreset:
        """What is asked of rules for this kind of issuer."""
        return PRESETS[self.preset]

    def request(self) -> KeyRequest:
        """Return what a key of this rule is to be."""
        return key_request(self.name, self.scopes, self.workspaces, self.networks, life=timedelta(seconds=self.life_seconds))


def key_request(
    name: str,
    scopes: frozenset[str] | None,
    workspaces: frozenset[WorkspaceId] | None,
    networks: tuple[str, ...],
    *,
    life: timedelta,
) -> KeyRequest:
    """Return what a key is to be."""
    return KeyRequest(name=name, scopes=scopes, workspaces=workspaces, networks=networks, life=life)


def check_rule(terms: RuleTerms, *, policy: KeyPolicy, loopback: bool = False) -> Refusal | None:
    """Return why a rule can not say this, or None. With `loopback`, for tests, an issuer may be this machine over plain http."""
    if not SHORTEST_LIFE <= terms.life <= LONGEST_LIFE or terms.life.microseconds:
        return _wrong("expected a life of 1 to 15 minutes, in whole seconds")
    if terms.workspaces is not None and len(terms.workspaces) > MAX_WORKSPACES:
        return Refusal(Reason.TOO_LARGE, f"expected at most {MAX_WORKSPACES} workspaces")
    wanted = key_request(terms.name, terms.scopes, terms.workspaces, terms.networks, life=terms.life)
    for found in (check_request(wanted, policy=policy), _check_issuer(terms, loopback=loopback), _check_claims(terms)):
        if found is not None:
            return found
    return None


def _check_issuer(terms: RuleTerms, *, loopback: bool) -> Refusal | None:
    try:
        place = check_url(terms.issuer) if len(terms.issuer) <= MAX_TEXT else None
    except ValueError:
        place = None
    if place is None or not set(terms.issuer).isdisjoint("?#@") or (place.scheme != "https" and not loopback):
        return _wrong("expected the issuer as its tokens name it: an https address of at most 255 characters, without query or fragment")
    own = own_preset(terms.issuer)
    if own is not terms.preset and (own is not None or PRESETS[terms.preset].named):
        return _wrong("expected the preset of this issuer")
    # A default that other services have as well would make our tokens theirs.
    if not _TEXT.fullmatch(terms.audience) or terms.audience.strip() != terms.audience or terms.audience == terms.issuer:
        return _wrong("expected an audience of 1 to 255 printable characters of ASCII, which is not the issuer")
    return None


def _check_claims(terms: RuleTerms) -> Refusal | None:
    preset, claims = PRESETS[terms.preset], terms.claims
    if not 0 < len(claims) <= MAX_CLAIMS:
        return _wrong(f"expected 1 to {MAX_CLAIMS} claims")
    if any(not _NAME.fullmatch(name) or name in _MANDATORY for name in claims):
        return _wrong("expected names of claims of 1 to 128 characters; iss, aud, jti and the times are judged anyway")
    if any(not _TEXT.fullmatch(value) or value.strip() != value for value in claims.values()):
        return _wrong("expected values of claims as texts of 1 to 255 printable characters of ASCII")
    missing = sorted(preset.pinned - claims.keys())
    if missing:
        return _wrong(f"expected {missing[0]} among the claims: a name can be taken by somebody else, an id can not")
    for name, other in preset.beside.items():
        if name in claims and other not in claims:
            return _wrong(f"expected {other} beside {name}, which means another thing with each of them")
    for name, value in claims.items():
        if "*" in value and (name not in preset.patterns or not is_pattern(value) or "*" in value[:-1]):
            return _wrong(f"expected one exact value for {name}; only {', '.join(sorted(preset.patterns)) or 'nothing'} may end with /*")
    return None


def is_pattern(value: str) -> bool:
    """Tell whether a value of a rule stands for several values of a claim."""
    return value.endswith("/*") and len(value) > 2


def claim_holds(wanted: str, found: object) -> bool:
    """Tell whether a claim says what a rule wants: a text, byte by byte, never a member of a list, a number or another spelling."""
    if not isinstance(found, str):
        return False
    if not is_pattern(wanted):
        return found == wanted
    rest = found.removeprefix(wanted[:-1]) if found.startswith(wanted[:-1]) else ""
    return _TEXT.fullmatch(rest) is not None


def found_claim(claims: Mapping[str, object], name: str, *, nested: bool) -> object:
    """Return a claim, None if it is not there; `nested` leads into objects at each `/`."""
    if not nested:
        return claims.get(name)
    found: object = claims
    for part in name.split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return found  # pyright: ignore[reportUnknownVariableType]


def _wrong(why: str) -> Refusal:
    return Refusal(Reason.INVALID_INPUT, why)

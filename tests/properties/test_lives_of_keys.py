"""Whatever happens to a key and to who owns it, each of its secrets is answered as ten lines say.

A service account, or a person, owns one key, from which narrower ones are derived; secrets are made, rotated, ended and derived from, the
owner is demoted, disabled and removed, and the organization shortens lives. A job exchanges tokens for more keys of the account, under a
rule that is narrowed. After each step every secret that was ever shown is tried: what the gate says, and whether it may do the one thing
that the owner's role gives, is reckoned from the story alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctsec.ids import ServiceAccountId, UserId
from ctsec.keys import KeyPolicy, KeyRequest, derive
from ctsec.keys.workload import RuleTerms
from ctsec.keys.workload_policy import WorkloadPolicy
from ctsec.keys.workload_presets import Workload
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.secret import SecretText
from ctsec.storage.memory import MemoryStorage
from ctsec.testing.workloads import WorkloadIssuers, github_actions
from tests.properties.stage import ADDRESS, Stage, bare
from tests.services._sync_apps_scene import LateClock

RUNS = 1500 if os.environ.get("CTSEC_SOAK") else 25
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
QUARTER = 15 * MINUTE
NEVER = datetime.max.replace(tzinfo=UTC)
ONE_THING, OTHER = "organization:manage", "members:manage"
CLOCK = LateClock()
GITHUB = github_actions(clock=CLOCK)
POLICY = KeyPolicy(workload=WorkloadPolicy(fetcher=WorkloadIssuers(GITHUB)))
TERMS = RuleTerms(
    name="release",
    preset=Workload.GITHUB_ACTIONS,
    issuer=GITHUB.issuer,
    audience="https://api.acme.example",
    claims={"repository_id": "74", "repository_owner_id": "65"},
)
ACTS = ("rotate", "end_overlap", "derive", "revoke", "demote", "promote", "disable", "enable", "rule", "narrow", "remove")
STEP = st.one_of(
    st.tuples(st.sampled_from(("rotate", "derive", "exchange", "exchange")), st.integers(0, 4)),
    st.tuples(st.sampled_from(ACTS), st.integers(0, 4)),
    st.tuples(st.sampled_from(("wait", "tick")), st.integers(0, 4)),
)


@dataclass(slots=True)
class Shown:
    """A secret that somebody has: of which generation, until when by itself, whether it keeps the scope, from how many derivations.

    One of no generation came from an exchange: it is a key of its own, which ended with the rule if that was narrowed (`over`).
    """

    text: str
    generation: int | None
    until: datetime
    keeps: bool = True
    depth: int = 0
    over: bool = False


class Story:
    """A key, its owner, and what the story knows of both."""

    def __init__(self, *, person: bool) -> None:
        self.stage = Stage(MemoryStorage(), keys=POLICY)
        CLOCK.clock = self.stage.clock
        self.do, self.gate, self.clock = self.stage.do, self.stage.security.gate, self.stage.clock
        self.owner, self.person = bare(self.stage.person("olga").id), person
        self.home = self.stage.found(self.owner).id
        self.org: dict[str, Any] = {"organization": self.home}
        self.account = self.do(lambda unit: unit.service_accounts.create(self.owner, **self.org, name="Robot", role="admin")).account.id
        if person:
            self.account = self.stage.person("bob").id
            self.stage.admit(self.home, self.account, "admin")
        self.minter = bare(self.account) if person else self.owner
        request = KeyRequest(name="ci", life=20 * DAY, derivable=True)
        of = None if person else self.account
        minted = self.do(lambda unit: unit.api_keys.mint(self.minter, **self.org, request=request, owner=of))
        self.on: dict[str, Any] = {**self.org, "key_id": minted.key.id}
        self.of: dict[str, Any] = {**self.org, ("user" if person else "account"): self.account}
        self.made, self.end = self.clock.now(), self.clock.now() + 20 * DAY
        self.ends = [NEVER]
        self.shown = [Shown(minted.token.reveal(), 0, NEVER)]
        self.role, self.enabled, self.revoked, self.removed, self.narrow = "admin", True, False, False, False
        if not person:
            self.rule = self.do(lambda unit: unit.workload_rules.create(self.owner, **self.of, terms=TERMS)).id

    def expected(self, one: Shown) -> tuple[str, bool]:
        """The model: the first reason that holds, and whether the one thing is allowed."""
        if self.removed or one.over or (self.revoked and one.generation is not None):
            return "revoked", False
        ends = (one.until,) if one.generation is None else (one.until, self.end, self.ends[one.generation])
        if self.clock.now() >= min(ends):
            return "expired", False
        if not self.enabled:
            return "" if self.person else "disabled", False  # a person is still that person, who may nothing here
        return "", one.keeps and self.role == "admin"

    def act(self, name: str, n: int) -> None:
        """Do one thing; the story changes with it."""
        now = self.clock.now()
        if name in {"wait", "tick"}:
            self.clock.advance(n * (DAY if name == "wait" else 4 * MINUTE))
        elif name == "derive":
            parents = [each for each in self.shown if each.depth < 4 and each.generation is not None]
            parent = parents[-n % len(parents)]
            ends, keeps = now + (n - 1) * DAY, n % 2 == 0
            token = derive(SecretText(parent.text), expires_at=ends, scopes=frozenset({ONE_THING if keeps else OTHER})).reveal()
            self.shown.append(Shown(token, parent.generation, min(parent.until, ends), parent.keeps and keeps, parent.depth + 1))
        elif name == "rule":
            life = (n * 5 + 1) * DAY
            self.do(lambda unit: unit.key_rules.put(self.owner, **self.org, longest_life=life))
            self.end = self.made + min(20 * DAY, life)
        elif name == "rotate":
            done = self.do(lambda unit: unit.api_keys.rotate(self.minter, **self.on, overlap=n * DAY))
            assert isinstance(done, Refusal) == (self.revoked or now >= self.end or (self.person and not self.enabled))
            if not isinstance(done, Refusal):
                self.ends = [*(min(each, now + n * DAY) for each in self.ends), NEVER]
                self.shown.append(Shown(done.token.reveal(), len(self.ends) - 1, NEVER))
        elif name == "end_overlap":
            done = self.do(lambda unit: unit.api_keys.end_overlap(self.minter, **self.on))
            if not isinstance(done, Refusal):
                self.ends = [*(min(each, now) for each in self.ends[:-1]), self.ends[-1]]
        elif name in {"exchange", "narrow"}:
            if not self.person:
                self.work(name)
        else:
            self.change(name)

    def work(self, name: str) -> None:
        """Exchange a token, or let what is exchanged from now on do less: what was exchanged before ends."""
        if name == "exchange":
            account = ServiceAccountId(self.account)
            given = self.stage.security.workload.exchange(GITHUB.token(audience=TERMS.audience), account=account, request=ADDRESS)
            assert isinstance(given, Refusal) == (self.removed or not self.enabled)
            if not isinstance(given, Refusal):
                self.shown.append(Shown(given.token.reveal(), None, self.clock.now() + QUARTER, keeps=not self.narrow))
            return
        terms = replace(TERMS, scopes=frozenset({OTHER}))
        self.do(lambda unit: unit.workload_rules.change(self.owner, self.rule, **self.org, terms=terms))
        self.narrow = True
        for one in self.shown:
            one.over = one.over or (one.generation is None and self.clock.now() < one.until)

    def change(self, name: str) -> None:
        """End the key, or change its owner."""
        if name == "revoke":
            done = self.do(lambda unit: unit.api_keys.revoke(self.minter, **self.on))
            self.revoked = self.revoked or not isinstance(done, Refusal)
            assert self.revoked or (self.person and not self.enabled)
        elif name in {"demote", "promote"}:
            change = {"user": UserId(self.account), "role": "member" if name == "demote" else "admin"}
            done = self.do(lambda unit: unit.roles.change_organization_role(self.owner, **self.org, **change))
            self.role = self.role if isinstance(done, Refusal) else change["role"]
        elif name == "remove":
            self.do(lambda unit: (unit.members if self.person else unit.service_accounts).remove(self.owner, **self.of))
            self.revoked = self.removed = True
        else:
            verb = {"disable": "suspend", "enable": "reinstate"}[name] if self.person else name
            done = self.do(lambda unit: getattr(unit.members if self.person else unit.service_accounts, verb)(self.owner, **self.of))
            assert isinstance(done, Refusal) == self.removed
            self.enabled = name == "enable"

    def holds(self) -> None:
        """Try every secret."""
        for one in self.shown:
            found = self.gate.api_key(one.text, ADDRESS)
            reason = found.reason.value if isinstance(found, Refusal) else ""
            may = isinstance(found, Principal) and self.gate.access(found, self.home).can(ONE_THING)
            assert (reason, may) == self.expected(one)


@pytest.mark.proves("SEED-K3", "SEED-K4", "CVE-2025-64521")
@settings(max_examples=RUNS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.booleans(), st.lists(STEP, min_size=3, max_size=14))
def test_every_secret_is_answered_as_the_model_says(person: bool, steps: list[tuple[str, int]]) -> None:
    """Minted, rotated, ended, derived, exchanged, revoked, narrowed, its owner demoted, disabled, removed: gate and model never differ."""
    story = Story(person=person)
    story.holds()
    for name, n in steps:
        story.act(name, n)
        story.holds()

"""Whatever happens to a key and to who owns it, each of its secrets is answered as ten lines say.

A service account owns one key, from which a narrower one is derived; secrets are made, rotated, ended and derived from, the account is
demoted, disabled and removed, and the organization shortens lives. After each step every secret that was ever shown is tried: what the gate
says, and whether it may do the one thing that the account's role gives, is reckoned from the story alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctsec.ids import UserId
from ctsec.keys import KeyRequest, derive
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.secret import SecretText
from ctsec.storage.memory import MemoryStorage
from tests.properties.stage import ADDRESS, Stage, bare

RUNS = 1500 if os.environ.get("CTSEC_SOAK") else 20
DAY = timedelta(days=1)
NEVER = datetime.max.replace(tzinfo=UTC)
ACTS = ("rotate", "end_overlap", "derive", "revoke", "demote", "promote", "disable", "enable", "rule", "remove")
STEP = st.one_of(
    st.tuples(st.sampled_from(("rotate", "derive", "derive")), st.integers(0, 4)),
    st.tuples(st.sampled_from(ACTS), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.integers(0, 4)),
)


@dataclass(slots=True)
class Shown:
    """A secret that somebody has: of which generation, until when by itself, whether it keeps the scope, from how many derivations."""

    text: str
    generation: int
    until: datetime
    keeps: bool = True
    depth: int = 0


class Story:
    """A key, its account, and what the story knows of both."""

    def __init__(self) -> None:
        self.stage = Stage(MemoryStorage())
        self.do, self.gate, self.clock = self.stage.do, self.stage.security.gate, self.stage.clock
        self.owner = bare(self.stage.person("olga").id)
        self.home = self.stage.found(self.owner).id
        self.org: dict[str, Any] = {"organization": self.home}
        self.account = self.do(lambda unit: unit.service_accounts.create(self.owner, **self.org, name="Robot", role="admin")).account.id
        request = KeyRequest(name="ci", life=20 * DAY, derivable=True)
        minted = self.do(lambda unit: unit.api_keys.mint(self.owner, **self.org, request=request, owner=self.account))
        self.on: dict[str, Any] = {**self.org, "key_id": minted.key.id}
        self.of: dict[str, Any] = {**self.org, "account": self.account}
        self.made, self.end = self.clock.now(), self.clock.now() + 20 * DAY
        self.ends = [NEVER]
        self.shown = [Shown(minted.token.reveal(), 0, NEVER)]
        self.role, self.enabled, self.revoked, self.removed = "admin", True, False, False

    def expected(self, one: Shown) -> tuple[str, bool]:
        """The model: the first reason that holds, and whether the one thing is allowed."""
        if self.revoked:
            return "revoked", False
        if self.clock.now() >= min(self.end, self.ends[one.generation], one.until):
            return "expired", False
        if not self.enabled:
            return "disabled", False
        return "", one.keeps and self.role == "admin"

    def act(self, name: str, n: int) -> None:
        """Do one thing; the story changes with it."""
        now = self.clock.now()
        if name == "wait":
            self.clock.advance(n * DAY)
        elif name == "derive":
            parents = [each for each in self.shown if each.depth < 4]
            parent = parents[-n % len(parents)]
            ends, keeps = now + (n - 1) * DAY, n % 2 == 0
            scopes = frozenset({"organization:manage" if keeps else "members:manage"})
            token = derive(SecretText(parent.text), expires_at=ends, scopes=scopes).reveal()
            self.shown.append(Shown(token, parent.generation, min(parent.until, ends), parent.keeps and keeps, parent.depth + 1))
        elif name == "rule":
            life = (n * 5 + 1) * DAY
            self.do(lambda unit: unit.key_rules.put(self.owner, **self.org, longest_life=life))
            self.end = self.made + min(20 * DAY, life)
        elif name == "rotate":
            done = self.do(lambda unit: unit.api_keys.rotate(self.owner, **self.on, overlap=n * DAY))
            assert isinstance(done, Refusal) == (self.revoked or now >= self.end)
            if not isinstance(done, Refusal):
                self.ends = [*(min(each, now + n * DAY) for each in self.ends), NEVER]
                self.shown.append(Shown(done.token.reveal(), len(self.ends) - 1, NEVER))
        elif name == "end_overlap":
            self.do(lambda unit: unit.api_keys.end_overlap(self.owner, **self.on))
            self.ends = [*(min(each, now) for each in self.ends[:-1]), self.ends[-1]]
        else:
            self.change(name)

    def change(self, name: str) -> None:
        """End the key, or change its account."""
        if name == "revoke":
            self.do(lambda unit: unit.api_keys.revoke(self.owner, **self.on))
            self.revoked = True
        elif name in {"demote", "promote"}:
            self.role = "member" if name == "demote" else "admin"
            change = {"user": UserId(self.account), "role": self.role}
            self.do(lambda unit: unit.roles.change_organization_role(self.owner, **self.org, **change))
        elif name == "remove":
            self.do(lambda unit: unit.service_accounts.remove(self.owner, **self.of))
            self.revoked = self.removed = True
        else:
            done = self.do(lambda unit: getattr(unit.service_accounts, name)(self.owner, **self.of))
            assert isinstance(done, Refusal) == self.removed
            self.enabled = name == "enable"

    def holds(self) -> None:
        """Try every secret."""
        for one in self.shown:
            found = self.gate.api_key(one.text, ADDRESS)
            reason = found.reason.value if isinstance(found, Refusal) else ""
            may = isinstance(found, Principal) and self.gate.access(found, self.home).can("organization:manage")
            assert (reason, may) == self.expected(one)


@pytest.mark.proves("SEED-K3", "SEED-K4", "CVE-2025-64521")
@settings(max_examples=RUNS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(STEP, min_size=3, max_size=14))
def test_every_secret_is_answered_as_the_model_says(steps: list[tuple[str, int]]) -> None:
    """Minted, rotated, ended, derived, revoked, ruled, its owner demoted, disabled, removed: the gate and the model never differ."""
    story = Story()
    story.holds()
    for name, n in steps:
        story.act(name, n)
        story.holds()

"""Attenuation: an API key is its owner within its limits, at every check, and nothing makes it more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from ctsec.rbac.decision import DecisionReason
from ctsec.rbac.question import Question
from ctsec.rbac.standing import Standing
from ctsec.testing.conformance.expect import equal
from ctsec.testing.laws.law import Case, Law, within
from ctsec.testing.laws.paths import access
from ctsec.testing.strategies import masks, moments, questions, standings


def _attenuation(case: Case) -> None:
    policy = case.policy
    named = st.frozensets(st.sampled_from((*policy.permissions, "gone:view")))

    @given(question=questions(policy), now=moments(), scopes=st.lists(named, max_size=4), cut=masks(policy.index.everything))
    def law(question: Question, now: datetime, scopes: list[frozenset[str]], cut: int) -> None:
        owner = access(policy, replace(question, scopes=None, workspaces=None), now).mask
        inside = question.workspaces is None or question.workspace in question.workspaces
        limit = sum(1 << bit for bit, name in enumerate(policy.permissions) if question.scopes is None or name in question.scopes)
        key = access(policy, question, now)
        equal(key.mask, owner & limit if inside else 0)
        for nothing in (replace(question, scopes=frozenset()), replace(question, workspaces=frozenset())):
            equal(access(policy, nothing, now).mask, 0)
        derived = key
        for each in scopes:
            narrower = derived.attenuate(each)
            equal(narrower.mask, derived.mask & sum(1 << bit for bit, name in enumerate(policy.permissions) if name in each))
            within(narrower.mask, derived.mask, policy=policy, rule="expected a derived key to be within its parent")
            derived = narrower
        equal(derived.narrow(cut, reason=DecisionReason.OUTSIDE_KEY_SCOPE).mask, derived.mask & cut)
        for name in policy.permissions:
            equal(derived.can(name), bool(derived.mask & policy.index.bit(name)))

    case.search(law)


def _follows_its_owner(case: Case) -> None:
    policy = case.policy

    @given(question=questions(policy), later=st.one_of(st.none(), standings(policy)), now=moments())
    def law(question: Question, later: Standing | None, now: datetime) -> None:
        after = replace(question, standing=later)
        owner = access(policy, replace(after, scopes=None, workspaces=None), now).mask
        within(access(policy, after, now).mask, owner, policy=policy, rule="expected a key to lose what its owner lost")

    case.search(law)


def _keys(case: Case) -> None:
    _attenuation(case)
    _follows_its_owner(case)


KEYS = (
    Law(
        number=18,
        name="attenuation",
        statement="a key holds what its owner holds now and its limits name; a derived key is within its parent; nothing adds to either",
        hold=_keys,
    ),
)

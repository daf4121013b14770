"""Directories of four providers push to both hosts, each in its dialect, and what they say and what is here stays the same."""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

import pytest

from ctsec.rbac.policy import Policy
from tests.hosts.directories import DIRECTORIES, year
from tests.hosts.harness import HOSTS

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
# Each provider at one host; the large years at both.
HERE: Final = [(provider, sorted(HOSTS)[at % 2]) for at, provider in enumerate(DIRECTORIES)]


@pytest.mark.proves("SEED-S14")
@pytest.mark.parametrize(("provider", "name"), HERE)
def test_weeks_of_joiners_movers_and_leavers_end_in_agreement(provider: str, name: str) -> None:
    """After weeks of changes people, states, groups and roles are what the provider says, nothing drifted, and the log has each step."""
    host = HOSTS[name](Policy.preset(), shared=True)
    try:
        lived = year(host, provider)
        lived.live(people=10, days=36, events=1)
        lived.agrees()
    finally:
        host.close()


if SOAK:

    @pytest.mark.slow
    @pytest.mark.parametrize(("provider", "name"), HERE)
    def test_a_year_of_a_thousand_people_ends_in_agreement(provider: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        """A thousand people over four providers and a year, four events a day at each: at the end everything agrees."""
        host = HOSTS[name](Policy.preset(), shared=True)
        try:
            lived = year(host, provider, seed=1)
            lived.live(people=250, days=365, events=4)
            lived.agrees()
            ledger = lived.directory.ledger
            states = Counter(person.active for person in lived.directory.people.values())
            with capsys.disabled():
                asked, written = dict(Counter(ledger.asked)), len(ledger.written)
                print(f"\n{provider} at {name}: {lived.hired} hired, {states[True]} there, {states[False]} left; {asked}, {written} events")
        finally:
            host.close()

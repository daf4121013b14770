"""GitHub asked again: there is no refresh token and no notice, so the membership is what a session rests on; in both hosts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ctsec.testing.providers import GitHub
from tests.hosts.harness import HOSTS, Browser
from tests.hosts.providers import Providers, providers
from tests.hosts.sso import Traveller

LOST: dict[str, str | None] = {"invited only": "pending", "removed": "", "suspended there": "suspended"}


@pytest.fixture(params=sorted(HOSTS))
def at(request: pytest.FixtureRequest) -> Iterator[Providers]:
    """An organization whose people come in through GitHub."""
    with providers(request.param, names=["github"]) as made:
        for name in (*LOST, "stays", "revoked"):
            made.at["github"].hire(name, f"{name.replace(' ', '-')}@acme.example")
        yield made


def pass_by(at: Providers) -> None:
    """Let an hour go by, in which the worker runs every five minutes."""
    for _ in range(12):
        at.host.clock.advance(timedelta(minutes=5))
        at.host.mails("nobody")


def come(at: Providers, person: str) -> Browser:
    """Return a browser in which somebody has signed in."""
    browser = Browser(at.host)
    assert Traveller(at.acme("github"), browser).sign_in(person).json["status"] == "signed_in"
    return browser


@pytest.mark.proves("SEED-S5", "SEED-S14", "ASVS-7.6.1")
def test_who_is_no_active_member_any_more_is_out_within_the_hour(at: Providers) -> None:
    """Pending, removed or the application revoked: every session ends, with its reason; a member's goes on, in GitHub's trouble too."""
    github = at.at["github"]
    assert isinstance(github, GitHub)
    lost, stays, revoked = {name: (come(at, name), come(at, name)) for name in LOST}, come(at, "stays"), come(at, "revoked")
    pass_by(at)
    everybody = [each for pair in lost.values() for each in pair] + [stays, revoked]
    assert {each.auth("GET /session").status for each in everybody} == {200}
    for name, membership in LOST.items():
        github.people[name]["membership"] = membership
    gone = next(each for each in github.sign_ins.all if each.person == "revoked")
    gone.ended = True
    pass_by(at)
    assert [each.auth("GET /session").status for each in everybody] == [401] * 6 + [200, 401]
    told = [each.details()["details"] for each in at.host.events(at.organization) if each.name == "sso.sessions_ended"]
    assert sorted((each["why"], each["ended"]) for each in told) == [("grant_refused", 1)] + [("not_a_member_at_provider", 2)] * 3
    again = Traveller(at.acme("github"), Browser(at.host)).sign_in("removed")
    assert again.status == 401
    github.people["stays"]["emails"] = "no list"  # what says nothing of the membership
    pass_by(at)
    assert stays.auth("GET /session").status == 200

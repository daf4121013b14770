"""Directories of four providers push to both hosts, each in its dialect, and what they say and what is here stays the same."""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

import pytest

from ctsec.rbac.policy import Policy
from ctsec.testing.directories import EntraDirectory, OktaDirectory, Person, Refused
from tests.hosts.directories import DIRECTORIES, sends, year
from tests.hosts.harness import HOSTS, Host
from tests.hosts.scim import ENTERPRISE, ROOT, USER

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


def test_administrators_see_what_was_pushed_and_what_rules_would_make_of_it(host: Host) -> None:
    """Preview, drift and the report of joiners, movers and leavers tell what a provider did, by whom, and change nothing."""
    lived = year(host, "okta")
    directory, owner = lived.directory, lived.pusher.owner
    directory.found("Finance")
    directory.hire(Person(key="pat", email=f"pat@{lived.domain}", given="Pat", family="P"))
    directory.hire(Person(key="kim", email=f"kim@{lived.domain}", given="Kim", family="K"))
    directory.join("Finance", "pat")
    directory.rename("Finance", "Money")
    owner_of_it = {"department": "Sales", "manager": {"value": directory.ids["kim"]}, "costCenter": "7"}
    for said in ({"title": "Boss", ENTERPRISE: owner_of_it}, {"title": "Boss", "nickName": "P"}, {"displayName": "Pat P"}):
        body = {"schemas": [USER], "userName": f"pat@{lived.domain}", "active": True, **said}
        lived.pusher.ok(f"PUT /Users/{directory.ids['pat']}", body)
    directory.leave("kim")
    place = f"/organizations/{lived.pusher.organization}"
    report = owner.ok(f"GET {place}/lifecycle/report")
    told = {kind: [(each["name"], each["by"]) for each in report[kind]] for kind in ("joiners", "movers", "leavers")}
    scim = lived.pusher.connection
    assert told["joiners"].count(("user.provisioned", scim)) == 2
    moved = [("role.assigned", scim), ("role.revoked", scim), ("member.reassigned", scim)]
    assert sorted(each for each in told["movers"] if each[1] == scim) == sorted([*moved, moved[2], moved[2]])
    works = sorted(each["details"]["changed"] for each in report["movers"] if each["name"] == "member.reassigned")
    assert works == [["costCenter", "department", "manager"], ["title"], ["title", "costCenter", "department", "manager"]]
    assert told["leavers"] == [("member.removed", scim)]
    one = f"{place}/sso/scim/{scim}"
    rules = {"rules": [{"group": "Money", "role": "editor", "workspace_id": lived.workspace}]}
    before = len(host.events(lived.pusher.organization))
    seen = owner.ok(f"POST {one}/preview", {"provisioning": rules})
    pat, kim = seen["people"]
    assert (pat["groups"], pat["workspace_roles"]) == (["Money"], [{"workspace_id": lived.workspace, "role": "editor"}])
    assert pat["member"]["changes"] == [{"workspace_id": lived.workspace, "before": None, "after": "editor"}]
    assert (kim["active"], kim["why"], kim["member"], seen["next"]) == (False, "inactive", None, None)
    first = owner.ok(f"GET {one}/drift")
    assert (first["differences"], first["next"]) == ([], "usr_")
    last = owner.ok(f"GET {one}/drift?after=usr_")
    assert [(each["gap"], each["user_id"], each["held_role"], each["provisioned"]) for each in last["differences"]] == [
        ("unpushed", owner.id, "owner", False)
    ]
    assert len(host.events(lived.pusher.organization)) == before
    too_high = {"provisioning": {"rules": [{"group": "Money", "role": "owner"}]}}
    assert owner.auth(f"POST {one}/preview", too_high).status == 422
    assert owner.auth(f"POST {one}/preview", {"default_role": "admin"}).status == 422
    assert owner.auth(f"GET {one}/drift?limit=0").status == 422
    assert EntraDirectory(sends(host), root=ROOT, token=lived.pusher.token).test_connection() == 0
    with pytest.raises(Refused, match="401"):
        OktaDirectory(sends(host), root=ROOT, token="nothing").found("Finance")


if SOAK:

    @pytest.mark.slow
    @pytest.mark.parametrize(("provider", "name"), HERE)
    def test_a_year_of_a_thousand_people_ends_in_agreement(provider: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        """A thousand people and a year, four events a day, at each of the four providers: at the end everything agrees."""
        host = HOSTS[name](Policy.preset(), shared=True)
        try:
            lived = year(host, provider, seed=1)
            lived.live(people=1_000, days=365, events=4)
            lived.agrees()
            ledger = lived.directory.ledger
            states = Counter(person.active for person in lived.directory.people.values())
            with capsys.disabled():
                asked, written = dict(Counter(ledger.asked)), len(ledger.written)
                print(f"\n{provider} at {name}: {lived.hired} hired, {states[True]} there, {states[False]} left; {asked}, {written} events")
        finally:
            host.close()

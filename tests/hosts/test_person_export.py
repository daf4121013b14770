"""What the logs say of a person, as files for that person, in both hosts."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from tests.hosts.files import SAM, file_of
from tests.hosts.harness import Browser, Host, named

NOBODY = "usr_00000000000000000000000000"


@pytest.mark.proves("SEED-L3")
def test_a_person_takes_away_what_the_logs_say_of_her(host: Host) -> None:
    """Each log of hers is a file that verifies: her own events whole, those of others about her masked, her personal parts open."""
    owner, guest = (Browser(host).sign_up(f"{name}@example.com") for name in ("owner", "guest"))
    first, second = owner.found("Acme"), owner.found("Globex")
    owner.invite(first, guest)
    owner.workspace(second)
    assert owner.auth(f"POST /organizations/{first}/members/{guest.id}/suspend").status < 300
    assert owner.auth(f"POST /organizations/{first}/members/{guest.id}/reinstate").status < 300
    host.events()
    logs = {each["log"]: each for each in guest.ok("GET /activity/logs")["logs"]}
    assert logs.keys() == {"deployment", first}
    own, masked = file_of(guest, "GET /activity/export", logs["deployment"]["keys"])
    assert masked == 0
    assert b"guest@example.com" in own
    assert b"198.51.100.7" in own
    about, masked = file_of(guest, f"GET /activity/export?log={first}", logs[first]["keys"])
    shown = [json.loads(line)["shown"] for line in about.splitlines() if b'"shown":' in line]
    assert masked == len(shown)
    assert {("member.suspended", "user"), ("member.reinstated", "user")} <= {(each["name"], each["by"]) for each in shown}
    assert next(each for each in shown if each["name"] == "member.suspended")["details"] == {"role": "member"}
    assert set(re.findall(rb"usr_[0-9a-z]{26}", own + about)) == {guest.id.encode()}
    assert set(re.findall(rb"org_[0-9a-z]{26}", about)) == {first.encode()}
    assert b"owner@example.com" not in own + about
    exported = named(host.events(first), "audit.exported")[0]
    assert (exported.actor_id, exported.subject_id, exported.details()["details"]["masked"]) == (guest.id, guest.id, True)
    for log in (second, "logs", NOBODY, "%C3%A4"):
        assert guest.auth(f"GET /activity/export?log={log}").status == 404, log
    host.clock.advance(timedelta(seconds=5))
    assert owner.auth(f"POST /organizations/{first}/members/{guest.id}/suspend").status < 300
    assert guest.auth(f"GET /activity/export?log={first}").status == 404


def test_an_operator_or_an_organization_hands_a_person_the_same(host: Host) -> None:
    """An operator finds every log of hers, the one that she has left too; the organization masks what it exports for her."""
    owner, guest = (Browser(host).sign_up(f"{name}@example.com") for name in ("owner", "guest"))
    home = owner.found("Acme")
    owner.invite(home, guest)
    assert owner.auth(f"DELETE /organizations/{home}/members/{guest.id}").status < 300
    host.events()
    found = owner.auth(f"GET /operator/people/{guest.id}/logs", headers=SAM).json["logs"]
    logs = {each["log"]: each["keys"] for each in found}
    assert logs.keys() == {"deployment", home}
    path = f"GET /operator/people/{guest.id}/export?log={home}"
    handed, masked = file_of(owner, path, logs[home])
    assert masked > 0
    route = f"/organizations/{home}/audit/export?person={guest.id}"
    whole = owner.auth(f"GET {route}").body
    theirs, same = file_of(owner, f"GET {route}&masked=yes&personal=yes", logs[home])
    assert same == masked
    assert owner.id.encode() in whole
    for file in (handed, theirs):
        assert set(re.findall(rb"usr_[0-9a-z]{26}", file)) == {guest.id.encode()}
        assert b"member.removed" in file
    assert sorted(each.actor_id for each in named(host.events(home), "audit.exported")) == sorted(["sam", owner.id, owner.id])
    host.clock.advance(timedelta(seconds=5))
    for query in ("masked=yes", f"masked=yes&person={guest.id}&format=csv", f"masked=on&person={guest.id}"):
        assert owner.auth(f"GET /organizations/{home}/audit/export?{query}").status == 422, query
    stranger = owner.auth(f"GET /organizations/{home}/audit/export?masked=yes&person={NOBODY}").status
    assert (stranger, named(host.events(home), "audit.exported")[-1].subject_id) == (200, "")
    for log, person in ((NOBODY, guest.id), ("logs", guest.id), ("%2e", guest.id), (home, NOBODY)):
        assert owner.auth(f"GET /operator/people/{person}/export?log={log}", headers=SAM).status == 404, log

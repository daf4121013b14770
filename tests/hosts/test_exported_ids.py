"""What leaves one organization names no other: exports of every format and people's own activity, after whatever happened."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctsec.audit.export import verify_export
from ctsec.audit.tree import VerifierKey
from ctsec.rbac.policy import Policy
from tests.hosts.harness import HOSTS, Browser, Host, bearer

FORMATS: Final = ("jsonl", "csv", "ocsf", "cef")
IDS: Final = re.compile(rb"(?:org|wsp|key|inv|elv|crd)_[0-9a-z]{26}")
STEPS: Final = (
    "space", "invite", "switch", "key", "grant", "remove", "reach", "borrow", "elevate", "rename", "own_role", "search", "export", "again",
)  # fmt: skip


@dataclass
class Three:
    """Three organizations of three owners, who are in each other's, and what was made in which."""

    host: Host
    people: list[Browser]
    organizations: list[str]
    made: list[set[str]] = field(default_factory=lambda: [set(), set(), set()])
    keys: list[tuple[int, str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, host: Host) -> Three:
        """Return them, each owner having founded one and joined the next."""
        people = [Browser(host).sign_up(f"p{number}@example.com") for number in range(3)]
        organizations = [person.found(f"Org {number}") for number, person in enumerate(people)]
        scene = cls(host, people, organizations)
        for number in range(3):
            people[number].invite(organizations[number], people[(number + 1) % 3], role="admin")
            scene.do(("space", number, number))
        return scene

    def spaces(self, number: int) -> list[str]:
        """Return the workspaces that were made in an organization."""
        return sorted(each for each in self.made[number] if each.startswith("wsp_"))

    def do(self, step: tuple[str, int, int]) -> None:
        """Have a person do something in an organization, allowed or not, with what is another's where the step says so."""
        what, who, where = step
        person, home = self.people[who], f"/organizations/{self.organizations[where]}"
        other = (where + 1) % 3
        foreign, theirs = self.organizations[other], (self.spaces(other) or ["wsp_00000000000000000000000000"])[0]
        mine = (self.spaces(where) or [theirs])[0]
        someone = self.people[(who + 1) % 3]
        lines: dict[str, tuple[tuple[str, Any], ...]] = {
            "space": ((f"POST {home}/workspaces", {"name": f"W{len(self.made[where])}"}),),
            "invite": ((f"POST {home}/invitations", {"email": "new@example.com", "workspace_id": mine, "workspace_role": "viewer"}),),
            "switch": (("POST /session/organization", {"organization_id": self.organizations[where]}),),
            "key": ((f"POST {home}/api-keys", {"name": "robot"}),),
            "grant": ((f"PUT /workspaces/{mine}/roles/{someone.id}", {"role": "editor"}),),
            "remove": ((f"DELETE {home}/members/{someone.id}", None),),
            "reach": (
                (f"POST {home}/invitations", {"email": "z@example.com", "workspace_id": theirs, "workspace_role": "admin"}),
                (f"POST {home}/api-keys", {"name": "robot", "workspaces": [theirs]}),
                (f"POST {home}/elevations", {"role": "editor", "workspace_id": theirs, "minutes": 5, "reason": "night"}),
                (f"DELETE {home}/members/{foreign}", None),
                (f"GET /organizations/{foreign}/audit/export", None),
                (f"PUT /workspaces/{theirs}/roles/{person.id}", {"role": "admin"}),
                (f"DELETE {home}/api-keys/{next(iter(sorted(self.made[other])), 'key_x')}", None),
            ),
            "elevate": ((f"POST {home}/elevations", {"role": "editor", "workspace_id": mine, "minutes": 30, "reason": "night"}),),
            "rename": ((f"PATCH {home}", {"name": "Other"}),),
            "own_role": ((f"PUT {home}/roles/reader", {"permissions": ["dashboards:view"], "extends": None}),),
            "search": ((f"GET {home}/audit?target={foreign}", None), (f"GET {home}/audit/counts?workspace={theirs}", None)),
            "export": ((f"GET {home}/audit/export?target={foreign}&workspace={theirs}&format=csv", None),),
            "again": (("POST /sign-out", None), ("POST /sign-in", {"email": person.email, "password": "a wrong pass word"})),
        }
        for line, body in lines.get(what, ()):
            reply = person.auth(line, body)
            if reply.status < 300 and reply.headers.get("content-type") == "application/json":
                self.made[where] |= {each.decode() for each in IDS.findall(reply.body)} & own(reply.json)
                if "token" in reply.json and "api-keys" in line:
                    self.keys.append((where, reply.json["id"], reply.json["token"]))
        if what == "again":
            person.sign_in()
        if what == "borrow" and self.keys:
            owner, _, token = self.keys[0]
            for target in self.spaces((owner + 1) % 3):
                bearer(self.host, token, "POST", f"/workspaces/{target}/agents-run")


def own(answer: Any) -> set[str]:
    """Return the id of what an answer says was made."""
    return {str(answer["id"])} if isinstance(answer, dict) and "id" in answer else set()


def seen_by(person: Browser) -> bytes:
    """Return every page of a person's activity."""
    found, cursor = b"", ""
    while True:
        page = person.auth(f"GET /activity?limit=7{cursor}")
        found += page.body
        if page.json["next"] is None:
            return found
        cursor = f"&cursor={page.json['next']}"


def taken_by(person: Browser) -> dict[str, bytes]:
    """Return the file of each log that a person may take away, verified."""
    files: dict[str, bytes] = {}
    for each in person.ok("GET /activity/logs")["logs"]:
        file = person.auth(f"GET /activity/export?log={each['log']}").body
        report = verify_export(file.splitlines(keepends=True), keys=[VerifierKey.read(key) for key in each["keys"]])
        assert (report.problem, report.signed, report.events) == ("", True, each["events"])
        files[each["log"]] = file
    return files


@pytest.mark.proves("SEED-L3", "ASVS-8.4.1")
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(sorted(HOSTS)),
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2), st.integers(0, 2)), min_size=12, max_size=25),
)
def test_what_leaves_an_organization_names_no_other(name: str, steps: list[tuple[str, int, int]]) -> None:
    """No export, in no format, and no activity page holds an id of another organization or of what is in it, whoever tried what.

    What somebody typed into a filter is sealed, and in an export only if personal parts are asked for.
    """
    with closing(HOSTS[name](Policy.preset())) as host:
        told(host, steps)


def told(host: Host, steps: list[tuple[str, int, int]]) -> None:
    """Play the steps, and look at all that leaves."""
    scene = Three.of(host)
    assert all(scene.made)
    for step in [*steps, ("reach", 0, 0), ("search", 1, 1), ("export", 2, 2)]:
        scene.do(step)
    host.events()
    sent = 0
    typed = any(what in {"search", "export"} for what, _, _ in steps)
    for number, organization in enumerate(scene.organizations):
        others = {scene.organizations[at] for at in range(3) if at != number}
        others |= set[str]().union(*(scene.made[at] for at in range(3) if at != number))
        for form in FORMATS:
            for personal in ("no", *([] if typed or number == 2 else ["yes"])):
                reply = scene.people[number].auth(f"GET /organizations/{organization}/audit/export?format={form}&personal={personal}")
                if reply.status != 200:
                    assert reply.status in {403, 404}
                    continue
                sent += 1
                assert organization.encode() in reply.body
                assert {each.decode() for each in IDS.findall(reply.body)} & others == set(), (form, personal)
    assert sent > len(FORMATS)
    for person in scene.people:
        belongs = {each["id"] for each in person.ok("GET /organizations")["organizations"] if each["membership"] == "active"}
        seen = {each.decode() for each in re.findall(rb"org_[0-9a-z]{26}", seen_by(person))}
        assert seen <= belongs
        for log, file in taken_by(person).items():
            people = {each.decode() for each in re.findall(rb"usr_[0-9a-z]{26}", file)}
            assert people == {person.id}
            named = {each.decode() for each in IDS.findall(file)}
            foreign = {scene.organizations[at] for at in range(3)} | set[str]().union(*scene.made)
            mine = [at for at in range(3) if log == scene.organizations[at]]
            if mine:
                assert named & (foreign - {log} - scene.made[mine[0]]) == set()

"""Four directories with one organization each, and the years that they have: joiners, movers and leavers, pushed by SCIM."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import StoredEvent
from ctsec.ids import WorkspaceId
from ctsec.sso import GroupRule, ProvisioningSettings
from ctsec.sso.scim import ScimWish
from ctsec.testing.directories import (
    Answer,
    Directory,
    EntraDirectory,
    GoogleDirectory,
    OktaDirectory,
    OneLoginDirectory,
    Person,
    Sends,
    over_asgi,
    over_wsgi,
)
from tests.hosts.harness import Browser, FastapiHost, Host
from tests.hosts.scim import ROOT, Pusher, proved, pushes

DIRECTORIES: Final[dict[str, type[Directory]]] = {
    "okta": OktaDirectory,
    "entra": EntraDirectory,
    "onelogin": OneLoginDirectory,
    "google": GoogleDirectory,
}
GROUPS: Final = ("Readers", "Engineering", "Finance", "Everybody")
PURGED_AFTER: Final = 30


def sends(host: Host) -> Sends:
    """Return the way to a host, each framework by its own protocol; a moment passes with every request."""
    made: Any = host
    through = over_asgi(made.app, run=made.runner.run) if isinstance(host, FastapiHost) else over_wsgi(made.app)

    def send(method: str, target: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        host.clock.advance(timedelta(milliseconds=50))
        return through(method, target, headers=headers, body=body)

    return send


def wish(workspace: str) -> ScimWish:
    """Return rules that name two of the groups in the organization, and two in its workspace; nobody names the fourth."""
    place = WorkspaceId(workspace)
    rules = (
        GroupRule(group="Readers", role="viewer"),
        GroupRule(group="Finance", role="viewer", workspace=place),
        GroupRule(group="Engineering", role="editor", workspace=place),
    )
    return ScimWish(name="Directory", provisioning=ProvisioningSettings(rules=rules))


def expected(directory: Directory, key: str) -> tuple[str, str | None]:
    """Return what the rules give to somebody of a directory, as this page says it: the role in the organization, and in the workspace."""
    mine = {name for name, members in directory.groups.items() if key in members} if directory.pushes_groups else set[str]()
    inside = "viewer" if "Readers" in mine else "member"
    there = "viewer" if "Finance" in mine else "editor" if "Engineering" in mine and inside == "member" else None
    return inside, there


@dataclass
class Year:
    """A directory, the organization that it pushes to, and what happens in it day by day."""

    host: Host
    pusher: Pusher
    workspace: str
    directory: Directory
    random: Random
    hired: int = 0

    def grow(self, people: int) -> None:
        """Have groups, and so many people, half of them in some group."""
        for name in GROUPS:
            self.directory.found(name)
        for _ in range(people):
            self.hire()

    def hire(self) -> None:
        """Somebody joins."""
        key = f"p{self.hired}"
        self.hired += 1
        self.directory.hire(Person(key=key, email=f"{key}@{self.domain}", given="Pat", family=f"Number{key}"))
        for name in self.random.sample(GROUPS, self.random.randrange(3)):
            self.directory.join(name, key)

    @property
    def domain(self) -> str:
        """The domain of the organization."""
        return str(self.pusher.owner.email).partition("@")[2]

    def day(self, events: int, gone: dict[str, int], today: int) -> None:
        """Let a day pass with some events; those who left long ago are purged."""
        self.host.clock.advance(timedelta(days=1))
        for key in [key for key, day in gone.items() if today - day >= PURGED_AFTER]:
            del gone[key]
            self.directory.purge(key)
        for _ in range(events):
            here = [key for key, person in self.directory.people.items() if person.active]
            act = self.random.choice(("hire", "move", "move", "move", "rename", "title", "leave", "leave", "back"))
            if act == "hire" or not here:
                self.hire()
                continue
            key = self.random.choice(here)
            if act == "move":
                name = self.random.choice(GROUPS)
                (self.directory.quit if key in self.directory.groups[name] else self.directory.join)(name, key)
            elif act == "rename":
                self.directory.change(key, family=f"Married{today}")
            elif act == "title":
                self.directory.change(key, title=f"Grade {today}", manager=self.random.choice(here))
            elif act == "leave":
                gone[key] = today
                self.directory.leave(key)
            elif gone:
                back = self.random.choice(sorted(gone))
                del gone[back]
                self.directory.come_back(back)

    def live(self, *, people: int, days: int, events: int) -> None:
        """Grow, and live so many days."""
        self.grow(people)
        gone: dict[str, int] = {}
        for today in range(days):
            if today == days // 2:
                self.rotate()
            self.day(events, gone, today)

    def rotate(self) -> None:
        """Give the provider a new credential; the old one goes on for its overlap and ends."""
        actor, organization = proved(self.host, self.pusher.owner.id), self.pusher.organization
        made = self.host.do(lambda unit: unit.scim.connections.issue(actor, self.pusher.connection, organization=organization))
        self.directory.token = self.pusher.token = made.text.reveal()

    def held(self) -> dict[str, tuple[str, str | None]]:
        """Return what members hold here, by address; the owner aside."""
        organization: Any = self.pusher.organization
        made: dict[str, tuple[str, str | None]] = {}
        after = ""
        while True:
            page = self.host.do(lambda unit, after=after: unit._store.standings.of_organization(organization, after=after, limit=500))  # type: ignore[misc]
            for each in page:
                there = each.workspaces.get(WorkspaceId(self.workspace))
                made[each.user] = (each.role, there.role if there is not None else None)
            if len(page) < 500:
                break
            after = page[-1].user
        known = {user: self.host.do(lambda unit, user=user: unit._store.users.get(user)).email for user in made}  # type: ignore[misc]
        del made[self.pusher.owner.id]
        return {known[user]: held for user, held in made.items()}

    def agrees(self) -> None:
        """Users, their state, groups and roles are what the directory says, nothing drifted, and every step is in the log, in its order."""
        directory, people = self.directory, self.directory.people
        there = {people[key].email: expected(directory, key) for key in people if people[key].active}
        assert self.held() == there
        told = {key: (person.email, person.active) for key, person in people.items()}
        source = self.source()
        for key, told_of in told.items():
            found = self.host.do(lambda unit, key=key: unit.scim.reads.user(source, directory.ids[key]))  # type: ignore[misc]
            assert (found.user_name, found.active) == told_of
        for name in directory.groups if directory.pushes_groups else ():
            group = self.host.do(lambda unit, name=name: unit.scim.reads.group(source, directory.ids[name]))  # type: ignore[misc]
            members = self.host.do(lambda unit, group=group: unit.scim.reads.members(group))  # type: ignore[misc]
            assert set(members) == {directory.ids[key] for key in directory.groups[name]}
        logged = [
            (WROTE[each.name.partition(".")[2]], KINDS[target["kind"]], target["id"])
            for each in self.logged()
            if each.name.startswith(("scim_user.", "scim_group."))
            for target in json.loads(each.body)["targets"]
        ]
        asked = [(METHODS[each.method], each.kind, each.id) for each in directory.ledger.written]
        assert logged == asked
        assert self.drift() == []

    def logged(self) -> list[StoredEvent]:
        """Return the whole log of the organization, oldest first, once all of it is sealed."""
        query = AuditQuery(log=LogId(self.pusher.organization))
        found: list[StoredEvent] = []
        for _ in range(100):
            self.host.events(self.pusher.organization)
            if not self.host.do(lambda unit: unit.audit.search(query)).pending:
                break
        cursor: str | None = None
        while True:
            page = self.host.do(lambda unit, at=cursor: unit.audit.search(query, cursor=at, limit=500))  # type: ignore[misc]
            found += [each.event for each in page.events]
            cursor = page.next
            if cursor is None:
                return found[::-1]

    def source(self) -> Any:
        """Return the connection as a credential proves it."""
        return self.host.do(lambda unit: unit.scim.reads.authenticate(self.pusher.token))

    def drift(self) -> list[Any]:
        """Return where provider and organization differ; the owner, whom people made, aside."""
        where = f"GET /organizations/{self.pusher.organization}/sso/scim/{self.pusher.connection}/drift"
        found: list[Any] = []
        after: str | None = ""
        self.host.clock.advance(timedelta(minutes=1))
        owner = self.pusher.owner
        owner.ok("POST /sign-in/code", {"ticket": owner.sign_in()["ticket"], "code": owner.code()})
        while after is not None:
            page = owner.ok(f"{where}?limit=200&after={after}")
            found += page["differences"]
            after = page["next"]
        return [each for each in found if each["user_id"] != self.pusher.owner.id]


METHODS: Final = {"POST": "POST", "PUT": "CHANGE", "PATCH": "CHANGE", "DELETE": "DELETE"}
WROTE: Final = {"created": "POST", "changed": "CHANGE", "removed": "DELETE"}
KINDS: Final = {"scim_user": "User", "scim_group": "Group"}


def year(host: Host, name: str, *, seed: int = 0) -> Year:
    """Found an organization for a directory of a provider, with rules and a credential that lasts the year."""
    owner = Browser(host).sign_up(f"olga@{name}.example", "Olga").enrol()
    workspaces: list[str] = []

    def wished(organization: str) -> ScimWish:
        workspaces.append(owner.workspace(organization))
        return wish(workspaces[0])

    pusher = pushes(host, name=name, owner=owner, wish=wished)
    directory = DIRECTORIES[name](sends(host), root=ROOT, token=pusher.token)
    return Year(host, pusher, workspaces[0], directory, Random(seed))

"""A directory of people and groups that pushes each change by SCIM: what the simulators of this package share.

A directory knows its people and groups and the ids that the service gave them. Each verb changes what it knows and sends what the provider
sends for that. What is sent is read of the providers' own pages, and not recorded of their traffic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote

from ctsec.testing.directories.sending import Answer, Sends

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Refused(AssertionError):
    """A service answered otherwise than the provider expects; `answer` is what it said."""

    def __init__(self, line: str, answer: Answer) -> None:
        super().__init__(f"{line} was answered {answer.status}: {answer.body[:500]!r}")
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom a directory knows; `manager` is the key of somebody else there."""

    key: str
    email: str
    given: str
    family: str
    title: str = ""
    manager: str = ""
    active: bool = True

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A request that changed something: the kind and the id of the resource."""

    method: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a directory sent: all requests by their method, and those that changed something; the lists grow."""

    asked: list[str] = field(default_factory=list[str])
    written: list[Written] = field(default_factory=list[Written])


class Directory:
    """What a provider knows of people (`people`) and of groups (`groups`: the keys of those in each), and pushes to `root` with `token`,
    which can be replaced.

    `ids` are the ids of people and groups at the service. A verb raises `Refused` if the service does not do as asked.
    """

    media = "application/scim+json"
    agent = "SCIM"
    pushes_groups = True
    deletes_people = True

    def __init__(self, send: Sends, *, root: str, token: str) -> None:
        self._send = send
        self._root = root
        self.token = token
        self.people: dict[str, Person] = {}
        self.groups: dict[str, set[str]] = {}
        self.ids: dict[str, str] = {}
        self.ledger = Ledger()

    def hire(self, person: Person) -> None:
        """Have a new person, who is assigned to the application: found by the name, or created."""
        self.people[person.key] = person
        found = self._found(person)
        if found is None:
            self.ids[person.key] = self._write("POST", "/Users", self._resource(person))["id"]
            return
        self.ids[person.key] = found
        self._update(person, before=None)

    def change(self, key: str, **changed: str) -> None:
        """Change attributes of a person."""
        before = self.people[key]
        self.people[key] = replace(before, **changed)  # type: ignore[arg-type]
        self._update(self.people[key], before=before)

    def leave(self, key: str) -> None:
        """Have a person no more: switched off, and in no group."""
        for name in [name for name, members in self.groups.items() if key in members]:
            self.quit(name, key)
        self.people[key] = replace(self.people[key], active=False)
        self._switch(self.ids[key], on=False)

    def come_back(self, key: str) -> None:
        """Have a person again who left: found by the name, and switched on."""
        self.people[key] = replace(self.people[key], active=True)
        if self._found(self.people[key]) != self.ids[key]:
            raise LookupError(f"expected somebody who left to be found by the name: {key}")
        self._switch(self.ids[key], on=True)

    def purge(self, key: str) -> None:
        """Forget a person who left for good; some providers delete them at the service."""
        del self.people[key]
        gone = self.ids.pop(key)
        if self.deletes_people:
            self._write("DELETE", f"/Users/{gone}")

    def found(self, name: str) -> None:
        """Have a new group."""
        self.groups[name] = set()
        if self.pushes_groups:
            self.ids[name] = self._write("POST", "/Groups", self._group(name))["id"]

    def join(self, name: str, key: str) -> None:
        """Let a person into a group."""
        self.groups[name].add(key)
        if self.pushes_groups:
            self._operate(f"/Groups/{self.ids[name]}", self._joins(key))

    def quit(self, name: str, key: str) -> None:
        """Let a person out of a group."""
        self.groups[name].discard(key)
        if self.pushes_groups:
            self._operate(f"/Groups/{self.ids[name]}", self._quits(self.ids[key]))

    def rename(self, name: str, to: str) -> None:
        """Give a group another name."""
        self.groups[to] = self.groups.pop(name)
        if self.pushes_groups:
            self.ids[to] = self.ids.pop(name)
            self._operate(f"/Groups/{self.ids[to]}", self._renames(to))

    def disband(self, name: str) -> None:
        """Have a group no more."""
        del self.groups[name]
        if self.pushes_groups:
            self._write("DELETE", f"/Groups/{self.ids.pop(name)}")

    def _found(self, person: Person) -> str | None:
        """Look for a person by the name that the provider matches by; some ask for pages."""
        asked = quote(f'userName eq "{person.email}"')
        listed = self._ask("GET", f"/Users?filter={asked}").json
        return str(listed["Resources"][0]["id"]) if listed["totalResults"] else None

    def _resource(self, person: Person) -> dict[str, Any]:
        """Return the resource of a person as it is created."""
        return {
            "schemas": [USER],
            "userName": person.email,
            "name": {"givenName": person.given, "familyName": person.family},
            "emails": [{"primary": True, "value": person.email, "type": "work"}],
            "displayName": person.name,
            "active": person.active,
        }

    def _update(self, after: Person, *, before: Person | None) -> None:
        """Send what changed of a person since `before`, all of it; nothing if nothing did."""
        if before == after:
            return
        self._write("PUT", f"/Users/{self.ids[after.key]}", {**self._resource(after), "id": self.ids[after.key]})

    def _switch(self, user: str, *, on: bool) -> None:
        """Switch a person on or off."""
        self._operate(f"/Users/{user}", {"op": "replace", "path": "active", "value": on})

    def _group(self, name: str) -> dict[str, Any]:
        """Return the resource of a group as it is created."""
        return {"schemas": [GROUP], "displayName": name, "members": []}

    def _joins(self, key: str) -> dict[str, Any]:
        """Return the operation that lets somebody into a group."""
        return {"op": "add", "path": "members", "value": [{"value": self.ids[key]}]}

    def _quits(self, user: str) -> dict[str, Any]:
        """Return the operation that lets somebody out of a group."""
        return {"op": "remove", "path": f'members[value eq "{user}"]'}

    def _renames(self, name: str) -> dict[str, Any]:
        """Return the operation that gives a group another name."""
        return {"op": "replace", "path": "displayName", "value": name}

    def _operate(self, path: str, *operations: Mapping[str, Any]) -> None:
        self._write("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def _write(self, method: str, path: str, body: object = None) -> Any:
        """Send a change and keep what it changed; return what the service says that is there now."""
        answer = self._ask(method, path, body)
        told = answer.json
        made = told["id"] if method == "POST" else path.rpartition("/")[2]
        self.ledger.written.append(Written(method=method, kind=path.split("/")[1][:-1], id=made))
        return told

    def _ask(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"authorization": f"Bearer {self.token}", "accept": self.media, "user-agent": self.agent}
        if body is not None:
            headers["content-type"] = self.media
        content = b"" if body is None else json.dumps(body).encode()
        answer = self._send(method, self._root + path, headers=headers, body=content)
        self.ledger.asked.append(method)
        if answer.status >= 300:
            raise Refused(f"{method} {path}", answer)
        return answer

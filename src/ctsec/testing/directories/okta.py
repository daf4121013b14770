"""Okta, as `developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20` describes its SCIM client.

- it looks for a userName first, by a filter with startIndex and count, and creates whom it does not find;
- it reads a profile before it replaces all of it (PUT);
- it switches people off and on by a PATCH without a path, and never deletes a user;
- a group is renamed by a PATCH without a path that repeats the id, which is read-only; members come with what they are called.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ctsec.testing.directories.base import Directory, Person


class OktaDirectory(Directory):
    """An Okta organization with group push."""

    agent = "Okta SCIM Client 1.0.0"
    deletes_people = False

    def _found(self, person: Person) -> str | None:
        asked = quote(f'userName eq "{person.email}"')
        listed = self._ask("GET", f"/Users?filter={asked}&startIndex=1&count=100").json
        return str(listed["Resources"][0]["id"]) if listed["totalResults"] else None

    def _resource(self, person: Person) -> dict[str, Any]:
        more: dict[str, Any] = {
            "locale": "en-US",
            "externalId": f"00u{person.key}",
            "groups": [],
            "password": "not-ours",
            "title": person.title,
        }
        return {**super()._resource(person), **more}

    def _update(self, after: Person, *, before: Person | None) -> None:
        self._ask("GET", f"/Users/{self.ids[after.key]}")
        super()._update(after, before=before)

    def _switch(self, user: str, *, on: bool) -> None:
        self._operate(f"/Users/{user}", {"op": "replace", "value": {"active": on}})

    def _joins(self, key: str) -> dict[str, Any]:
        return {"op": "add", "path": "members", "value": [{"value": self.ids[key], "display": self.people[key].email}]}

    def _renames(self, name: str) -> dict[str, Any]:
        return {"op": "replace", "value": {"id": self.ids[name], "displayName": name}}

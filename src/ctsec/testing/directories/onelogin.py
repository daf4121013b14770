"""OneLogin, as `developers.onelogin.com/scim` describes its provisioner (SCIM v2, enterprise schema, with groups).

- it speaks plain JSON, looks for a userName, and replaces all of a user (PUT), also to switch it off ("suspend") and on;
- it reads the list of groups before it makes one, and lets members in and out one by one, by a path with a filter;
- whether a user is deleted or suspended is the administrator's choice: here suspended first, and deleted when it is purged.
"""

from __future__ import annotations

from typing import Any

from ctsec.testing.directories.base import ENTERPRISE, USER, Directory, Person


class OneLoginDirectory(Directory):
    """A OneLogin account."""

    media = "application/json"
    agent = "OneLogin SCIM"

    def found(self, name: str) -> None:
        """Have a new group, after the list of those that there are."""
        self._ask("GET", "/Groups?startIndex=1&count=100")
        super().found(name)

    def _resource(self, person: Person) -> dict[str, Any]:
        manager = {"manager": {"value": self.ids[person.manager]}} if person.manager in self.ids else {}
        return {
            **super()._resource(person),
            "schemas": [USER, ENTERPRISE],
            "externalId": person.key,
            "title": person.title,
            ENTERPRISE: {"department": "Sales", **manager},
        }

    def _switch(self, user: str, *, on: bool) -> None:
        person = next(each for each in self.people.values() if self.ids[each.key] == user)
        self._write("PUT", f"/Users/{user}", {**self._resource(person), "active": on, "id": user})

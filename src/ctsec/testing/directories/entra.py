"""Microsoft Entra ID, as its pages describe its provisioning service without the flag `aadOptscim062020`.

`learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups` has the requests,
`…/application-provisioning-config-problem-scim-compatibility` how the service departs from RFC 7644, and `…/how-provisioning-works` when
it disables and when it deletes:

- `Add`, `Replace` and `Remove` with capitals, and `"False"` and `"True"` as text;
- a path with a filter into a value that is not there yet; a single value as a list of objects; a manager as text;
- a group is looked for without its members; one member a PATCH, in and out, the latter with the member as a value;
- somebody who is unassigned or deleted is switched off; 30 days after a deletion the user is deleted here too.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ctsec.testing.directories.base import ENTERPRISE, USER, Directory, Person


class EntraDirectory(Directory):
    """A tenant of Entra ID with one application."""

    def test_connection(self) -> int:
        """Ask for somebody who is not there, as the button of the portal does; return how many were found."""
        nobody = quote('userName eq "6b9e2c1c-6f8e-4f0e-9d0c-7f1d2f1f0b11"')
        return int(self._ask("GET", f"/Users?filter={nobody}").json["totalResults"])

    def found(self, name: str) -> None:
        """Have a new group, which is looked for first."""
        asked = quote(f'displayName eq "{name}"')
        self._ask("GET", f"/Groups?excludedAttributes=members&filter={asked}")
        super().found(name)

    def join(self, name: str, key: str) -> None:
        """Let a person into a group, which is read without its members first."""
        self._ask("GET", f"/Groups/{self.ids[name]}?excludedAttributes=members")
        super().join(name, key)

    def _resource(self, person: Person) -> dict[str, Any]:
        return {
            **super()._resource(person),
            "schemas": [USER, ENTERPRISE],
            "externalId": person.key,
            "meta": {"resourceType": "User"},
            "name": {"formatted": person.name, "givenName": person.given, "familyName": person.family},
            "roles": [],
        }

    def _update(self, after: Person, *, before: Person | None) -> None:
        operations: list[dict[str, Any]] = []
        if before is None:
            operations.append({"op": "Replace", "path": "active", "value": str(after.active)})
        if before is None or before.family != after.family:
            operations.append({"op": "Replace", "path": "name.familyName", "value": after.family})
            operations.append({"op": "Replace", "path": "displayName", "value": [{"$ref": None, "value": after.name}]})
        if before is not None and before.title != after.title:
            operations.append({"op": "Add", "path": "title", "value": after.title})
            operations.append({"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "555-0100"})
        if before is not None and before.manager != after.manager:
            operations.append({"op": "Add", "path": f"{ENTERPRISE}:manager", "value": self.ids[after.manager]})
        if operations:
            self._operate(f"/Users/{self.ids[after.key]}", *operations)

    def _switch(self, user: str, *, on: bool) -> None:
        self._operate(f"/Users/{user}", {"op": "Replace", "path": "active", "value": str(on)})

    def _group(self, name: str) -> dict[str, Any]:
        return {**super()._group(name), "externalId": f"ext-{name}", "meta": {"resourceType": "Group"}}

    def _joins(self, key: str) -> dict[str, Any]:
        return {"op": "Add", "path": "members", "value": [{"$ref": None, "value": self.ids[key]}]}

    def _quits(self, user: str) -> dict[str, Any]:
        return {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": user}]}

    def _renames(self, name: str) -> dict[str, Any]:
        return {"op": "Replace", "path": "displayName", "value": name}

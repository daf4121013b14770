"""Google Workspace, as `support.google.com/a/answer/7681608` and the pages of its applications describe automated provisioning.

- people are pushed, and groups are not: a group only says who is in the scope of an application;
- somebody who is suspended, deleted or out of the scope is switched off; some days later (1, 7 or 30) the user is deleted;
- changes come every few hours, and whole (PUT).
"""

from __future__ import annotations

from typing import Any

from ctsec.testing.directories.base import Directory, Person


class GoogleDirectory(Directory):
    """A Google Workspace with one application that it provisions."""

    media = "application/json"
    agent = "Google-Auto-Provisioning"
    pushes_groups = False

    def _resource(self, person: Person) -> dict[str, Any]:
        return {**super()._resource(person), "externalId": person.key, "title": person.title}

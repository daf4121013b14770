"""Pages of standings in SQL: two statements each, whatever the number of people."""

from __future__ import annotations

from threading import get_ident

import pytest
from sqlalchemy import Engine, event

from ctsec.ids import OrganizationId
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance.samples import assignment, ignore, membership, org_id, organization, user, workspace
from tests.storage.sql.support import Place


@pytest.mark.parametrize(("members", "statements"), [(0, 1), (1, 2), (7, 2)])
def test_a_page_takes_two_statements(place: Place, members: int, statements: int) -> None:
    """A page asks for memberships and for what is held, once each: never once for each member."""
    storage = SqlStorage.from_url(place.database.sync_url, guard=place.database.guard_sync_url)
    with storage.begin(after_commit=ignore) as store:
        store.organizations.add(organization(1))
        store.workspaces.add(workspace(1, of=1))
        for n in range(members):
            store.users.add(user(n))
            store.memberships.add(membership(n, of=1))
            store.assignments.put(assignment(n, of=1, workspace=1))
    asked: list[str] = []

    here = get_ident()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if get_ident() == here:
            asked.append(statement)

    with storage.reading() as store:
        store.standings.version(OrganizationId("org_warm"))
        event.listen(Engine, "before_cursor_execute", note)
        try:
            page = store.standings.of_organization(org_id(1), after="", limit=100)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    storage.close()
    assert [len(each.workspaces) for each in page] == [1] * members
    assert len(asked) == statements

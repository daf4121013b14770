# Generated from src/ctsec/storage/sql/_async_scim.py by tools/twin.py; edit that file.
"""What providers push, in SQL (async source)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from ctsec.ids import OrganizationId, ScimConnectionId, ScimGroupId, ScimTokenId, ScimUserId, UserId
from ctsec.sso.scim.record import ScimConnection, ScimGroup, ScimToken, ScimUser
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class SqlScimConnections:
    """See `ctsec.sso.scim.ports.ScimConnectionRecords`."""

    __slots__ = ("_dependent", "_run", "_table", "_tokens")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._table = tables.scim_connection
        self._tokens = tables.scim_token
        self._dependent = (tables.scim_token, tables.scim_user, tables.scim_group, tables.scim_member)

    def add(self, connection: ScimConnection) -> None:
        """Insert a connection."""
        self._run.change(added(self._table, connection))

    def get(self, scim_id: ScimConnectionId) -> ScimConnection | None:
        """Return a connection."""
        return made(ScimConnection, self._run.row(select(self._table).where(self._table.c.id == scim_id)))

    def of_organization(self, organization_id: OrganizationId) -> tuple[ScimConnection, ...]:
        """Return the connections of an organization, in the order of ids."""
        t = self._table
        return all_made(ScimConnection, self._run.rows(select(t).where(t.c.organization_id == organization_id).order_by(t.c.id)))

    def replace(self, connection: ScimConnection) -> bool:
        """Write if the stored version is one less."""
        return self._run.change(replaced(self._table, connection, keep=frozenset({"settle_after"}))) == 1

    def settle(self, scim_id: ScimConnectionId, *, after: str | None) -> None:
        """Write down from behind which user on people have still to be brought in line."""
        self._run.change(self._table.update().where(self._table.c.id == scim_id).values(settle_after=after))

    def settling(self, *, after: str = "", limit: int) -> tuple[ScimConnection, ...]:
        """Return connections whose people have still to be brought in line, in the order of ids."""
        t = self._table
        query = select(t).where(t.c.id > after, t.c.settle_after.is_not(None)).order_by(t.c.id).limit(limit)
        return all_made(ScimConnection, self._run.rows(query))

    def remove(self, organization_id: OrganizationId, scim_id: ScimConnectionId) -> bool:
        """Delete a connection with all that belongs to it."""
        t = self._table
        if self._run.change(delete(t).where(t.c.id == scim_id, t.c.organization_id == organization_id)) != 1:
            return False
        for each in self._dependent:
            self._run.change(delete(each).where(each.c.scim_id == scim_id))
        return True

    def add_token(self, token: ScimToken) -> None:
        """Insert a credential."""
        self._run.change(added(self._tokens, token))

    def token(self, token_id: ScimTokenId) -> ScimToken | None:
        """Return a credential."""
        return made(ScimToken, self._run.row(select(self._tokens).where(self._tokens.c.id == token_id)))

    def tokens(self, scim_id: ScimConnectionId) -> tuple[ScimToken, ...]:
        """Return the credentials of a connection, in the order of ids."""
        t = self._tokens
        return all_made(ScimToken, self._run.rows(select(t).where(t.c.scim_id == scim_id).order_by(t.c.id)))

    def end_token(self, scim_id: ScimConnectionId, token_id: ScimTokenId, *, at: datetime) -> bool:
        """Have a credential end earlier."""
        t = self._tokens
        mine = (t.c.id == token_id, t.c.scim_id == scim_id, t.c.expires_at > at)
        return self._run.change(t.update().where(*mine).values(expires_at=at)) == 1


class SqlScimUsers:
    """See `ctsec.sso.scim.ports.ScimUserRecords`."""

    __slots__ = ("_members", "_run", "_table")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._table = tables.scim_user
        self._members = tables.scim_member

    def add(self, user: ScimUser) -> None:
        """Insert a user."""
        self._run.change(added(self._table, user))

    def get(self, scim_id: ScimConnectionId, user_id: ScimUserId) -> ScimUser | None:
        """Return a user of a connection."""
        t = self._table
        return made(ScimUser, self._run.row(select(t).where(t.c.id == user_id, t.c.scim_id == scim_id)))

    def many(self, scim_id: ScimConnectionId, ids: Collection[ScimUserId]) -> tuple[ScimUser, ...]:
        """Return those of some ids that are users of the connection, in the order of ids."""
        t = self._table
        if not ids:
            return ()
        return all_made(ScimUser, self._run.rows(select(t).where(t.c.id.in_(ids), t.c.scim_id == scim_id).order_by(t.c.id)))

    def named(self, scim_id: ScimConnectionId, *, name: str | None = None, external: str | None = None) -> tuple[ScimUser, ...]:
        """Return the users of a name's key, or of an external one's, in the order of ids."""
        t = self._table
        if name is None and external is None:
            return ()
        asked = t.c.name_key == name if name is not None else t.c.external_key == external
        return all_made(ScimUser, self._run.rows(select(t).where(t.c.scim_id == scim_id, asked).order_by(t.c.id)))

    def of_account(self, scim_id: ScimConnectionId, user_id: UserId) -> tuple[ScimUser, ...]:
        """Return the users of a connection that are one account's, in the order of ids."""
        t = self._table
        return all_made(ScimUser, self._run.rows(select(t).where(t.c.scim_id == scim_id, t.c.user_id == user_id).order_by(t.c.id)))

    def replace(self, user: ScimUser) -> bool:
        """Write if the stored version is one less."""
        return self._run.change(replaced(self._table, user)) == 1

    def remove(self, scim_id: ScimConnectionId, user_id: ScimUserId) -> bool:
        """Delete a user, and what it is a member of."""
        t, m = self._table, self._members
        if self._run.change(delete(t).where(t.c.id == user_id, t.c.scim_id == scim_id)) != 1:
            return False
        self._run.change(delete(m).where(m.c.member_id == user_id))
        return True

    def count(self, scim_id: ScimConnectionId) -> int:
        """Return how many users a connection has."""
        t = self._table
        row = self._run.row(select(func.count().label("n")).select_from(t).where(t.c.scim_id == scim_id))
        return int(row["n"]) if row is not None else 0

    def page(self, scim_id: ScimConnectionId, *, after: str = "", skip: int = 0, limit: int) -> tuple[ScimUser, ...]:
        """Return users with an id above `after`, in the order of ids."""
        t = self._table
        found = select(t).where(t.c.scim_id == scim_id, t.c.id > after).order_by(t.c.id).offset(skip).limit(limit)
        return all_made(ScimUser, self._run.rows(found))


class SqlScimGroups:
    """See `ctsec.sso.scim.ports.ScimGroupRecords`."""

    __slots__ = ("_members", "_run", "_table")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._table = tables.scim_group
        self._members = tables.scim_member

    def add(self, group: ScimGroup) -> None:
        """Insert a group."""
        self._run.change(added(self._table, group))

    def get(self, scim_id: ScimConnectionId, group_id: ScimGroupId) -> ScimGroup | None:
        """Return a group of a connection."""
        t = self._table
        return made(ScimGroup, self._run.row(select(t).where(t.c.id == group_id, t.c.scim_id == scim_id)))

    def named(self, scim_id: ScimConnectionId, *, name: str | None = None, external: str | None = None) -> tuple[ScimGroup, ...]:
        """Return the groups of a name's key, or of an external one's, in the order of ids."""
        t = self._table
        if name is None and external is None:
            return ()
        asked = t.c.name_key == name if name is not None else t.c.external_key == external
        return all_made(ScimGroup, self._run.rows(select(t).where(t.c.scim_id == scim_id, asked).order_by(t.c.id)))

    def replace(self, group: ScimGroup) -> bool:
        """Write if the stored version is one less."""
        return self._run.change(replaced(self._table, group)) == 1

    def remove(self, scim_id: ScimConnectionId, group_id: ScimGroupId) -> bool:
        """Delete a group, its members, and what it is a member of."""
        t, m = self._table, self._members
        if self._run.change(delete(t).where(t.c.id == group_id, t.c.scim_id == scim_id)) != 1:
            return False
        self._run.change(delete(m).where(m.c.group_id == group_id))
        self._run.change(delete(m).where(m.c.member_id == group_id))
        return True

    def count(self, scim_id: ScimConnectionId) -> int:
        """Return how many groups a connection has."""
        t = self._table
        row = self._run.row(select(func.count().label("n")).select_from(t).where(t.c.scim_id == scim_id))
        return int(row["n"]) if row is not None else 0

    def page(self, scim_id: ScimConnectionId, *, after: str = "", skip: int = 0, limit: int) -> tuple[ScimGroup, ...]:
        """Return groups with an id above `after`, in the order of ids."""
        t = self._table
        found = select(t).where(t.c.scim_id == scim_id, t.c.id > after).order_by(t.c.id).offset(skip).limit(limit)
        return all_made(ScimGroup, self._run.rows(found))


class SqlScimMembers:
    """See `ctsec.sso.scim.ports.ScimMemberRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._table = tables.scim_member

    def of_group(self, group_id: ScimGroupId) -> tuple[str, ...]:
        """Return the ids of the members of a group, in the order of ids."""
        t = self._table
        found = self._run.tuples(select(t.c.member_id).where(t.c.group_id == group_id).order_by(t.c.member_id))
        return tuple(str(each[0]) for each in found)

    def count(self, group_id: ScimGroupId) -> int:
        """Return how many members a group has."""
        t = self._table
        row = self._run.row(select(func.count().label("n")).where(t.c.group_id == group_id))
        return int(row["n"]) if row is not None else 0

    def groups_of(self, members: Collection[str]) -> tuple[tuple[str, ScimGroupId], ...]:
        """Return (member, group) for each group that one of some members is in."""
        t = self._table
        if not members:
            return ()
        asked = select(t.c.member_id, t.c.group_id).where(t.c.member_id.in_(members)).order_by(t.c.member_id, t.c.group_id)
        return tuple((str(member), ScimGroupId(str(group))) for member, group in self._run.tuples(asked))

    def present(self, group_id: ScimGroupId, members: Collection[str]) -> frozenset[str]:
        """Return which of some ids are members of a group."""
        t = self._table
        if not members:
            return frozenset()
        found = self._run.tuples(select(t.c.member_id).where(t.c.group_id == group_id, t.c.member_id.in_(members)))
        return frozenset(str(each[0]) for each in found)

    def put(self, group: ScimGroup, members: Collection[str]) -> None:
        """Insert members that are not there yet."""
        rows = [{"group_id": group.id, "member_id": each, "scim_id": group.scim_id} for each in members]
        if rows:
            self._run.change(insert(self._table), rows)

    def drop(self, group_id: ScimGroupId, members: Collection[str]) -> None:
        """Delete members."""
        t = self._table
        if members:
            self._run.change(delete(t).where(t.c.group_id == group_id, t.c.member_id.in_(members)))

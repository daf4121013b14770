# Generated from src/ctsec/storage/memory/_async_scim.py by tools/twin.py; edit that file.
"""What providers push, in memory (async source)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from ctsec.ids import OrganizationId, ScimConnectionId, ScimGroupId, ScimTokenId, ScimUserId, UserId
from ctsec.sso.scim.record import ScimConnection, ScimGroup, ScimToken, ScimUser
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import SCIM_CONNECTIONS, SCIM_GROUPS, SCIM_MEMBERS, SCIM_TOKENS, SCIM_USERS


class MemoryScimConnections:
    """See `ctsec.sso.scim.ports.ScimConnectionRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, connection: ScimConnection) -> None:
        """Insert a connection."""
        self._tx.insert(SCIM_CONNECTIONS, connection.id, connection)

    def get(self, scim_id: ScimConnectionId) -> ScimConnection | None:
        """Return a connection."""
        return self._tx.get(SCIM_CONNECTIONS, scim_id)

    def of_organization(self, organization_id: OrganizationId) -> tuple[ScimConnection, ...]:
        """Return the connections of an organization, in the order of ids."""
        found = [each for each in self._tx.scan(SCIM_CONNECTIONS) if each.organization_id == organization_id]
        return tuple(sorted(found, key=lambda each: each.id))

    def replace(self, connection: ScimConnection) -> bool:
        """Write if the stored version is one less."""
        stored = self._tx.current(SCIM_CONNECTIONS, connection.id)
        if stored is None or stored.version != connection.version - 1:
            return False
        self._tx.put(SCIM_CONNECTIONS, connection.id, replace(connection, settle_after=stored.settle_after))
        return True

    def settle(self, scim_id: ScimConnectionId, *, after: str | None) -> None:
        """Write down from behind which user on people have still to be brought in line."""
        stored = self._tx.current(SCIM_CONNECTIONS, scim_id)
        if stored is not None:
            self._tx.put(SCIM_CONNECTIONS, scim_id, replace(stored, settle_after=after))

    def settling(self, *, after: str = "", limit: int) -> tuple[ScimConnection, ...]:
        """Return connections whose people have still to be brought in line, in the order of ids."""
        found = (each for each in self._tx.scan(SCIM_CONNECTIONS) if each.id > after and each.settle_after is not None)
        return tuple(sorted(found, key=lambda each: each.id)[:limit])

    def remove(self, organization_id: OrganizationId, scim_id: ScimConnectionId) -> bool:
        """Delete a connection with all that belongs to it."""
        stored = self._tx.current(SCIM_CONNECTIONS, scim_id)
        if stored is None or stored.organization_id != organization_id:
            return False
        self._tx.put(SCIM_CONNECTIONS, scim_id, None)
        for token in [each for each in self._tx.scan(SCIM_TOKENS) if each.scim_id == scim_id]:
            self._tx.put(SCIM_TOKENS, token.id, None)
        for user in [each for each in self._tx.scan(SCIM_USERS) if each.scim_id == scim_id]:
            self._tx.put(SCIM_USERS, user.id, None)
        for group in [each for each in self._tx.scan(SCIM_GROUPS) if each.scim_id == scim_id]:
            self._tx.put(SCIM_GROUPS, group.id, None)
            for pair in [pair for pair in self._tx.scan(SCIM_MEMBERS) if pair[0] == group.id]:
                self._tx.put(SCIM_MEMBERS, pair, None)
        return True

    def add_token(self, token: ScimToken) -> None:
        """Insert a credential."""
        self._tx.insert(SCIM_TOKENS, token.id, token)

    def token(self, token_id: ScimTokenId) -> ScimToken | None:
        """Return a credential."""
        return self._tx.get(SCIM_TOKENS, token_id)

    def tokens(self, scim_id: ScimConnectionId) -> tuple[ScimToken, ...]:
        """Return the credentials of a connection, in the order of ids."""
        return tuple(sorted((each for each in self._tx.scan(SCIM_TOKENS) if each.scim_id == scim_id), key=lambda each: each.id))

    def end_token(self, scim_id: ScimConnectionId, token_id: ScimTokenId, *, at: datetime) -> bool:
        """Have a credential end earlier."""
        stored = self._tx.current(SCIM_TOKENS, token_id)
        if stored is None or stored.scim_id != scim_id or stored.expires_at <= at:
            return False
        self._tx.put(SCIM_TOKENS, token_id, replace(stored, expires_at=at))
        return True


class MemoryScimUsers:
    """See `ctsec.sso.scim.ports.ScimUserRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, user: ScimUser) -> None:
        """Insert a user."""
        self._tx.insert(SCIM_USERS, user.id, user)

    def get(self, scim_id: ScimConnectionId, user_id: ScimUserId) -> ScimUser | None:
        """Return a user of a connection."""
        found = self._tx.get(SCIM_USERS, user_id)
        return found if found is not None and found.scim_id == scim_id else None

    def many(self, scim_id: ScimConnectionId, ids: Collection[ScimUserId]) -> tuple[ScimUser, ...]:
        """Return those of some ids that are users of the connection, in the order of ids."""
        found = [self.get(scim_id, each) for each in sorted(set(ids))]
        return tuple(each for each in found if each is not None)

    def named(self, scim_id: ScimConnectionId, *, name: str | None = None, external: str | None = None) -> tuple[ScimUser, ...]:
        """Return the users of a name's key, or of an external one's, in the order of ids."""
        if name is None and external is None:
            return ()
        return tuple(each for each in self._of(scim_id) if (each.name_key == name if name is not None else each.external_key == external))

    def of_account(self, scim_id: ScimConnectionId, user_id: UserId) -> tuple[ScimUser, ...]:
        """Return the users of a connection that are one account's, in the order of ids."""
        return tuple(each for each in self._of(scim_id) if each.user_id == user_id)

    def replace(self, user: ScimUser) -> bool:
        """Write if the stored version is one less."""
        stored = self._tx.current(SCIM_USERS, user.id)
        if stored is None or stored.version != user.version - 1:
            return False
        self._tx.put(SCIM_USERS, user.id, user)
        return True

    def remove(self, scim_id: ScimConnectionId, user_id: ScimUserId) -> bool:
        """Delete a user, and what it is a member of."""
        if self.get(scim_id, user_id) is None:
            return False
        self._tx.put(SCIM_USERS, user_id, None)
        for pair in [pair for pair in self._tx.scan(SCIM_MEMBERS) if pair[1] == user_id]:
            self._tx.put(SCIM_MEMBERS, pair, None)
        return True

    def count(self, scim_id: ScimConnectionId) -> int:
        """Return how many users a connection has."""
        return len(self._of(scim_id))

    def page(self, scim_id: ScimConnectionId, *, after: str = "", skip: int = 0, limit: int) -> tuple[ScimUser, ...]:
        """Return users with an id above `after`, in the order of ids."""
        return tuple([each for each in self._of(scim_id) if each.id > after][skip : skip + limit])

    def _of(self, scim_id: ScimConnectionId) -> list[ScimUser]:
        return sorted((each for each in self._tx.scan(SCIM_USERS) if each.scim_id == scim_id), key=lambda each: each.id)


class MemoryScimGroups:
    """See `ctsec.sso.scim.ports.ScimGroupRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, group: ScimGroup) -> None:
        """Insert a group."""
        self._tx.insert(SCIM_GROUPS, group.id, group)

    def get(self, scim_id: ScimConnectionId, group_id: ScimGroupId) -> ScimGroup | None:
        """Return a group of a connection."""
        found = self._tx.get(SCIM_GROUPS, group_id)
        return found if found is not None and found.scim_id == scim_id else None

    def named(self, scim_id: ScimConnectionId, *, name: str | None = None, external: str | None = None) -> tuple[ScimGroup, ...]:
        """Return the groups of a name's key, or of an external one's, in the order of ids."""
        if name is None and external is None:
            return ()
        return tuple(each for each in self._of(scim_id) if (each.name_key == name if name is not None else each.external_key == external))

    def replace(self, group: ScimGroup) -> bool:
        """Write if the stored version is one less."""
        stored = self._tx.current(SCIM_GROUPS, group.id)
        if stored is None or stored.version != group.version - 1:
            return False
        self._tx.put(SCIM_GROUPS, group.id, group)
        return True

    def remove(self, scim_id: ScimConnectionId, group_id: ScimGroupId) -> bool:
        """Delete a group, its members, and what it is a member of."""
        if self.get(scim_id, group_id) is None:
            return False
        self._tx.put(SCIM_GROUPS, group_id, None)
        for pair in [pair for pair in self._tx.scan(SCIM_MEMBERS) if group_id in pair]:
            self._tx.put(SCIM_MEMBERS, pair, None)
        return True

    def count(self, scim_id: ScimConnectionId) -> int:
        """Return how many groups a connection has."""
        return len(self._of(scim_id))

    def page(self, scim_id: ScimConnectionId, *, after: str = "", skip: int = 0, limit: int) -> tuple[ScimGroup, ...]:
        """Return groups with an id above `after`, in the order of ids."""
        return tuple([each for each in self._of(scim_id) if each.id > after][skip : skip + limit])

    def _of(self, scim_id: ScimConnectionId) -> list[ScimGroup]:
        return sorted((each for each in self._tx.scan(SCIM_GROUPS) if each.scim_id == scim_id), key=lambda each: each.id)


class MemoryScimMembers:
    """See `ctsec.sso.scim.ports.ScimMemberRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def of_group(self, group_id: ScimGroupId) -> tuple[str, ...]:
        """Return the ids of the members of a group, in the order of ids."""
        return tuple(sorted(member for group, member in self._tx.scan(SCIM_MEMBERS) if group == group_id))

    def count(self, group_id: ScimGroupId) -> int:
        """Return how many members a group has."""
        return sum(group == group_id for group, _ in self._tx.scan(SCIM_MEMBERS))

    def groups_of(self, members: Collection[str]) -> tuple[tuple[str, ScimGroupId], ...]:
        """Return (member, group) for each group that one of some members is in."""
        asked = frozenset(members)
        return tuple(sorted((member, group) for group, member in self._tx.scan(SCIM_MEMBERS) if member in asked))

    def present(self, group_id: ScimGroupId, members: Collection[str]) -> frozenset[str]:
        """Return which of some ids are members of a group."""
        return frozenset(each for each in members if self._tx.get(SCIM_MEMBERS, (group_id, each)) is not None)

    def put(self, group: ScimGroup, members: Collection[str]) -> None:
        """Insert members that are not there yet."""
        for each in members:
            self._tx.insert(SCIM_MEMBERS, (group.id, each), (group.id, each))

    def drop(self, group_id: ScimGroupId, members: Collection[str]) -> None:
        """Delete members."""
        for each in members:
            self._tx.put(SCIM_MEMBERS, (group_id, each), None)

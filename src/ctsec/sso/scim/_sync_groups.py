# Generated from src/ctsec/sso/scim/_async_groups.py by tools/twin.py; edit that file.
"""Groups that a provider pushes, and who is in them (async source).

Rules that this module keeps:

- a group holds users and groups of its own connection, and no id of anywhere else; a group in a group gives its people nothing;
- who came into a group that a rule speaks of, or left it, is brought in line in the same transaction, if they are 500 at most; of more
  it is written down, in the same transaction, that the worker has to; a group that no rule names costs nothing but its rows, however
  many are in it;
- every write locks the organization first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.errors import StoreBusy
from ctsec.ids import ScimGroupId, ScimUserId, is_id, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import system
from ctsec.sso.provisioning import ProvisioningSettings
from ctsec.sso.scim._sync_people import ScimPeople, ScimPeopleParts
from ctsec.sso.scim._sync_settling import SETTLED_AT_ONCE
from ctsec.sso.scim.record import ScimGroup, exact_key, name_key
from ctsec.sso.scim.source import ScimSource
from ctsec.sso.scim.wish import GroupWish

MAX_GROUP_MEMBERS: Final = 100_000
_CHUNK: Final = 500
_TAKEN: Final = Refusal(Reason.ALREADY_EXISTS, "a group of this displayName is there already")
_GONE: Final = Refusal(Reason.NOT_FOUND, "there is no such group")
_STRANGE: Final = Refusal(Reason.INVALID_INPUT, "a member is no user and no group of this connection")
_FULL: Final = Refusal(Reason.TOO_LARGE, f"a group has at most {MAX_GROUP_MEMBERS:,} members")
_MOVED: Final = Refusal(Reason.CONFLICT, "the group was changed meanwhile")


class ScimGroups:
    """The groups of SCIM connections. Who calls it has proved the connection, and passes its record."""

    __slots__ = ("_ambient", "_audit", "_parts", "_people")

    def __init__(self, parts: ScimPeopleParts, *, people: ScimPeople, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._people = people
        self._audit = audit
        self._ambient = ambient

    def create(self, source: ScimSource, wish: GroupWish, *, members: Collection[str] = ()) -> Outcome[ScimGroup]:
        """Keep a new group with its members. Reasons: ALREADY_EXISTS, INVALID_INPUT, TOO_LARGE, and why a member could not be settled."""
        self._parts.organizations.lock(source.organization)
        if self._parts.groups.named(source.scim.id, name=name_key(wish.display_name)):
            return _TAKEN
        refusal = self._strange(source, members)
        if refusal is not None:
            return refusal
        now = self._ambient.now()
        made = ScimGroup(
            id=new_id(ScimGroupId, now=now, random=self._ambient.random),
            scim_id=source.scim.id,
            organization_id=source.organization,
            display_name=wish.display_name,
            name_key=name_key(wish.display_name),
            external_id=wish.external_id,
            external_key=exact_key(wish.external_id),
            attributes=wish.attributes,
            created_at=now,
            changed_at=now,
        )
        self._parts.groups.add(made)
        return self._moved(source, made, EventName.SCIM_GROUP_CREATED, add=frozenset(members), drop=frozenset(), names=made.names)

    def change(
        self,
        source: ScimSource,
        group_id: ScimGroupId,
        wish: GroupWish,
        *,
        members: Collection[str] | None,
        add: Collection[str] = (),
        drop: Collection[str] = (),
        version: int | None = None,
    ) -> Outcome[ScimGroup]:
        """Write a group as it is told now. `members` are all of them; None leaves them, but lets `add` in and `drop` out.

        Reasons: NOT_FOUND, CONFLICT, those of `create`.
        """
        before = self._open(source, group_id, version=version)
        if isinstance(before, Refusal):
            return before
        if any(each.id != group_id for each in self._parts.groups.named(source.scim.id, name=name_key(wish.display_name))):
            return _TAKEN
        after = replace(
            before,
            display_name=wish.display_name,
            name_key=name_key(wish.display_name),
            external_id=wish.external_id,
            external_key=exact_key(wish.external_id),
            attributes=wish.attributes,
        )
        names, also = (*before.names, *after.names), frozenset[str]()
        if before.names != after.names and self._matters(source, names):
            also = frozenset(self._parts.members.of_group(group_id))
        if members is None:
            return self._written(source, before, after, add=frozenset(add), drop=frozenset(drop), also=also)
        held, wanted = frozenset(self._parts.members.of_group(group_id)), frozenset(members)
        return self._written(source, before, after, add=wanted - held, drop=held - wanted, also=also)

    def move(
        self,
        source: ScimSource,
        group_id: ScimGroupId,
        *,
        add: Collection[str] = (),
        drop: Collection[str] = (),
        version: int | None = None,
    ) -> Outcome[ScimGroup]:
        """Let some into a group and some out of it, whoever else is in it: the size of the group does not matter."""
        before = self._open(source, group_id, version=version)
        if isinstance(before, Refusal):
            return before
        return self._written(source, before, before, add=frozenset(add), drop=frozenset(drop))

    def remove(self, source: ScimSource, group_id: ScimGroupId, *, version: int | None = None) -> Outcome[ScimGroup]:
        """Forget a group; who was in it loses what it gave. Reasons: NOT_FOUND, CONFLICT."""
        before = self._open(source, group_id, version=version)
        if isinstance(before, Refusal):
            return before
        held = self._parts.members.of_group(group_id)
        self._parts.groups.remove(source.scim.id, group_id)
        if self._matters(source, before.names):
            self._settle(source, held)
        self._note(EventName.SCIM_GROUP_REMOVED, source, before, added=0, dropped=len(held))
        return before

    def _open(self, source: ScimSource, group_id: ScimGroupId, *, version: int | None) -> Outcome[ScimGroup]:
        self._parts.organizations.lock(source.organization)
        before = self._parts.groups.get(source.scim.id, group_id)
        if before is None:
            return _GONE
        return _MOVED if version is not None and before.version != version else before

    def _written(
        self,
        source: ScimSource,
        before: ScimGroup,
        after: ScimGroup,
        *,
        add: frozenset[str],
        drop: frozenset[str],
        also: frozenset[str] = frozenset(),
    ) -> Outcome[ScimGroup]:
        there = self._present(before.id, add | drop)
        add, drop = add - there, drop & there
        if before == after and not add and not drop:
            return before
        refusal = self._strange(source, add)
        if refusal is None and add and self._parts.members.count(before.id) + len(add) - len(drop) > MAX_GROUP_MEMBERS:
            refusal = _FULL
        if refusal is not None:
            return refusal
        after = replace(after, changed_at=self._ambient.now(), version=before.version + 1)
        if not self._parts.groups.replace(after):
            raise StoreBusy("the group changed although its organization was locked; try again")
        names = (*before.names, *after.names)
        return self._moved(source, after, EventName.SCIM_GROUP_CHANGED, add=add, drop=drop, names=names, also=also)

    def _moved(
        self,
        source: ScimSource,
        group: ScimGroup,
        name: EventName,
        *,
        add: frozenset[str],
        drop: frozenset[str],
        names: tuple[str, ...],
        also: frozenset[str] = frozenset(),
    ) -> ScimGroup:
        for part in _parts(sorted(add)):
            self._parts.members.put(group, part)
        for part in _parts(sorted(drop)):
            self._parts.members.drop(group.id, part)
        if self._matters(source, names):
            self._settle(source, add | drop | also)
        self._note(name, source, group, added=len(add), dropped=len(drop))
        return group

    def _present(self, group_id: ScimGroupId, members: frozenset[str]) -> frozenset[str]:
        found = [self._parts.members.present(group_id, part) for part in _parts(sorted(members))]
        return frozenset[str]().union(*found)

    def _strange(self, source: ScimSource, members: Collection[str]) -> Refusal | None:
        """Return why some ids can not become members, before anything is written."""
        if len(members) > MAX_GROUP_MEMBERS:
            return _FULL
        known = [self._known(source, part) for part in _parts(sorted(members))]
        return None if all(known) else _STRANGE

    def _known(self, source: ScimSource, members: list[str]) -> bool:
        users = [ScimUserId(each) for each in members if is_id(ScimUserId, each)]
        groups = [ScimGroupId(each) for each in members if is_id(ScimGroupId, each)]
        if len(users) + len(groups) != len(members):
            return False
        if len(self._parts.users.many(source.scim.id, users)) != len(users):
            return False
        return all([self._parts.groups.get(source.scim.id, each) is not None for each in groups])

    def _settle(self, source: ScimSource, members: Iterable[str]) -> None:
        """Bring in line whoever is active, or leave it to the worker: nobody is ended by a group, and who may not come back stays away."""
        users = sorted(each for each in members if is_id(ScimUserId, each))
        if len(users) > SETTLED_AT_ONCE:
            self._parts.records.settle(source.scim.id, after="")
            return
        for part in _parts(users):
            for user in self._parts.users.many(source.scim.id, [ScimUserId(each) for each in part]):
                if user.active:
                    self._people.settle(source, user, grouped=True)

    @staticmethod
    def _matters(source: ScimSource, names: tuple[str, ...]) -> bool:
        settings = ProvisioningSettings.read(source.giver.provisioning)
        spoken = {*(rule.group for rule in settings.rules), *settings.required_groups}
        return not spoken.isdisjoint(names)

    def _note(self, name: EventName, source: ScimSource, group: ScimGroup, *, added: int, dropped: int) -> None:
        details: Mapping[str, Detail] = {"scim": source.scim.id, "added": added, "dropped": dropped}
        self._audit.note(
            name,
            actor=system(source.scim.id),
            targets=(Target("scim_group", group.id),),
            organization=source.organization,
            details=details,
        )


def _parts(members: list[str]) -> Iterable[list[str]]:
    return (members[at : at + _CHUNK] for at in range(0, len(members), _CHUNK))

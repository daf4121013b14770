# Generated from src/ctsec/security/_async_mirror.py by tools/twin.py; edit that file.
"""The roles of organizations in memory, filled by short reads of our own and never through a host's transaction (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.principal import Credential
from ctsec.rbac._sync_custom import Policies
from ctsec.rbac.snapshot import Snapshot
from ctsec.security._sync_news import News
from ctsec.security.mirror import Load, Mirror, Need
from ctsec.security.parts import Parts
from ctsec.storage._sync_ports import Storage, Store

PEOPLE: Final = 100  # in a page: some ten milliseconds
WORKSPACES: Final = 1000
_TRIES: Final = 4


class Mirroring:
    """Reads what a `Mirror` needs before it can answer."""

    __slots__ = ("_mirror", "_news", "_parts", "_storage")

    def __init__(self, mirror: Mirror, *, storage: Storage, news: News, parts: Parts) -> None:
        self._mirror = mirror
        self._parts = parts
        self._storage = storage
        self._news = news

    def ready(self, organization: OrganizationId, user: UserId) -> Snapshot | None:
        """Return the snapshot once it is good for `user` in `organization`, or None if the store has to be asked.

        It is good until the caller next waits for something: ask it at once.
        """
        if not self._news.believe():
            return None
        for _ in range(_TRIES):
            match self._mirror.need(organization, user):
                case Need.NOTHING:
                    return self._mirror.snapshot
                case Need.PERSON:
                    self._read_person(organization, user)
                case Need.VERSION:
                    self._read_version(organization)
                case Need.ORGANIZATION:
                    if not self._read_on(organization):
                        return None
                case Need.STORE:
                    return None
        return None

    def requires(self, organization: OrganizationId, credential: Credential) -> bool:
        """Say whether an organization that is held requires something that this credential may lack."""
        return self._mirror.requires(organization, credential)

    def _read_person(self, organization: OrganizationId, user: UserId) -> None:
        began = self._mirror.begin()
        with self._storage.reading() as store:
            version = store.standings.version(organization)
            standing = store.standings.standing(organization, user)
        self._mirror.keep_person(organization, user, standing, version=version, began=began)

    def _read_version(self, organization: OrganizationId) -> None:
        began = self._mirror.begin()
        with self._storage.reading() as store:
            version = store.standings.version(organization)
        self._mirror.confirm(organization, version=version, began=began)

    def _read_on(self, organization: OrganizationId) -> bool:
        """Read another page of an organization; return whether it is whole. Nobody waits for more than a page."""
        load = self._mirror.claim(organization)
        if load is None:
            return False
        rest: Load | None = load
        try:
            rest = self._read_page(organization, load)
        finally:
            self._mirror.release(organization, rest)
        return rest is None

    def _read_page(self, organization: OrganizationId, load: Load) -> Load | None:
        with self._storage.reading() as store:
            version = load.version if load.standings else store.standings.version(organization)
            after = load.standings[-1].user if load.standings else ""
            page = store.standings.of_organization(organization, after=after, limit=PEOPLE)
            load = replace(load, version=version, standings=(*load.standings, *page))
            if len(page) == PEOPLE and len(load.standings) <= self._mirror.largest:
                return load
            workspaces = self._places(store, organization) if load.standings else []
            policies = Policies(base=self._parts.policy, records=store.custom_roles, kept=self._parts.memory.policies)
            policy = policies.of(organization, load.standings[0].custom_roles if load.standings else 0)
        self._mirror.keep(organization, load, workspaces=workspaces, policy=policy)
        return None

    def _places(self, store: Store, organization: OrganizationId) -> list[WorkspaceId]:
        found: list[WorkspaceId] = []
        while True:
            page = store.workspaces.of_organization(organization, after=found[-1] if found else "", limit=WORKSPACES)
            found += [each.id for each in page]
            if len(page) < WORKSPACES:
                return found

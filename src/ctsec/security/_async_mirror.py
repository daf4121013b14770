"""The roles of organizations in memory, filled by short reads of our own and never through a host's transaction (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.principal import Credential
from ctsec.rbac._async_custom import AsyncPolicies
from ctsec.rbac.snapshot import Snapshot
from ctsec.security._async_news import AsyncNews
from ctsec.security.mirror import Load, Mirror, Need
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AsyncStorage, AsyncStore

PEOPLE: Final = 100  # in a page: some ten milliseconds
WORKSPACES: Final = 1000
_TRIES: Final = 4


class AsyncMirroring:
    """Reads what a `Mirror` needs before it can answer."""

    __slots__ = ("_mirror", "_news", "_parts", "_storage")

    def __init__(self, mirror: Mirror, *, storage: AsyncStorage, news: AsyncNews, parts: Parts) -> None:
        self._mirror = mirror
        self._parts = parts
        self._storage = storage
        self._news = news

    async def ready(self, organization: OrganizationId, user: UserId) -> Snapshot | None:
        """Return the snapshot once it is good for `user` in `organization`, or None if the store has to be asked.

        It is good until the caller next waits for something: ask it at once.
        """
        if not await self._news.believe():
            return None
        for _ in range(_TRIES):
            match self._mirror.need(organization, user):
                case Need.NOTHING:
                    return self._mirror.snapshot
                case Need.PERSON:
                    await self._read_person(organization, user)
                case Need.VERSION:
                    await self._read_version(organization)
                case Need.ORGANIZATION:
                    if not await self._read_on(organization):
                        return None
                case Need.STORE:
                    return None
        return None

    def requires(self, organization: OrganizationId, credential: Credential) -> bool:
        """Say whether an organization that is held requires something that this credential may lack."""
        return self._mirror.requires(organization, credential)

    async def _read_person(self, organization: OrganizationId, user: UserId) -> None:
        began = self._mirror.begin()
        async with self._storage.reading() as store:
            version = await store.standings.version(organization)
            standing = await store.standings.standing(organization, user)
        self._mirror.keep_person(organization, user, standing, version=version, began=began)

    async def _read_version(self, organization: OrganizationId) -> None:
        began = self._mirror.begin()
        async with self._storage.reading() as store:
            version = await store.standings.version(organization)
        self._mirror.confirm(organization, version=version, began=began)

    async def _read_on(self, organization: OrganizationId) -> bool:
        """Read another page of an organization; return whether it is whole. Nobody waits for more than a page."""
        load = self._mirror.claim(organization)
        if load is None:
            return False
        rest: Load | None = load
        try:
            rest = await self._read_page(organization, load)
        finally:
            self._mirror.release(organization, rest)
        return rest is None

    async def _read_page(self, organization: OrganizationId, load: Load) -> Load | None:
        async with self._storage.reading() as store:
            version = load.version if load.standings else await store.standings.version(organization)
            after = load.standings[-1].user if load.standings else ""
            page = await store.standings.of_organization(organization, after=after, limit=PEOPLE)
            load = replace(load, version=version, standings=(*load.standings, *page))
            if len(page) == PEOPLE and len(load.standings) <= self._mirror.largest:
                return load
            workspaces = await self._places(store, organization) if load.standings else []
            policies = AsyncPolicies(base=self._parts.policy, records=store.custom_roles, kept=self._parts.memory.policies)
            policy = await policies.of(organization, load.standings[0].custom_roles if load.standings else 0)
        self._mirror.keep(organization, load, workspaces=workspaces, policy=policy)
        return None

    async def _places(self, store: AsyncStore, organization: OrganizationId) -> list[WorkspaceId]:
        found: list[WorkspaceId] = []
        while True:
            page = await store.workspaces.of_organization(organization, after=found[-1] if found else "", limit=WORKSPACES)
            found += [each.id for each in page]
            if len(page) < WORKSPACES:
                return found

"""What a process holds of organizations' roles in memory, and for how long it believes it.

Rules that this module keeps:

- a read carries the moment at which it began; what changed since then, as far as this process heard, is not overwritten by it;
- a change is heard of by scope (an id): of a person, whose standings are read again where they are asked for; of an organization, which is
  loaded again; of anything (None), which empties the mirror;
- an organization is believed for five seconds after its version was read, and read whole again when that is another one: a change that
  nobody told of is seen by then. However often it was confirmed, it is loaded again after ten minutes;
- of two reads of one person the one that saw the later version is kept;
- an organization is loaded page by page, by one caller at a time, who has waited long enough after one; until it is whole, and while
  somebody else reads on, the store is asked about people;
- an organization with roles of its own is held with the policy that they make, for as long as its people are read with those roles;
- an organization of nobody, or of more people than `largest`, is not held: the store is asked about its people.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from itertools import takewhile
from typing import Final

from ctsec.cache import LIFE
from ctsec.changes import News
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.mfa_policy import MfaPolicy
from ctsec.principal import Credential, CredentialKind
from ctsec.rbac.policy import Policy
from ctsec.rbac.snapshot import Snapshot
from ctsec.rbac.standing import Standing

LONGEST: Final = 600.0
LARGEST: Final = 50_000
PATIENCE: Final = 60.0  # seconds after which a load that nobody went on with begins anew
_REMEMBERED: Final = 10_000  # changes


class Need(Enum):
    """What has to be read before the mirror can answer about a person in an organization; STORE means that it will not."""

    NOTHING = auto()
    PERSON = auto()
    VERSION = auto()
    ORGANIZATION = auto()
    STORE = auto()


@dataclass(frozen=True, slots=True)
class Began:
    """When a read began: the number of changes heard of, and monotonic seconds."""

    changes: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What has been read of an organization so far; its version was read first, after `began`."""

    began: Began
    version: int = 0
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """One organization: the version and the moment of its load, how long it is believed, and who was read again since (changes, version).

    `custom_roles` says which roles of its own it had, `mfa_policy` of whom it required a second factor and `sso_required_from` from when on
    it is entered through its provider only (see `Standing`); `refused` is one that the snapshot does not hold.
    """

    version: int
    began: Began
    believed_until: float
    custom_roles: int = 0
    mfa_policy: MfaPolicy | None = None
    sso_required_from: datetime | None = None
    refused: bool = False
    people: dict[UserId, tuple[int, int]] = field(default_factory=dict[UserId, tuple[int, int]])


def _state(standing: Standing) -> tuple[int, MfaPolicy | None, datetime | None]:
    return standing.custom_roles, standing.mfa_policy, standing.sso_required_from


class Mirror:
    """The roles of the organizations that this process was asked about, in a `Snapshot`. Safe to use from several threads.

    The snapshot may be asked as long as nothing else has to be read: `need` says what, and the answer is good for that instant.
    """

    __slots__ = ("_begun", "_changes", "_floor", "_heard", "_held", "_loading", "_lock", "_monotonic", "largest", "snapshot")

    def __init__(self, policy: Policy, *, monotonic: Callable[[], float], largest: int = LARGEST) -> None:
        self.snapshot = Snapshot(policy)
        self.largest = largest
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}
        self._loading: set[str] = set()
        self._begun: dict[str, Load] = {}
        self._heard: dict[str, int] = {}
        self._changes = 0
        self._floor = 0

    def begin(self) -> Began:
        """Return the moment to keep a read with; call it before the read."""
        return Began(self._changes, self._monotonic())

    def need(self, organization: OrganizationId, user: UserId) -> Need:
        """Return what has to be read before the snapshot can answer about `user`."""
        held = self._held.get(organization)
        if held is None:
            return Need.ORGANIZATION
        now = self._monotonic()
        if now >= held.began.at + LONGEST:
            return Need.ORGANIZATION
        if held.refused:
            return Need.STORE
        if now >= held.believed_until:
            return Need.VERSION
        heard = self._heard.get(user, 0)
        return Need.PERSON if heard > held.began.changes and heard > held.people.get(user, (0, 0))[0] else Need.NOTHING

    def claim(self, organization: OrganizationId) -> Load | None:
        """Return the load of an organization to go on with, which the caller has to `release`; None if somebody is at it."""
        with self._lock:
            if organization in self._loading:
                return None
            self._loading.add(organization)
            load, now = self._begun.pop(organization, None), self.begin()
            if load is None or now.at >= load.began.at + PATIENCE or self._changed_since(load.began, organization):
                return Load(began=now)
            return load

    def release(self, organization: OrganizationId, rest: Load | None) -> None:
        """Let others go on with a load, or with a new one if it is done (None)."""
        with self._lock:
            self._loading.discard(organization)
            if rest is not None:
                now = self._monotonic()
                self._begun = {name: load for name, load in self._begun.items() if now < load.began.at + PATIENCE}
                self._begun[organization] = rest

    def keep(self, organization: OrganizationId, load: Load, *, workspaces: Iterable[WorkspaceId], policy: Policy | None = None) -> None:
        """Hold an organization that is whole, for who claimed it; `policy` is one of its own."""
        began, standings = load.began, load.standings
        with self._lock:
            self._release_old(began.at)
            self._let_go(organization)
            states = {_state(each) for each in standings}
            # Of nobody, or its own roles or its policy changed while it was read.
            if self._changed_since(began, organization) or len(states) != 1:
                return
            custom_roles, mfa_policy, sso_required_from = states.pop()
            refused = len(standings) > self.largest
            if not refused:
                self.snapshot.load(organization, workspaces, standings, policy=policy)
            self._held[organization] = _Held(
                version=load.version,
                began=began,
                believed_until=began.at + LIFE,
                custom_roles=custom_roles,
                mfa_policy=mfa_policy,
                sso_required_from=sso_required_from,
                refused=refused,
            )

    def requires(self, organization: OrganizationId, credential: Credential) -> bool:
        """Say whether an organization that is held requires something that this credential may lack; the snapshot does not know of it."""
        held = self._held.get(organization)
        if held is None:
            return False
        factor = held.mfa_policy is not None and not credential.multi_factor
        return factor or (held.sso_required_from is not None and credential.kind is CredentialKind.SESSION)

    def keep_person(self, organization: OrganizationId, user: UserId, standing: Standing | None, *, version: int, began: Began) -> None:
        """Hold what one person is, if nothing newer is known; `version` is the organization's, read before the standing."""
        with self._lock:
            held = self._held.get(organization)
            if held is None or self._changed_since(began, user):
                return
            if version < max(held.version, held.people.get(user, (0, 0))[1]):
                return
            if standing is not None and _state(standing) != (held.custom_roles, held.mfa_policy, held.sso_required_from):
                self._let_go(organization)
                return
            if standing is None:
                self.snapshot.remove(organization, user)
            else:
                self.snapshot.put(standing)
            held.people[user] = (began.changes, version)

    def confirm(self, organization: OrganizationId, *, version: int, began: Began) -> None:
        """Believe an organization whose version was read and is the one that is held; drop it otherwise."""
        with self._lock:
            held = self._held.get(organization)
            if held is not None and held.version == version:
                self._held[organization] = replace(held, believed_until=max(held.believed_until, began.at + LIFE))
            else:
                self._let_go(organization)

    def catch_up(self, news: News) -> None:
        """Take in what others changed."""
        if news.scopes is None:
            self.clear()
        elif news.scopes:
            self.evict(news.scopes)

    def evict(self, scopes: Iterable[str]) -> None:
        """Believe nothing any more about `scopes`, and keep no read of them that is under way."""
        with self._lock:
            self._changes += 1
            for scope in scopes:
                self._heard[scope] = self._changes
                self._let_go(scope)
            if len(self._heard) > _REMEMBERED:
                self._trim()

    def clear(self) -> None:
        """Hold nothing, and keep no read that is under way."""
        with self._lock:
            self._changes += 1
            self._drop_all()

    def _changed_since(self, began: Began, scope: str) -> bool:
        return began.changes < max(self._floor, self._heard.get(scope, 0))

    def _let_go(self, organization: str) -> None:
        if self._held.pop(organization, None) is not None:
            self.snapshot.forget(OrganizationId(organization))

    def _release_old(self, now: float) -> None:
        """Let go of what nobody may believe any more; organizations stand in the order of their loads."""
        for name in [*takewhile(lambda name: now >= self._held[name].began.at + LONGEST, self._held)]:
            self._let_go(name)

    def _trim(self) -> None:
        """Forget changes from before every load; if those are too few, everything."""
        begun = [*(held.began for held in self._held.values()), *(load.began for load in self._begun.values())]
        floor = min((each.changes for each in begun), default=self._changes)
        self._heard = {scope: change for scope, change in self._heard.items() if change > floor}
        self._floor = max(self._floor, floor)
        if len(self._heard) > _REMEMBERED // 2:
            self._drop_all()

    def _drop_all(self) -> None:
        self._held.clear()
        self._begun.clear()
        self._heard.clear()
        self._floor = self._changes
        self.snapshot.clear()

"""Who holds which role, in memory: for hosts that ask so often that even one indexed query is too much.

Rules that this module keeps:

- an answer is that of `Policy.check` for the same standing: the tables are the policy's own (`ctsec.rbac.codebook`), and a standing with
  a start, an end, an elevation or a suspension is kept whole and asked whole;
- a workspace is the organization's if it was loaded with it; every other one, of others or of nobody, is foreign;
- an organization that is not loaded has no answer: None, which is no decision, so that the caller loads it;
- a change takes the place of a whole person or a whole organization at once, under a lock that no warm check takes; a reader that began
  before a change can not bring back what it saw (`ctsec.rbac.loaded`);
- the version rises at each change, after the change can be seen;
- what is unpacked for speed is bounded, and strangers' ids are in that bound.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime
from itertools import compress
from typing import Final, TypeAlias

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.access import Access
from ctsec.rbac.codebook import WHOLE, Codebook
from ctsec.rbac.decision import Decision, DecisionTable
from ctsec.rbac.loaded import LONGEST, SLOT, Loaded, View
from ctsec.rbac.permission import unknown
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Standing

Question: TypeAlias = tuple[UserId, OrganizationId, WorkspaceId | None, str]
WARM_BYTES: Final = 32 << 20


class Snapshot:
    """Role assignments of any number of organizations, in memory. Safe to use from several threads.

    `warm_bytes` bounds roughly what is kept ready besides the packed assignments, of the organizations that were asked about last.
    Who loads it has to tell it of changes: `ctsec.security` does so for a bundle.
    """

    __slots__ = ("_book", "_loaded", "_lock", "_policy", "_season", "_version", "_views", "_warm", "_warm_bytes")

    def __init__(self, policy: Policy, *, warm_bytes: int = WARM_BYTES) -> None:
        if warm_bytes < 0:
            raise ValueError("expected a bound of at least 0 bytes")
        self._policy = policy
        self._book = Codebook(policy)
        self._warm_bytes = warm_bytes
        self._loaded: dict[str, Loaded] = {}
        self._views: dict[str, View] = {}
        self._lock = threading.Lock()
        self._version = 0
        self._season = 0
        self._warm = 0

    @property
    def version(self) -> int:
        """Return the number of changes so far."""
        return self._version

    def __contains__(self, organization: object) -> bool:
        return organization in self._loaded

    def __len__(self) -> int:
        return len(self._loaded)

    def load(
        self,
        organization: OrganizationId,
        workspaces: Iterable[WorkspaceId],
        standings: Iterable[Standing],
        *,
        policy: Policy | None = None,
    ) -> int:
        """Keep an organization, in place of what was known of it, and return the new version.

        `workspaces` are all of its workspaces; of two standings of one person the later counts; `policy` is one of the organization's own.
        Raises ValueError for a standing of another organization, and changes nothing then.
        """
        book = self._book if policy is None or policy is self._policy else Codebook(policy)
        loaded = Loaded.of(organization, workspaces, standings, book=book)
        view = View(loaded)
        if self._warm + view.weight_with_everybody < self._warm_bytes // 2:
            view.meet_everybody()
        with self._lock:
            version = self._replace(organization, loaded)
            if view.rows:
                self._show(organization, view)
            return version

    def forget(self, organization: OrganizationId) -> int:
        """Know nothing of an organization any more, and return the new version."""
        with self._lock:
            return self._replace(organization, None)

    def clear(self) -> int:
        """Know nothing any more, and return the new version."""
        with self._lock:
            self._loaded.clear()
            self._views.clear()
            self._version += 1
            return self._version

    def put(self, standing: Standing) -> int | None:
        """Keep what one person is, in place of what was known, and return the new version; None if the organization is not loaded."""
        return self._note(standing.organization, standing.user, standing)

    def remove(self, organization: OrganizationId, user: UserId) -> int | None:
        """Know a person as a stranger, and return the new version; None if the organization is not loaded."""
        return self._note(organization, user, None)

    def check(
        self, user: UserId, organization: OrganizationId, permission: str, *, now: datetime, workspace: WorkspaceId | None = None
    ) -> Decision | None:
        """Return the decision on `permission` in the organization, or in one workspace of it; None if the organization is not loaded.

        Raises UnknownPermission for a name outside of the policy.
        """
        try:
            view = self._views[organization]
            return view.answers[view.rows[user][view.places[workspace]]][permission]
        except KeyError:
            return self._ask(user, organization, workspace, permission, now)

    def check_many(self, questions: Iterable[Question], *, now: datetime) -> list[Decision | None]:
        """Return the answer to each (user, organization, workspace or None, permission), in their order; see `check`."""
        found: list[Decision | None] = []
        add, views = found.append, self._views
        for user, organization, workspace, permission in questions:
            try:
                view = views[organization]
                add(view.answers[view.rows[user][view.places[workspace]]][permission])
            except KeyError:
                add(self._ask(user, organization, workspace, permission, now))
        return found

    def access(
        self,
        user: UserId,
        organization: OrganizationId,
        *,
        now: datetime,
        workspace: WorkspaceId | None = None,
        scopes: frozenset[str] | None = None,
        workspaces: frozenset[WorkspaceId] | None = None,
    ) -> Access | None:
        """Return the rights in that place for one request, as `Policy.access` does; None if the organization is not loaded."""
        found = self._resolve(user, organization, workspace, now)
        if found is None:
            return None
        table, policy = found
        if workspaces is not None and workspace not in workspaces:
            return policy.access(None, now=now, workspace=workspace, workspaces=workspaces)
        access = Access(table, index=policy.index)
        return access if scopes is None else access.attenuate(scopes)

    def workspaces_with(
        self, user: UserId, organization: OrganizationId, permission: str, *, now: datetime
    ) -> tuple[WorkspaceId, ...] | None:
        """Return the workspaces of the organization in which `permission` is allowed, in the order of ids; None if it is not loaded.

        Raises UnknownPermission for a name outside of the policy.
        """
        found = self._locate(user, organization)
        if found is None:
            return None
        view, row, standing = found
        if standing is None:
            try:
                return tuple(compress(view.names, row[1:].translate(view.book.allowing(permission))))
            except KeyError:
                raise unknown(permission) from None
        policy = view.book.policy
        bit = policy.index.bit(permission)
        return tuple(name for name in view.names if policy.resolve(standing, now, name, organization).mask & bit)

    def has_workspace(self, organization: OrganizationId, workspace: WorkspaceId) -> bool:
        """Say whether an organization is loaded and was loaded with that workspace."""
        view = self._views.get(organization) or self._opened(organization)
        return view is not None and workspace in view.places

    def _ask(
        self, user: UserId, organization: OrganizationId, workspace: WorkspaceId | None, permission: str, now: datetime
    ) -> Decision | None:
        found = self._resolve(user, organization, workspace, now)
        if found is None:
            return None
        try:
            return found[0].decisions[permission]
        except KeyError:
            raise unknown(permission) from None

    def _resolve(
        self, user: UserId, organization: OrganizationId, workspace: WorkspaceId | None, now: datetime
    ) -> tuple[DecisionTable, Policy] | None:
        found = self._locate(user, organization)
        if found is None:
            return None
        view, row, standing = found
        book, place = view.book, view.places.get(workspace)
        if standing is not None:
            return book.policy.resolve(standing, now, workspace, None if place is None else organization), book.policy
        return book.foreign[row[0]] if place is None else book.tables[row[place]], book.policy

    def _locate(self, user: UserId, organization: OrganizationId) -> tuple[View, bytes, Standing | None] | None:
        """Return the organization's view with the person's row, and the standing if that has to be asked whole."""
        view = self._views.get(organization) or self._opened(organization)
        if view is None:
            return None
        row = view.rows.get(user)
        if row is not None and row[0] != WHOLE:
            return view, row, None
        entry = view.loaded.entry(user)
        if isinstance(entry, Standing):
            made = view.row_of(entry)
            if made is not None:
                self._settle(view, entry, made)
                return view, made, None
            self._keep(view, user, view.whole)
            return view, view.whole, entry
        row = view.stranger if entry is None else entry
        self._keep(view, user, row)
        return view, row, None

    def _opened(self, organization: OrganizationId) -> View | None:
        with self._lock:
            view, loaded = self._views.get(organization), self._loaded.get(organization)
            return view if view is not None or loaded is None else self._show(organization, View(loaded))

    def _show(self, organization: OrganizationId, view: View) -> View:
        self._views[organization] = view
        view.season = self._season
        self._warm += view.weight
        return view

    def _keep(self, view: View, user: UserId, row: bytes) -> None:
        """Keep a row for the next question, unless there is one: a change puts a row into every view, and it is never taken out."""
        before = len(view.rows)
        if len(user) <= LONGEST:
            view.rows.setdefault(user, row)
        if len(view.rows) > before:
            view.season = self._season
            self._warm += SLOT + len(row)
            if self._warm > self._warm_bytes:
                self._cool()

    def _cool(self) -> None:
        """Give up the views in which nobody new was met since the last time, and all of them if that is not enough."""
        with self._lock:
            idle = [name for name, view in self._views.items() if view.season != self._season]
            for name in idle:
                del self._views[name]
            self._warm = sum(view.weight for view in self._views.values())
            if self._warm > self._warm_bytes // 2:
                self._views.clear()
                self._warm = 0
            self._season += 1

    def _note(self, organization: OrganizationId, user: UserId, standing: Standing | None) -> int | None:
        with self._lock:
            loaded = self._loaded.get(organization)
            if loaded is None:
                return None
            loaded.note(user, standing)
            view = self._views.get(organization)
            if view is not None:
                view.rows[user] = view.stranger if standing is None else view.whole
            if loaded.crowded:
                return self._replace(organization, loaded.repacked())
            self._version += 1
            return self._version

    def _settle(self, view: View, standing: Standing, row: bytes) -> None:
        """Take a row in place of the standing that it was made of, if nothing else came in between."""
        organization, user = standing.organization, standing.user
        with self._lock:
            if self._views.get(organization) is view and view.loaded.late.get(user) is standing:
                view.loaded.late[user] = view.rows[user] = row

    def _replace(self, organization: OrganizationId, loaded: Loaded | None) -> int:
        if loaded is None:
            self._loaded.pop(organization, None)
        else:
            self._loaded[organization] = loaded
        self._views.pop(organization, None)
        self._version += 1
        return self._version

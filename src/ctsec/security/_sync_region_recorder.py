# Generated from src/ctsec/security/_async_region_recorder.py by tools/twin.py; edit that file.
"""What writes the changes that a listener sees in the host's session on a region's database, as events of one workspace (async source).

Rules that this module keeps:

- an event is in the region's log, in the host's transaction, and holds the workspace as a write of content does;
- a row is of this workspace, before and after: one that says another is a violation, and the flush fails;
- a row whose model says no workspace is this one's: it is in the session of this workspace.
"""

from __future__ import annotations

from ctsec.audit._sync_recorder import RECORDER
from ctsec.audit.change import Change
from ctsec.audit.event import Target
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.principal import Principal
from ctsec.residency._sync_content import RegionalContent


class RegionalRecorder:
    """Writes events into the log of a workspace's region, in the name of its `actor`; see `ctsec.audit._sync_recorder.Recorder`."""

    __slots__ = ("_actor", "_content")

    def __init__(self, content: RegionalContent, *, actor: Principal) -> None:
        self._content = content
        self._actor = actor

    def attach(self, session: object) -> None:
        """Let the listeners of a session find this recorder, until its transaction ends or it joins another workspace."""
        info: object = getattr(session, "info", None)
        if isinstance(info, dict):
            info[RECORDER] = self

    def write(
        self,
        name: str,
        *,
        target: Target,
        organization: str | None,
        workspace: str | None,
        changes: tuple[Change, ...],
        says: tuple[str | None, str | None],
    ) -> None:
        """Write one change of a row that says whose it is in the attributes `says`; raise ResidencyError if that is not this workspace."""
        place = self._content.place
        of = _of(organization, attribute=says[0], here=place.organization, changes=changes)
        within = _of(workspace, attribute=says[1], here=place.workspace, changes=changes)
        self._content.note(
            name,
            actor=self._actor,
            targets=(target,),
            organization=OrganizationId(of) if of is not None else None,
            workspace=WorkspaceId(within) if within is not None else None,
            changes=changes,
        )


def _of(value: str | None, *, attribute: str | None, here: str, changes: tuple[Change, ...]) -> str | None:
    """Return whose a row is by one attribute: of another that it was before, `here` where the model does not say it."""
    if attribute is None:
        return here
    before = next((each.before for each in changes if each.path == attribute and each.before is not None), here)
    return value if before == here else str(before)

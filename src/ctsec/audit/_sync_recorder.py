# Generated from src/ctsec/audit/_async_recorder.py by tools/twin.py; edit that file.
"""What writes the changes that a listener sees in the host's session as events of the unit that rides in it (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.audit._sync import AuditLog
from ctsec.audit.change import Change
from ctsec.audit.event import Target
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.principal import Principal

RECORDER: Final = "ctsec.recorder"


class Recorder:
    """Writes events into the log of one unit of work, in the name of its `actor`."""

    __slots__ = ("_actor", "_log")

    def __init__(self, log: AuditLog, *, actor: Principal | None) -> None:
        self._log = log
        self._actor = actor

    def attach(self, session: object) -> None:
        """Let the listeners of a session find this recorder until its transaction ends; one with an actor stays before one without."""
        info: object = getattr(session, "info", None)
        if isinstance(info, dict) and (self._actor is not None or RECORDER not in info):
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
        """Write one change of a row that says whose it is in the attributes `says` (organization, workspace).

        Without the first the actor's active organization is meant. Raises ValueError without an actor.
        """
        if self._actor is None:
            raise ValueError(
                f"expected an actor for {name}: security.join(session, actor=principal), or actor=system('…') with its name in a job"
            )
        place = self._actor.organization if says[0] is None else organization
        self._log.note(
            name,
            actor=self._actor,
            targets=(target,),
            organization=OrganizationId(place) if place is not None else None,
            workspace=WorkspaceId(workspace) if workspace is not None else None,
            changes=changes,
        )

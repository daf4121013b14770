# Generated from src/ctsec/web/scim/_async_operations.py by tools/twin.py; edit that file.
"""The operations of SCIM, with ways of their own for groups of any size (async source).

Rules that this module keeps:

- members of a group pass no model: they are read, compared and told as ids, so that a group of 50,000 costs what is asked of it;
- a PATCH that can be told without looking who is there costs what it changes; one that can not looks at 10,000 at most;
- an answer holds at most as many members as one group may have, whatever it lists.
"""

from __future__ import annotations

from typing import Any

from scim2_models import PatchOp, Resource, ResourceType, TooManyException
from scim2_server.conditions import Conditions
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from ctsec.sso.scim._sync_groups import MAX_GROUP_MEMBERS
from ctsec.web.scim._sync_storage import ConnectionStorage
from ctsec.web.scim.deltas import member_change
from ctsec.web.scim.resources import Group
from ctsec.web.scim.service import Service
from ctsec.web.scim.telling import groups_told, member_parts, member_views


class Operations(ScimHandler):
    """The operations of one request."""

    def __init__(self, made: Service, storage: ConnectionStorage) -> None:
        super().__init__(made, storage)
        self._room = storage

    def handle(self, request: ScimRequest) -> ScimResponse:
        """Serve a request; the members of the groups in the answer are added to it here."""
        answer = super().handle(request)
        groups = groups_told(answer.body)
        if not groups:
            return answer
        parts = member_parts(request.query, body=request.body if request.path.endswith("/.search") else b"")
        left = MAX_GROUP_MEMBERS
        for each in groups if parts else ():
            members = self._room.members(each["id"])
            if len(members) > left:
                raise TooManyException(detail="there are too many members for one answer: leave them out, or ask for fewer groups")
            left -= len(members)
            if members:
                each["members"] = member_views(members, parts=parts, base_url=request.base_url)
        return answer

    def replace_resource(
        self, resource_type: ResourceType, current: Resource[Any], replacement: Resource[Any], conditions: Conditions
    ) -> Resource[Any]:
        """Apply a PUT; whether it changes members is seen where they are."""
        if self.service.get_model(resource_type) is not Group:
            return super().replace_resource(resource_type, current, replacement, conditions)
        version = current.meta.version if current.meta is not None else None
        replaced = self.service.apply_replacement(current, replacement, conditions)
        return self._room.update(resource_type, current if replaced is None else replaced, expected_version=version)

    def patch_resource(
        self, resource_type: ResourceType, resource_id: str, patch_op: PatchOp[Any], conditions: Conditions
    ) -> Resource[Any]:
        """Apply a PATCH; of a group none of those who stay are read."""
        if self.service.get_model(resource_type) is not Group:
            return super().patch_resource(resource_type, resource_id, patch_op, conditions)
        change = member_change(patch_op)
        looked = change is None
        current = self._room.whole(resource_id) if looked else self._room.get(resource_type, resource_id)
        self.service.check_preconditions(current, "PATCH", conditions)
        version = current.meta.version if current.meta is not None else None
        if change is None:
            patched = self.service.apply_patch(current, patch_op, Conditions())
            return current if patched is None else self._room.update(resource_type, patched, expected_version=version)
        if change.rest:
            rest = patch_op.model_copy(update={"operations": list(change.rest)})
            current = self.service.apply_patch(current, rest, Conditions()) or current
        # Who comes in and who goes out is the same whatever was written meanwhile, unless the provider named what it has seen.
        strict = bool(change.rest) or change.whole is not None or conditions.if_match is not None
        return self._room.alter(current, change, version=version if strict else None)

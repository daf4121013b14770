"""The resources that we serve, where they are other than those of `scim2-models`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from scim2_models import ComplexAttribute, Mutability
from scim2_models import Group as _Group
from scim2_models import GroupMember as _GroupMember


class GroupMember(_GroupMember):
    """A member of a group; what it is called is its own resource's to say."""

    display: Annotated[str | None, Mutability.read_only] = None


class Group(_Group):
    """A group (RFC 7643, 4.2)."""

    members: list[GroupMember] | None = None  # type: ignore[assignment]
    Members: ClassVar[type[ComplexAttribute]] = GroupMember

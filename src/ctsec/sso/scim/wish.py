"""What an administrator tells of a SCIM connection, and what a provider tells of its users and groups, before anything is stored.

Rules that this module keeps:

- a connection that belongs to one for sign-in has no rules of its own: two lists for the same people would contradict each other;
- what a provider sends is bounded before it is stored: names of 255 characters, everything else of 64 KiB.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ctsec.ids import ConnectionId
from ctsec.sso.provisioning import ProvisioningSettings
from ctsec.sso.scim.record import ScimState, ScimUser, exact_key, name_key
from ctsec.sso.settings import MAX_NAME

MAX_SCIM_NAME: Final = 255
MAX_ATTRIBUTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimWish:
    """A SCIM connection as it shall be. `owners`: its groups give and take owners' roles in workspaces too, which only an owner may say.

    Raises ValueError for a name that is none, and for rules beside a connection that has its own.
    """

    name: str
    connection: ConnectionId | None = None
    default_role: str = "member"
    provisioning: ProvisioningSettings = field(default_factory=ProvisioningSettings)
    owners: bool = False

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= MAX_NAME or not self.name.isprintable():
            raise ValueError(f"expected a name of 1 to {MAX_NAME} printable characters")
        if self.connection is not None and (self.provisioning != ProvisioningSettings() or self.default_role != "member"):
            raise ValueError("a SCIM connection that belongs to a connection for sign-in takes that one's role and rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimRules:
    """The default role and the rules of a connection, to be looked at before they are set."""

    default_role: str = "member"
    provisioning: ProvisioningSettings = field(default_factory=ProvisioningSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserWish:
    """A user as the provider wants it; `address` and `display` are what an account that is made for it is made of."""

    user_name: str
    external_id: str | None
    active: bool
    attributes: str
    address: str
    display: str

    def __post_init__(self) -> None:
        _bounded(self.user_name, self.external_id, self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWish:
    """A group as the provider wants it, without its members."""

    display_name: str
    external_id: str | None
    attributes: str

    def __post_init__(self) -> None:
        _bounded(self.display_name, self.external_id, self.attributes)


def wished(user: ScimUser, wish: UserWish) -> ScimUser:
    """Return a user as it is told now, as another version."""
    return replace(
        user,
        user_name=wish.user_name,
        name_key=name_key(wish.user_name),
        external_id=wish.external_id,
        external_key=exact_key(wish.external_id),
        state=ScimState.ACTIVE if wish.active else ScimState.INACTIVE,
        attributes=wish.attributes,
        version=user.version + 1,
    )


def _bounded(name: str, external: str | None, attributes: str) -> None:
    if not 0 < len(name) <= MAX_SCIM_NAME or not name.isprintable():
        raise ValueError(f"expected a name of 1 to {MAX_SCIM_NAME} printable characters")
    if external is not None and (not 0 < len(external) <= MAX_SCIM_NAME or not external.isprintable()):
        raise ValueError(f"expected an externalId of 1 to {MAX_SCIM_NAME} printable characters")
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"expected a resource of at most {MAX_ATTRIBUTES:,} characters")

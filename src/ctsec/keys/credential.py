"""The principal that an API key proves: its owner, through this key, in the key's organization; and the event of its use."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.ambient import Ambient
from ctsec.audit.event import Event, EventName, Target, build
from ctsec.ids import KeyId
from ctsec.keys.rate import RateState
from ctsec.keys.record import ApiKey
from ctsec.outcome import Reason
from ctsec.principal import Credential, CredentialKind, Principal, anonymous


@dataclass(frozen=True, slots=True)
class AdmittedKey:
    """A key that was let in: its principal, and what is left of its rate (None: it has none)."""

    principal: Principal
    rate: RateState | None


def key_principal(key: ApiKey, *, enrolled: bool, derived: bool = False) -> Principal:
    """Return the principal of `key`; `enrolled` says that its owner has a second factor where the organization requires one.

    A key that a rule of workload identity gave makes and changes no key, as a derived one: it would outlive itself.
    """
    credential = Credential(
        kind=CredentialKind.API_KEY,
        id=KeyId(key.id),
        aal=1,
        scopes=key.scopes,
        workspaces=key.workspaces,
        enrolled=enrolled,
        derived=derived or key.rule_id is not None,
    )
    return Principal(id=key.owner_id, kind=key.owner_kind, credential=credential, organization=key.organization_id)


def key_actor(key: ApiKey, refused: Reason | None) -> Principal:
    """Return who used a key: whoever presents a wrong secret is nobody, whatever key it names."""
    return anonymous() if refused is Reason.INVALID_TOKEN else key_principal(key, enrolled=False)


def single_use(key: ApiKey, *, refused: Reason | None, ambient: Ambient) -> Event:
    """Return the event of one request with `key`, with the address and the user agent of its request."""
    return build(
        EventName.API_KEY_USED,
        ambient=ambient,
        actor=key_actor(key, refused),
        targets=(Target("api_key", key.id),),
        refused=refused,
        organization=key.organization_id,
        details={"count": 1, "minute": None, "prefix": None, "further_blocks": False},
    )

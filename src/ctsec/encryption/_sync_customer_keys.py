# Generated from src/ctsec/encryption/_async_customer_keys.py by tools/twin.py; edit that file.
"""Keys of organizations' own at their key services (BYOK): taken on, replaced, wrapped anew, given up (async source).

The key service is asked before the organization is locked: one that is slow holds up nobody's roles. What the answers allow is judged
again, and written, under the lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.encryption._sync import KeyRing
from ctsec.encryption._sync_data_keys import STEP_UP, refuse
from ctsec.encryption._sync_ports import CustomerKeyRecords, DekRecords, EpochRecords, KeyRights
from ctsec.encryption.context import wrap_context
from ctsec.encryption.customer_key import ENCRYPTION_MANAGE, CustomerKey, CustomerKeyPolicy, parse_ref, parse_region
from ctsec.encryption.dek import DEFAULT_REGION, DekState, WrappedDek
from ctsec.encryption.holding import keys_of
from ctsec.errors import ConfigurationError, DecryptionFailed, KeyNotFound, StoreBusy
from ctsec.ids import OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal

_NO_KEY: Final = Refusal(Reason.NOT_FOUND, "this organization has no key of its own for this region")
_TAKEN: Final = Refusal(Reason.CONFLICT, "this organization has a key for this region already; replace it")
_OTHERS: Final = Refusal(Reason.CONFLICT, "this key can not be used here")
_CHANGED: Final = "the keys of this organization changed meanwhile; try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerKeyParts:
    """The records that a change of an organization's own key reads and writes."""

    records: CustomerKeyRecords
    deks: DekRecords
    rights: KeyRights
    epochs: EpochRecords


class CustomerKeys:
    """The keys under which organizations wrap their data keys themselves. Needs `encryption:manage` and a fresh second factor."""

    __slots__ = ("_ambient", "_audit", "_parts", "_policy", "_ring")

    def __init__(
        self,
        ring: KeyRing,
        *,
        parts: CustomerKeyParts,
        policy: CustomerKeyPolicy,
        audit: Recorder,
        ambient: Ambient,
    ) -> None:
        self._ring = ring
        self._parts = parts
        self._policy = policy
        self._audit = audit
        self._ambient = ambient

    def of_organization(self, *, organization: OrganizationId) -> tuple[CustomerKey, ...]:
        """Return the keys of an organization, in the order of their regions."""
        return self._parts.records.of_organization(organization)

    def register(self, actor: Principal, *, organization: OrganizationId, ref: str, region: str = DEFAULT_REGION) -> Outcome[CustomerKey]:
        """Take on the key `ref` (such as an AWS key ARN): try it, wrap every data key of the region under it, and record it.

        Raises a `KmsError` that says why the key can not be used, or StoreBusy if the data keys changed meanwhile.
        """
        return self._take(actor, organization, ref, region, replacing=False)

    def replace(self, actor: Principal, *, organization: OrganizationId, ref: str, region: str = DEFAULT_REGION) -> Outcome[CustomerKey]:
        """Move from the organization's present key to `ref`; the present one is needed once more. Raises as `register` does."""
        return self._take(actor, organization, ref, region, replacing=True)

    def rotate(self, actor: Principal, *, organization: OrganizationId, region: str = DEFAULT_REGION) -> Outcome[CustomerKey]:
        """Wrap every data key of the region anew under the same key, after its material was rotated at its service."""
        key = self._own(actor, organization, region)
        if isinstance(key, Refusal):
            return refuse(self._audit, actor, organization, key, attempted="customer_key.rotate")
        renewed = self._rewrapped(organization, region, kek=key.ref)
        refusal = self._judge(actor, organization, lock=True)
        if refusal is not None:
            return refuse(self._audit, actor, organization, refusal, attempted="customer_key.rotate")
        self._write(organization, region, renewed)
        return self._change(EventName.CUSTOMER_KEY_ROTATED, actor, key, {"data_keys": len(renewed)})

    def withdraw(self, actor: Principal, *, organization: OrganizationId, region: str = DEFAULT_REGION) -> Outcome[CustomerKey]:
        """Give the key up: its data keys go back under the deployment's. The key is needed once more."""
        key = self._own(actor, organization, region)
        if isinstance(key, Refusal):
            return refuse(self._audit, actor, organization, key, attempted="customer_key.withdraw")
        renewed = self._rewrapped(organization, region, kek=None)
        refusal = self._judge(actor, organization, lock=True)
        if refusal is not None:
            return refuse(self._audit, actor, organization, refusal, attempted="customer_key.withdraw")
        self._write(organization, region, renewed)
        if not self._parts.records.remove(organization, region):
            raise StoreBusy(_CHANGED)
        self._note(EventName.CUSTOMER_KEY_WITHDRAWN, actor, key, {"data_keys": len(renewed)})
        return key

    def forget(self, actor: Principal, *, organization: OrganizationId, region: str = DEFAULT_REGION) -> Outcome[CustomerKey]:
        """Drop what was unwrapped of this organization from memory, in every process: the next use asks the key service again."""
        refusal = self._judge(actor, organization, lock=True)
        key = self._parts.records.get(organization, region)
        if refusal is not None or key is None:
            return refuse(self._audit, actor, organization, refusal if refusal is not None else _NO_KEY, attempted="customer_key.forget")
        self._parts.epochs.bump(keys_of(organization))
        self._note(EventName.CUSTOMER_KEY_DROPPED, actor, key, {})
        return key

    def _take(self, actor: Principal, organization: OrganizationId, ref: str, region: str, *, replacing: bool) -> Outcome[CustomerKey]:
        attempted = "customer_key.replace" if replacing else "customer_key.register"
        refusal = self._judge(actor, organization, lock=False)
        before = self._parts.records.get(organization, region)
        if refusal is None and replacing is (before is None):
            refusal = _NO_KEY if replacing else _TAKEN
        if refusal is None:
            refusal = self._tried(organization, ref, region)
        if refusal is not None:
            return refuse(self._audit, actor, organization, refusal, attempted=attempted)
        renewed = self._rewrapped(organization, region, kek=ref)
        refusal = self._judge(actor, organization, lock=True)
        if refusal is not None:
            return refuse(self._audit, actor, organization, refusal, attempted=attempted)
        self._write(organization, region, renewed)
        return self._record(actor, organization, ref, region, before=before, renewed=len(renewed))

    def _tried(self, organization: OrganizationId, ref: str, region: str) -> Refusal | None:
        """Try the key: it is the one that was named, where it may be, nobody else's, and it opens what it wraps."""
        try:
            kms = self._ring.open_kek(parse_ref(ref))
            allowed = self._policy.allowed(parse_region(region))
        except (ValueError, ConfigurationError, KeyNotFound) as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        holders = self._parts.records.holders(ref)
        if self._ring.is_deployments(ref) or any(each.organization_id != organization for each in holders):
            return _OTHERS
        description = kms.describe()
        if description.ref != ref:
            return Refusal(Reason.INVALID_INPUT, "the key service knows this key by another reference; give that one")
        if allowed is not None and description.region not in allowed:
            return Refusal(Reason.INVALID_INPUT, f"data of this region needs a key in {', '.join(sorted(allowed))}")
        context = wrap_context(organization, region)
        made, wrapped = kms.generate_data_key(context)
        if kms.unwrap(wrapped, context) != made:
            raise DecryptionFailed("the key service returned another data key than it had made")
        return None

    def _rewrapped(self, organization: OrganizationId, region: str, *, kek: str | None) -> tuple[WrappedDek, ...]:
        found = [each for each in self._parts.deks.of_scope(organization) if each.region == region]
        live = [each for each in found if each.state is not DekState.DESTROYED]
        return tuple([self._ring.rewrap(each, kek=kek) for each in live])

    def _write(self, organization: OrganizationId, region: str, renewed: tuple[WrappedDek, ...]) -> None:
        found = self._parts.deks.of_scope(organization)
        now = {each.id: each.version for each in found if each.region == region and each.state is not DekState.DESTROYED}
        if now != {each.id: each.version - 1 for each in renewed}:
            raise StoreBusy(_CHANGED)
        for each in renewed:
            if not self._parts.deks.change(each):
                raise StoreBusy(_CHANGED)
        self._parts.epochs.bump(keys_of(organization))

    def _record(
        self, actor: Principal, organization: OrganizationId, ref: str, region: str, *, before: CustomerKey | None, renewed: int
    ) -> CustomerKey:
        now = self._ambient.now()
        if before is not None:
            after = replace(before, ref=ref, registered_by=actor.id, registered_at=now)
            return self._change(EventName.CUSTOMER_KEY_REPLACED, actor, after, {"data_keys": renewed, "was": before.ref})
        key = CustomerKey(organization_id=organization, region=region, ref=ref, registered_by=actor.id, registered_at=now, checked_at=now)
        self._parts.records.add(key)
        self._note(EventName.CUSTOMER_KEY_REGISTERED, actor, key, {"data_keys": renewed})
        return key

    def _own(self, actor: Principal, organization: OrganizationId, region: str) -> Outcome[CustomerKey]:
        refusal = self._judge(actor, organization, lock=False)
        if refusal is not None:
            return refusal
        return self._parts.records.get(organization, region) or _NO_KEY

    def _change(self, name: EventName, actor: Principal, key: CustomerKey, details: Mapping[str, Detail]) -> CustomerKey:
        after = replace(key, problem="", checked_at=self._ambient.now(), version=key.version + 1)
        if not self._parts.records.change(after):
            raise StoreBusy(_CHANGED)
        self._note(name, actor, after, details)
        return after

    def _judge(self, actor: Principal, organization: OrganizationId, *, lock: bool) -> Refusal | None:
        refusal = self._parts.rights.may(actor, organization=organization, permission=ENCRYPTION_MANAGE, lock=lock)
        fresh = actor.credential.second_factor_fresh(now=self._ambient.now())
        return refusal if refusal is not None or fresh else STEP_UP

    def _note(self, name: EventName, actor: Principal, key: CustomerKey, details: Mapping[str, Detail]) -> None:
        self._audit.note(
            name,
            actor=actor,
            targets=(Target("customer_key", key.ref[:256]),),
            organization=key.organization_id,
            details={"region": key.region, **details},
        )

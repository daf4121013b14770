"""What organizations ask of the API keys in them, and which of these are due (async source)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Protocol

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.ids import OrganizationId
from ctsec.keys._async_owner_ports import AsyncKeyLists, AsyncKeyPolicyRecords
from ctsec.keys._async_ports import AsyncEpochRecords
from ctsec.keys.due import DueKey, due_at
from ctsec.keys.organization_policy import DAY, ENDLESS, OrganizationKeyPolicy, check_terms, under
from ctsec.keys.policy import KeyPolicy
from ctsec.keys.record import KeyStatus, status_at
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal

MAX_PAGE: Final = 200
_ORGANIZATION: Final = "organization:manage"
_MANAGE: Final = "service_accounts:manage"


class AsyncKeyRights(Protocol):
    """Who may change what, answered by the roles feature."""

    async def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None."""
        ...


class AsyncKeyRules:
    """The rules of organizations for API keys, and the keys that they make due."""

    __slots__ = ("_ambient", "_audit", "_deployment", "_epochs", "_lists", "_policies", "_rights")

    def __init__(
        self,
        *,
        policies: AsyncKeyPolicyRecords,
        lists: AsyncKeyLists,
        rights: AsyncKeyRights,
        epochs: AsyncEpochRecords,
        deployment: KeyPolicy,
        audit: AsyncRecorder,
        ambient: Ambient,
    ) -> None:
        self._policies = policies
        self._lists = lists
        self._rights = rights
        self._epochs = epochs
        self._deployment = deployment
        self._audit = audit
        self._ambient = ambient

    async def get(self, actor: Principal, *, organization: OrganizationId) -> Outcome[OrganizationKeyPolicy | None]:
        """Return the organization's rules; None: those of the deployment. It takes the permission that changing them takes."""
        refusal = await self._rights.may(actor, organization=organization, permission=_ORGANIZATION, lock=False)
        return refusal if refusal is not None else await self._policies.get(organization)

    async def put(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        longest_life: timedelta | None,
        networks: tuple[str, ...] = (),
        longest_grant: timedelta | None = None,
    ) -> Outcome[OrganizationKeyPolicy]:
        """Set the longest life (None: keys may be without end) and the networks that keys are used from (empty: any), at once for all.

        After `longest_grant` (None: never; at least a day) the person of a connected app has to consent again. Keys that exist end at the
        new longest life, counted from when they were made, and are refused from outside of the networks.
        """
        seconds = ENDLESS if longest_life is None else int(longest_life.total_seconds())
        grant = ENDLESS if longest_grant is None else int(longest_grant.total_seconds())
        refusal = self._check(longest_life, networks, longest_grant)
        if refusal is not None:
            return refusal
        refusal = await self._rights.may(actor, organization=organization, permission=_ORGANIZATION)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal)
        before = await self._policies.get(organization)
        policy = OrganizationKeyPolicy(
            organization_id=organization,
            longest_life_seconds=seconds,
            networks=networks,
            changed_by=actor.id,
            changed_at=self._ambient.now(),
            version=before.version + 1 if before is not None else 1,
            longest_grant_seconds=grant,
        )
        await self._policies.put(policy)
        await self._epochs.bump(organization)
        await self._audit.note(
            EventName.KEY_POLICY_CHANGED,
            actor=actor,
            targets=(Target("organization", organization),),
            organization=organization,
            details={
                "longest_life_days": seconds // DAY if seconds != ENDLESS else None,
                "networks": networks,
                "longest_grant_days": grant // DAY if grant != ENDLESS else None,
            },
        )
        return policy

    async def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal) -> Refusal:
        await self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("organization", organization),),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": "key_policy.change"},
        )
        return refusal

    def _check(self, life: timedelta | None, networks: tuple[str, ...], grant: timedelta | None) -> Refusal | None:
        seconds = ENDLESS if life is None else int(life.total_seconds())
        refusal = check_terms(life_seconds=seconds, networks=networks) if life != timedelta(0) else _no_life()
        if refusal is None and life is None and not self._deployment.allow_endless:
            refusal = Refusal(Reason.INVALID_INPUT, "this deployment lets no organization have keys without end")
        if refusal is None and grant is not None and not DAY <= grant.total_seconds() <= 36_500 * DAY:
            refusal = Refusal(Reason.INVALID_INPUT, "expected a longest grant of 1 to 36500 days, or none")
        return refusal

    async def due(
        self, actor: Principal, *, organization: OrganizationId, within: timedelta = timedelta(0), after: str = "", limit: int = 100
    ) -> Outcome[tuple[DueKey, ...]]:
        """Return keys of the organization that are due, or will be `within` a time, in the order of their ids; at most 200.

        It takes the permission to manage service accounts. Keys that have ended are not in it.
        """
        refusal = await self._rights.may(actor, organization=organization, permission=_MANAGE, lock=False)
        if refusal is not None:
            return refusal
        now, wanted = self._ambient.now(), min(limit, MAX_PAGE)
        rules = await self._policies.get(organization)
        found: list[DueKey] = []
        while len(found) < wanted:
            page = await self._lists.of_organization(organization, after=after, limit=MAX_PAGE)
            kept = [(under(rules, key), made) for key, made in page]
            dated = [
                DueKey(key, due_at(key, secret_made_at=made), made)
                for key, made in kept
                if key.rule_id is None and status_at(key, now) is KeyStatus.VALID
            ]
            found += [each for each in dated if each.due_at <= now + within]
            if len(page) < MAX_PAGE:
                break
            after = page[-1][0].id
        return tuple(found[:wanted])


def _no_life() -> Refusal:
    return Refusal(Reason.INVALID_INPUT, "expected a longest life of 1 to 36500 days, or none")

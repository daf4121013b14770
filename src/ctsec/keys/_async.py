"""API keys: minted, authenticated, rotated with an overlap, and revoked (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.encryption._async_ports import AsyncSealer
from ctsec.ids import KeyId, OrganizationId, ServiceAccountId, WorkspaceId, new_id
from ctsec.keys._async_making import make_secret
from ctsec.keys._async_owner_ports import AsyncKeyPolicyRecords
from ctsec.keys._async_ports import AsyncEpochRecords, AsyncKeyRecords, AsyncRights
from ctsec.keys.mac import PepperRing
from ctsec.keys.organization_policy import check_minting, under
from ctsec.keys.policy import DEFAULT_OVERLAP, MAX_OVERLAP, KeyPolicy, KeyRequest, MintedKey, check_request
from ctsec.keys.record import ApiKey, KeySecret, KeyStatus, status_at
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import LOCAL, CredentialKind, Principal, PrincipalKind
from ctsec.secret import SecretText
from ctsec.user import parse_name

_MANAGE: Final = "service_accounts:manage"
_DERIVED: Final = Refusal(Reason.BEYOND_OWN_RIGHTS, "a derived key makes and changes no key")
_NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such API key")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncApiKeyParts:
    """The records that API keys are kept in, who judges, and what their secrets are kept under."""

    records: AsyncKeyRecords
    policies: AsyncKeyPolicyRecords
    rights: AsyncRights
    epochs: AsyncEpochRecords
    sealer: AsyncSealer
    ring: PepperRing
    policy: KeyPolicy


class AsyncApiKeys:
    """The API keys of people and of service accounts. What a key may do is always its scopes and, at that moment, what its owner may."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncApiKeyParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def mint(
        self, actor: Principal, *, organization: OrganizationId, request: KeyRequest, owner: ServiceAccountId | None = None
    ) -> Outcome[MintedKey]:
        """Make a key of `actor` in an organization that it is a member of, or of a service account there (`owner`).

        A service account's key may nothing that `actor` may not, now or later: whoever is shown it can act with it.
        """
        refusal = check_request(request, policy=self._parts.policy)
        if refusal is None:
            refusal = await self._may(actor, organization, owner, scopes=request.scopes, workspaces=request.workspaces)
        if refusal is None:
            rules = await self._parts.policies.get(organization)
            refusal = check_minting(rules, life=request.life, networks=request.networks)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, attempted="api_key.mint")
        now = self._ambient.now()
        key = ApiKey(
            id=new_id(KeyId, now=now, random=self._ambient.random),
            organization_id=organization,
            owner_id=actor.id if owner is None else owner,
            owner_kind=actor.kind if owner is None else PrincipalKind.SERVICE_ACCOUNT,
            name=parse_name(request.name),
            environment=request.environment,
            scopes=request.scopes,
            workspaces=request.workspaces,
            networks=request.networks,
            created_at=now,
            expires_at=now + request.life if request.life is not None else None,
            rate=request.rate,
        )
        token, secret = await self._secret(key, actor, generation=1, derivable=request.derivable)
        await self._parts.records.add(key, secret)
        await self._parts.epochs.bump(key.id)  # whoever asked for it before it was there forgets that it was not
        scopes = tuple(sorted(key.scopes)) if key.scopes is not None else None
        details: Mapping[str, Detail] = {"scopes": scopes, "endless": key.expires_at is None, "owner": owner}
        await self._record(EventName.API_KEY_MINTED, actor, key, details)
        return MintedKey(key, token)

    async def rotate(
        self, actor: Principal, *, organization: OrganizationId, key_id: KeyId, overlap: timedelta = DEFAULT_OVERLAP
    ) -> Outcome[MintedKey]:
        """Give the key a new secret; the old one works on for `overlap` (0 to 30 days), then ends by itself.

        Keys derived from the old secret end with it. Of a service account's key it takes what minting it would.
        """
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            return Refusal(Reason.INVALID_INPUT, "expected an overlap of 0 to 30 days")
        found = await self._found(actor, organization, key_id)
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="api_key.rotate", key_id=key_id)
        key, secrets = found
        owner = _other(key, actor)
        refusal = await self._may(actor, organization, owner, scopes=key.scopes, workspaces=key.workspaces, minting=owner is not None)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, attempted="api_key.rotate", key_id=key_id)
        if status_at(key, self._ambient.now()) is not KeyStatus.VALID:
            return Refusal(Reason.EXPIRED, "the key has ended; make a new one")
        token, secret = await self._secret(key, actor, generation=secrets[0].generation + 1, derivable=secrets[0].sealed_root is not None)
        if not await self._parts.records.rotate(secret, overlap_until=secret.created_at + overlap):
            return Refusal(Reason.CONFLICT, "the key was rotated by somebody else meanwhile")
        await self._parts.epochs.bump(key.id)
        await self._record(EventName.API_KEY_ROTATED, actor, key, {"overlap_seconds": int(overlap.total_seconds())})
        return MintedKey(key, token)

    async def end_overlap(self, actor: Principal, *, organization: OrganizationId, key_id: KeyId) -> Outcome[bool]:
        """End the old secrets of a rotated key now, and the keys derived from them; False if none worked any more."""
        found = await self._found(actor, organization, key_id)
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="api_key.end_overlap", key_id=key_id)
        if not await self._parts.records.end_earlier(key_id, now=self._ambient.now()):
            return False
        await self._parts.epochs.bump(key_id)
        await self._record(EventName.API_KEY_OVERLAP_ENDED, actor, found[0], {})
        return True

    async def revoke(self, actor: Principal, *, organization: OrganizationId, key_id: KeyId) -> Outcome[bool]:
        """End the key at once: in this process with the commit, elsewhere within five seconds. False if it was revoked already."""
        found = await self._found(actor, organization, key_id)
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="api_key.revoke", key_id=key_id)
        if not await self._parts.records.revoke(organization, key_id, now=self._ambient.now()):
            return False
        await self._parts.epochs.bump(key_id)
        await self._record(EventName.API_KEY_REVOKED, actor, found[0], {})
        return True

    async def of(self, actor: Principal, *, organization: OrganizationId) -> tuple[ApiKey, ...]:
        """Return the keys that `actor` owns in an organization, newest first; none for a credential that belongs elsewhere.

        A key's end is the one that it has under the organization's rules.
        """
        return () if _foreign(actor, organization) else await self._owned(organization, actor.id)

    async def of_account(self, actor: Principal, *, organization: OrganizationId, account: ServiceAccountId) -> Outcome[tuple[ApiKey, ...]]:
        """Return the keys of a service account, newest first; it takes the permission to manage those."""
        refusal = await self._parts.rights.may(actor, organization=organization, permission=_MANAGE, lock=False)
        return refusal if refusal is not None else await self._owned(organization, account)

    async def _owned(self, organization: OrganizationId, owner: str) -> tuple[ApiKey, ...]:
        rules = await self._parts.policies.get(organization)
        return tuple(under(rules, each) for each in await self._parts.records.of_owner(organization, owner))

    async def _may(
        self,
        actor: Principal,
        organization: OrganizationId,
        owner: ServiceAccountId | None,
        *,
        scopes: frozenset[str] | None,
        workspaces: frozenset[WorkspaceId] | None,
        minting: bool = True,
    ) -> Refusal | None:
        """Return why `actor` may not be shown a key with this narrowing; one's own key was narrowed when it was minted."""
        if actor.credential.derived:
            return _DERIVED
        rights = self._parts.rights
        if owner is not None:
            return await rights.may_mint_for(actor, organization=organization, account=owner, scopes=scopes, workspaces=workspaces)
        refusal = await rights.may_mint(actor, organization=organization, scopes=scopes)
        if refusal is None and minting and not _inside(actor.credential.workspaces, workspaces):
            return Refusal(Reason.BEYOND_OWN_RIGHTS, "a key can not make a key for more workspaces than its own")
        return refusal

    async def _found(self, actor: Principal, organization: OrganizationId, key_id: KeyId) -> Outcome[tuple[ApiKey, tuple[KeySecret, ...]]]:
        """Return a key that `actor` may end: its own, or a service account's where it manages those."""
        found = None if _foreign(actor, organization) else await self._parts.records.get(key_id)
        if found is None or found[0].organization_id != organization or not found[1]:
            return _NOT_FOUND
        if found[0].owner_id != actor.id:
            if found[0].owner_kind is not PrincipalKind.SERVICE_ACCOUNT:
                return _NOT_FOUND
            refusal = await self._parts.rights.may(actor, organization=organization, permission=_MANAGE)
            if refusal is not None:
                return _NOT_FOUND
        if actor.credential.derived:
            return _DERIVED
        if found[0].owner_id == actor.id and actor.credential.kind is CredentialKind.API_KEY and actor.credential.id != key_id:
            return Refusal(Reason.BEYOND_OWN_RIGHTS, "a key can change no other key than itself")
        return under(await self._parts.policies.get(organization), found[0]), found[1]

    async def _secret(self, key: ApiKey, actor: Principal, *, generation: int, derivable: bool) -> tuple[SecretText, KeySecret]:
        parts = self._parts
        return await make_secret(
            key, actor.id, ring=parts.ring, sealer=parts.sealer, ambient=self._ambient, generation=generation, derivable=derivable
        )

    async def _record(self, name: EventName, actor: Principal, key: ApiKey, details: Mapping[str, Detail]) -> None:
        await self._audit.note(
            name,
            actor=actor,
            targets=(Target("api_key", key.id),),
            organization=key.organization_id,
            details=details,
        )

    async def _refuse(
        self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str, key_id: str = ""
    ) -> Refusal:
        await self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("api_key", key_id),),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": attempted},
        )
        return refusal


def _inside(held: frozenset[WorkspaceId] | None, asked: frozenset[WorkspaceId] | None) -> bool:
    return held is None or (asked is not None and asked <= held)


def _foreign(actor: Principal, organization: OrganizationId) -> bool:
    """Tell whether a credential is nobody's in an organization, though its person may be somebody there."""
    local = actor.credential.kind in LOCAL and actor.organization != organization
    return local or actor.credential.kind is CredentialKind.TICKET


def _other(key: ApiKey, actor: Principal) -> ServiceAccountId | None:
    """Return the service account that owns a key, if that is not the actor itself."""
    return ServiceAccountId(key.owner_id) if key.owner_id != actor.id else None

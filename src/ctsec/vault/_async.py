"""Credentials of organizations: kept sealed, disclosed for one recorded use at a time, rotated on a schedule (async source)."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.change import Change, diff
from ctsec.audit.event import Detail, EventName, Target
from ctsec.ids import CredentialId, OrganizationId, WorkspaceId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.secret import Secret
from ctsec.vault._async_ports import AsyncCredentialRecords, AsyncPlaces, AsyncVaultRights, AsyncVaultSealer
from ctsec.vault.change import changed, differences, fits, judged, made_of, rotated, told
from ctsec.vault.record import (
    CREDENTIALS_MANAGE,
    CREDENTIALS_USE,
    AccessMode,
    Disclosure,
    VaultCredential,
    VaultWish,
    refuse_use,
    secret_context,
)

MAX_DUE: Final = 500
_NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such credential")
_TAKEN: Final = Refusal(Reason.ALREADY_EXISTS, "there is a credential of this name in this place")
_MOVED: Final = Refusal(Reason.CONFLICT, "the workspace moved to another region meanwhile; nothing was written, try again")
_CHANGED: Final = Refusal(Reason.CONFLICT, "the credential was changed meanwhile, or its new name is taken; read it again")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncVaultParts:
    """What the vault reads and writes, what judges and seals, and where last uses wait for the job that writes them."""

    records: AsyncCredentialRecords
    places: AsyncPlaces
    rights: AsyncVaultRights
    sealer: AsyncVaultSealer
    uses: MutableMapping[CredentialId, tuple[datetime, str]]


class AsyncVault:
    """The credentials of organizations and workspaces.

    Changing takes the permission `credentials:manage`, using `credentials:use`; where the host's policy names none of them, owners and
    admins may. To manage a credential is not to see its secret: that is a use.
    """

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncVaultParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def store(
        self, actor: Principal, *, organization: OrganizationId, wish: VaultWish, secret: Secret, workspace: WorkspaceId | None = None
    ) -> Outcome[VaultCredential]:
        """Keep a secret of 1 byte to 64 KiB; raise a `KmsError` if the organization's key can not be used."""
        refusal = await self._judge(actor, organization, workspace, lock=False)
        if refusal is None:
            refusal = fits(secret)
        good = refusal if refusal is not None else judged(wish)
        if isinstance(good, Refusal):
            return await self._refuse(actor, organization, good, attempted="credential.store", workspace=workspace)
        made = made_of(good, organization=organization, workspace=workspace, by=actor.id, ambient=self._ambient)
        home = await self._region(workspace)
        sealed = await self._sealed(organization, made.id, secret, home)
        refusal = await self._judge(actor, organization, workspace, lock=True)
        if refusal is None and await self._region(workspace) != home:
            refusal = _MOVED
        if refusal is None and not await self._parts.records.add(made, sealed):
            refusal = _TAKEN
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, attempted="credential.store", workspace=workspace)
        await self._note(EventName.CREDENTIAL_STORED, actor, made, {"kind": made.kind.value, "access": made.access.value})
        return made

    async def rotate(
        self, actor: Principal, *, organization: OrganizationId, credential: CredentialId, secret: Secret, version: int | None = None
    ) -> Outcome[VaultCredential]:
        """Put a new secret in the place of the old one, which is gone; its schedule begins anew. `version` is the one that was read."""
        found = await self._own(actor, organization, credential, version, lock=False)
        if not isinstance(found, Refusal) and (unfit := fits(secret)) is not None:
            found = unfit
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="credential.rotate", credential=credential)
        home = await self._region(found.workspace_id)
        sealed = await self._sealed(organization, credential, secret, home)
        found = await self._own(actor, organization, credential, found.version, lock=True)
        if not isinstance(found, Refusal) and await self._region(found.workspace_id) != home:
            found = _MOVED
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="credential.rotate", credential=credential)
        after = rotated(found, by=actor.id, now=self._ambient.now())
        if not await self._parts.records.replace(after, sealed=sealed):
            return await self._refuse(actor, organization, _CHANGED, attempted="credential.rotate", credential=credential)
        await self._note(EventName.CREDENTIAL_ROTATED, actor, after, {"overdue": found.is_due(after.rotated_at)})
        return after

    async def change(
        self, actor: Principal, *, organization: OrganizationId, credential: CredentialId, wish: VaultWish, version: int | None = None
    ) -> Outcome[VaultCredential]:
        """Make the credential what `wish` says, all of it; its secret and its place stay. `version` is the one that was read."""
        found = await self._own(actor, organization, credential, version, lock=True)
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="credential.change", credential=credential)
        good = judged(wish)
        if isinstance(good, Refusal):
            return await self._refuse(actor, organization, good, attempted="credential.change", credential=credential)
        after = changed(found, good, by=actor.id, now=self._ambient.now())
        if not await self._parts.records.replace(after):
            return await self._refuse(actor, organization, _CHANGED, attempted="credential.change", credential=credential)
        details = {"changed": differences(found, after), "access": after.access.value}
        await self._note(EventName.CREDENTIAL_CHANGED, actor, after, details, diff(told(found), told(after)))
        return after

    async def use(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        credential: CredentialId,
        access: AccessMode = AccessMode.READ_ONLY,
        service: str | None = None,
        region: str | None = None,
    ) -> Outcome[Disclosure]:
        """Return the secret for one use: reading or writing, with this service, in this region.

        That it was disclosed is in the audit log, committed, before this returns. Raises a `KmsError` if the organization's key can not
        be used: then nothing was disclosed, and nothing says so.
        """
        found = await self._parts.records.get(organization, credential)
        place = found.workspace_id if found is not None else None
        refusal = await self._parts.rights.may_within(
            actor, organization=organization, permission=CREDENTIALS_USE, lock=False, workspace=place
        )
        if refusal is None:
            refusal = _NOT_FOUND if found is None else refuse_use(found, user=actor.id, access=access, service=service, region=region)
        sealed = await self._parts.records.sealed(credential) if refusal is None else None
        asked: dict[str, Detail] = {"access": access.value, "service": _told(service), "region": _told(region)}
        if found is None or sealed is None:
            refused = refusal if refusal is not None else _NOT_FOUND
            return await self._refuse(
                actor, organization, refused, attempted="credential.use", credential=credential, workspace=place, asked=asked
            )
        secret = Secret(await self._parts.sealer.open(sealed, context=secret_context(found.organization_id, found.id)))
        await self._audit.note_aside(
            EventName.CREDENTIAL_DISCLOSED,
            actor=actor,
            targets=(Target("credential", found.id),),
            organization=organization,
            workspace=found.workspace_id,
            details={**asked, "kind": found.kind.value},
        )
        self._parts.uses[found.id] = (self._ambient.now(), actor.id)
        return Disclosure(found, secret)

    async def remove(
        self, actor: Principal, *, organization: OrganizationId, credential: CredentialId, version: int | None = None
    ) -> Outcome[VaultCredential]:
        """Delete the credential and its sealed secret."""
        found = await self._own(actor, organization, credential, version, lock=True)
        if not isinstance(found, Refusal) and not await self._parts.records.remove(organization, credential):
            found = _NOT_FOUND
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="credential.remove", credential=credential)
        self._parts.uses.pop(credential, None)
        await self._note(EventName.CREDENTIAL_REMOVED, actor, found, {"kind": found.kind.value})
        return found

    async def get(self, *, organization: OrganizationId, credential: CredentialId) -> VaultCredential | None:
        """Return a credential, without its secret."""
        return await self._parts.records.get(organization, credential)

    async def of_organization(self, *, organization: OrganizationId, after: str = "", limit: int = 100) -> tuple[VaultCredential, ...]:
        """Return the credentials of an organization and its workspaces with an id above `after`, without their secrets."""
        return await self._parts.records.of_organization(organization, after=after, limit=limit)

    async def due(self, *, organization: OrganizationId, within: timedelta = timedelta(0)) -> tuple[VaultCredential, ...]:
        """Return the credentials that are to be rotated now, or `within` a time from now, the longest due first; at most 500."""
        return await self._parts.records.due(organization, by=self._ambient.now() + within, limit=MAX_DUE)

    async def _judge(self, actor: Principal, organization: OrganizationId, workspace: WorkspaceId | None, *, lock: bool) -> Refusal | None:
        return await self._parts.rights.may_within(
            actor, organization=organization, permission=CREDENTIALS_MANAGE, lock=lock, workspace=workspace
        )

    async def _own(
        self, actor: Principal, organization: OrganizationId, credential: CredentialId, version: int | None, *, lock: bool
    ) -> Outcome[VaultCredential]:
        found = await self._parts.records.get(organization, credential)
        refusal = await self._judge(actor, organization, found.workspace_id if found is not None else None, lock=lock)
        if refusal is not None:
            return refusal
        if found is None:
            return _NOT_FOUND
        return found if version is None or version == found.version else _CHANGED

    async def _region(self, workspace: WorkspaceId | None) -> str | None:
        """Return the region whose data key seals the secrets of a workspace; None for what belongs to no workspace."""
        place = await self._parts.places.get(workspace) if workspace is not None else None
        return None if place is None else place.region

    async def _sealed(self, organization: OrganizationId, credential: CredentialId, secret: Secret, region: str | None) -> bytes:
        context = secret_context(organization, credential)
        if region is None:
            return await self._parts.sealer.seal(secret.reveal(), context=context)
        return await self._parts.sealer.seal(secret.reveal(), context=context, region=region)

    async def _note(
        self,
        name: EventName,
        actor: Principal,
        credential: VaultCredential,
        details: Mapping[str, Detail],
        changes: tuple[Change, ...] = (),
    ) -> None:
        await self._audit.note(
            name,
            actor=actor,
            targets=(Target("credential", credential.id),),
            organization=credential.organization_id,
            workspace=credential.workspace_id,
            details=details,
            changes=changes,
        )

    async def _refuse(
        self,
        actor: Principal,
        organization: OrganizationId,
        refusal: Refusal,
        *,
        attempted: str,
        credential: str = "",
        workspace: WorkspaceId | None = None,
        asked: Mapping[str, Detail] | None = None,
    ) -> Refusal:
        await self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("credential", credential[:64]),),
            refused=refusal.reason,
            organization=organization,
            workspace=workspace,
            details={"attempted": attempted, **(asked or {})},
        )
        return refusal


def _told(text: str | None) -> str | None:
    return text[:64] if text is not None else None

# Generated from src/ctsec/keys/_async.py by tools/twin.py; edit that file.
"""API keys: minted, authenticated, rotated with an overlap, and revoked (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.ids import KeyId, OrganizationId, WorkspaceId, new_id
from ctsec.keys._sync_ports import EpochRecords, KeyRecords, Rights
from ctsec.keys.mac import PepperRing
from ctsec.keys.policy import DEFAULT_OVERLAP, MAX_OVERLAP, MAX_SCOPES, KeyPolicy, KeyRequest, MintedKey
from ctsec.keys.record import ApiKey, KeySecret, KeyStatus, status_at
from ctsec.keys.token import mint
from ctsec.keys.verify import parse_network
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import LOCAL, CredentialKind, Principal
from ctsec.secret import SecretText
from ctsec.user import parse_name

_NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such API key")


class ApiKeys:
    """The API keys of people. What a key may do is always its scopes and, at that moment, what its owner may."""

    __slots__ = ("_ambient", "_audit", "_epochs", "_policy", "_records", "_rights", "_ring")

    def __init__(
        self,
        *,
        records: KeyRecords,
        rights: Rights,
        epochs: EpochRecords,
        ring: PepperRing,
        policy: KeyPolicy,
        audit: Recorder,
        ambient: Ambient,
    ) -> None:
        self._records = records
        self._rights = rights
        self._epochs = epochs
        self._ring = ring
        self._policy = policy
        self._audit = audit
        self._ambient = ambient

    def mint(self, actor: Principal, *, organization: OrganizationId, request: KeyRequest) -> Outcome[MintedKey]:
        """Make a key of `actor` in an organization that it is a member of."""
        refusal = self._check(request)
        if refusal is None:
            refusal = self._rights.may_mint(actor, organization=organization, scopes=request.scopes)
        if refusal is None and not _inside(actor.credential.workspaces, request.workspaces):
            refusal = Refusal(Reason.BEYOND_OWN_RIGHTS, "a key can not make a key for more workspaces than its own")
        if refusal is not None:
            return self._refuse(actor, organization, refusal, attempted="api_key.mint")
        now = self._ambient.now()
        key = ApiKey(
            id=new_id(KeyId, now=now, random=self._ambient.random),
            organization_id=organization,
            owner_id=actor.id,
            owner_kind=actor.kind,
            name=parse_name(request.name),
            environment=request.environment,
            scopes=request.scopes,
            workspaces=request.workspaces,
            networks=request.networks,
            created_at=now,
            expires_at=now + request.life if request.life is not None else None,
            rate=request.rate,
        )
        token, secret = self._secret(key, generation=1, now=now)
        self._records.add(key, secret)
        self._epochs.bump(key.id)  # whoever asked for it before it was there forgets that it was not
        scopes = tuple(sorted(key.scopes)) if key.scopes is not None else None
        self._record(EventName.API_KEY_MINTED, actor, key, {"scopes": scopes, "endless": key.expires_at is None})
        return MintedKey(key, token)

    def rotate(
        self, actor: Principal, *, organization: OrganizationId, key_id: KeyId, overlap: timedelta = DEFAULT_OVERLAP
    ) -> Outcome[MintedKey]:
        """Give the key a new secret; the old one works on for `overlap` (0 to 30 days), then ends by itself."""
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            return Refusal(Reason.INVALID_INPUT, "expected an overlap of 0 to 30 days")
        found = self._own(actor, organization, key_id)
        if isinstance(found, Refusal):
            return self._refuse(actor, organization, found, attempted="api_key.rotate", key_id=key_id)
        key, secrets = found
        refusal = self._rights.may_mint(actor, organization=organization, scopes=key.scopes)
        if refusal is not None:
            return self._refuse(actor, organization, refusal, attempted="api_key.rotate", key_id=key_id)
        if status_at(key, self._ambient.now()) is not KeyStatus.VALID:
            return Refusal(Reason.EXPIRED, "the key has ended; make a new one")
        now = self._ambient.now()
        token, secret = self._secret(key, generation=secrets[0].generation + 1, now=now)
        if not self._records.rotate(secret, overlap_until=now + overlap):
            return Refusal(Reason.CONFLICT, "the key was rotated by somebody else meanwhile")
        self._epochs.bump(key.id)
        self._record(EventName.API_KEY_ROTATED, actor, key, {"overlap_seconds": int(overlap.total_seconds())})
        return MintedKey(key, token)

    def revoke(self, actor: Principal, *, organization: OrganizationId, key_id: KeyId) -> Outcome[bool]:
        """End the key at once: in this process with the commit, elsewhere within five seconds. False if it was revoked already."""
        found = self._own(actor, organization, key_id)
        if isinstance(found, Refusal):
            return self._refuse(actor, organization, found, attempted="api_key.revoke", key_id=key_id)
        if not self._records.revoke(organization, key_id, now=self._ambient.now()):
            return False
        self._epochs.bump(key_id)
        self._record(EventName.API_KEY_REVOKED, actor, found[0], {})
        return True

    def of(self, actor: Principal, *, organization: OrganizationId) -> tuple[ApiKey, ...]:
        """Return the keys that `actor` owns in an organization, newest first; none for a credential that belongs elsewhere."""
        return () if _foreign(actor, organization) else self._records.of_owner(organization, actor.id)

    def _own(self, actor: Principal, organization: OrganizationId, key_id: KeyId) -> Outcome[tuple[ApiKey, tuple[KeySecret, ...]]]:
        found = None if _foreign(actor, organization) else self._records.get(key_id)
        if found is None or found[0].organization_id != organization or found[0].owner_id != actor.id or not found[1]:
            return _NOT_FOUND
        if actor.credential.kind is CredentialKind.API_KEY and actor.credential.id != key_id:
            return Refusal(Reason.BEYOND_OWN_RIGHTS, "a key can change no other key than itself")
        return found

    def _check(self, request: KeyRequest) -> Refusal | None:
        try:
            parse_name(request.name)
            for network in request.networks:
                parse_network(network)
            mint(KeyId("key_00000000000000000000000000"), random=bytes, environment=request.environment)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        if not 0 <= request.rate <= self._policy.highest_rate:
            return Refusal(
                Reason.INVALID_INPUT, f"expected a rate of 1 to {self._policy.highest_rate} requests a minute, or 0 for the default"
            )
        if request.scopes is not None and len(request.scopes) > MAX_SCOPES:
            return Refusal(Reason.TOO_LARGE, f"expected at most {MAX_SCOPES} scopes")
        if request.life is None:
            return None if self._policy.allow_endless else Refusal(Reason.INVALID_INPUT, "a key without expiry is not allowed here")
        if not timedelta(0) < request.life <= self._policy.longest_life:
            return Refusal(Reason.INVALID_INPUT, f"expected a life of up to {self._policy.longest_life.days} days")
        return None

    def _secret(self, key: ApiKey, *, generation: int, now: datetime) -> tuple[SecretText, KeySecret]:
        token = mint(key.id, random=self._ambient.random, environment=key.environment)
        pepper, mac = self._ring.mac(token.reveal().encode("ascii"))
        return token, KeySecret(key_id=key.id, generation=generation, mac=mac, pepper_id=pepper, created_at=now)

    def _record(self, name: EventName, actor: Principal, key: ApiKey, details: Mapping[str, Detail]) -> None:
        self._audit.note(
            name,
            actor=actor,
            targets=(Target("api_key", key.id),),
            organization=key.organization_id,
            details=details,
        )

    def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str, key_id: str = "") -> Refusal:
        self._audit.note_aside(
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

# Generated from src/ctsec/sso/_async_domain_claims.py by tools/twin.py; edit that file.
"""Domains that organizations prove by a record in the DNS: claimed, proved, looked at, given up (async source).

Rules that this module keeps:

- claiming, proving and giving up take `sso:manage` and a second factor proved just now, as connections do;
- anybody may claim any domain, and several at once: a claim says nothing and keeps nobody away; the first that proves it has it;
- no service of this module asks the DNS: it is asked between two units (`security.sso`), and what it said is judged here;
- what an operator recorded is theirs: looks leave it alone, but the organization may give it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.directory.record import VerifiedDomain
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal, system
from ctsec.rbac.entrance import SSO_MANAGE
from ctsec.sso._sync_domain_ports import DomainAlarm, DomainClaimRecords, DomainOrganizations, ProvedDomains
from ctsec.sso._sync_ports import SsoRights
from ctsec.sso.domain_claim import (
    CLAIM_LIFE,
    MAX_CLAIMS,
    PROOF,
    TOKEN_BYTES,
    DnsTrouble,
    DomainClaim,
    Look,
    domain_name,
    judged,
    looked,
    lost,
    new_token,
    proved,
)  # fmt: skip

_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to change the domains of the organization")
_NO_CLAIM: Final = Refusal(Reason.NOT_FOUND, "the organization has no claim of this domain that can be proved; claim it")
_NO_DOMAIN: Final = Refusal(Reason.NOT_FOUND, "the organization has no such domain, and no claim of it")
_HAS_IT: Final = Refusal(Reason.ALREADY_EXISTS, "the organization has verified this domain already")
_TAKEN: Final = Refusal(Reason.ALREADY_EXISTS, "another organization has verified this domain")
_MOVED: Final = "the claim was changed meanwhile; try again"
_WRONG: Final = "dns_other_values"
_TOLD: Final[Mapping[str, str]] = {
    _WRONG: "there are TXT records at this name, and none has the value; compare them, changes take a while to be seen",
    DnsTrouble.NOT_THERE: "there is no TXT record at this name yet; changes of the DNS take a while to be seen",
    DnsTrouble.ALIAS: "the name is an alias; make a TXT record at the name itself",
    DnsTrouble.TIMEOUT: "the DNS did not answer in time; try again later",
    DnsTrouble.FAILED: "the DNS did not answer properly; look at the name servers of the domain",
    DnsTrouble.TOO_MANY: "there are too many TXT records at this name",
    DnsTrouble.TOO_LARGE: "there is a TXT record at this name that is too long",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainClaimParts:
    """What claims are kept in and judged with."""

    claims: DomainClaimRecords
    domains: ProvedDomains
    organizations: DomainOrganizations
    rights: SsoRights
    alarm: DomainAlarm


class DomainClaims:
    """Claims of domains by organizations."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: DomainClaimParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def of_organization(self, *, organization: OrganizationId) -> tuple[DomainClaim, ...]:
        """Return the claims that are proved or can still be, in the order of names."""
        found = self._parts.claims.of_organization(organization)
        return tuple([each for each in found if self._counts(each)])

    def claim(self, actor: Principal, *, organization: OrganizationId, domain: str) -> Outcome[DomainClaim]:
        """Claim a domain; the claim that there is already is returned again.

        Reasons: what `sso:manage` refuses, STEP_UP_REQUIRED, INVALID_INPUT, ALREADY_EXISTS if the organization has the domain,
        CEILING_EXCEEDED.
        """
        made = self._claimed(actor, organization, domain)
        if isinstance(made, Refusal):
            return self._refuse(actor, organization, made, attempted="domain.claim")
        return made

    def open(self, actor: Principal, *, organization: OrganizationId, domain: str) -> Outcome[DomainClaim]:
        """Return the claim that `actor` may prove now; what the DNS says at its name is for `prove`."""
        found = self._open(actor, organization, domain)
        return self._refuse(actor, organization, found, attempted="domain.verify") if isinstance(found, Refusal) else found

    def prove(
        self, actor: Principal, claim: DomainClaim, *, organization: OrganizationId, answer: tuple[bytes, ...] | DnsTrouble
    ) -> Outcome[VerifiedDomain]:
        """Record the domain of an open claim if the DNS answered its value; CONFLICT if not, ALREADY_EXISTS if another was first."""
        found = self._open(actor, organization, claim.name)
        if not isinstance(found, Refusal) and found != claim:
            found = Refusal(Reason.CONFLICT, _MOVED)
        if isinstance(found, Refusal):
            return self._refuse(actor, organization, found, attempted="domain.verify")
        if judged(found, answer) is not Look.THERE:
            why = answer.value if isinstance(answer, DnsTrouble) else _WRONG
            self._note(EventName.DOMAIN_PROOF_REFUSED, actor, found, {"why": why})
            return Refusal(Reason.CONFLICT, _TOLD[why])
        now = self._ambient.now()
        made = VerifiedDomain(name=found.name, organization_id=organization, proof=PROOF, recorded_by=actor.id, recorded_at=now)
        if not self._parts.domains.add(made):
            return self._refuse(actor, organization, _TAKEN, attempted="domain.verify")
        self._write(proved(found, now=now))
        self._note(EventName.DOMAIN_VERIFIED, actor, found, {"proof": PROOF})
        return made

    def give_up(self, actor: Principal, *, organization: OrganizationId, domain: str) -> Outcome[str]:
        """Give a verified domain up, however it was verified, or take a claim back; return its name."""
        refusal = self._judge(actor, organization)
        if refusal is None:
            name = _name(domain)
            found = self._parts.domains.get(name)
            held = found is not None and self._parts.domains.remove(organization, name)
            if self._parts.claims.remove(organization, name) or held:
                event = EventName.DOMAIN_WITHDRAWN if held else EventName.DOMAIN_CLAIM_WITHDRAWN
                self._tell(event, actor, organization, name, {"proof": found.proof} if found is not None and held else {})
                return name
            refusal = _NO_DOMAIN
        return self._refuse(actor, organization, refusal, attempted="domain.give_up")

    def due(self, *, limit: int) -> tuple[DomainClaim, ...]:
        """Return the proven claims whose record is to be looked at."""
        return self._parts.claims.due(now=self._ambient.now(), limit=limit)

    def looked(self, claim: DomainClaim, *, answer: tuple[bytes, ...] | DnsTrouble) -> Look | None:
        """Keep what a look at the record of a due claim said, tell and withdraw; None if the claim is not what it was."""
        if self._parts.claims.get(claim.organization_id, claim.name) != claim:
            return None
        if not claim.proves(self._parts.domains.get(claim.name)):
            # An operator took the domain back, or recorded it in another way.
            self._parts.claims.remove(claim.organization_id, claim.name)
            return None
        look, now = judged(claim, answer), self._ambient.now()
        after, by = looked(claim, look, now=now), system("domains")
        withdrawn = look is Look.GONE and lost(after, now=now)
        if withdrawn:
            self._parts.domains.remove(claim.organization_id, claim.name)
            self._parts.claims.remove(claim.organization_id, claim.name)
            self._note(EventName.DOMAIN_WITHDRAWN, by, claim, {"proof": PROOF})
        else:
            self._write(after)
        if look is Look.GONE and (withdrawn or claim.missing_since is None):
            if not withdrawn:
                self._note(EventName.DOMAIN_PROOF_MISSED, by, claim, {})
            self._parts.alarm.domain_missed(claim.organization_id, domain=claim.name, withdrawn=withdrawn, person=claim.claimed_by)
        elif look is Look.THERE and claim.missing_since is not None:
            self._note(EventName.DOMAIN_PROOF_RESTORED, by, claim, {})
        return look

    def _claimed(self, actor: Principal, organization: OrganizationId, domain: str) -> Outcome[DomainClaim]:
        refusal = self._judge(actor, organization)
        if refusal is not None:
            return refusal
        try:
            name = domain_name(domain)
        except ValueError:
            return Refusal(Reason.INVALID_INPUT, "expected a domain name such as example.com")
        self._parts.organizations.lock(organization)
        found = self._parts.domains.get(name)
        if found is not None and found.organization_id == organization:
            return _HAS_IT
        for each in self._parts.claims.of_organization(organization):
            if not self._counts(each):
                self._parts.claims.remove(organization, each.name)
        every = self._parts.claims.of_organization(organization)
        kept = next((each for each in every if each.name == name), None)
        if kept is not None:
            return kept
        if len(every) >= MAX_CLAIMS:
            return Refusal(Reason.CEILING_EXCEEDED, f"an organization has at most {MAX_CLAIMS} domains and claims; give one up")
        now = self._ambient.now()
        made = DomainClaim(
            organization_id=organization,
            name=name,
            token=new_token(self._ambient.random(TOKEN_BYTES)),
            claimed_by=actor.id,
            claimed_at=now,
            expires_at=now + CLAIM_LIFE,
        )
        if not self._parts.claims.add(made):
            raise StoreBusy(_MOVED)
        self._note(EventName.DOMAIN_CLAIMED, actor, made, {})
        return made

    def _open(self, actor: Principal, organization: OrganizationId, domain: str) -> Outcome[DomainClaim]:
        refusal = self._judge(actor, organization)
        if refusal is not None:
            return refusal
        name = _name(domain)
        found, claim = self._parts.domains.get(name), self._parts.claims.get(organization, name)
        if found is not None and found.organization_id == organization:
            return _HAS_IT
        return claim if claim is not None and claim.proved_at is None and self._ambient.now() < claim.expires_at else _NO_CLAIM

    def _counts(self, claim: DomainClaim) -> bool:
        if claim.proved_at is None:
            return self._ambient.now() < claim.expires_at
        return claim.proves(self._parts.domains.get(claim.name))

    def _judge(self, actor: Principal, organization: OrganizationId) -> Refusal | None:
        refusal = self._parts.rights.may(actor, organization=organization, permission=SSO_MANAGE)
        if refusal is None and not actor.credential.second_factor_fresh(now=self._ambient.now()):
            refusal = _STEP_UP
        return refusal

    def _write(self, after: DomainClaim) -> None:
        if not self._parts.claims.replace(after):
            raise StoreBusy(_MOVED)

    def _note(self, name: EventName, actor: Principal, claim: DomainClaim, details: Mapping[str, Detail]) -> None:
        self._tell(name, actor, claim.organization_id, claim.name, details)

    def _tell(self, name: EventName, actor: Principal, organization: OrganizationId, domain: str, details: Mapping[str, Detail]) -> None:
        self._audit.note(name, actor=actor, targets=(Target("domain", domain),), organization=organization, details=details)

    def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str) -> Refusal:
        target = Target("organization", organization)
        details = {"attempted": attempted}
        self._audit.note_aside(
            EventName.ACCESS_DENIED, actor=actor, targets=(target,), refused=refusal.reason, organization=organization, details=details
        )
        return refusal


def _name(domain: str) -> str:
    """Return the name under which a domain would be kept, "" for none; an operator may have recorded what can not be claimed."""
    try:
        return domain_name(domain)
    except ValueError:
        return domain.lower() if domain.isascii() and len(domain) <= 253 else ""

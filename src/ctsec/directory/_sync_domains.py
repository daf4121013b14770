# Generated from src/ctsec/directory/_async_domains.py by tools/twin.py; edit that file.
"""The domains that organizations have verified, and whom they speak for by them (async source).

How a domain is verified is not decided here: an operator records that it was, and how. A proof by the domain's own DNS comes with single
sign-on and will write the same record.
"""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.directory._sync_ports import DomainRecords, OrganizationRecords, RosterRecords
from ctsec.directory.record import MembershipStatus, VerifiedDomain
from ctsec.ids import OrganizationId
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.user import User, parse_email

MAX_PROOF: Final = 200
_NO_ORGANIZATION: Final = Refusal(Reason.NOT_FOUND, "there is no such organization")
_NO_DOMAIN: Final = Refusal(Reason.NOT_FOUND, "the organization has no such domain")
_TAKEN: Final = Refusal(Reason.ALREADY_EXISTS, "an organization has verified this domain already")


class Domains:
    """Verified domains of organizations; a domain belongs to one of them at most."""

    __slots__ = ("_ambient", "_audit", "_organizations", "_records", "_roster")

    def __init__(
        self,
        records: DomainRecords,
        *,
        organizations: OrganizationRecords,
        roster: RosterRecords,
        audit: Recorder,
        ambient: Ambient,
    ) -> None:
        self._records = records
        self._organizations = organizations
        self._roster = roster
        self._audit = audit
        self._ambient = ambient

    def record(self, operator: Operator, *, organization: OrganizationId, domain: str, proof: str) -> Outcome[VerifiedDomain]:
        """Record that an organization was shown to control a domain; `proof` says how, in one line of 1 to 200 characters.

        Addresses in domains below it are not covered. Reasons: INVALID_INPUT, NOT_FOUND, ALREADY_EXISTS.
        """
        name = _normal(domain)
        if name is None or not (proof.strip() and len(proof) <= MAX_PROOF and proof.isprintable()):
            return Refusal(Reason.INVALID_INPUT, f"expected a domain name, and how it was verified in 1 to {MAX_PROOF} characters")
        if self._organizations.get(organization) is None:
            return self._refuse(operator, _NO_ORGANIZATION, organization, attempted="domain.record")
        made = VerifiedDomain(
            name=name, organization_id=organization, proof=proof, recorded_by=operator.id, recorded_at=self._ambient.now()
        )
        if not self._records.add(made):
            return self._refuse(operator, _TAKEN, organization, attempted="domain.record")
        self._note(EventName.DOMAIN_VERIFIED, operator, made)
        return made

    def withdraw(self, operator: Operator, *, organization: OrganizationId, domain: str) -> Outcome[VerifiedDomain]:
        """Take a verified domain away again; NOT_FOUND if the organization has none of this name."""
        found = self._records.get(_normal(domain) or "")
        if found is None or not self._records.remove(organization, found.name):
            return self._refuse(operator, _NO_DOMAIN, organization, attempted="domain.withdraw")
        self._note(EventName.DOMAIN_WITHDRAWN, operator, found)
        return found

    def of_organization(self, *, organization: OrganizationId) -> tuple[VerifiedDomain, ...]:
        """Return the domains that an organization has verified."""
        return self._records.of_organization(organization)

    def vouches(self, organization: OrganizationId, user: User) -> bool:
        """Say whether an organization speaks for a person.

        That takes a verified address of a domain that it has verified, and an account that belongs to no other organization, not even as a
        suspended member.
        """
        domain = self._records.get(user.email_key.rpartition("@")[2])
        if domain is None or domain.organization_id != organization or user.email_verified_at is None:
            return False
        found = self._roster.of_user(user.id)
        return [each.organization_id for each in found] == [organization] and found[0].status is MembershipStatus.ACTIVE

    def _note(self, name: EventName, operator: Operator, domain: VerifiedDomain) -> None:
        self._audit.note(
            name,
            actor=operator.principal,
            targets=(Target("domain", domain.name),),
            organization=domain.organization_id,
            details={"proof": domain.proof},
            personal={"reason": operator.reason},
        )

    def _refuse(self, operator: Operator, refusal: Refusal, organization: OrganizationId, *, attempted: str) -> Refusal:
        self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=operator.principal,
            targets=(Target("organization", organization),),
            refused=refusal.reason,
            details={"attempted": attempted},
        )
        return refusal


def _normal(domain: str) -> str | None:
    """Return a domain as it stands in keys of addresses, None if it is none."""
    try:
        return parse_email(f"anybody@{domain}")[1].rpartition("@")[2]
    except ValueError:
        return None

# Generated from src/ctsec/security/_async_domain_proofs.py by tools/twin.py; edit that file.
"""Proofs of domains, with the DNS asked between short units of work (async source).

Rules that this module keeps:

- no transaction is open while the DNS is asked;
- a run of the job looks at so few domains that even the slowest answers are in before its lease ends.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ctsec.ambient import Request
from ctsec.directory.record import VerifiedDomain
from ctsec.errors import ConfigurationError
from ctsec.ids import OrganizationId
from ctsec.outcome import Outcome, Refusal
from ctsec.principal import Principal
from ctsec.security._sync_sso_logout import Units
from ctsec.sso._sync_domain_ports import TxtResolver
from ctsec.sso.nameservers import parse_nameserver
from ctsec.sso.policy import SsoPolicy
from ctsec.worker._sync import Job

DOMAIN_JOB: Final = "domains"
LOOKS: Final = 25


class DomainProofs:
    """Proves domains of organizations by the DNS, and looks at proven ones again; `resolver` stands in for the policy's resolvers."""

    __slots__ = ("_begin", "_policy", "resolver")

    def __init__(self, begin: Units, *, policy: SsoPolicy, resolver: TxtResolver | None = None) -> None:
        self._begin = begin
        self._policy = policy
        self.resolver = resolver

    def verify(
        self, actor: Principal, domain: str, *, organization: OrganizationId, request: Request | None = None
    ) -> Outcome[VerifiedDomain]:
        """Ask the DNS for the record of a claim, and record the domain if it is there.

        Reasons: what `sso:manage` refuses, STEP_UP_REQUIRED, NOT_FOUND without an open claim, CONFLICT if the DNS does not say so,
        ALREADY_EXISTS. Raises ConfigurationError without dnspython.
        """
        with self._begin(request) as unit:
            claim = unit.domain_claims.open(actor, organization=organization, domain=domain)
        if isinstance(claim, Refusal):
            return claim
        answer = self._asked().txt(claim.record_name)
        with self._begin(request) as unit:
            return unit.domain_claims.prove(actor, claim, organization=organization, answer=answer)

    def look(self) -> int:
        """Look at the records of proven domains that are due, a few in a run; return how many."""
        with self._begin(None) as unit:
            due = unit.domain_claims.due(limit=LOOKS)
        for claim in due:
            answer = self._asked().txt(claim.record_name)
            with self._begin(None) as unit:
                unit.domain_claims.looked(claim, answer=answer)
        return len(due)

    def jobs(self) -> tuple[Job, ...]:
        """Return what the worker runs."""
        return (Job(name=DOMAIN_JOB, every=timedelta(minutes=10), work=self.look),)

    def _asked(self) -> TxtResolver:
        if self.resolver is None:
            try:
                from ctsec.sso.dns._sync import DnsResolver
            except ImportError:
                raise ConfigurationError("proofs of domains need dnspython; install ctsec[sso]") from None
            servers = tuple(parse_nameserver(each) for each in self._policy.nameservers)
            self.resolver = DnsResolver(servers, seconds=self._policy.dns_seconds)
        return self.resolver

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
from ctsec.security._async_sso_logout import Units
from ctsec.sso._async_domain_ports import AsyncTxtResolver
from ctsec.sso.nameservers import parse_nameserver
from ctsec.sso.policy import SsoPolicy
from ctsec.worker._async import AsyncJob

DOMAIN_JOB: Final = "domains"
LOOKS: Final = 25


class AsyncDomainProofs:
    """Proves domains of organizations by the DNS, and looks at proven ones again; `resolver` stands in for the policy's resolvers."""

    __slots__ = ("_begin", "_policy", "resolver")

    def __init__(self, begin: Units, *, policy: SsoPolicy, resolver: AsyncTxtResolver | None = None) -> None:
        self._begin = begin
        self._policy = policy
        self.resolver = resolver

    async def verify(
        self, actor: Principal, domain: str, *, organization: OrganizationId, request: Request | None = None
    ) -> Outcome[VerifiedDomain]:
        """Ask the DNS for the record of a claim, and record the domain if it is there.

        Reasons: what `sso:manage` refuses, STEP_UP_REQUIRED, NOT_FOUND without an open claim, CONFLICT if the DNS does not say so,
        ALREADY_EXISTS. Raises ConfigurationError without dnspython.
        """
        async with self._begin(request) as unit:
            claim = await unit.domain_claims.open(actor, organization=organization, domain=domain)
        if isinstance(claim, Refusal):
            return claim
        answer = await self._asked().txt(claim.record_name)
        async with self._begin(request) as unit:
            return await unit.domain_claims.prove(actor, claim, organization=organization, answer=answer)

    async def look(self) -> int:
        """Look at the records of proven domains that are due, a few in a run; return how many."""
        async with self._begin(None) as unit:
            due = await unit.domain_claims.due(limit=LOOKS)
        for claim in due:
            answer = await self._asked().txt(claim.record_name)
            async with self._begin(None) as unit:
                await unit.domain_claims.looked(claim, answer=answer)
        return len(due)

    def jobs(self) -> tuple[AsyncJob, ...]:
        """Return what the worker runs."""
        return (AsyncJob(name=DOMAIN_JOB, every=timedelta(minutes=10), work=self.look),)

    def _asked(self) -> AsyncTxtResolver:
        if self.resolver is None:
            try:
                from ctsec.sso.dns._async import AsyncDnsResolver
            except ImportError:
                raise ConfigurationError("proofs of domains need dnspython; install ctsec[sso]") from None
            servers = tuple(parse_nameserver(each) for each in self._policy.nameservers)
            self.resolver = AsyncDnsResolver(servers, seconds=self._policy.dns_seconds)
        return self.resolver

# Generated from src/ctsec/web/_async_domains.py by tools/twin.py; edit that file.
"""Operations of domains: claimed, proved by the DNS, given up (async source)."""

from __future__ import annotations

from ctsec.outcome import Refusal
from ctsec.web._sync_call import Answer, Call, no_content
from ctsec.web._sync_entry import ambient_request
from ctsec.web._sync_sso_entrance import may_see_sso
from ctsec.web.domain_table import Domain, shown
from ctsec.web.http import WebResponse


def domains(call: Call) -> Answer:
    """List domains and claims, for those who manage them."""
    refusal = may_see_sso(call)
    if refusal is not None:
        return refusal
    verified = {each.name: each for each in call.unit.domains.of_organization(organization=call.organization)}
    claims = {each.name: each for each in call.unit.domain_claims.of_organization(organization=call.organization)}
    found = [shown(name, claim=claims.get(name), verified=verified.get(name)) for name in sorted({*verified, *claims})]
    return WebResponse(json={"domains": found})


def claim_domain(call: Call) -> Answer:
    """Claim a domain."""
    made = call.unit.domain_claims.claim(call.principal, organization=call.organization, domain=call.read(Domain).domain)
    return made if isinstance(made, Refusal) else WebResponse(status=201, json=shown(made.name, claim=made, verified=None))


def verify_domain(call: Call) -> Answer:
    """Ask the DNS whether a claim is proved."""
    done = call.security.domain_proofs.verify(
        call.principal,
        call.request.params["domain"],
        organization=call.organization,
        request=ambient_request(call.request, site=call.site),
    )
    return done if isinstance(done, Refusal) else WebResponse(json=shown(done.name, claim=None, verified=done))


def give_up_domain(call: Call) -> Answer:
    """Give a domain up."""
    domain = call.request.params["domain"]
    done = call.unit.domain_claims.give_up(call.principal, organization=call.organization, domain=domain)
    return done if isinstance(done, Refusal) else no_content()

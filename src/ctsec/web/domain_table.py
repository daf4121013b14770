"""The routes of domains that organizations prove, and how they are shown: a part of `ctsec.web.table`."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from ctsec.directory.record import VerifiedDomain
from ctsec.sso.domain_claim import MAX_DOMAIN, DomainClaim
from ctsec.web.models import Body
from ctsec.web.route import principal_route as _route
from ctsec.web.route import session_route as _signed_in
from ctsec.web.views import View, moment

_EVERY: Final = "/organizations/{organization_id}/domains"
_ONE: Final = f"{_EVERY}/{{domain}}"
_DOMAIN: Final = (
    *("domain", "state", "proof", "verified_at:date-time", "record_name", "record_value", "expires_at:date-time"),
    "missing_since:date-time",
)


class Domain(Body):
    """A domain that the organization says is its own."""

    domain: Annotated[str, Field(min_length=1, max_length=MAX_DOMAIN)]


DOMAINS: Final = (
    _route(f"GET {_EVERY} domains", "Verified domains, and claims of domains", glass=True, returns=("domains:array",)),
    _signed_in(
        f"POST {_EVERY} claim_domain",
        "Claim a domain: the TXT record that proves it",
        body=Domain,
        status=201,
        glass=True,
        returns=_DOMAIN,
    ),
    _signed_in(f"POST {_ONE}/verify verify_domain", "Ask the DNS for the TXT record of a claim", glass=True, returns=_DOMAIN, apart=True),
    _signed_in(f"DELETE {_ONE} give_up_domain", "Give a domain up, or take its claim back", glass=True, status=204),
)


def shown(name: str, *, claim: DomainClaim | None, verified: VerifiedDomain | None) -> View:
    """Return a domain: its TXT record if it was claimed, and how it was verified if it was."""
    return {
        "domain": name,
        "state": "verified" if verified is not None else "claimed",
        "proof": verified.proof if verified is not None else None,
        "verified_at": moment(verified.recorded_at) if verified is not None else None,
        "record_name": claim.record_name if claim is not None else None,
        "record_value": claim.record_value if claim is not None else None,
        "expires_at": moment(claim.expires_at) if claim is not None and verified is None else None,
        "missing_since": moment(claim.missing_since) if claim is not None else None,
    }

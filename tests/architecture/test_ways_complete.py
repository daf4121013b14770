"""No way in is forgotten: whatever starts a session, makes a principal or hands out a credential has its rows in the table of ways."""

from __future__ import annotations

from typing import Final

import pytest

from ctsec.principal import CredentialKind, Factor
from ctsec.web.credentials import Via
from ctsec.web.route import Needs
from ctsec.web.table import ROUTES
from tests.architecture.test_verifications import functions
from tests.hosts.test_ways_in import WAYS

# Functions of services that end a sign-in, each with the ways that go through it.
ENDS: Final = {
    "authn._async.AsyncSignIn.password": "password trusted reset",
    "authn._async.AsyncSignIn.link": "link link_before",
    "authn._async.AsyncSignIn.second_factor": "code backup passkey_second link_and_code begun_before oidc_then_code",
    "authn._async.AsyncSignIn.passkey": "passkey",
    "authn._async_federated.AsyncFederatedSignIn.arrive": "oidc saml oidc_before saml_before",
    "authn._async_owing.AsyncOwing.confirm_totp": "enrolment",
    "authn._async_owing.AsyncOwing.set_password": "renewal",
    "authn._async_owing._Journey.complete": "enrolment renewal",
    "authn._async.AsyncSignIn._complete": "password",  # the one end of them all
}
# Open routes whose answer holds a session, a ticket or a key.
GIVES: Final = {
    "sign_in": "password trusted reset",
    "sign_in_link": "link link_before",
    "sign_in_code": "code backup link_and_code begun_before oidc_then_code",
    "sign_in_passkey": "passkey passkey_second",
    "enrolled_totp": "enrolment",
    "enrolled_passkey": "enrolment_passkey",
    "renew_password": "renewal",
    "complete_sso": "oidc oidc_before",
    "complete_saml": "saml saml_before",
    "exchange_token": "exchange",
    "sso_landed": "oidc saml",  # what those were answered, told again to the page where a browser ended
}
KINDS: Final = {
    CredentialKind.SESSION: "session password",
    CredentialKind.SSO_SESSION: "oidc_session oidc",
    CredentialKind.API_KEY: "api_key derived_key service_key exchange",
    CredentialKind.TICKET: "enrolment enrolment_passkey renewal begun_before",
    CredentialKind.INTERNAL: "",  # the deployment's own work and its operators: nobody comes in with it
    CredentialKind.NONE: "",
}
# Services that make a principal of what was presented, or for an inner purpose.
PRINCIPALS: Final = {
    "security._async_gate.AsyncGate._admit": "api_key derived_key service_key exchange",
    "keys._async_exchanges.AsyncExchanges.give": "exchange",
    "authn._async_owing.AsyncOwing._parked": "enrolment renewal",
    "authn._async_standing.AsyncStandings.principal": "session oidc_session",
    "authn._async._as_principal": "",  # the actor of an event, and so are the following
    "directory._async_members._acting": "",
    "rbac._async_belongings.AsyncBelongings.wake": "",
    "recovery._async_cases._acting": "",
}
FACTORS: Final = {
    Factor.PASSWORD: "password",
    Factor.TOTP: "code",
    Factor.BACKUP_CODE: "backup",
    Factor.LINK: "link",
    Factor.PASSKEY: "passkey passkey_second",
    Factor.SSO: "oidc saml",
    Factor.SSO_MFA: "oidc saml",
    Factor.TRUSTED_DEVICE: "trusted",
}
# Where a token that is presented is read.
READ: Final = {
    "keys._async_key_leaks.AsyncKeyLeaks.derived": "",  # what others found and tell of: it lets nobody in
    "authn._async_leaks.AsyncAccountLeaks.session": "",
    "sso.scim._async_leaks.AsyncScimLeaks.token": "",
    "security._async_gate.AsyncGate.session": "session oidc_session",
    "authn._async_sessions.AsyncSessions.authenticate": "session oidc_session",
    "security._async_gate.AsyncGate.admit_key": "api_key service_key exchange",
    "security._async_gate.AsyncGate._derived": "derived_key",
    "sso.scim._async_reads.AsyncScimReads.authenticate": "directory",
}
# Ways of which the source has no end of a sign-in: what is on top of a session, and SCIM, which has a gate of its own.
BESIDE: Final = {"break_glass", "directory"}


def calling(*names: str) -> set[str]:
    """Return the functions that call one of these."""
    return {place for place, calls in functions() if set(names) & set(calls)}


@pytest.mark.proves("ASVS-6.1.3", "ASVS-6.3.4")
def test_whatever_lets_somebody_in_has_its_rows() -> None:
    """A new end of a sign-in, route, kind of credential, maker of principals or factor fails here until the table of ways has it."""
    sessions = {place for place in calling("complete", "journey.complete", "sessions.start") if place.startswith("authn.")}
    standing = {place for place in calling("standing") if place.startswith("authn.")}
    given = {"session_id", "ticket", "access_token"}
    open_routes = {
        route.operation
        for route in ROUTES
        if route.needs is Needs.NOTHING and given & {name.partition(":")[0] for name in route.returns}
    }  # fmt: skip
    assert sessions - {"authn._async_notices.AsyncSignInNotices.complete"} == set(ENDS)
    assert open_routes == set(GIVES)
    assert set(CredentialKind) == set(KINDS)
    assert calling("Principal", "key_principal") | standing == set(PRINCIPALS)
    assert set(Factor) == set(FACTORS)
    tables = (ENDS, GIVES, KINDS, PRINCIPALS, FACTORS)
    named = {way for table in tables for ways in table.values() for way in ways.split()}
    assert named | BESIDE == set(WAYS)


def test_what_carries_a_credential_is_known() -> None:
    """A request carries a session in a cookie or a header, or a key; each form of token is read in the places that are known."""
    assert {each.value for each in Via} == {"cookie", "session_header", "api_key"}
    assert calling("parse_session_token", "claimed_id", "parse_derived", "parse_scim_token") == READ.keys()
    assert {way for ways in READ.values() for way in ways.split()} <= set(WAYS)

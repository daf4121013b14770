"""Problem bodies, client addresses, demands, and the OpenAPI document."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ctsec import errors
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.web import models
from ctsec.web.address import TrustedProxies
from ctsec.web.guarding import Demand, assurance_refusal, parameters_of
from ctsec.web.kinds import KINDS
from ctsec.web.openapi import document
from ctsec.web.problem import of_error, of_refusal
from ctsec.web.route import Needs
from ctsec.web.table import ROUTES

NOW = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("credential", [False, True])
def test_every_reason_has_a_status_and_a_body(reason: Reason, credential: bool) -> None:
    """Each reason becomes a 4xx problem with all members of RFC 9457, and a 401 always says how to authenticate."""
    response = of_refusal(Refusal(reason, "why", timedelta(milliseconds=1500)), credential=credential).response()
    body = json.loads(response.payload())
    assert 400 <= response.status < 500
    assert (body["status"], response.media_type) == (response.status, "application/problem+json")
    assert body["type"] == f"urn:ctsec:{body['reason']}"
    assert body["title"]
    headers = dict(response.headers)
    assert ("www-authenticate" in headers) == (response.status == 401 or reason in {Reason.STEP_UP_REQUIRED, Reason.MFA_REQUIRED})
    if response.status != 404:
        assert (body["reason"], body["retry_after"], headers["retry-after"]) == (reason.value, 2, "2")


def test_there_is_one_404() -> None:
    """What does not exist and what belongs to somebody else have the same bytes, whatever the service said."""
    payloads = {
        of_refusal(Refusal(reason, detail)).response().payload()
        for reason, detail in (
            (Reason.NOT_FOUND, ""),
            (Reason.NOT_FOUND, "no such workspace"),
            (Reason.NOT_A_MEMBER, "not a member of Acme"),
        )
    }
    assert len(payloads) == 1


@pytest.mark.parametrize(
    "error",
    [
        kind("s3cret")
        for kind in (
            errors.StoreBusy,
            errors.Overloaded,
            errors.CorruptRecord,
            errors.KmsUnavailable,
            errors.KmsThrottled,
            errors.KeyDisabled,
            errors.KeyPendingDeletion,
            errors.KeyDenied,
        )
    ],
)
def test_errors_tell_only_whether_to_try_again(error: errors.CtsecError) -> None:
    """A retryable error is 503 with Retry-After, every other 500; neither holds the error's text."""
    response = of_error(error).response()
    assert response.status == (503 if error.retryable else 500)
    assert ("retry-after" in dict(response.headers)) == error.retryable
    assert b"s3cret" not in response.payload()


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.1", ["192.0.2.1"], "198.51.100.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["1.1.1.1, 192.0.2.1, 10.0.0.2"], "192.0.2.1"),
        ("10.0.0.1", ["1.1.1.1", "192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["192.0.2.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1, nonsense, 10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("a socket", ["192.0.2.1"], "a socket"),
    ],
)
def test_the_address_behind_proxies(peer: str, forwarded: list[str], client: str) -> None:
    """The walk goes from right to left through trusted proxies only, and ends at the first address that is none."""
    headers = [("x-forwarded-for", line) for line in forwarded]
    assert TrustedProxies.of(["10.0.0.0/8"]).client(peer, headers=headers) == client


def test_request_ids_come_from_trusted_proxies_or_are_fresh() -> None:
    """A well-formed id of a trusted proxy is kept; a stranger's, a malformed and a missing one are replaced."""
    proxies = TrustedProxies.of(["10.0.0.0/8"])
    assert proxies.request_id("10.0.0.1", given="abc-1") == "abc-1"
    for peer, given in (("198.51.100.1", "abc-1"), ("10.0.0.1", "a b"), ("10.0.0.1", "a" * 65), ("10.0.0.1", None)):
        fresh = proxies.request_id(peer, given=given)
        assert len(fresh) == 32
        assert fresh != given


def principal(kind: CredentialKind = CredentialKind.SESSION, *, aal: int = 2, **ages: int) -> Principal:
    """Return a principal whose factors were proved so many minutes ago."""
    factors = {factor: NOW - timedelta(minutes=age) for factor, age in ages.items()}
    return Principal(id="usr", kind=PrincipalKind.USER, credential=Credential(kind=kind, id="ses", aal=aal, factors=factors))


@pytest.mark.parametrize(
    ("who", "demand", "reason"),
    [
        (principal(aal=1, pwd=0), Demand(), None),
        (principal(aal=1, pwd=0), Demand(aal=2), Reason.STEP_UP_REQUIRED),
        (principal(pwd=60, otp=60), Demand(aal=2), None),
        (principal(pwd=0, otp=6), Demand(aal=2, within=timedelta(minutes=5)), Reason.STEP_UP_REQUIRED),
        (principal(pwd=60, otp=5), Demand(aal=2, within=timedelta(minutes=5)), None),
        (principal(pwd=60, backup=5), Demand(within=timedelta(minutes=5)), None),
        (principal(pwd=0, otp=6), Demand(within=timedelta(minutes=5)), Reason.STEP_UP_REQUIRED),
        (principal(aal=1, pwd=5), Demand(within=timedelta(minutes=5)), None),
        (principal(pwd=60, otp=-1), Demand(within=timedelta(minutes=5)), Reason.STEP_UP_REQUIRED),
        (principal(CredentialKind.API_KEY, aal=1), Demand(), None),
        (principal(CredentialKind.API_KEY, aal=1), Demand(aal=2), Reason.DENIED),
        (principal(CredentialKind.API_KEY, aal=1), Demand(within=timedelta(minutes=5)), Reason.DENIED),
    ],
)
def test_assurance(who: Principal, demand: Demand, reason: Reason | None) -> None:
    """The strongest factor must be fresh: a recent password does not refresh an old code, and a proof of the future counts for nothing."""
    refusal = assurance_refusal(who, demand, now=NOW)
    assert (refusal.reason if refusal is not None else None) is reason


def test_the_document_describes_the_whole_table() -> None:
    """Every route is in the OpenAPI document with its parameters, and every reference in it resolves."""
    made = document("Acme")
    assert made["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, methods in made["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    schemas = made["components"]["schemas"]
    text = json.dumps(made)
    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references <= schemas.keys()
    assert schemas["SignUp"]["additionalProperties"] is False


def test_every_id_in_the_table_has_a_kind() -> None:
    """Every parameter of every path has a kind that is checked, each operation stands once, and writes take no part in it by GET."""
    assert {name for route in ROUTES for name in parameters_of(route.path)} == KINDS.keys()
    assert len({route.operation for route in ROUTES}) == len(ROUTES)
    assert [route.path for route in ROUTES if route.method == "GET" and route.body is not None] == []
    unprotected = {route.path for route in ROUTES if route.needs is Needs.NOTHING}
    mailed = {
        "/sign-up",
        "/verify-email",
        "/verification",
        "/password/reset-request",
        "/password/reset",
        "/email/confirm",
        "/recovery/cancel",
    }
    mailed |= {"/sign-in/link/request", "/sign-in/link"}
    going = {f"/sso/{{connection_id}}/{step}" for step in ("begin", "callback", "keys", "logout", "saml/acs", "saml/slo", "saml/metadata")}
    assert [route.path for route in ROUTES if route.foreign] == [f"/sso/{{connection_id}}/saml/{step}" for step in ("acs", "slo")]
    mailed |= {"/sign-in/ways", "/sso/landed"} | going
    enrolment = {f"/sign-in/enrolment/{path}" for path in ("totp", "totp/confirm", "passkey", "passkey/options")}
    owed = {*enrolment, "/sign-in/password"}
    assert unprotected == mailed | owed | {
        "/sign-in",
        "/sign-in/code",
        "/sign-in/passkey",
        "/sign-in/passkey/options",
        "/openapi.json",
        "/api-keys/leaks",
        "/api-keys/exchange",
    }


def test_models_hide_secrets_and_take_them_as_received() -> None:
    """A password is neither shown nor changed: spaces, capitals and combining characters stay."""
    password = "  Pa\u0301ss word  "
    body = models.SignIn.model_validate({"email": "a@x.org", "password": password})
    assert body.password.get_secret_value() == password
    assert "ss word" not in repr(body)

"""Workload identity over the routes of both hosts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from ctsec.keys import derive
from ctsec.secret import SecretText
from ctsec.testing.workloads import WorkloadIssuer, WorkloadIssuers
from tests.hosts.harness import Browser, Host, Reply, bearer

AUDIENCE = "https://api.acme.example"
EXCHANGE = "POST /api-keys/exchange"
RULE: dict[str, object] = {
    "name": "release",
    "preset": "github_actions",
    "issuer": "https://token.actions.githubusercontent.com",
    "audience": AUDIENCE,
    "claims": {"repository_id": "74", "repository_owner_id": "65", "ref": "refs/heads/*"},
}


def github(host: Host) -> WorkloadIssuer:
    """Return the issuer that every host of the tests knows."""
    issuers = cast(WorkloadIssuers, cast(Any, host).security.parts.settings.keys.workload.fetcher)
    return issuers.all["token.actions.githubusercontent.com"]


def exchange(host: Host, token: str, account: str, **changed: object) -> Reply:
    """Exchange a token, as a job does: without a cookie, a session or a CSRF token."""
    body = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "audience": account,
        **changed,
    }
    return Browser(host).auth(EXCHANGE, body, csrf=False)


def robot(olga: Browser, organization: str) -> str:
    """Make a service account."""
    made = olga.ok(f"POST /organizations/{organization}/service-accounts", {"name": "Deployer", "role": "admin"})
    return str(made["id"])


@pytest.mark.proves("SEED-K4", "ASVS-10.3.1", "ASVS-13.2.1", "ASVS-12.3.5")
def test_a_job_exchanges_its_token_for_a_key(host: Host, browser: Browser) -> None:
    """The answer has the names of RFC 8693; the key works as bearer until its end, is marked, and the rule counts it."""
    olga = browser.sign_up("olga@acme.example")
    organization = olga.found("Acme")
    home, account = f"/organizations/{organization}", robot(olga, organization)
    made = olga.ok(f"POST {home}/service-accounts/{account}/workload-rules", {**RULE, "scopes": ["members:manage"], "life_seconds": 60})
    assert (made["claims"], made["made_by"], made["exchanged"], made["life_seconds"]) == (RULE["claims"], olga.id, 0, 60)
    reply = exchange(host, github(host).token(audience=AUDIENCE), account)
    answer = reply.json
    assert (reply.status, answer["token_type"], answer["expires_in"], answer["scope"]) == (200, "Bearer", 60, "members:manage")
    assert answer["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert reply.headers["cache-control"] == "no-store"
    bearer = [("authorization", f"Bearer {answer['access_token']}")]
    assert host.send("GET", f"/auth{home}/members", headers=bearer, body=b"").status == 200
    (shown,) = olga.ok(f"GET {home}/service-accounts/{account}/api-keys")["api_keys"]
    assert (shown["id"], shown["rule_id"]) == (answer["api_key_id"], made["id"])
    (rule,) = olga.ok(f"GET {home}/workload-rules")["workload_rules"]
    assert rule["exchanged"] == 1
    host.clock.advance(timedelta(seconds=60))
    assert host.send("GET", f"/auth{home}/members", headers=bearer, body=b"").status == 401
    changed = olga.ok(f"PUT {home}/workload-rules/{made['id']}", {**RULE, "name": "other"})
    assert (changed["name"], changed["life_seconds"]) == ("other", 900)
    assert olga.auth(f"DELETE {home}/workload-rules/{made['id']}", csrf=False).status == 403
    assert olga.auth(f"DELETE {home}/workload-rules/{made['id']}").status == 204
    assert exchange(host, github(host).token(audience=AUDIENCE), account).status == 400


@pytest.mark.proves("ASVS-10.3.3")
def test_every_hostile_token_has_the_same_answer(host: Host, browser: Browser) -> None:
    """Whatever is wrong with a token, the bytes of the answer are the same, and the reason is in the organization's log alone."""
    olga = browser.sign_up("olga@acme.example")
    organization = olga.found("Acme")
    account, issuer = robot(olga, organization), github(host)
    olga.ok(f"POST /organizations/{organization}/service-accounts/{account}/workload-rules", RULE)
    used = issuer.token(audience=AUDIENCE)
    assert exchange(host, used, account).status == 200
    absent = account[:-4] + ("0000" if account[-4:] != "0000" else "0001")
    refused = [
        exchange(host, used, account),
        exchange(host, issuer.token(audience=AUDIENCE, repository_owner_id="66"), account),
        exchange(host, issuer.token(audience=AUDIENCE, repository_id=74), account),
        exchange(host, issuer.token(audience=AUDIENCE, ref="refs/tags/1"), account),
        exchange(host, issuer.token(audience=AUDIENCE, exp=1), account),
        exchange(host, issuer.token(audience=AUDIENCE, jti=None), account),
        exchange(host, issuer.token(audience=f"{AUDIENCE}/"), account),
        exchange(host, issuer.token(audience=AUDIENCE), absent),
        exchange(host, issuer.token(audience=AUDIENCE), "acme"),
        exchange(host, issuer.token(audience=AUDIENCE)[:-2], account),
        exchange(host, "no token", account),
        exchange(host, "\u0430.\u0430.\u0430", account),
    ]
    assert {each.status for each in refused} == {400}
    assert len({each.body for each in refused}) == 1
    assert refused[0].json["reason"] == "invalid_token"
    whys = sorted(each.details()["details"]["why"] for each in host.events(organization) if each.name == "workload_token.refused")
    assert whys == [*["claim_differs"] * 3, "token_bad_signature", "token_expired", "token_no_token_id", "token_replayed"]


def test_a_request_that_is_no_exchange_is_refused(host: Host, browser: Browser) -> None:
    """Another grant, another type of token, a missing or foreign field is refused before the token is read."""
    for changed in (
        {"grant_type": "client_credentials"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"subject_token": ""},
        {"subject_token": "x" * 16_385},
        {"audience": None},
        {"actor_token": "x"},
    ):
        reply = exchange(host, "token", "svc_00000000000000000000000000", **changed)
        assert (reply.status, reply.json["reason"]) == (422, "invalid_input"), changed
    olga = browser.sign_up("olga@acme.example")
    organization = olga.found("Acme")
    account = robot(olga, organization)
    wrongs: tuple[dict[str, object], ...] = (
        {"claims": {}},
        {"life_seconds": 901},
        {"preset": "other"},
        {"claims": {"sub": "repo:acme/*"}},
        {"claims": {"ref": 1}},
    )
    for wrong in wrongs:
        made = olga.auth(f"POST /organizations/{organization}/service-accounts/{account}/workload-rules", {**RULE, **wrong})
        assert made.status == 422, wrong


@pytest.mark.proves("SEED-K4", "SEED-K6", "ASVS-10.3.2")
def test_a_key_that_was_exchanged_is_answered_as_one_that_was_sent(host: Host, browser: Browser) -> None:
    """Whole, demoted, disabled, narrowed, expired, revoked, removed: a key from an exchange has the answer of one that was minted."""
    olga = browser.sign_up("olga@acme.example")
    organization = olga.found("Acme")
    workspace, base, account = olga.workspace(organization), f"/organizations/{organization}", robot(olga, organization)
    seat, rules = f"{base}/service-accounts/{account}", f"{base}/workload-rules"
    rule = olga.ok(f"POST {seat}/workload-rules", RULE)["id"]

    def minted() -> tuple[str, str]:
        made = olga.ok(f"POST {seat}/api-keys", {"name": "ci", "derivable": True})
        return made["id"], derive(SecretText(made["token"]), expires_at=host.clock.now() + timedelta(minutes=15)).reveal()

    def exchanged() -> str:
        return str(exchange(host, github(host).token(audience=AUDIENCE), account).json["access_token"])

    def answers(token: str) -> tuple[Any, ...]:
        reply = bearer(host, token, "GET", "/me")
        deeds = [bearer(host, token, "POST", f"/workspaces/{workspace}/{deed}").status for deed in ("agents-run", "operations-approve")]
        return reply.status, reply.json.get("reason"), *deeds

    (key, sent), given = minted(), exchanged()

    def both() -> tuple[Any, ...]:
        found = answers(sent)
        assert answers(given) == found
        return found

    whole = (200, None, 200, 200)
    assert both() == whole
    assert olga.ok(f"PUT {seat}/role", {"role": "member"})["role"] == "member"
    assert both() == (200, None, 403, 403)
    assert olga.ok(f"PUT {seat}/role", {"role": "admin"})["role"] == "admin"
    assert both() == whole
    olga.ok(f"POST {seat}/disable")
    assert both() == (401, "disabled", 401, 401)
    assert exchange(host, github(host).token(audience=AUDIENCE), account).status == 400
    olga.ok(f"POST {seat}/enable")
    assert both() == whole
    host.clock.advance(timedelta(minutes=15))
    assert both() == (401, "expired", 401, 401)
    (key, sent), given = minted(), exchanged()
    assert olga.auth(f"DELETE {base}/api-keys/{key}").status == 204
    olga.ok(f"PUT {rules}/{rule}", {**RULE, "scopes": ["agents:run"]})
    assert both() == (401, "revoked", 401, 401)
    made = olga.ok(f"POST {seat}/api-keys", {"name": "ci", "scopes": ["agents:run"]})
    sent, given = made["token"], exchanged()
    assert both() == (200, None, 200, 403)
    assert olga.auth(f"DELETE {seat}").status == 204
    assert both() == (401, "revoked", 401, 401)

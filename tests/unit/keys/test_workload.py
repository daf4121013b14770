"""Tokens of workloads and the rules for them: each hostile one is refused for the reason that its row names, the sound one is accepted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from ctsec.ids import OrganizationId, ServiceAccountId, WorkloadRuleId, WorkspaceId
from ctsec.jose.jwks import KeySet, parse_jwks
from ctsec.jose.rejection import Rejected, TokenReason
from ctsec.keys.policy import KeyPolicy
from ctsec.keys.workload import MAX_CLAIMS, RuleTerms, WorkloadRule, check_rule, claim_holds
from ctsec.keys.workload_presets import GITHUB_ISSUER, Workload
from ctsec.keys.workload_token import (
    MAX_SUBJECT_TOKEN,
    ProvedWorkload,
    WorkloadReason,
    check_token,
    presented,
    read_document,
)
from ctsec.outcome import Refusal
from ctsec.testing import FixedClock
from ctsec.testing.workloads import CLUSTER, WorkloadIssuer, github_actions, gitlab_ci, kubernetes
from ctsec.transport.request import HttpAnswer
from tests.unit.jose.forge import Pair, compact, key_set, pair, with_mac

T, W = TokenReason, WorkloadReason
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
AUDIENCE: Final = "https://api.acme.example"
KEY: Final = pair("ES256", "kid-1")
OTHER: Final = pair("ES256", "kid-2")
CLAIMS: Final = {"repository_id": "74", "repository_owner_id": "65", "ref": "refs/heads/release/*"}
SOUND: Final[dict[str, Any]] = {
    "iss": GITHUB_ISSUER,
    "aud": AUDIENCE,
    "sub": "repo:acme/app:ref:refs/heads/release/1",
    "iat": int(NOW.timestamp()),
    "nbf": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 300,
    "jti": "id-1",
    "repository_id": "74",
    "repository_owner_id": "65",
    "ref": "refs/heads/release/1",
}
RULE: Final = WorkloadRule(
    id=WorkloadRuleId("wlr_1"),
    organization_id=OrganizationId("org_1"),
    account_id=ServiceAccountId("svc_1"),
    name="release",
    preset=Workload.GITHUB_ACTIONS,
    issuer=GITHUB_ISSUER,
    audience=AUDIENCE,
    claims=CLAIMS,
    life_seconds=900,
    made_by="usr_1",
    created_at=NOW,
    changed_at=NOW,
)


def at(**after: float) -> int:
    """Return a time after now, in seconds since 1970."""
    return int((NOW + timedelta(**after)).timestamp())


def judged(token: str, *, rule: WorkloadRule = RULE, key: Pair = KEY) -> Any:
    """Return the subject that a token proves, or why it is refused."""
    found = check_token(token, rule, keys=key_set(key), now=NOW)
    return found.subject if isinstance(found, ProvedWorkload) else found.reason


def said(**changed: Any) -> dict[str, Any]:
    """Return the sound claims with changes; an ellipsis leaves one out."""
    return {name: value for name, value in {**SOUND, **changed}.items() if value is not ...}


HOSTILE: Final[dict[str, tuple[Any, dict[str, Any]]]] = {
    "another issuer": (T.WRONG_ISSUER, {"iss": "https://gitlab.com"}),
    "issuer with a slash": (T.WRONG_ISSUER, {"iss": f"{GITHUB_ISSUER}/"}),
    "issuer in capitals": (T.WRONG_ISSUER, {"iss": GITHUB_ISSUER.upper()}),
    "issuer in a list": (T.WRONG_ISSUER, {"iss": [GITHUB_ISSUER]}),
    "no issuer": (T.WRONG_ISSUER, {"iss": ...}),
    "another audience": (T.WRONG_AUDIENCE, {"aud": "https://api.other.example"}),
    "audience with a slash": (T.WRONG_AUDIENCE, {"aud": f"{AUDIENCE}/"}),
    "audience in capitals": (T.WRONG_AUDIENCE, {"aud": AUDIENCE.upper()}),
    "audience beside another": (T.WRONG_AUDIENCE, {"aud": [AUDIENCE, "https://api.other.example"]}),
    "audience twice": (T.WRONG_AUDIENCE, {"aud": [AUDIENCE, AUDIENCE]}),
    "audience in a list in a list": (T.WRONG_AUDIENCE, {"aud": [[AUDIENCE]]}),
    "audience in an object": (T.WRONG_AUDIENCE, {"aud": {AUDIENCE: True}}),
    "audience of nobody": (T.WRONG_AUDIENCE, {"aud": []}),
    "no audience": (T.WRONG_AUDIENCE, {"aud": ...}),
    "expired": (T.EXPIRED, {"exp": at(seconds=-60)}),
    "no end": (T.NO_EXPIRY, {"exp": ...}),
    "end as text": (T.BAD_TIME, {"exp": str(at(minutes=5))}),
    "end as truth": (T.BAD_TIME, {"exp": True}),
    "end before time": (T.BAD_TIME, {"exp": -1}),
    "end after time": (T.BAD_TIME, {"exp": 1 << 40}),
    "issued in future": (T.ISSUED_IN_FUTURE, {"iat": at(seconds=61)}),
    "issued long ago": (T.ISSUED_LONG_AGO, {"iat": at(minutes=-62)}),
    "issued at no time": (T.NO_ISSUE_TIME, {"iat": ...}),
    "not yet": (T.NOT_YET_VALID, {"nbf": at(seconds=61)}),
    "beginning as text": (T.BAD_TIME, {"nbf": "now"}),
    "no subject": (T.WRONG_SUBJECT, {"sub": ...}),
    "subject in a list": (T.WRONG_SUBJECT, {"sub": [SOUND["sub"]]}),
    "subject of blanks": (T.WRONG_SUBJECT, {"sub": "  "}),
    "no id": (T.NO_TOKEN_ID, {"jti": ...}),
    "id as number": (W.BAD_TOKEN_ID, {"jti": 1}),
    "empty id": (W.BAD_TOKEN_ID, {"jti": ""}),
    "id without end": (W.BAD_TOKEN_ID, {"jti": "x" * 256}),
    "made for a sign-in": (T.WRONG_TYPE, {"nonce": "n"}),
    "a notice": (T.WRONG_TYPE, {"events": {}}),
    "another repository": (W.CLAIM_DIFFERS, {"repository_id": "75"}),
    "repository as number": (W.CLAIM_DIFFERS, {"repository_id": 74}),
    "repository in a list": (W.CLAIM_DIFFERS, {"repository_id": ["74"]}),
    "repository with a blank": (W.CLAIM_DIFFERS, {"repository_id": "74 "}),
    "repository with a zero": (W.CLAIM_DIFFERS, {"repository_id": "074"}),
    "repository in wide digits": (W.CLAIM_DIFFERS, {"repository_id": "\uff17\uff14"}),
    "no repository": (W.CLAIM_DIFFERS, {"repository_id": ...}),
    "repository is null": (W.CLAIM_DIFFERS, {"repository_id": None}),
    "same name, another owner": (W.CLAIM_DIFFERS, {"repository_owner_id": "66"}),
    "name of a claim in capitals": (W.CLAIM_DIFFERS, {"repository_id": ..., "Repository_ID": "74"}),
    "another branch": (W.CLAIM_DIFFERS, {"ref": "refs/heads/main"}),
    "branch beside the pattern": (W.CLAIM_DIFFERS, {"ref": "refs/heads/release-1"}),
    "branch that is the pattern": (W.CLAIM_DIFFERS, {"ref": "refs/heads/release/"}),
    "branch above the pattern": (W.CLAIM_DIFFERS, {"ref": "refs/heads/release"}),
    "branch in capitals": (W.CLAIM_DIFFERS, {"ref": "refs/heads/Release/1"}),
    "branch with a line": (W.CLAIM_DIFFERS, {"ref": "refs/heads/release/1\n"}),
    "branch of another script": (W.CLAIM_DIFFERS, {"ref": "refs/heads/release/\u0430"}),
    "branch in a list": (W.CLAIM_DIFFERS, {"ref": ["refs/heads/release/1"]}),
}


@pytest.mark.proves("ASVS-9.2.1", "ASVS-9.2.3", "ASVS-10.3.1")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_claims_are_refused_for_their_reason(name: str) -> None:
    """A token, rightly signed by the issuer, with one wrong claim is refused for the reason in the table."""
    reason, changed = HOSTILE[name]
    assert judged(compact(said(**changed), key=KEY)) == reason


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"aud": [AUDIENCE]},
        {"exp": at(seconds=-59)},
        {"iat": at(seconds=60)},
        {"iat": at(minutes=-61)},
        {"nbf": at(seconds=60)},
        {"nbf": ...},
        {"jti": "x" * 255},
        {"ref": "refs/heads/release/1/2"},
        {"azp": "somebody", "repository": "evil/renamed", "unknown": [{"deep": None}]},
    ],
    ids=str,
)
def test_sound_claims_are_accepted(changed: dict[str, Any]) -> None:
    """The same token within every rule, to the second, is accepted."""
    assert judged(compact(said(**changed), key=KEY)) == SOUND["sub"]


def swapped(token: str, other: str) -> str:
    """Return a token with the claims of another."""
    head, _, signature = token.split(".")
    return f"{head}.{other.split('.')[1]}.{signature}"


FORGED: Final[dict[str, tuple[Any, Any]]] = {
    "without an algorithm": (T.ALGORITHM_NOT_ALLOWED, lambda: compact(said(), key=KEY, header={"alg": "none", "kid": "kid-1"})),
    "with the public key as a secret": (
        T.ALGORITHM_NOT_ALLOWED,
        lambda: with_mac(said(), secret=json.dumps(KEY.jwk()).encode(), header={"alg": "HS256", "kid": "kid-1"}),
    ),
    "with another algorithm": (T.ALGORITHM_OF_ANOTHER_KEY, lambda: compact(said(), key=KEY, header={"alg": "ES384", "kid": "kid-1"})),
    "by another key of that name": (T.BAD_SIGNATURE, lambda: compact(said(), key=replace(OTHER, kid="kid-1"))),
    "by an unknown key": (T.UNKNOWN_KEY, lambda: compact(said(), key=OTHER)),
    "with a path as its key": (T.UNKNOWN_KEY, lambda: compact(said(), key=KEY, header={"alg": "ES256", "kid": "../kid-1"})),
    "with an empty name": (T.UNKNOWN_KEY, lambda: compact(said(), key=KEY, header={"alg": "ES256", "kid": ""})),
    "with a number as name": (T.UNKNOWN_KEY, lambda: compact(said(), key=KEY, header={"alg": "ES256", "kid": 1})),
    "with a key of its own": (T.FORBIDDEN_HEADER, lambda: compact(said(), key=OTHER, header={"alg": "ES256", "jwk": OTHER.jwk()})),
    "with an address of keys": (
        T.FORBIDDEN_HEADER,
        lambda: compact(said(), key=OTHER, header={"alg": "ES256", "jku": "https://e.example"}),
    ),
    "as an access token": (T.WRONG_TYPE, lambda: compact(said(), key=KEY, header={"alg": "ES256", "kid": "kid-1", "typ": "at+jwt"})),
    "as a logout token": (T.WRONG_TYPE, lambda: compact(said(), key=KEY, header={"alg": "ES256", "kid": "kid-1", "typ": "logout+jwt"})),
    "without its signature": (T.BAD_SIGNATURE, lambda: compact(said(), key=KEY).rpartition(".")[0] + "."),
    "with a fourth part": (T.MALFORMED, lambda: compact(said(), key=KEY) + ".e30"),
    "with padding": (T.BAD_ENCODING, lambda: compact(said(), key=KEY) + "="),
    "that is too long": (T.TOO_LARGE, lambda: "a" * (MAX_SUBJECT_TOKEN + 1)),
    "that is nothing": (T.MALFORMED, lambda: ""),
    "with other claims than were signed": (
        T.BAD_SIGNATURE,
        lambda: swapped(compact(said(), key=KEY), compact(said(sub="b"), key=KEY)),
    ),
}


@pytest.mark.proves("ASVS-9.1.1", "ASVS-9.1.2", "ASVS-9.1.3")
@pytest.mark.parametrize("name", FORGED)
def test_forged_tokens_are_refused_for_their_reason(name: str) -> None:
    """A token that the issuer did not sign so is refused before any claim is looked at."""
    reason, make = FORGED[name]
    assert judged(make()) == reason


def test_only_the_keys_of_the_rules_issuer_count() -> None:
    """A token that names the rule's issuer, signed by an issuer of the same key name, and the key itself at another issuer, is refused."""
    assert judged(compact(said(), key=replace(OTHER, kid="kid-1"))) == T.BAD_SIGNATURE
    assert judged(compact(said(), key=KEY), rule=replace(RULE, issuer=f"{GITHUB_ISSUER}/other")) == T.WRONG_ISSUER


def test_a_token_counts_once_by_issuer_and_id() -> None:
    """What is used up is the same for the same id, another for another id or issuer, and nothing for a token without one."""

    def used(rule: WorkloadRule, **changed: Any) -> bytes | None:
        found = check_token(compact(said(**changed), key=KEY), rule, keys=key_set(KEY), now=NOW)
        assert not isinstance(found, Rejected)
        assert found.forget_at >= NOW + timedelta(minutes=62)
        return found.used

    own = replace(RULE, preset=Workload.GENERIC, issuer="https://i.example")
    found = [used(RULE), used(RULE, jti="id-2"), used(own, iss="https://i.example"), used(own, iss="https://i.example", jti=...)]
    assert (len(set(found)), found[3], used(replace(RULE, name="other"), ref="refs/heads/release/2")) == (4, None, found[0])


def terms(**changed: Any) -> RuleTerms:
    """Return what a sound rule says, with changes."""
    base = RuleTerms(name="release", preset=Workload.GITHUB_ACTIONS, issuer=GITHUB_ISSUER, audience=AUDIENCE, claims=CLAIMS)
    return replace(base, **changed)


IDS: Final = {"repository_id": "74", "repository_owner_id": "65"}
GITLAB: Final = {"preset": Workload.GITLAB_CI, "issuer": "https://gitlab.com"}
PINNED: Final = {"project_id": "1", "namespace_id": "2"}
WRONG_RULES: Final[dict[str, dict[str, Any]]] = {
    "no ids": {"claims": {"sub": "repo:acme/app:ref:refs/heads/main"}},
    "no owner": {"claims": {"repository_id": "74"}},
    "no repository": {"claims": {"repository_owner_id": "65"}},
    "subject as a pattern": {"claims": {**IDS, "sub": "repo:acme/*"}},
    "id as a pattern": {"claims": {**IDS, "repository_id": "7/*"}},
    "pattern without a border": {"claims": {**IDS, "ref": "refs/heads/release*"}},
    "pattern within": {"claims": {**IDS, "ref": "refs/*/main/*"}},
    "pattern of everything": {"claims": {**IDS, "ref": "/*"}},
    "an asterisk alone": {"claims": {**IDS, "ref": "*"}},
    "pattern of a workflow": {"claims": {**IDS, "job_workflow_ref": "acme/app/*"}},
    "empty value": {"claims": {**IDS, "ref": ""}},
    "value with a blank": {"claims": {**IDS, "ref": " refs/heads/main"}},
    "value of another script": {"claims": {**IDS, "ref": "m\u0430in"}},
    "long value": {"claims": {**IDS, "ref": "x" * 256}},
    "name with a blank": {"claims": {**IDS, "a b": "x"}},
    "issuer as a claim": {"claims": {**IDS, "iss": GITHUB_ISSUER}},
    "audience as a claim": {"claims": {**IDS, "aud": AUDIENCE}},
    "many claims": {"claims": {**IDS, **{f"c{n}": "x" for n in range(MAX_CLAIMS - 1)}}},
    "generic for GitHub": {"preset": Workload.GENERIC, "claims": {"sub": "x"}},
    "generic for an enterprise": {"preset": Workload.GENERIC, "issuer": f"{GITHUB_ISSUER}/acme", "claims": {"sub": "x"}},
    "generic for a server of GitHub": {"preset": Workload.GENERIC, "issuer": "https://g.example/_services/token", "claims": {"sub": "x"}},
    "generic for a tenant of GitHub": {"preset": Workload.GENERIC, "issuer": "https://token.actions.acme.ghe.com", "claims": {"sub": "x"}},
    "generic for GitLab": {**GITLAB, "preset": Workload.GENERIC, "claims": {"sub": "x"}},
    "generic without a subject": {"preset": Workload.GENERIC, "issuer": "https://i.example", "claims": {"team": "x"}},
    "generic with a pattern": {"preset": Workload.GENERIC, "issuer": "https://i.example", "claims": {"sub": "x/*"}},
    "GitHub elsewhere": {"issuer": "https://token.actions.example"},
    "GitLab without ids": {**GITLAB, "claims": {"project_path": "acme/app"}},
    "GitLab with a bare ref": {**GITLAB, "claims": {**PINNED, "ref": "main"}},
    "cluster by names": {"preset": Workload.KUBERNETES, "issuer": CLUSTER, "claims": {"sub": "system:serviceaccount:build:builder"}},
    "plain http": {"preset": Workload.GENERIC, "issuer": "http://i.example", "claims": {"sub": "x"}},
    "loopback": {"preset": Workload.GENERIC, "issuer": "http://127.0.0.1:8000", "claims": {"sub": "x"}},
    "issuer with a query": {"preset": Workload.GENERIC, "issuer": "https://i.example?x=1", "claims": {"sub": "x"}},
    "issuer with a person": {"preset": Workload.GENERIC, "issuer": "https://me@i.example", "claims": {"sub": "x"}},
    "issuer is no address": {"preset": Workload.GENERIC, "issuer": "kubernetes/serviceaccount", "claims": {"sub": "x"}},
    "long issuer": {"preset": Workload.GENERIC, "issuer": f"https://i.example/{'x' * 240}", "claims": {"sub": "x"}},
    "no audience": {"audience": ""},
    "audience with a blank": {"audience": f"{AUDIENCE} "},
    "audience of another script": {"audience": "https://\u0430pi.example"},
    "the issuer as audience": {"audience": GITHUB_ISSUER},
    "a second too long": {"life": timedelta(minutes=15, seconds=1)},
    "a second too short": {"life": timedelta(seconds=59)},
    "half a second": {"life": timedelta(minutes=1, milliseconds=500)},
    "no name": {"name": ""},
    "no network": {"networks": ("nowhere",)},
    "many workspaces": {"workspaces": frozenset(WorkspaceId(str(n)) for n in range(201))},
}


@pytest.mark.parametrize("name", WRONG_RULES)
def test_a_rule_that_could_be_confused_is_refused(name: str) -> None:
    """What names nobody for good, stands for more than it seems to, or is beyond a limit, is no rule."""
    assert isinstance(check_rule(terms(**WRONG_RULES[name]), policy=KeyPolicy()), Refusal)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"claims": IDS},
        {"issuer": f"{GITHUB_ISSUER}/acme-inc"},
        {"issuer": "https://github.acme.example/_services/token"},
        {"issuer": "https://token.actions.acme.ghe.com"},
        {**GITLAB, "claims": {**PINNED, "ref": "release/*", "ref_type": "branch"}},
        {**GITLAB, "issuer": "https://gitlab.acme.example", "claims": PINNED},
        {"preset": Workload.KUBERNETES, "issuer": CLUSTER, "claims": {"kubernetes.io/serviceaccount/uid": "u-1"}},
        {"preset": Workload.GENERIC, "issuer": "https://i.example/realms/a/", "claims": {"sub": "x"}},
        {"life": timedelta(minutes=1), "networks": ("192.0.2.0/24",), "scopes": frozenset({"a:b"})},
        {"claims": {**IDS, **{f"c{n}": "x" for n in range(MAX_CLAIMS - 2)}}},
    ],
    ids=str,
)
def test_a_sound_rule_is_one(changed: dict[str, Any]) -> None:
    """With the ids of its preset, and within the limits, a rule is accepted."""
    assert check_rule(terms(**changed), policy=KeyPolicy()) is None


def test_this_machine_is_an_issuer_for_tests_alone() -> None:
    """An issuer on loopback over plain http is accepted where the deployment reaches loopback, and http elsewhere is not even there."""
    local = terms(preset=Workload.GENERIC, issuer="http://127.0.0.1:8000", claims={"sub": "x"})
    assert check_rule(local, policy=KeyPolicy(), loopback=True) is None
    assert isinstance(check_rule(replace(local, issuer="http://i.example"), policy=KeyPolicy(), loopback=True), Refusal)


@pytest.mark.parametrize(
    ("wanted", "found", "holds"),
    [
        ("a/*", "a/b", True), ("a/*", "a/b/c", True), ("a/*", "a/", False), ("a/*", "a", False), ("a/*", "ab", False),
        ("a/*", "b/a/c", False), ("a/*", "a/*", True), ("a/*", None, False), ("a", "a", True), ("a", "A", False), ("a", "a\u0301", False),
        ("1", 1, False), ("true", True, False), ("a", ["a"], False), ("a", {"a": 1}, False),
    ],
)  # fmt: skip
def test_a_claim_holds_byte_by_byte(wanted: str, found: object, holds: bool) -> None:
    """A text equals itself alone; a pattern stands for what follows its last slash, and for something."""
    assert claim_holds(wanted, found) is holds


@pytest.mark.parametrize(
    ("make", "preset", "claims"),
    [
        (github_actions, Workload.GITHUB_ACTIONS, {**IDS, "ref": "refs/heads/main", "event_name": "push"}),
        (gitlab_ci, Workload.GITLAB_CI, {"project_id": "22", "namespace_id": "72", "ref_protected": "true"}),
        (
            kubernetes,
            Workload.KUBERNETES,
            {"kubernetes.io/serviceaccount/uid": "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798", "kubernetes.io/namespace": "build"},
        ),
    ],
)
def test_presets_take_the_tokens_of_their_providers(make: Any, preset: Workload, claims: dict[str, str]) -> None:
    """A token as each provider documents it is accepted under a rule of its preset, and not with another id of the same names."""
    issuer: WorkloadIssuer = make(clock=FixedClock(NOW))
    wish = terms(preset=preset, issuer=issuer.issuer, claims=claims)
    assert check_rule(wish, policy=KeyPolicy()) is None
    rule = replace(RULE, preset=preset, issuer=issuer.issuer, claims=claims)
    token = issuer.token(audience=AUDIENCE)
    keys = parse_jwks(json.dumps({"keys": [dict(issuer.key.public())]}))
    assert isinstance(keys, KeySet)
    found = check_token(token, rule, keys=keys, now=NOW)
    assert isinstance(found, ProvedWorkload)
    for name in claims:
        other = replace(rule, claims={**claims, name: "another"})
        assert check_token(token, other, keys=keys, now=NOW) == Rejected(W.CLAIM_DIFFERS)


def test_a_nested_claim_is_found_in_objects_alone() -> None:
    """A claim whose name has slashes in it is not the one inside of an object, and a text has nothing inside."""
    rule = replace(RULE, preset=Workload.KUBERNETES, claims={"kubernetes.io/serviceaccount/uid": "u"})
    for bound, reason in (
        ({"kubernetes.io": {"serviceaccount": {"uid": "u"}}}, SOUND["sub"]),
        ({"kubernetes.io": {"serviceaccount": "uid"}}, W.CLAIM_DIFFERS),
        ({"kubernetes.io": [{"serviceaccount": {"uid": "u"}}]}, W.CLAIM_DIFFERS),
        ({"kubernetes.io/serviceaccount/uid": "u"}, W.CLAIM_DIFFERS),
        ({}, W.CLAIM_DIFFERS),
    ):
        assert judged(compact(said(**bound), key=KEY), rule=rule) == reason


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, (GITHUB_ISSUER, AUDIENCE)),
        ({"aud": [AUDIENCE]}, (GITHUB_ISSUER, AUDIENCE)),
        ({"aud": [AUDIENCE, "b"]}, None),
        ({"iss": 1}, None),
        ({"iss": "https://\u0456.example"}, None),
        ({"iss": "x" * 256}, None),
        ({"aud": ""}, None),
    ],
    ids=str,
)
def test_only_issuer_and_audience_are_read_of_what_nobody_vouched_for(changed: dict[str, Any], found: tuple[str, str] | None) -> None:
    """One text each finds rules; anything else finds none."""
    made = presented(compact(said(**changed), key=KEY))
    assert (None if made is None else (made.issuer, made.audience)) == found


def test_what_is_no_token_presents_nothing() -> None:
    """Garbage finds no rule, however long."""
    for token in ("", "a.b", "a.b.c", "a.e30.c.d", "a.W10.c", f"a.{'e30' * MAX_SUBJECT_TOKEN}.c"):
        assert presented(token) is None


@pytest.mark.parametrize(
    ("said_there", "url"),
    [
        ({"issuer": CLUSTER, "jwks_uri": "https://cluster.example/keys"}, "https://cluster.example/keys"),
        ({"issuer": f"{CLUSTER}/", "jwks_uri": "https://cluster.example/keys"}, None),
        ({"issuer": CLUSTER, "jwks_uri": "https://evil.example/keys"}, None),
        ({"issuer": CLUSTER, "jwks_uri": "http://cluster.example/keys"}, None),
        ({"issuer": CLUSTER, "jwks_uri": "https://cluster.example/keys#x"}, None),
        ({"issuer": CLUSTER, "jwks_uri": ["https://cluster.example/keys"]}, None),
        ({"issuer": CLUSTER}, None),
        ([], None),
    ],
    ids=str,
)
def test_a_document_leads_to_its_issuers_own_host(said_there: object, url: str | None) -> None:
    """A document of another issuer, or one that leads elsewhere, leads nowhere."""
    answer = HttpAnswer(status=200, media="application/json", body=json.dumps(said_there).encode())
    assert read_document(answer, CLUSTER, loopback=False) == url
    assert read_document(replace(answer, status=404), CLUSTER, loopback=False) is None

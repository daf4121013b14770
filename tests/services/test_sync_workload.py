# Generated from tests/services/test_async_workload.py by tools/twin.py; edit that file.
"""Workload identity: rules bound by who makes them, tokens that count once, and short keys (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctsec.ids import UserId
from ctsec.jose.signing import SigningKey
from ctsec.keys.policy import KeyPolicy, KeyRequest, MintedKey
from ctsec.keys.workload import MAX_RULES, RuleTerms, WorkloadRule
from ctsec.keys.workload_policy import WorkloadPolicy
from ctsec.keys.workload_presets import Workload
from ctsec.keys.workload_token import ProvedWorkload, WorkloadReason
from ctsec.outcome import Reason, Refusal
from ctsec.principal import PrincipalKind
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import LocalIdentityProvider
from ctsec.testing.workloads import WorkloadIssuer, WorkloadIssuers, github_actions, kubernetes
from ctsec.transport.reach import Reach
from tests.services._sync_apps_scene import LateClock
from tests.services._sync_world import KINDS, World
from tests.services.probing import reason

AUDIENCE = "https://api.acme.example"
IDS = {"repository_id": "74", "repository_owner_id": "65"}
MINUTE = timedelta(minutes=1)


class Scene:
    """Ann owns Acme, which has a service account; GitHub and a cluster issue tokens."""

    def __init__(self, world: World, github: WorkloadIssuer, cluster: WorkloadIssuer) -> None:
        self.world = world
        self.github = github
        self.cluster = cluster
        self.ann: Any = None
        self.acme: Any = ""
        self.robot: Any = ""

    def prepare(self, role: str = "admin") -> None:
        """Make the people and the account."""
        self.ann = self.world.person("ann@acme.example")
        self.acme = (self.world.organization(self.ann)).id
        made = self.world.call("service_accounts.create", self.ann, organization=self.acme, name="Deployer", role=role)
        self.robot = made.account.id

    def rule(self, actor: Any = None, **changed: Any) -> Any:
        """Make a rule."""
        return self.world.call(
            "workload_rules.create", actor or self.ann, organization=self.acme, account=self.robot, terms=terms(**changed)
        )

    def exchange(self, token: str | None = None, account: Any = None) -> Any:
        """Exchange a token, of GitHub if no other is given."""
        made = token if token is not None else self.github.token(audience=AUDIENCE)
        return self.world.security.workload.exchange(made, account=account or self.robot, request=self.world.request)

    def given(self, token: str | None = None) -> MintedKey:
        """Exchange a token that is in order."""
        found = self.exchange(token)
        assert isinstance(found, MintedKey), found
        return found

    def works(self, minted: MintedKey) -> Any:
        """Return what the gate makes of a key."""
        return self.world.gate.api_key(minted.token.reveal(), self.world.request)

    def whys(self) -> list[Any]:
        """Return why tokens were refused, as the organization's log says, in the order of words."""
        found = [each.details()["details"]["why"] for each in self.world.events(self.acme, "workload_token.refused")]
        return sorted(found)


def terms(**changed: Any) -> RuleTerms:
    """Return what a rule for GitHub says, with changes."""
    base = RuleTerms(
        name="release", preset=Workload.GITHUB_ACTIONS, issuer="https://token.actions.githubusercontent.com", audience=AUDIENCE, claims=IDS
    )
    return replace(base, **changed)


@contextmanager
def sync_scene(kind: str = "memory", folder: Path | None = None, role: str = "admin") -> Generator[Scene, None, None]:
    """Open a scene."""
    clock = LateClock()
    github, cluster = github_actions(clock=clock), kubernetes(clock=clock)
    policy = KeyPolicy(workload=WorkloadPolicy(fetcher=WorkloadIssuers(github, cluster)))
    with World.open(kind, folder=folder, options=EmbeddedOptions(keys=policy)) as world:
        clock.clock = world.clock
        scene = Scene(world, github, cluster)
        scene.prepare(role)
        yield scene


def test_a_rule_that_was_changed_meanwhile_gives_nothing() -> None:
    """A token that was judged under a rule gets no key once the rule says something else, or is gone; the log says why."""
    with sync_scene() as scene:
        before = scene.rule()
        rule = {"organization": scene.acme}
        proved = ProvedWorkload(subject="a job", used=None, forget_at=scene.world.clock.now())
        scene.world.call("workload_rules.change", scene.ann, before.id, **rule, terms=terms(name="other"))
        assert reason(scene.world.call("exchanges.give", before, proved)) is Reason.INVALID_TOKEN
        scene.world.call("workload_rules.remove", scene.ann, before.id, **rule)
        assert reason(scene.world.call("exchanges.give", before, proved)) is Reason.INVALID_TOKEN
        assert scene.whys() == ["rule_changed", "rule_changed"]
        assert scene.world.call("api_keys.of_account", scene.ann, **rule, account=scene.robot) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_exchanged_for_a_short_key(kind: str, tmp_path: Path) -> None:
    """The key is the service account's, within the rule's scopes, for as long as the rule says; it is marked, counted and logged."""
    with sync_scene(kind, tmp_path) as scene:
        rule = scene.rule(scopes=frozenset({"agents:run"}), life=5 * MINUTE)
        minted = scene.given()
        now = scene.world.clock.now()
        assert (minted.key.owner_id, minted.key.rule_id, minted.key.expires_at) == (scene.robot, rule.id, now + 5 * MINUTE)
        key = scene.works(minted)
        assert (key.id, key.kind, key.credential.scopes) == (scene.robot, PrincipalKind.SERVICE_ACCOUNT, frozenset({"agents:run"}))
        (kept,) = scene.world.call("workload_rules.of_organization", scene.ann, organization=scene.acme)
        assert (kept.exchanged, kept.last_exchanged_at, kept.version) == (1, now, 1)
        (event,) = scene.world.events(scene.acme, "workload_token.exchanged")
        assert event.details()["details"] == {"issuer": rule.issuer, "subject": scene.github.claims["sub"], "minted_by": scene.ann.id}
        scene.world.clock.advance(5 * MINUTE)
        assert isinstance(scene.works(minted), Refusal)
        assert scene.world.call("key_rules.due", scene.ann, organization=scene.acme) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_counts_once(kind: str, tmp_path: Path) -> None:
    """The second exchange of one token is refused, and so is one of another token with its id."""
    with sync_scene(kind, tmp_path) as scene:
        scene.rule()
        token = scene.github.token(audience=AUDIENCE, jti="once")
        scene.given(token)
        for again in (token, scene.github.token(audience=AUDIENCE, jti="once", ref="refs/heads/other")):
            assert reason(scene.exchange(again)) is Reason.INVALID_TOKEN
        assert scene.whys() == [WorkloadReason.REPLAYED.value] * 2


def test_every_refusal_is_the_same_and_the_log_says_why() -> None:
    """Outward there is one answer; the log of the rule's organization has the reason, and nobody else's log has anything."""
    with sync_scene() as scene:
        scene.rule()
        eve = scene.world.person("eve@evil.example")
        evil = scene.world.organization(eve, name="Evil")
        theirs = scene.world.call("service_accounts.create", eve, organization=evil.id, name="Thief", role="admin")
        stranger = github_actions(clock=scene.world.clock)
        told = [
            scene.exchange(stranger.token(audience=AUDIENCE)),
            scene.exchange(scene.github.token(audience=AUDIENCE, repository_id="75")),
            scene.exchange(scene.github.token(audience=AUDIENCE, exp=1)),
            scene.exchange(scene.github.token(audience="https://api.other.example")),
            scene.exchange(account=theirs.account.id),
            scene.exchange("no token"),
        ]
        assert set(told) == {Refusal(Reason.INVALID_TOKEN, "the token was not accepted")}
        assert scene.whys() == ["claim_differs", "token_expired", "token_unknown_key"]
        assert scene.world.events(evil.id, "workload_token.refused") == ()


def test_a_rule_of_another_organization_takes_no_token() -> None:
    """A stranger's rule that names the same issuer, audience and repository gives nothing to who asks for another account's key."""
    with sync_scene() as scene:
        eve = scene.world.person("eve@evil.example")
        evil = scene.world.organization(eve, name="Evil")
        theirs = scene.world.call("service_accounts.create", eve, organization=evil.id, name="Thief", role="admin")
        made = scene.world.call("workload_rules.create", eve, organization=evil.id, account=theirs.account.id, terms=terms())
        assert isinstance(made, WorkloadRule)
        assert reason(scene.exchange()) is Reason.INVALID_TOKEN
        assert reason(scene.world.call("workload_rules.remove", scene.ann, made.id, organization=evil.id)) is Reason.NOT_FOUND
        scene.rule()
        assert (scene.given()).key.organization_id == scene.acme
        for verb, more in (("remove", {}), ("change", {"terms": terms()})):
            done = scene.world.call(f"workload_rules.{verb}", scene.ann, made.id, organization=scene.acme, **more)
            assert reason(done) is Reason.NOT_FOUND


def test_a_key_may_nothing_that_the_maker_of_its_rule_may_not_now() -> None:
    """A rule gives no key once its maker has lost a right, left, or the account was disabled; the reason is in the log."""
    with sync_scene() as scene:
        bob = scene.world.member(scene.acme, "bob@acme.example", role="admin")
        assert isinstance(scene.rule(bob), WorkloadRule)
        scene.given()
        scene.world.call("service_accounts.disable", scene.ann, organization=scene.acme, account=scene.robot)
        assert reason(scene.exchange()) is Reason.INVALID_TOKEN
        scene.world.call("service_accounts.enable", scene.ann, organization=scene.acme, account=scene.robot)
        scene.world.call("roles.change_organization_role", scene.ann, organization=scene.acme, user=UserId(bob.id), role="member")
        assert reason(scene.exchange()) is Reason.INVALID_TOKEN
        scene.world.call("roles.change_organization_role", scene.ann, organization=scene.acme, user=UserId(bob.id), role="admin")
        scene.given()
        scene.world.call("members.remove", scene.ann, organization=scene.acme, user=UserId(bob.id))
        assert reason(scene.exchange()) is Reason.INVALID_TOKEN
        assert scene.whys() == ["denied", "denied", "not_found"]


def test_a_rule_is_judged_as_minting_is() -> None:
    """Members make none, an admin none that gives more than they hold, a narrowed key none at all; the organization's rules hold."""
    with sync_scene() as scene:
        bob = scene.world.member(scene.acme, "bob@acme.example")
        assert reason(scene.rule(bob)) is Reason.DENIED
        assert reason(scene.rule(claims={"sub": "x"})) is Reason.INVALID_INPUT
        assert reason(scene.rule(scopes=frozenset({"no:such"}))) is Reason.INVALID_INPUT
        narrowed = scene.world.key(scene.ann, scene.acme, scopes=frozenset({"service_accounts:manage"}))
        assert reason(scene.rule(scene.works(narrowed))) in {Reason.BEYOND_OWN_RIGHTS, Reason.DENIED}
        scene.world.call("key_rules.put", scene.ann, organization=scene.acme, longest_life=timedelta(days=1), networks=("192.0.2.0/24",))
        assert reason(scene.rule()) is Reason.INVALID_INPUT
        assert isinstance(scene.rule(networks=("192.0.2.8/29",)), WorkloadRule)
        denied = scene.world.events(scene.acme, "access.denied")
        assert {each.details()["details"]["attempted"] for each in denied} == {"workload_rule.create"}


def test_the_rules_of_the_organization_hold_at_each_exchange() -> None:
    """Networks that are required later end a rule whose keys name none."""
    with sync_scene() as scene:
        scene.rule()
        scene.given()
        scene.world.call("key_rules.put", scene.ann, organization=scene.acme, longest_life=timedelta(days=1), networks=("192.0.2.0/24",))
        assert reason(scene.exchange()) is Reason.INVALID_TOKEN
        assert scene.whys() == ["invalid_input"]


def test_a_key_of_a_rule_makes_no_key_and_no_rule() -> None:
    """Neither a key for its account, nor a rule, nor a change of one: a quarter of an hour stays one."""
    with sync_scene() as scene:
        rule = scene.rule()
        key = scene.works(scene.given())
        call = scene.world.call
        for done in (
            call("api_keys.mint", key, organization=scene.acme, request=KeyRequest(name="longer")),
            call("api_keys.mint", key, organization=scene.acme, request=KeyRequest(name="longer"), owner=scene.robot),
            call("api_keys.rotate", key, organization=scene.acme, key_id=key.credential.id),
            scene.rule(key),
            call("workload_rules.change", key, rule.id, organization=scene.acme, terms=terms(life=2 * MINUTE)),
            call("workload_rules.remove", key, rule.id, organization=scene.acme),
        ):
            assert reason(done) is Reason.BEYOND_OWN_RIGHTS


def test_a_changed_or_removed_rule_ends_its_keys() -> None:
    """Its keys end with the change, in the order of events; keys that people made go on."""
    with sync_scene() as scene:
        rule = scene.rule()
        by_hand = scene.world.call(
            "api_keys.mint", scene.ann, organization=scene.acme, request=KeyRequest(name="by hand"), owner=scene.robot
        )
        first = scene.given()
        changed = scene.world.call("workload_rules.change", scene.ann, rule.id, organization=scene.acme, terms=terms(life=2 * MINUTE))
        assert (changed.version, changed.life_seconds, changed.exchanged) == (2, 120, 1)
        second = scene.given()
        assert scene.world.call("workload_rules.remove", scene.ann, rule.id, organization=scene.acme) is True
        assert [isinstance(scene.works(each), Refusal) for each in (first, second, by_hand)] == [True, True, False]
        assert reason(scene.exchange()) is Reason.INVALID_TOKEN
        again = scene.rule()
        scene.world.call("service_accounts.remove", scene.ann, organization=scene.acme, account=scene.robot)
        assert scene.world.call("workload_rules.of_organization", scene.ann, organization=scene.acme) == ()
        gone = scene.world.events(scene.acme, "workload_rule.removed")
        assert {each.details()["targets"][0]["id"] for each in gone} == {rule.id, again.id}


def test_an_issuer_is_asked_rarely_and_never_for_nothing() -> None:
    """Its document and keys are kept; an unknown key is asked for once in an interval; an issuer that no rule names is not asked."""
    with sync_scene() as scene:
        scene.exchange()
        assert scene.github.asked == []
        scene.rule()
        for _ in range(3):
            scene.given()
        assert scene.github.asked == ["/.well-known/openid-configuration", "/jwks"]
        stranger = github_actions(clock=scene.world.clock)
        scene.world.clock.advance(MINUTE)
        for _ in range(3):
            assert reason(scene.exchange(stranger.token(audience=AUDIENCE))) is Reason.INVALID_TOKEN
        assert scene.github.asked[2:] == ["/jwks"]
        scene.github.away = True
        scene.world.clock.advance(timedelta(hours=2))
        for _ in range(2):
            assert reason(scene.exchange()) is Reason.INVALID_TOKEN
        assert scene.github.asked[3:] == ["/.well-known/openid-configuration"]
        scene.github.away = False
        scene.world.clock.advance(MINUTE)
        scene.given()
        assert (scene.whys()).count("issuer_unknown") == 2


def test_a_token_without_an_id_and_a_second_rule() -> None:
    """A cluster's token without an id is good until it ends; of several rules of an account the one that fits gives the key."""
    with sync_scene() as scene:
        bound: Any = scene.cluster.claims["kubernetes.io"]
        pin = {"kubernetes.io/serviceaccount/uid": bound["serviceaccount"]["uid"]}
        cluster = {"preset": Workload.KUBERNETES, "issuer": scene.cluster.issuer}
        scene.rule(**cluster, claims={**pin, "kubernetes.io/namespace": "other"}, name="other")
        fitting = scene.rule(**cluster, claims=pin, name="fitting")
        token = scene.cluster.token(audience=AUDIENCE, jti=None)
        assert [(scene.given(token)).key.rule_id for _ in range(2)] == [fitting.id] * 2


def test_an_address_that_tries_much_is_held_back() -> None:
    """What comes to no key takes from the allowance of the address block, what does gives it back."""
    with sync_scene() as scene:
        scene.rule()
        for _ in range(40):
            scene.given()
        tried = 0
        while reason(found := scene.exchange("no token")) is Reason.INVALID_TOKEN:
            tried += 1
            assert tried < 1_000
        assert (found.reason, tried > 1) == (Reason.THROTTLED, True)
        assert reason(scene.exchange()) is Reason.THROTTLED


def test_rules_are_bounded_and_old_keys_go() -> None:
    """An organization has fifty rules; keys of rules are deleted a day after their end, with nothing else."""
    with sync_scene() as scene:
        for n in range(MAX_RULES):
            assert isinstance(scene.rule(name=f"rule {n}"), WorkloadRule)
        assert reason(scene.rule()) is Reason.CEILING_EXCEEDED
        scene.given()
        scene.world.clock.advance(timedelta(days=1, minutes=15))
        assert scene.world.security.workload.trim() == 0
        scene.world.clock.advance(timedelta(seconds=1))
        assert scene.world.security.workload.trim() == 1
        found = scene.world.call("api_keys.of_account", scene.ann, organization=scene.acme, account=scene.robot)
        assert found == ()


def test_an_issuer_over_http_on_loopback() -> None:
    """A whole exchange with an issuer that listens: its document and keys are fetched, its token gives a key once, its other keys come."""
    policy = KeyPolicy(workload=WorkloadPolicy(reach=Reach.LOOPBACK))
    with World.open("memory", options=EmbeddedOptions(keys=policy)) as world:
        with LocalIdentityProvider(clock=world.clock) as provider:
            scene = Scene(world, github_actions(clock=world.clock), kubernetes(clock=world.clock))
            scene.prepare()
            wish = {"preset": Workload.GENERIC, "issuer": provider.issuer, "claims": {"sub": "job-1"}}
            assert isinstance(scene.rule(**wish), WorkloadRule)

            def token(**changed: Any) -> str:
                now = int(world.clock.now().timestamp())
                claims = {"iss": provider.issuer, "aud": AUDIENCE, "sub": "job-1", "iat": now, "exp": now + 300, "jti": "1", **changed}
                return provider.key.sign(claims, typ="at+jwt")

            scene.given(token())
            assert reason(scene.exchange(token())) is Reason.INVALID_TOKEN
            assert reason(scene.exchange(token(sub="job-2", jti="2"))) is Reason.INVALID_TOKEN
            provider.key = SigningKey.generate(kid="local-2")
            world.clock.advance(MINUTE)
            scene.given(token(jti="3"))
            assert provider.asked == ["/.well-known/openid-configuration", "/keys", "/keys"]
            assert scene.whys() == ["claim_differs", "token_replayed"]

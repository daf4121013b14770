"""What a session through a provider may do, service by service: in its organization, in another, and of the account (async source)."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, get_type_hints

import pytest

from ctsec.ids import OrganizationId, SessionId, UserId
from ctsec.lazy import kept
from ctsec.outcome import Reason
from ctsec.principal import CredentialKind, Principal
from ctsec.rbac import Ask, DecisionReason
from ctsec.security._async_unit import AsyncUnit
from tests.services._async_stage import APP, AsyncStage, calls, ready, set_stage, with_app, with_robot
from tests.services._async_world import AsyncWorld
from tests.services.probing import OPERATOR, reason

# Settings of the account, of other organizations, and second factors of others: they take a session of the account itself.
ACCOUNT = {
    "accounts.change_password",
    "addresses.request_change",
    "authenticators.remove",
    "authenticators.rename",
    "devices.distrust",
    "devices.revoke",
    "devices.revoke_all",
    "directory.create_organization",
    "members.accept",
    "mfa.begin_totp",
    "mfa.confirm_totp",
    "mfa.regenerate_backup_codes",
    "mfa.remove_totp",
    "mfa_resets.approve",
    "mfa_resets.request",
    "mfa_resets.set_terms",
    "passkeys.begin_registration",
    "passkeys.finish_registration",
    "passkeys.remove",
    "passkeys.rename",
    "sessions.switch_organization",
    "sso_glass.redeem",
    "sso_identities.unlink_own",
}
# Of the session itself, wherever it came from: it proves a second factor for itself, and ends. `MANY` ends no other one.
ITSELF = {"sessions.revoke", "sessions.sign_out", "sign_in.step_up"}
MANY = {"sessions.sign_out_everywhere"}
# What its person may do in its organization, as with every other credential of theirs; in another one it is nobody.
SERVICES = {
    "alerts": {"acknowledge", "mute"},
    "api_keys": {"end_overlap", "mint", "revoke", "rotate"},
    "apps": {"connect", "disconnect"},
    "break_glass": {"permit", "use", "withdraw"},
    "connections": {"change", "create", "disable", "enable", "remove", "rotate_key", "tested"},
    "custom_roles": {"define", "remove"},
    "customer_keys": {"forget", "register", "replace", "rotate", "withdraw"},
    "data_keys": {"destroy", "destroy_retired", "rotate"},
    "directory": {"create_workspace", "rename_organization"},
    "domain_claims": {"claim", "give_up", "prove"},
    "elevations": {"approve", "deny", "end", "request"},
    "key_rules": {"put"},
    "lifecycle": {"set_policy"},
    "own_keys": {"activate", "announce", "retire"},
    "members": {"invite", "reinstate", "remove", "suspend", "withdraw"},
    "mfa_resets": {"cancel"},
    "requirements": {"relax_mfa", "require_mfa"},
    "residency": {"abort", "start"},
    "retention": {"approve_release", "place_hold", "request_release", "set_plan"},
    "roles": {"assign", "change_organization_role", "change_period", "revoke"},
    "saml_watch": {"trust"},
    "service_accounts": {"create", "disable", "enable", "remove"},
    "sso_entrance": {"relax", "require"},
    "sso_glass": {"make"},
    "sso_identities": {"unlink"},
    "vault": {"change", "remove", "rotate", "store", "use"},
    "workload_rules": {"change", "create", "remove"},
}
ORGANIZATION = {f"{service}.{verb}" for service, verbs in SERVICES.items() for verb in verbs}
# Questions that take a principal; each is asked below, or says nothing of an organization.
ASKED = {
    *("api_keys.of", "connections.refusal", "domain_claims.open", "lists.workspaces", "lists.count", "lists.reach"),
    *("requirements.refusal", "roles.access", "roles.check", "roles.check_many", "roles.explain", "sso_entrance.refusal", "sso.may_link"),
    *(
        "api_keys.of_account",
        "apps.due",
        "apps.get",
        "apps.health",
        "apps.may_connect",
        "apps.of_organization",
        "apps.to_use",
        "key_rules.due",
    ),
    *("key_rules.get", "key_usage.of", "lifecycle.absent", "lifecycle.removal", "service_accounts.get", "service_accounts.of_organization"),
    "workload_rules.of_organization",
}
PARTS = {
    "apps.end_of_person",
    "apps.refuse",
    "mfa.first_codes",
    "mfa.drop_codes",
    "sign_in.begin_step_up",
    "sso_grants.leave",
    "sso_identities.own",
    "sso_trials.tried",
}
# Moments of the story, one after the other; after them every method above would succeed, or is refused for its own reasons, and these do.
MOMENTS = ("alerts.acknowledge", "retention.approve_release", "mfa_resets.approve", "domain_claims.prove", "sso_glass.redeem")
DOES = {
    *("alerts.acknowledge", "api_keys.revoke", "directory.rename_organization", "domain_claims.give_up", "elevations.approve"),
    *("mfa_resets.cancel", "roles.assign", "sso_entrance.relax", "sso_glass.make", "vault.use"),
}
ELSEWHERE = OrganizationId("org_00000000000000000000000000")


def takes_principal(method: Any) -> bool:
    """Tell whether a method says in whose name it is called."""
    return Principal.__name__ in {kind for name, kind in inspect.get_annotations(method).items() if name != "return"}


def through(person: Principal, organization: OrganizationId) -> Principal:
    """Return somebody's session as one that came through an organization's provider."""
    return replace(person, organization=organization, credential=replace(person.credential, kind=CredentialKind.SSO_SESSION))


def test_every_method_is_in_a_table() -> None:
    """A new method that is called in somebody's name fails here until it is said what a session through a provider may do by it."""
    found = set()
    for service, value in inspect.getmembers(AsyncUnit):
        if isinstance(value, kept) and not service.startswith("_"):
            kind = get_type_hints(value.fget)["return"]
            public = {name: each for name, each in vars(kind).items() if not name.startswith("_") and inspect.isfunction(each)}
            found |= {f"{service}.{name}" for name, each in public.items() if takes_principal(each)}
    tables = (ACCOUNT, ITSELF, MANY, ORGANIZATION, ASKED, PARTS)
    assert found == set().union(*tables)
    assert len(found) == sum(map(len, tables))


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    """A deployment."""
    async with AsyncWorld.open() as made:
        yield made


async def attempt(stage: AsyncStage, method: str, organization: OrganizationId) -> Any:
    """Call a method as the table has it, through the provider of an organization; return its answer."""
    (actor, *rest), named = calls(stage)[method]
    return await stage.world.call(method, through(actor, organization), *rest, **named)


async def test_it_is_somebody_in_its_organization_only(world: AsyncWorld) -> None:
    """Nothing of the account and nothing of another organization is done by it; in its own it does what its person may."""
    stage = await set_stage(world)
    for moment in MOMENTS:
        stage = await ready(stage, moment)
        await world.call("domains.withdraw", OPERATOR, organization=stage.acme.id, domain="acme.example")
    for method in sorted(ACCOUNT):
        for organization in (stage.acme.id, ELSEWHERE):
            refused = reason(await attempt(stage, method, organization))
            assert refused is Reason.NOT_AUTHENTICATED or (refused is Reason.NOT_FOUND and organization == ELSEWHERE), method
    for method in sorted(ORGANIZATION):
        assert reason(await attempt(stage, method, ELSEWHERE)) is Reason.NOT_FOUND, method
    for method in sorted(DOES):
        assert reason(await attempt(stage, method, stage.acme.id)) is None, method


async def test_it_ends_no_session_but_itself(world: AsyncWorld) -> None:
    """Other sessions of its person, and their trusted devices, are the account's."""
    stage = await set_stage(world)
    one = await world.again(stage.mia)
    before = await world.call("sessions.of", UserId(one.id))
    actor = through(one, stage.acme.id)
    for each in before:
        if each.id != one.credential.id:
            assert await world.call("sessions.revoke", actor, each.id) is False
    assert await world.call("sessions.sign_out_everywhere", actor) == 0
    assert await world.call("sessions.of", UserId(one.id)) == before
    assert await world.call("sessions.revoke", actor, SessionId(one.credential.id)) is True


async def test_it_learns_nothing_elsewhere(world: AsyncWorld) -> None:
    """Every question about another organization, of which its person is the owner, is answered as to a stranger."""
    stage = await with_app(await with_robot(await set_stage(world), asleep=False))
    home, permission = {"organization": stage.acme.id}, "members:manage"
    robot, bob = {**home, "account": stage.robot}, {**home, "user": UserId(stage.bob.id)}
    ours, other = stage.ann, through(stage.ann, ELSEWHERE)
    asked = [Ask(permission, organization=stage.acme.id)]
    await world.call("domain_claims.claim", world.sure(stage.ann), **home, domain="acme.example")
    judged: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("roles.check", (permission,), home),
        ("roles.check_many", (asked,), {}),
        ("roles.access", (stage.acme.id,), {}),
    ]
    for method, positional, named in judged:
        seen = [await world.call(method, who, *positional, **named) for who in (ours, other)]
        told = [each[0] if isinstance(each, tuple) else each for each in seen]
        decisions = [each.check(permission) if hasattr(each, "check") else each for each in told]
        assert [bool(each.allowed) for each in decisions] == [True, False], method
        assert decisions[1].reason is DecisionReason.NOT_A_MEMBER, method
    refused: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("connections.refusal", (), home),
        ("domain_claims.open", (), {**home, "domain": "acme.example"}),
        ("roles.explain", (permission,), {**home, "user": UserId(stage.bob.id)}),
        ("sso_entrance.refusal", (), home),
        ("api_keys.of_account", (), robot),
        *((f"apps.{verb}", (), home) for verb in ("of_organization", "health", "due")),
        ("apps.get", (APP,), home),
        ("apps.may_connect", (), {**home, "own": True}),
        *((f"key_rules.{verb}", (), home) for verb in ("due", "get")),
        ("key_usage.of", (), {**home, "key_id": stage.minted.key.id}),
        ("lifecycle.absent", (), home),
        ("lifecycle.removal", (), bob),
        ("service_accounts.get", (), robot),
        *((f"{service}.of_organization", (), home) for service in ("service_accounts", "workload_rules")),
    ]
    for method, positional, named in refused:
        answers = [reason(await world.call(method, who, *positional, **named)) for who in (world.sure(ours), other)]
        assert answers == [None, Reason.NOT_FOUND], method
    through_bobs = through(stage.bob, ELSEWHERE)
    assert reason(await world.call("apps.to_use", through_bobs, APP, **home)) is Reason.NOT_FOUND
    explained = await world.call("roles.explain", other, permission, **home)
    assert (explained.decision.reason, explained.decision.allowed) == (DecisionReason.NOT_A_MEMBER, False)
    assert len(await world.call("api_keys.of", ours, **home)) == 1
    assert await world.call("api_keys.of", other, **home) == ()
    counts = [await world.call("lists.count", who, "dashboards:view", **home) for who in (ours, other)]
    assert (counts[0] > 0, counts[1]) == (True, 0)
    assert (await world.call("lists.workspaces", other, "dashboards:view", **home)).workspaces == ()
    reaches: list[Any] = [await world.call("lists.reach", who, "dashboards:view", **home) for who in (ours, other)]
    assert reaches[0] != reaches[1]

"""No change without its event, no refusal without its trace (async source of the twin)."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_type_hints

import pytest

from ctsec.audit.retention import RetentionPlan
from ctsec.ids import AlertId, ConnectionId, OrganizationId, UserId
from ctsec.lazy import kept
from ctsec.outcome import Reason
from ctsec.principal import Factor
from ctsec.rbac import CustomRole
from ctsec.secret import Secret, SecretText
from ctsec.security._async_unit import AsyncUnit
from ctsec.testing import Written
from ctsec.vault import AccessMode
from tests.services._async_stage import (
    CONNECTED,
    EVIDENCE,
    HELD,
    MUTE,
    NO_ALERT,
    NO_APP,
    NO_HOLD,
    NO_RESET,
    PROVED,
    TERMS,
    WISH,
    AsyncStage,
    consented,
    identity,
    linked,
    on_stage,
    perform,
    ready,
    with_tickets,
)
from tests.services.probing import OPERATOR, OTHER_PASSWORD, WRONG_PASSWORD, reason
from tests.services.saml_samples import AFTER, NEXT_KEY, SEEN

READS = {
    "accounts.profile",
    "accounts.rate_password",
    "sessions.authenticate",
    "sessions.of",
    "devices.of",
    "mfa.status",
    "mfa.enrolled",
    "passkeys.of",
    "directory.organization",
    "directory.workspace",
    "directory.workspaces",
    "directory.organizations_of",
    "members.members",
    "members.invitations",
    "members.is_member",
    "members.first_organization",
    "lifecycle.removal",
    "lifecycle.policy",
    "lifecycle.absent",
    "lifecycle_work.judging",
    "lifecycle_work.due",
    "lifecycle_work.ending",
    "roles.access",
    "roles.check",
    "roles.check_many",
    "roles.explain",
    "roles.in_workspace",
    "roles.version",
    "requirements.mfa_policy",
    "requirements.due",
    "requirements.refusal",
    "requirements.entered_from",
    "sso_identities.of_member",
    "sso_identities.own",
    "sso_entrance.entrance",
    "sso_entrance.refusal",
    "sso_glass.left",
    "lists.workspaces",
    "lists.count",
    "lists.reach",
    "custom_roles.of_organization",
    "custom_roles.policy",
    "elevations.in_state",
    "break_glass.permits",
    "data_keys.of_organization",
    "customer_keys.of_organization",
    "apps.of_organization",
    "apps.count_of_person",
    "apps.get",
    "apps.health",
    "apps.due",
    "vault.get",
    "vault.of_organization",
    "vault.due",
    "mfa_resets.of_organization",
    "mfa_resets.reason",
    "mfa_resets.terms",
    "recovery.due",
    "support.cases",
    "domains.of_organization",
    "connections.of_organization",
    "connections.client",
    "connections.refusal",
    "connections.keys",
    "own_keys.metadata",
    "sso_trials.found",
    "sso_trials.goes_on",
    "sso_trials.who_began",
    "saml_watch.due",
    "sso_trials.own_side",
    "sso_trials.passed_at",
    "sso_trials.judge",
    "domain_claims.of_organization",
    "domain_claims.open",
    "domain_claims.due",
    "sso.ways",
    "sso.enabled",
    "sso.may_link",
    "provisioning.barred",
    "provisioning.departed",
    "provisioning.foresee",
    "provisioning.foresee_of",
    "provisioning.attributes",
    "domains.vouches",
    "residency.move_of",
    "residency.moves",
    "api_keys.of",
    "key_usage.of",
    "api_keys.of_account",
    "key_rules.get",
    "key_rules.due",
    "service_accounts.get",
    "workload_rules.of_organization",
    "exchanges.rules",
    "service_accounts.of_organization",
    "authenticators.of",
    "retention.plans",
    "retention.holds",
    "retention.deployment_holds",
    "alerts.page",
    "alerts.mutes",
    "erasures.get",
    "erasures.page",
    "audit.search",
    "audit.personal",
}
# Parts of a larger step, whose event is written by the method that calls them; each of those is in the table.
PARTS = {
    "apps.may_connect",
    "exchanges.charge",
    "exchanges.settle",
    "exchanges.take",
    "exchanges.refuse",  # its event is its whole work
    "exchanges.trim",  # keys that ended a day ago
    "apps.to_use",
    "apps.refuse",
    "sessions.start",
    "lifecycle_work.trim",  # whose roles sleep for too long
    "key_usage.write",
    "key_usage.trim",
    "sso_ready.around",
    "sso_ready.client",
    "sso_ready.opened",
    "sso_ready.peer",
    "sso_ready.sealed",
    "saml_departures.begin",
    "saml_departures.recall",
    "saml_messages.recall",
    "saml_messages.remember",
    "saml_messages.take",
    "saml_messages.tokens",
    "sso_pending.charge",
    "sso_pending.remember",
    "sso_pending.resume",
    "sso_pending.settle",
    "sso_grants.back_to",
    "sso_grants.keep",
    "sso_grants.leave",
    "sso_grants.notified",
    "sso_grants.end",
    "scim.connections",  # rooms of services; what they write is in test_async_scim
    "scim.reads",
    "scim.people",
    "scim.groups",
    "scim.mapping",
    "scim.settling",
    "sso_checks.due",
    "sso_checks.claim",
    "sso_checks.renewed",
    "sso_checks.checked",
    "sso_checks.refused",
    "sso_checks.unheard",
    "sso_notices.seen",
    "sso_notices.take",
    "sso_notices.refuse",
    "sso.refuse",
    "sessions.rotate",
    "sessions.raise_assurance",
    "sessions.revoke_others",
    "mfa.prove",
    "mfa.identify",
    "mfa.first_codes",
    "mfa.drop_codes",
}
# A question to a passkey, for whoever opens the page of a sign-in: its answer is the event.
QUESTIONS = {"mfa.passkey_options", "sign_in.begin_passkey", "sign_in.begin_step_up"}
SERVICES_WITHOUT_EVENTS = {"audit", "sequencer", "secrets", "columns", "app_work"}  # the log itself, what moves it, sealing, parts
WRITES = [
    "accounts.sign_up",
    "accounts.request_verification",
    "accounts.verify_email",
    "accounts.request_password_reset",
    "accounts.reset_password",
    "accounts.change_password",
    "accounts.import_account",
    "accounts.withdraw_password",
    "addresses.request_change",
    "addresses.confirm_change",
    "sign_in.password",
    "sign_in.second_factor",
    "sign_in.step_up",
    "sign_in.passkey",
    "sign_in.request_link",
    "sign_in.link",
    "owing.begin_totp",
    "owing.confirm_totp",
    "owing.begin_registration",
    "owing.finish_registration",
    "owing.set_password",
    "requirements.require_mfa",
    "requirements.relax_mfa",
    "sessions.revoke",
    "sessions.sign_out",
    "sessions.sign_out_everywhere",
    "sessions.end_all",
    "sessions.switch_organization",
    "devices.revoke",
    "devices.revoke_all",
    "devices.distrust",
    "mfa.begin_totp",
    "mfa.confirm_totp",
    "mfa.regenerate_backup_codes",
    "mfa.remove_totp",
    "authenticators.rename",
    "authenticators.remove",
    "passkeys.begin_registration",
    "passkeys.finish_registration",
    "passkeys.rename",
    "passkeys.remove",
    "directory.create_organization",
    "directory.bootstrap",
    "directory.rename_organization",
    "directory.create_workspace",
    "directory.disable_user",
    "directory.enable_user",
    "members.invite",
    "members.accept",
    "members.withdraw",
    "members.remove",
    "members.suspend",
    "members.reinstate",
    "roles.assign",
    "roles.revoke",
    "roles.change_organization_role",
    "roles.change_period",
    "custom_roles.define",
    "custom_roles.remove",
    "elevations.request",
    "elevations.approve",
    "elevations.deny",
    "elevations.end",
    "break_glass.permit",
    "break_glass.withdraw",
    "break_glass.use",
    "data_keys.rotate",
    "data_keys.destroy",
    "data_keys.destroy_retired",
    "customer_keys.register",
    "customer_keys.replace",
    "customer_keys.rotate",
    "customer_keys.withdraw",
    "customer_keys.forget",
    "apps.connect",
    "apps.disconnect",
    "apps.end_of_person",
    "vault.store",
    "vault.rotate",
    "vault.change",
    "vault.use",
    "vault.remove",
    "residency.start",
    "residency.abort",
    "mfa_resets.request",
    "mfa_resets.approve",
    "mfa_resets.cancel",
    "mfa_resets.set_terms",
    "recovery.cancel",
    "recovery.carry_out",
    "support.open",
    "support.view",
    "support.approve",
    "support.cancel",
    "domains.record",
    "domains.withdraw",
    "domain_claims.claim",
    "domain_claims.prove",
    "domain_claims.give_up",
    "domain_claims.looked",
    "connections.create",
    "connections.change",
    "connections.tested",
    "sso_trials.tried",
    "saml_watch.looked",
    "saml_watch.trust",
    "connections.rotate_key",
    "own_keys.announce",
    "own_keys.activate",
    "own_keys.retire",
    "connections.enable",
    "connections.disable",
    "connections.remove",
    "sso.arrive",
    "sso.link",
    "sso_identities.unlink",
    "sso_identities.unlink_own",
    "sso_entrance.require",
    "sso_entrance.relax",
    "sso_entrance.relax_for",
    "sso_glass.make",
    "sso_glass.redeem",
    "provisioning.admit",
    "provisioning.readmit",
    "provisioning.refresh",
    "provisioning.refreshed",
    "lifecycle.set_policy",
    "lifecycle_work.carry_out",
    "lifecycle_work.end_due",
    "lifecycle_work.appoint_owner",
    "lifecycle_work.close_account",
    "retention.set_plan",
    "retention.place_hold",
    "retention.request_release",
    "retention.approve_release",
    "retention.place_deployment_hold",
    "retention.request_deployment_release",
    "retention.approve_deployment_release",
    "erasures.request",
    "alerts.acknowledge",
    "alerts.mute",
    "alerts.acknowledge_deployments",
    "alerts.mute_deployments",
    "api_keys.mint",
    "api_keys.rotate",
    "api_keys.revoke",
    "leaks.report",
    "api_keys.end_overlap",
    "key_rules.put",
    "workload_rules.create",
    "workload_rules.change",
    "workload_rules.remove",
    "exchanges.give",
    "service_accounts.create",
    "service_accounts.disable",
    "service_accounts.enable",
    "service_accounts.remove",
]
ASIDE = {"vault.use"}  # changes nothing of its own: its event is committed aside, before the secret is handed out
WITH_TICKETS = {*(method for method in WRITES if method.startswith("owing.")), "requirements.relax_mfa"}
NO_CHANGE = {"directory.enable_user"}  # the account of the table's call is enabled already


@pytest.fixture
async def stage() -> AsyncGenerator[AsyncStage, None]:
    async with on_stage() as made:
        yield made


def public_methods() -> set[str]:
    """Return `<service>.<method>` of every public method of every service of a unit."""
    found = set()
    for service, value in inspect.getmembers(AsyncUnit):
        if isinstance(value, kept) and not service.startswith("_"):
            kind = get_type_hints(value.fget)["return"]
            found |= {f"{service}.{method}" for method in vars(kind) if not method.startswith("_")}
    return found


def test_every_method_is_in_a_table() -> None:
    """A new public method of a service fails here until it is said whether it writes."""
    named = {method for method in public_methods() if method.partition(".")[0] not in SERVICES_WITHOUT_EVENTS}
    assert named - READS - PARTS - QUESTIONS == set(WRITES)
    assert public_methods() >= (READS | PARTS | QUESTIONS)


@pytest.mark.proves("ASVS-16.3.3", "ASVS-16.3.1")
@pytest.mark.parametrize("method", WRITES)
async def test_what_changes_something_is_an_event(stage: AsyncStage, method: str) -> None:
    """Every method that writes succeeds and appends its event in the same transaction."""
    stage = await ready(stage, method)
    if method in WITH_TICKETS:
        stage = await with_tickets(stage)
    with stage.world.tap.to(Written()) as probe:
        answer = await perform(stage, method)
    assert reason(answer) is None
    assert answer is not False
    assert (method in NO_CHANGE) == (probe.writes == [])
    if probe.writes:
        assert probe.calls[-1] == "commit"
        assert ("guard.events.append" if method in ASIDE else "inbox.append") in probe.writes


async def test_enabling_is_an_event(stage: AsyncStage) -> None:
    """An account that really is enabled again is an event."""
    await perform(stage, "directory.disable_user")
    with stage.world.tap.to(Written()) as probe:
        await stage.world.call("directory.enable_user", stage.bob.id, reason="back")
    assert "inbox.append" in probe.writes


def refusals(stage: AsyncStage) -> dict[str, tuple[tuple[Any, ...], dict[str, Any], Reason]]:
    """Return refused calls of each service, with the reason."""
    bob, org = stage.bob, {"organization": stage.acme.id}
    place = {**org, "workspace": stage.prod.id, "user": bob.id}
    asked = {**org, "elevation": stage.asked}
    kept = {**org, "credential": stage.kept}
    hour = {"reason": "the database is down", "duration": timedelta(hours=1)}
    glass = {**org, "workspace": stage.prod.id, "role": "admin"}
    wrong = {"factor": Factor.TOTP, "code": stage.device.wrong()}
    sure, own = stage.world.sure(bob), {**org, "region": "eu"}
    robot = {**org, "account": stage.robot}
    return {
        "key_rules.put": ((bob,), {**org, "longest_life": timedelta(days=9)}, Reason.DENIED),
        "workload_rules.create": ((bob,), {**robot, "terms": TERMS}, Reason.DENIED),
        "workload_rules.change": ((bob, stage.rule.id), {**org, "terms": TERMS}, Reason.DENIED),
        "workload_rules.remove": ((bob, stage.rule.id), org, Reason.DENIED),
        "exchanges.give": ((replace(stage.rule, version=9), PROVED), {}, Reason.INVALID_TOKEN),
        "service_accounts.create": ((bob,), {**org, "name": "Other"}, Reason.DENIED),
        **{f"service_accounts.{verb}": ((bob,), robot, Reason.DENIED) for verb in ("disable", "enable", "remove")},
        "api_keys.end_overlap": ((bob,), {**org, "key_id": stage.minted.key.id}, Reason.NOT_FOUND),
        "sign_in.password": ((), {"email": "ann@acme.example", "password": WRONG_PASSWORD}, Reason.INVALID_CREDENTIALS),
        "sign_in.second_factor": ((), {"ticket": stage.ticket, **wrong}, Reason.INVALID_CODE),
        "sign_in.step_up": ((stage.mia,), wrong, Reason.INVALID_CODE),
        "sign_in.passkey": ((), {"response": stage.unasked()}, Reason.INVALID_CODE),
        "sign_in.link": ((), {"token": stage.link[0], "browser": stage.link[0]}, Reason.INVALID_TOKEN),
        "owing.begin_totp": ((stage.ticket,), {}, Reason.INVALID_TOKEN),
        "owing.confirm_totp": ((stage.owed.get("enrol"),), {"code": "000"}, Reason.INVALID_CODE),
        "owing.begin_registration": ((stage.owed.get("password"),), {}, Reason.INVALID_TOKEN),
        "owing.finish_registration": ((stage.owed.get("enrol"),), {"response": stage.unasked(), "name": "Key"}, Reason.INVALID_CODE),
        "owing.set_password": ((stage.owed.get("enrol"),), {"password": OTHER_PASSWORD}, Reason.INVALID_TOKEN),
        "requirements.require_mfa": ((sure,), org, Reason.DENIED),
        "requirements.relax_mfa": ((stage.ann,), org, Reason.STEP_UP_REQUIRED),
        "mfa.confirm_totp": ((bob,), {"code": stage.pending.wrong()}, Reason.INVALID_CODE),
        "passkeys.finish_registration": ((stage.mia,), {"response": stage.unasked(), "name": "Key"}, Reason.INVALID_CODE),
        "addresses.request_change": ((bob,), {"email": "bert@acme.example", "password": WRONG_PASSWORD}, Reason.INVALID_CREDENTIALS),
        "directory.rename_organization": ((bob,), {**org, "name": "X"}, Reason.DENIED),
        "directory.create_workspace": ((bob,), {**org, "name": "X"}, Reason.DENIED),
        "members.invite": ((bob,), {**org, "email": "x@a.example"}, Reason.DENIED),
        "members.withdraw": ((bob,), {**org, "invitation": stage.invitation}, Reason.DENIED),
        "members.remove": ((bob,), {**org, "user": stage.ann.id}, Reason.DENIED),
        "members.suspend": ((bob,), {**org, "user": stage.ann.id}, Reason.DENIED),
        "members.reinstate": ((bob,), {**org, "user": stage.cid.id}, Reason.DENIED),
        "lifecycle.set_policy": ((bob,), org, Reason.DENIED),
        "lifecycle_work.appoint_owner": ((OPERATOR,), {**org, "user": UserId("usr_" + "0" * 26)}, Reason.NOT_A_MEMBER),
        "roles.assign": ((bob,), {**place, "role": "editor"}, Reason.SELF_CHANGE),
        "roles.revoke": ((bob,), {**place, "user": stage.ann.id}, Reason.DENIED),
        "roles.change_organization_role": ((bob,), {**org, "user": bob.id, "role": "owner"}, Reason.SELF_CHANGE),
        "roles.change_period": ((bob,), {**org, "user": stage.ann.id}, Reason.DENIED),
        "custom_roles.define": ((bob,), {**org, "role": CustomRole("pilot", frozenset({"agents:run"}))}, Reason.DENIED),
        "custom_roles.remove": ((bob,), {**org, "name": "caretaker"}, Reason.DENIED),
        "elevations.request": ((bob,), {**glass, "role": "owner", **hour}, Reason.INVALID_INPUT),
        "elevations.approve": ((bob,), asked, Reason.SELF_CHANGE),
        "elevations.deny": ((stage.mia,), asked, Reason.DENIED),
        "elevations.end": ((stage.mia,), asked, Reason.DENIED),
        "break_glass.permit": ((bob,), {**glass, "user": stage.mia.id, "longest": timedelta(hours=1)}, Reason.DENIED),
        "break_glass.withdraw": ((bob,), {**org, "permit": stage.permit}, Reason.DENIED),
        "break_glass.use": ((stage.mia,), {**glass, "role": "editor", **hour}, Reason.DENIED),
        "data_keys.rotate": ((sure,), org, Reason.DENIED),
        "data_keys.destroy": ((sure,), org, Reason.DENIED),
        "data_keys.destroy_retired": ((sure,), org, Reason.DENIED),
        "customer_keys.register": ((sure,), {**org, "ref": stage.world.keys.customer.ref}, Reason.DENIED),
        "customer_keys.replace": ((sure,), {**own, "ref": stage.world.keys.customer.ref}, Reason.DENIED),
        "customer_keys.rotate": ((stage.ann,), own, Reason.STEP_UP_REQUIRED),
        "customer_keys.withdraw": ((sure,), own, Reason.DENIED),
        "customer_keys.forget": ((sure,), own, Reason.DENIED),
        "apps.connect": ((bob, replace(consented(stage), user=None)), {}, Reason.DENIED),
        "apps.disconnect": ((bob, NO_APP), org, Reason.NOT_FOUND),
        "vault.store": ((bob,), {**org, "wish": WISH, "secret": Secret(b"x")}, Reason.DENIED),
        "vault.rotate": ((bob,), {**kept, "secret": Secret(b"y")}, Reason.DENIED),
        "vault.change": ((bob,), {**kept, "wish": WISH}, Reason.DENIED),
        "vault.use": ((stage.ann,), {**kept, "access": AccessMode.READ_WRITE, "service": "s3"}, Reason.DENIED),
        "vault.remove": ((stage.ann,), {**kept, "version": 7}, Reason.CONFLICT),
        "residency.start": ((sure,), {**org, "workspace": stage.prod.id, "region": "us"}, Reason.DENIED),
        "residency.abort": ((stage.ann,), {**org, "workspace": stage.lab.id}, Reason.STEP_UP_REQUIRED),
        "mfa_resets.request": ((stage.ann,), {**org, "user": stage.mia.id, "reason": "lost the phone"}, Reason.STEP_UP_REQUIRED),
        "mfa_resets.approve": ((stage.world.sure(stage.ann),), {**org, "recovery": stage.reset}, Reason.SELF_CHANGE),
        "mfa_resets.cancel": ((stage.cid,), {**org, "recovery": stage.reset}, Reason.DENIED),
        "mfa_resets.set_terms": ((sure,), {**org, "approvals": 0, "delay": timedelta(0)}, Reason.DENIED),
        "retention.set_plan": ((stage.ann,), {**org, "plan": RetentionPlan(365)}, Reason.STEP_UP_REQUIRED),
        "retention.place_hold": ((stage.mia,), {**org, "matter": "case 1"}, Reason.DENIED),
        "retention.request_release": ((stage.world.sure(stage.ann),), {**org, "hold": NO_HOLD}, Reason.NOT_FOUND),
        "retention.approve_release": ((stage.world.sure(stage.ann),), {**org, "hold": stage.held}, Reason.SELF_CHANGE),
        "retention.place_deployment_hold": ((OPERATOR,), {"matter": ""}, Reason.INVALID_INPUT),
        "retention.request_deployment_release": ((OPERATOR,), {"hold": NO_HOLD}, Reason.NOT_FOUND),
        "retention.approve_deployment_release": ((OPERATOR,), {"hold": stage.held}, Reason.SELF_CHANGE),
        "erasures.request": ((OPERATOR,), {"user": "bob"}, Reason.INVALID_INPUT),
        "alerts.acknowledge": ((stage.ann,), {**org, "alert": NO_ALERT, "why": "seen"}, Reason.STEP_UP_REQUIRED),
        "alerts.mute": ((sure,), {**org, **MUTE, "why": "seen"}, Reason.DENIED),
        "alerts.acknowledge_deployments": ((OPERATOR,), {"alert": AlertId("alr_" + "1" * 26)}, Reason.NOT_FOUND),
        "alerts.mute_deployments": ((OPERATOR,), {**MUTE, "rule": "no_rule"}, Reason.INVALID_INPUT),
        "recovery.cancel": ((), {"token": "x" * 43}, Reason.INVALID_TOKEN),
        "sessions.end_all": ((OPERATOR, UserId("usr_" + "0" * 26)), {}, Reason.NOT_FOUND),
        "support.open": ((OPERATOR,), {"email": "bob@acme.example", "evidence": EVIDENCE}, Reason.MFA_NOT_ENROLLED),
        "support.view": ((OPERATOR,), {"case": NO_RESET}, Reason.NOT_FOUND),
        "support.approve": ((OPERATOR,), {"case": stage.reset}, Reason.SELF_CHANGE),
        "support.cancel": ((OPERATOR,), {"case": NO_RESET}, Reason.NOT_FOUND),
        "domains.record": ((OPERATOR,), {**org, "domain": "acme.example", "proof": "again"}, Reason.ALREADY_EXISTS),
        "domains.withdraw": ((OPERATOR,), {**org, "domain": "acme.org"}, Reason.NOT_FOUND),
        "domain_claims.claim": ((stage.ann,), {**org, "domain": "acme.example"}, Reason.STEP_UP_REQUIRED),
        "domain_claims.prove": ((stage.ann, stage.claim), {**org, "answer": ()}, Reason.STEP_UP_REQUIRED),
        "domain_claims.give_up": ((sure,), {**org, "domain": "acme.example"}, Reason.DENIED),
        "connections.create": ((sure,), {**org, "wish": CONNECTED, "secret": SecretText("x")}, Reason.DENIED),
        "connections.change": ((stage.ann, stage.connection.id), {**org, "wish": CONNECTED}, Reason.STEP_UP_REQUIRED),
        "connections.tested": ((sure, stage.connection), {**org, "problem": None}, Reason.DENIED),
        "connections.rotate_key": ((sure, stage.connection.id), org, Reason.DENIED),
        "own_keys.announce": ((stage.ann, stage.connection.id), org, Reason.STEP_UP_REQUIRED),
        "own_keys.activate": ((sure, stage.connection.id), {**org, "kid": NEXT_KEY}, Reason.DENIED),
        "own_keys.retire": ((stage.world.sure(stage.ann), stage.connection.id), {**org, "kid": "k0"}, Reason.CONFLICT),
        "connections.enable": ((stage.ann, stage.connection.id), org, Reason.STEP_UP_REQUIRED),
        "connections.disable": ((sure, stage.connection.id), org, Reason.DENIED),
        "connections.remove": ((stage.world.sure(stage.ann), ConnectionId(f"sso_{9:026d}")), org, Reason.NOT_FOUND),
        "saml_watch.trust": ((sure, stage.connection), {**org, "document": AFTER, "seen": SEEN}, Reason.DENIED),
        "sso_entrance.require": ((sure,), org, Reason.DENIED),
        "sso_entrance.relax": ((stage.ann,), org, Reason.STEP_UP_REQUIRED),
        "sso_entrance.relax_for": ((OPERATOR,), {"organization": OrganizationId(f"org_{9:026d}")}, Reason.NOT_FOUND),
        "sso_identities.unlink": ((stage.ann,), {**org, "user": bob.id, "identity": linked(stage)}, Reason.STEP_UP_REQUIRED),
        "sso_glass.make": ((sure,), org, Reason.DENIED),
        "sso_glass.redeem": ((stage.ann,), {**org, "code": stage.glass}, Reason.STEP_UP_REQUIRED),
        "sso.arrive": ((stage.connection.id, identity(stage, "ann@acme.example")), HELD, Reason.INVALID_CREDENTIALS),
        "sso.link": ((UserId(stage.dan.id), stage.connection.id, identity(stage, None)), {}, Reason.INVALID_CREDENTIALS),
    }


SERVICES = {
    "members", "roles", "custom_roles", "elevations", "break_glass", "data_keys", "customer_keys", "vault", "residency", "requirements",
    "owing", "mfa_resets", "support", "domains", "retention", "erasures", "alerts", "connections", "sso",
    "sso_entrance", "sso_glass",
}  # fmt: skip
REFUSALS = [method for method in WRITES if method.partition(".")[0] in SERVICES and method != "members.accept"]
REFUSALS += ["sign_in.password", "sign_in.second_factor", "sign_in.step_up", "sign_in.passkey", "sign_in.link"]
REFUSALS += ["sso_identities.unlink", "lifecycle.set_policy", "lifecycle_work.appoint_owner"]
REFUSALS += ["domain_claims.claim", "domain_claims.prove", "domain_claims.give_up"]
REFUSALS += ["mfa.confirm_totp", "passkeys.finish_registration", "recovery.cancel"]
REFUSALS += ["addresses.request_change", "directory.rename_organization", "directory.create_workspace"]


@pytest.mark.proves("ASVS-16.3.1", "ASVS-16.3.2", "GHSA-gv74-j8m3-fg5f")
@pytest.mark.parametrize("method", REFUSALS)
async def test_what_is_refused_is_an_event_aside(stage: AsyncStage, method: str) -> None:
    """A refusal changes nothing and is written through the guard store, so that no rollback takes it away."""
    stage = await ready(stage, method)
    if method in WITH_TICKETS:
        stage = await with_tickets(stage)
    positional, named, wanted = refusals(stage)[method]
    with stage.world.tap.to(Written()) as probe:
        assert reason(await stage.world.call(method, *positional, **named)) is wanted
    assert "guard.events.append" in probe.writes
    assert all(call.startswith("guard.") for call in probe.writes)

# Generated from tests/services/_async_stage.py by tools/twin.py; edit that file.
"""A world in the middle of its stories, and one successful call of every service method that writes (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ctsec.audit.alerts import Alert
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.retention import RetentionPlan
from ctsec.authn import EnrolmentRequired, ImportedAccount, PasswordChangeRequired
from ctsec.connections._sync import Consented
from ctsec.directory.record import Organization, Workspace
from ctsec.ids import (
    AlertId,
    AuthenticatorId,
    BreakGlassId,
    CredentialId,
    DeviceId,
    ElevationId,
    HoldId,
    PasskeyId,
    RecoveryId,
    ServiceAccountId,
    SessionId,
    UserId,
)
from ctsec.keys.leak_reports import LeakedToken
from ctsec.keys.policy import KeyRequest
from ctsec.keys.workload import RuleTerms
from ctsec.keys.workload_presets import Workload
from ctsec.keys.workload_token import ProvedWorkload
from ctsec.principal import Factor, Principal
from ctsec.rbac import CustomRole
from ctsec.recovery import Evidence, EvidenceKind
from ctsec.secret import Secret, SecretText
from ctsec.sso import Connection, ConnectionSettings, ConnectionWish, GroupRule, ProvisioningSettings
from ctsec.sso.domain_claim import DnsTrouble, DomainClaim
from ctsec.sso.grant import Held
from ctsec.sso.oidc import ExternalIdentity, Provider
from ctsec.sso.record import identity_digest
from ctsec.testing import SoftwareAuthenticator
from ctsec.testing.conformance._sync_apps import app
from ctsec.testing.conformance._sync_workload import workload_rule
from ctsec.testing.conformance.samples import ignore
from ctsec.testing.conformance.sso_samples import connection
from ctsec.user import User, UserStatus
from ctsec.vault import VaultKind, VaultWish
from tests.services._sync_world import World
from tests.services.probing import BCRYPT, OPERATOR, ORIGIN, OTHER_PASSWORD, PASSWORD, SECOND_OPERATOR, Device, base32
from tests.services.saml_samples import AFTER, NEXT_KEY, SAML_WISH, SEEN

NO_RESET = RecoveryId("rcv_00000000000000000000000000")
NO_HOLD = HoldId("hld_00000000000000000000000000")
APP = app(1, of=1, person=1).id
NO_APP = app(9, of=1, person=1).id
NO_ALERT = AlertId("alr_00000000000000000000000000")
MUTE = {"rule": "owner_added", "until": datetime(2026, 2, 1, tzinfo=UTC)}
NO_ROBOT = ServiceAccountId("svc_00000000000000000000000000")
NO_CONNECTION = connection(1, of=1)
RULE = workload_rule(1, of=1)
TERMS = RuleTerms(name="ci", preset=Workload.GENERIC, issuer="https://id.example", audience="https://api.example", claims={"sub": "x"})
PROVED = ProvedWorkload(subject="x", used=None, forget_at=datetime(2026, 2, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Ann owns Acme; Bob is a member, has begun to enrol and asks for a role; Mia has MFA, a passkey and a permit.

    Cid is suspended, Dan is invited, Zoe is not confirmed. The workspace lab is moving to another region.
    """

    world: World
    ann: Principal
    bob: Principal
    cid: Principal
    dan: Principal
    mia: Principal
    acme: Organization
    prod: Workspace
    lab: Workspace
    device: Device
    pending: Device
    known: DeviceId
    trusted: DeviceId
    minted: Any
    ticket: str
    tokens: dict[str, str]
    invitation: str
    asked: ElevationId
    permit: BreakGlassId
    kept: CredentialId
    key: SoftwareAuthenticator
    passkey: PasskeyId
    app: AuthenticatorId
    adding: str
    signing: str
    reset: RecoveryId = NO_RESET
    held: HoldId = NO_HOLD
    alert: AlertId = NO_ALERT
    link: tuple[str, str]
    connection: Connection = NO_CONNECTION
    claim: DomainClaim | None = None
    glass: str = ""
    robot: ServiceAccountId = NO_ROBOT
    rule: Any = RULE
    owed: Mapping[str, str] = field(default_factory=dict[str, str])

    def unasked(self) -> str:
        """Return what a passkey answers to a challenge that nobody made."""
        return self.key.get({"rpId": "localhost", "allowCredentials": [], "challenge": "x" * 43}, origin=ORIGIN)


CONNECTED = ConnectionWish(name="Login", provider=Provider.OKTA, client_id="c", settings=ConnectionSettings(issuer="https://id.example"))
EVIDENCE = Evidence(kind=EvidenceKind.VIDEO_CALL, reference="ticket 4711")
IMPORTED = ImportedAccount(email="new@acme.example", name="New", password_hash=SecretText(BCRYPT))
WISH = VaultWish(name="billing bucket", kind=VaultKind.AWS, services=frozenset({"s3"}), regions=None, rotate_every=timedelta(days=90))


def leaked(token: SecretText) -> tuple[LeakedToken, ...]:
    """Return the report of one token."""
    return (LeakedToken(token, "ctsec_api_key", ""),)


def trust(world: World, person: Principal) -> DeviceId:
    """Have the last known device of a person trusted, whatever the deployment allows."""
    with world.security.begin() as unit:
        records = unit._store.devices
        last = (records.of_user(UserId(person.id)))[-1]
        records.forget(last.user_id, last.id)
        records.add(replace(last, trusted_until=world.clock.now() + timedelta(days=30)))
    return last.id


def set_stage(world: World) -> Stage:
    """Play everything that the calls below need."""
    ann, dan = [world.person(f"{name}@acme.example") for name in ("ann", "dan")]
    acme = world.organization(ann)
    mia = world.member(acme.id, "mia@acme.example")
    prod = world.workspace(acme.id)
    bob = world.member(acme.id, "bob@acme.example", workspace=prod.id, wrole="operator")
    cid = world.member(acme.id, "cid@acme.example")
    world.call("members.suspend", ann, organization=acme.id, user=cid.id)
    world.sign_up("zoe@acme.example")
    world.call("accounts.request_password_reset", email="ann@acme.example")
    device = world.enrol(mia)
    mia = (world.login_with(device, "mia@acme.example")).principal
    enrolment = world.call("mfa.begin_totp", bob)
    tokens = {
        "invitation": world.invite(acme.id, "dan@acme.example"),
        "verification": world.token("zoe@acme.example", "email_verification"),
        "reset": world.token("ann@acme.example", "password_reset"),
        "email": world.change_of_address(bob, "bert@acme.example"),
    }
    wanted = {"organization": acme.id, "workspace": prod.id, "role": "editor"}
    asking = {**wanted, "reason": "the night shift", "duration": timedelta(hours=1)}
    asked = world.call("elevations.request", bob, **asking)
    caretaker = CustomRole("caretaker", frozenset({"dashboards:view"}))
    world.call("custom_roles.define", ann, organization=acme.id, role=caretaker)
    glass = {"user": mia.id, "workspace": prod.id, "role": "admin", "longest": timedelta(hours=1)}
    world.call("customer_keys.register", world.sure(ann), organization=acme.id, region="eu", ref=world.keys.customer.ref)
    lab = world.workspace(acme.id, "Lab")
    world.call("residency.start", world.sure(ann), organization=acme.id, workspace=lab.id, region="us")
    for _ in range(2):
        world.call("data_keys.rotate", world.sure(ann), organization=acme.id, region="us")
    world.counted(acme.id)
    permit = world.call("break_glass.permit", ann, organization=acme.id, **glass)
    kept = world.call("vault.store", ann, organization=acme.id, wish=WISH, secret=Secret(b"s3cret"))
    key = SoftwareAuthenticator()
    added = world.add_passkey(mia, key)
    adding = SoftwareAuthenticator().create(world.call("passkeys.begin_registration", mia), origin=ORIGIN)
    signing = key.get(world.call("sign_in.begin_passkey"), origin=ORIGIN)
    (app,) = world.call("authenticators.of", mia.id)
    step: Any = world.step("mia@acme.example")
    browser = (world.call("sign_in.request_link", email="bob@acme.example")).browser.reveal()
    (invitation,) = world.call("members.invitations", organization=acme.id)
    return Stage(
        world=world,
        ann=ann,
        bob=bob,
        cid=cid,
        dan=dan,
        mia=mia,
        acme=acme,
        prod=prod,
        lab=lab,
        device=device,
        pending=Device(base32(enrolment.seed.reveal()), (), world.clock),
        known=(world.call("devices.of", ann.id))[0].id,
        trusted=trust(world, mia),
        minted=world.key(ann, acme.id),
        ticket=step.ticket.reveal(),
        tokens=tokens,
        invitation=invitation.id,
        asked=asked.id,
        permit=permit.id,
        kept=kept.id,
        key=key,
        passkey=added.passkey.id,
        app=app.id,
        adding=adding,
        signing=signing,
        link=(world.token("bob@acme.example", "sign_in_link"), browser),
    )


@contextmanager
def on_stage() -> Generator[Stage, None, None]:
    """Open a world over memory that has a stage; the play before is played once a process."""
    with World.played(set_stage) as (world, kept):
        device, pending = (replace(each, clock=world.clock) for each in (kept.device, kept.pending))
        yield replace(kept, world=world, device=device, pending=pending)


def ready(stage: Stage, method: str) -> Stage:
    """Return the stage as a method of recovery finds it: with a verified domain, and with a reset of Mia's second factors that it is for.

    Bob is an admin then, who approves. A method of holds finds one whose release Ann, or an operator, asked for. The others find the
    stage as it is.
    """
    service, _, verb = method.partition(".")
    if service == "domain_claims":
        return with_claim(stage, proved=verb == "looked") if verb != "claim" else stage
    if service == "lifecycle_work":
        return with_absence(stage, orphaned=verb == "appoint_owner")
    if service in {"sso_entrance", "sso_glass"}:
        return with_entrance(
            stage, required=method in {"sso_entrance.relax", "sso_entrance.relax_for", "sso_glass.redeem"}, now=verb == "redeem"
        )
    if service in {"connections", "sso", "sso_identities", "sso_trials", "provisioning", "saml_watch", "own_keys"}:
        return with_connection_for(stage, service, verb)
    if service in {"workload_rules", "exchanges", "service_accounts", "apps"} or method == "api_keys.end_overlap":
        return with_program(stage, service, asleep=verb == "enable")
    if service == "retention":
        return with_hold(stage, deployment="deployment" in verb)
    if method in {"alerts.acknowledge", "alerts.acknowledge_deployments"}:
        return with_alert(stage, deployment="deployments" in verb)
    if service not in {"mfa_resets", "recovery", "support", "domains"}:
        return stage
    world, org, sure = stage.world, {"organization": stage.acme.id}, stage.world.sure(stage.ann)
    world.verified(stage.acme.id)
    if verb in {"request", "set_terms", "open", "record", "withdraw"}:
        return stage
    if service == "support":
        return replace(stage, reset=(world.call("support.open", OPERATOR, email="mia@acme.example", evidence=EVIDENCE)).id)
    world.call("roles.change_organization_role", stage.ann, **org, user=UserId(stage.bob.id), role="admin")
    approvals, delay = (0, timedelta(seconds=1)) if service == "recovery" else (1, timedelta(days=1))
    world.call("mfa_resets.set_terms", sure, **org, approvals=approvals, delay=delay)
    asked = world.call("mfa_resets.request", sure, **org, user=UserId(stage.mia.id), reason="lost the phone")
    token = world.token("mia@acme.example", "mfa_reset_requested")
    if service == "recovery":
        world.clock.advance(timedelta(seconds=1))
    return replace(stage, reset=asked.id, tokens={**stage.tokens, "recovery": token})


def with_app(stage: Stage) -> Stage:
    """Play on: Bob has connected an app at Acme."""
    with stage.world.storage.begin(after_commit=ignore) as store:
        store.apps.add(replace(app(1, of=1, person=1), organization_id=stage.acme.id, user_id=UserId(stage.bob.id)))
    return stage


def with_robot(stage: Stage, *, asleep: bool) -> Stage:
    """Play on: Acme has a service account, enabled or not, and Ann's key has been rotated."""
    world, org = stage.world, {"organization": stage.acme.id}
    robot = (world.call("service_accounts.create", stage.ann, **org, name="Deployer")).account.id
    if asleep:
        world.call("service_accounts.disable", stage.ann, **org, account=robot)
    world.call("api_keys.rotate", stage.ann, **org, key_id=stage.minted.key.id)
    return replace(stage, robot=robot)


def with_program(stage: Stage, service: str, *, asleep: bool) -> Stage:
    """Play on: Acme has what a service of programs needs."""
    if service == "apps":
        return with_app(stage)
    return with_rule(stage) if service in {"workload_rules", "exchanges"} else with_robot(stage, asleep=asleep)


def with_rule(stage: Stage) -> Stage:
    """Play on: Acme has a service account, and a rule that gives it keys."""
    stage = with_robot(stage, asleep=False)
    rule = stage.world.call("workload_rules.create", stage.ann, organization=stage.acme.id, account=stage.robot, terms=TERMS)
    return replace(stage, rule=rule)


def with_connection(stage: Stage, *, enabled: bool, key: bool = False, wish: ConnectionWish = CONNECTED) -> Stage:
    """Play on: Acme has verified its domain, and has a connection that has passed its test, and is enabled or is not."""
    world, org, sure = stage.world, {"organization": stage.acme.id}, stage.world.sure(stage.ann)
    world.verified(stage.acme.id)
    wish = replace(wish, settings=replace(wish.settings, private_key=key))
    made = world.call("connections.create", sure, **org, wish=wish, secret=None if wish.has_key else SecretText("a client's secret"))
    made = world.call("connections.tested", sure, made, **org, problem=None)
    return replace(stage, connection=world.call("connections.enable", sure, made.id, **org) if enabled else made)


def with_connection_for(stage: Stage, service: str, verb: str) -> Stage:
    """Play on: Acme has a connection as a method finds it, a key of ours is announced where one is to be moved, and Bob may be linked."""
    wish = SAML_WISH if service in {"saml_watch", "own_keys"} else CONNECTED
    stage = with_connection(stage, enabled=verb not in {"enable", "tested"}, key=verb == "rotate_key", wish=wish)
    if service == "sso_identities":
        stage.world.call("sso.link", UserId(stage.bob.id), stage.connection.id, identity(stage, None))
    if service == "own_keys" and verb != "announce":
        sure = stage.world.sure(stage.ann)
        stage.world.call("own_keys.announce", sure, stage.connection.id, organization=stage.acme.id)
    return stage


def with_claim(stage: Stage, *, proved: bool) -> Stage:
    """Play on: Acme has claimed a domain, and has proved it or has not."""
    world, org, sure = stage.world, {"organization": stage.acme.id}, stage.world.sure(stage.ann)
    claim = world.call("domain_claims.claim", sure, **org, domain="acme.example")
    if proved:
        world.call("domain_claims.prove", sure, claim, **org, answer=(claim.record_value.encode(),))
        (claim,) = world.call("domain_claims.of_organization", **org)
    return replace(stage, claim=claim)


def twice(world: World, sure: Principal) -> Principal:
    """Return somebody who has just proved a password besides."""
    factors = {**sure.credential.factors, Factor.PASSWORD: world.clock.now()}
    return replace(sure, credential=replace(sure.credential, factors=factors))


def with_entrance(stage: Stage, *, required: bool, now: bool) -> Stage:
    """Play on: Ann comes in through Acme's connection and holds codes; if `required`, Acme is entered so only, tomorrow or from now on."""
    stage = with_connection(stage, enabled=True)
    world, org, sure = stage.world, {"organization": stage.acme.id}, stage.world.sure(stage.ann)
    world.call("sso.link", UserId(stage.ann.id), stage.connection.id, identity(stage, None))
    made = world.call("sso_glass.make", sure, **org)
    if required:
        world.call("sso_entrance.require", sure, **org, starts_at=world.clock.now() + timedelta(days=0 if now else 1))
    return replace(stage, glass=made.codes[0].reveal())


HELD = {"held": Held(subject=bytes(32))}


def identity(stage: Stage, email: str | None) -> ExternalIdentity:
    """Return somebody at the provider of the stage's connection."""
    issuer = "https://id.example"
    return ExternalIdentity(connection=stage.connection.id, issuer=issuer, subject="s", email=email, email_verified=True)


def linked(stage: Stage) -> bytes:
    """Return the digest of that identity."""
    return identity_digest(*identity(stage, None).key)


def account(person: Principal, email: str) -> User:
    """Return the account of somebody, as far as provisioning looks at it."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    user, active = UserId(person.id), UserStatus.ACTIVE
    return User(id=user, email=email, email_key=email, name="N", status=active, email_verified_at=at, created_at=at)


def ruled(stage: Stage) -> Connection:
    """Return the stage's connection with a rule: whoever is in `staff` edits in the lab."""
    rules = (GroupRule(group="staff", role="editor", workspace=stage.lab.id),)
    return replace(stage.connection, provisioning=ProvisioningSettings(rules=rules).text())


def with_hold(stage: Stage, *, deployment: bool) -> Stage:
    """Play on: a hold is in force on Acme's log, or the deployment's, and its release was asked for."""
    world, org, sure = stage.world, {"organization": stage.acme.id}, stage.world.sure(stage.ann)
    if deployment:
        hold = (world.call("retention.place_deployment_hold", OPERATOR, matter="case 1")).id
        world.call("retention.request_deployment_release", OPERATOR, hold=hold)
        return replace(stage, held=hold)
    world.call("roles.change_organization_role", stage.ann, **org, user=UserId(stage.bob.id), role="admin")
    hold = (world.call("retention.place_hold", sure, **org, matter="case 1", person=stage.bob.id)).id
    world.call("retention.request_release", sure, **org, hold=hold)
    return replace(stage, held=hold)


def with_alert(stage: Stage, *, deployment: bool) -> Stage:
    """Play on: a rule fired over Acme's log, or the deployment's."""
    log, now = DEPLOYMENT_LOG if deployment else LogId(stage.acme.id), stage.world.clock.now()
    fired = Alert(
        id=NO_ALERT, log=log, rule="owner_added", key=stage.bob.id, occasion="evt", severity="high", source=log, index=0, happened_at=now,
        fired_at=now,
    )  # fmt: skip
    with stage.world.storage.begin(after_commit=ignore) as store:
        store.alerts.add(fired)
    return replace(stage, alert=NO_ALERT)


def with_absence(stage: Stage, *, orphaned: bool) -> Stage:
    """Play on: Acme removes who is not there for a day, Bob's membership ends in one, and two have passed; or Acme has no owner."""
    org, clock = {"organization": stage.acme.id}, stage.world.clock
    stage.world.call("roles.change_period", stage.ann, **org, user=UserId(stage.bob.id), expires_at=clock.now() + timedelta(days=1))
    stage.world.call("lifecycle.set_policy", stage.ann, **org, remove_days=1)
    if orphaned:
        stage.world.call("lifecycle_work.close_account", UserId(stage.ann.id), reason="gone")
    clock.advance(timedelta(days=0 if orphaned else 2))
    return stage


def with_tickets(stage: Stage) -> Stage:
    """Play on: viewers of Acme need a second factor; Tom, who is one, and Dan, whose password is too short now, are about to sign in."""
    world, org = stage.world, {"organization": stage.acme.id}
    world.member(stage.acme.id, "tom@acme.example", role="viewer")
    world.call("requirements.require_mfa", world.sure(stage.ann), **org, organization_roles=["viewer"])
    with world.storage.begin(after_commit=ignore) as store:
        record = store.passwords.get(UserId(stage.dan.id))
        assert record is not None
        assert store.passwords.put(replace(record, minimum=8, version=record.version + 1))
    tom, dan = [world.step(f"{name}@acme.example") for name in ("tom", "dan")]
    assert isinstance(tom, EnrolmentRequired)
    assert isinstance(dan, PasswordChangeRequired)
    ticket = tom.ticket.reveal()
    app = world.call("owing.begin_totp", ticket)
    made = SoftwareAuthenticator().create(world.call("owing.begin_registration", ticket), origin=ORIGIN)
    code = Device(base32(app.seed.reveal()), (), world.clock).code()
    return replace(stage, owed={"enrol": ticket, "code": code, "response": made, "password": dan.ticket.reveal()})


def consented(stage: Stage) -> Consented:
    """Return what Ann has consented to for herself."""
    return Consented(provider="files", organization=stage.acme.id, user=UserId(stage.ann.id), scopes="files.read")


def calls(stage: Stage) -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
    """Return the arguments of a successful call of every writing method."""
    ann, bob, org = stage.ann, stage.bob, {"organization": stage.acme.id}
    key, robot = {**org, "key_id": stage.minted.key.id}, {**org, "account": stage.robot}
    place = {**org, "workspace": stage.prod.id, "user": bob.id}
    code, sure = stage.device.code(1), stage.world.sure(ann)
    asked = {**org, "elevation": stage.asked}
    kept = {**org, "credential": stage.kept}
    hour = {"reason": "the database is down", "duration": timedelta(hours=1)}
    glass = {**org, "workspace": stage.prod.id, "role": "admin"}
    ticket = stage.owed.get("enrol")
    right = (stage.claim.record_value.encode(),) if stage.claim is not None else ()
    return {
        "owing.begin_totp": ((ticket,), {}),
        "owing.confirm_totp": ((ticket,), {"code": stage.owed.get("code")}),
        "owing.begin_registration": ((ticket,), {}),
        "owing.finish_registration": ((ticket,), {"response": stage.owed.get("response"), "name": "Key"}),
        "owing.set_password": ((stage.owed.get("password"),), {"password": OTHER_PASSWORD}),
        "requirements.require_mfa": ((sure,), {**org, "grace_until": stage.world.clock.now() + timedelta(days=14)}),
        "requirements.relax_mfa": ((sure,), org),
        "accounts.sign_up": ((), {"email": "new@acme.example", "password": PASSWORD, "name": "New"}),
        "accounts.request_verification": ((), {"email": "zoe@acme.example"}),
        "accounts.verify_email": ((), {"token": stage.tokens["verification"]}),
        "accounts.request_password_reset": ((), {"email": "bob@acme.example"}),
        "accounts.reset_password": ((), {"token": stage.tokens["reset"], "password": OTHER_PASSWORD}),
        "accounts.import_account": ((), {"account": IMPORTED}),
        "accounts.withdraw_password": ((bob.id,), {"reason": "it was found in a leak"}),
        "addresses.request_change": ((ann,), {"email": "anna@acme.example", "password": PASSWORD}),
        "addresses.confirm_change": ((), {"token": stage.tokens["email"]}),
        "accounts.change_password": ((ann,), {"current": PASSWORD, "new": OTHER_PASSWORD}),
        "sign_in.password": ((), {"email": "bob@acme.example", "password": PASSWORD}),
        "sign_in.second_factor": ((), {"ticket": stage.ticket, "factor": Factor.TOTP, "code": code}),
        "sign_in.step_up": ((stage.mia,), {"factor": Factor.TOTP, "code": code}),
        "sign_in.passkey": ((), {"response": stage.signing}),
        "sign_in.request_link": ((), {"email": "ann@acme.example"}),
        "sign_in.link": ((), {"token": stage.link[0], "browser": stage.link[1]}),
        "sessions.revoke": ((ann, SessionId(ann.credential.id)), {}),
        "sessions.sign_out": ((ann,), {}),
        "sessions.sign_out_everywhere": ((ann,), {}),
        "sessions.end_all": ((OPERATOR, UserId(ann.id)), {}),
        "devices.revoke": ((ann, stage.known), {}),
        "devices.revoke_all": ((ann,), {}),
        "devices.distrust": ((stage.mia, stage.trusted), {}),
        "sessions.switch_organization": ((ann, stage.acme.id), {}),
        "mfa.begin_totp": ((ann,), {}),
        "mfa.confirm_totp": ((bob,), {"code": stage.pending.code()}),
        "mfa.regenerate_backup_codes": ((stage.mia,), {}),
        "mfa.remove_totp": ((stage.mia,), {}),
        "authenticators.rename": ((stage.mia, stage.app), {"name": "Tablet"}),
        "authenticators.remove": ((stage.mia, stage.app), {}),
        "passkeys.begin_registration": ((stage.mia,), {}),
        "passkeys.finish_registration": ((stage.mia,), {"response": stage.adding, "name": "Key"}),
        "passkeys.rename": ((stage.mia, stage.passkey), {"name": "Key"}),
        "passkeys.remove": ((stage.mia, stage.passkey), {}),
        "directory.create_organization": ((ann,), {"name": "Globex"}),
        "directory.bootstrap": ((), {"owner_email_key": "ann@acme.example", "name": "Globex"}),
        "directory.rename_organization": ((ann,), {**org, "name": "Acme 2"}),
        "directory.create_workspace": ((ann,), {**org, "name": "Test"}),
        "directory.disable_user": ((bob.id,), {"reason": "left"}),
        "directory.enable_user": ((stage.cid.id,), {"reason": "back"}),
        "members.invite": ((ann,), {**org, "email": "eve@acme.example"}),
        "members.accept": ((stage.dan,), {"token": stage.tokens["invitation"]}),
        "members.withdraw": ((ann,), {**org, "invitation": stage.invitation}),
        "members.remove": ((ann,), {**org, "user": bob.id}),
        "members.suspend": ((ann,), {**org, "user": bob.id}),
        "members.reinstate": ((ann,), {**org, "user": stage.cid.id}),
        "lifecycle.set_policy": ((ann,), {**org, "park_days": 30, "heir": bob.id, "remove_days": 90}),
        "lifecycle_work.carry_out": ((stage.acme.id, UserId(bob.id)), {}),
        "lifecycle_work.end_due": ((stage.acme.id, UserId(bob.id)), {}),
        "lifecycle_work.appoint_owner": ((OPERATOR,), {**org, "user": UserId(bob.id)}),
        "lifecycle_work.close_account": ((UserId(bob.id),), {"reason": "they asked for it"}),
        "roles.assign": ((ann,), {**place, "role": "editor"}),
        "roles.revoke": ((ann,), place),
        "roles.change_organization_role": ((ann,), {**org, "user": bob.id, "role": "admin"}),
        "roles.change_period": ((ann,), {**org, "user": bob.id, "expires_at": stage.world.clock.now() + timedelta(days=1)}),
        "custom_roles.define": ((ann,), {**org, "role": CustomRole("pilot", frozenset({"agents:run"}))}),
        "custom_roles.remove": ((ann,), {**org, "name": "caretaker"}),
        "elevations.request": ((bob,), {**org, "workspace": stage.prod.id, "role": "editor", **hour}),
        "elevations.approve": ((ann,), asked),
        "elevations.deny": ((ann,), asked),
        "elevations.end": ((bob,), asked),
        "break_glass.permit": ((ann,), {**glass, "user": bob.id, "longest": timedelta(hours=1)}),
        "break_glass.withdraw": ((ann,), {**org, "permit": stage.permit}),
        "break_glass.use": ((stage.mia,), {**glass, **hour}),
        "data_keys.rotate": ((sure,), org),
        "data_keys.destroy_retired": ((sure,), org),
        "data_keys.destroy": ((sure,), org),
        "customer_keys.register": ((sure,), {**org, "ref": stage.world.keys.customer.ref}),
        "customer_keys.replace": ((sure,), {**org, "ref": stage.world.keys.customer.ref, "region": "eu"}),
        "customer_keys.rotate": ((sure,), {**org, "region": "eu"}),
        "customer_keys.withdraw": ((sure,), {**org, "region": "eu"}),
        "customer_keys.forget": ((sure,), {**org, "region": "eu"}),
        "apps.connect": ((ann, consented(stage)), {}),
        "apps.disconnect": ((bob, APP), org),
        "apps.end_of_person": ((stage.acme.id, UserId(bob.id)), {"actor": ann, "why": "member_removed"}),
        "vault.store": ((ann,), {**org, "wish": replace(WISH, name="ledger"), "secret": Secret(b"x")}),
        "vault.rotate": ((ann,), {**kept, "secret": Secret(b"y")}),
        "vault.change": ((ann,), {**kept, "wish": replace(WISH, regions=frozenset({"eu-central-1"}))}),
        "vault.use": ((ann,), {**kept, "service": "s3"}),
        "vault.remove": ((ann,), kept),
        "residency.start": ((sure,), {**org, "workspace": stage.prod.id, "region": "us"}),
        "residency.abort": ((sure,), {**org, "workspace": stage.lab.id}),
        "mfa_resets.request": ((sure,), {**org, "user": UserId(stage.mia.id), "reason": "lost the phone"}),
        "mfa_resets.approve": ((stage.world.sure(bob),), {**org, "recovery": stage.reset}),
        "mfa_resets.cancel": ((ann,), {**org, "recovery": stage.reset}),
        "mfa_resets.set_terms": ((sure,), {**org, "approvals": 0, "delay": timedelta(0)}),
        "recovery.cancel": ((), {"token": stage.tokens.get("recovery")}),
        "recovery.carry_out": ((stage.reset,), {}),
        "retention.set_plan": ((sure,), {**org, "plan": RetentionPlan(365)}),
        "retention.place_hold": ((sure,), {**org, "matter": "case 1"}),
        "retention.request_release": ((sure,), {**org, "hold": stage.held}),
        "retention.approve_release": ((stage.world.sure(bob),), {**org, "hold": stage.held}),
        "retention.place_deployment_hold": ((OPERATOR,), {"matter": "case 1"}),
        "retention.request_deployment_release": ((OPERATOR,), {"hold": stage.held}),
        "retention.approve_deployment_release": ((SECOND_OPERATOR,), {"hold": stage.held}),
        "erasures.request": ((OPERATOR,), {"user": stage.bob.id}),
        "alerts.acknowledge": ((sure,), {**org, "alert": stage.alert, "why": "seen"}),
        "alerts.mute": ((sure,), {**org, **MUTE, "why": "seen"}),
        "alerts.acknowledge_deployments": ((OPERATOR,), {"alert": stage.alert}),
        "alerts.mute_deployments": ((OPERATOR,), MUTE),
        "support.open": ((OPERATOR,), {"email": "mia@acme.example", "evidence": EVIDENCE}),
        "support.view": ((SECOND_OPERATOR,), {"case": stage.reset}),
        "support.approve": ((SECOND_OPERATOR,), {"case": stage.reset}),
        "support.cancel": ((SECOND_OPERATOR,), {"case": stage.reset}),
        "connections.create": ((sure,), {**org, "wish": CONNECTED, "secret": SecretText("another")}),
        "connections.change": ((sure, stage.connection.id), {**org, "wish": replace(CONNECTED, name="Other")}),
        "connections.tested": ((sure, stage.connection), {**org, "problem": None}),
        "sso_trials.tried": ((sure, stage.connection), {"problem": ""}),
        "saml_watch.looked": ((stage.connection,), {"answer": AFTER}),
        "saml_watch.trust": ((sure, stage.connection), {**org, "document": AFTER, "seen": SEEN}),
        "connections.rotate_key": ((sure, stage.connection.id), org),
        "own_keys.announce": ((sure, stage.connection.id), org),
        "own_keys.activate": ((sure, stage.connection.id), {**org, "kid": NEXT_KEY}),
        "own_keys.retire": ((sure, stage.connection.id), {**org, "kid": NEXT_KEY}),
        "connections.enable": ((sure, stage.connection.id), org),
        "connections.disable": ((sure, stage.connection.id), org),
        "connections.remove": ((sure, stage.connection.id), org),
        "sso.arrive": ((stage.connection.id, identity(stage, "ivy@acme.example")), HELD),
        "sso.link": ((UserId(bob.id), stage.connection.id, identity(stage, None)), {}),
        "sso_identities.unlink": ((sure,), {**org, "user": UserId(bob.id), "identity": linked(stage)}),
        "sso_identities.unlink_own": ((bob,), {"identity": linked(stage)}),
        "sso_entrance.require": ((sure,), org),
        "sso_entrance.relax": ((sure,), org),
        "sso_entrance.relax_for": ((OPERATOR,), org),
        "sso_glass.make": ((sure,), org),
        "sso_glass.redeem": ((twice(stage.world, sure),), {**org, "code": stage.glass}),
        "provisioning.admit": ((stage.connection, account(stage.dan, "dan@acme.example"), identity(stage, None)), {}),
        "provisioning.readmit": ((stage.connection, account(stage.dan, "dan@acme.example"), identity(stage, None)), {}),
        "provisioning.refresh": ((ruled(stage), account(bob, "bob@acme.example"), replace(identity(stage, None), groups=("staff",))), {}),
        "provisioning.refreshed": ((ruled(stage), UserId(bob.id), replace(identity(stage, None), groups=("staff",))), {}),
        "domains.record": ((OPERATOR,), {**org, "domain": "acme.org", "proof": "seen in its DNS"}),
        "domains.withdraw": ((OPERATOR,), {**org, "domain": "acme.example"}),
        "domain_claims.claim": ((sure,), {**org, "domain": "acme.example"}),
        "domain_claims.prove": ((sure, stage.claim), {**org, "answer": right}),
        "domain_claims.give_up": ((sure,), {**org, "domain": "acme.example"}),
        "domain_claims.looked": ((stage.claim,), {"answer": DnsTrouble.NOT_THERE}),
        "api_keys.mint": ((ann,), {**org, "request": KeyRequest(name="cd")}),
        "api_keys.rotate": ((ann,), key),
        "api_keys.revoke": ((ann,), key),
        "leaks.report": ((leaked(stage.minted.token),), {"reporter": "github"}),
        "api_keys.end_overlap": ((ann,), key),
        "key_rules.put": ((ann,), {**org, "longest_life": timedelta(days=90), "networks": ("192.0.2.0/24",)}),
        "workload_rules.create": ((ann,), {**robot, "terms": TERMS}),
        "workload_rules.change": ((ann, stage.rule.id), {**org, "terms": TERMS}),
        "workload_rules.remove": ((ann, stage.rule.id), org),
        "exchanges.give": ((stage.rule, PROVED), {}),
        "service_accounts.create": ((ann,), {**org, "name": "Other"}),
        "service_accounts.disable": ((ann,), robot),
        "service_accounts.enable": ((ann,), robot),
        "service_accounts.remove": ((ann,), robot),
    }


def perform(stage: Stage, method: str) -> Any:
    """Make the successful call of a method, and return its answer."""
    positional, named = calls(stage)[method]
    return stage.world.call(method, *positional, **named)

# Generated from tests/services/test_async_requirements.py by tools/twin.py; edit that file.
"""Second factors that organizations require, in the services: who is covered and what is refused (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.authn import EnrolmentRequired, MfaRequired, PasswordChangeRequired, SignedIn
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.outcome import Reason
from ctsec.principal import Credential, CredentialKind, Principal
from ctsec.rbac import Ask, DecisionReason, MethodTable, StepUp
from ctsec.rbac.explanation import Rule
from ctsec.rbac.methods import Method
from ctsec.rbac.preset import POLICY
from ctsec.security.parts import EmbeddedOptions
from tests.services._sync_world import REQUEST, World
from tests.services.probing import OTHER_PASSWORD, PASSWORD, Device, base32, reason

HOUR = timedelta(hours=1)


class Scene:
    """Ann owns Acme and requires a second factor there; Bob is an admin of it, has a key and no second factor."""

    def __init__(self, world: World, ann: Principal, bob: Principal, key: str, acme: OrganizationId, prod: WorkspaceId) -> None:
        self.world = world
        self.ann, self.bob = ann, bob
        self.key = key
        self.acme, self.prod = acme, prod

    def require(self, **wanted: Any) -> Any:
        """Have Ann require a second factor."""
        return self.world.call("requirements.require_mfa", self.world.sure(self.ann), organization=self.acme, **wanted)

    def views(self, who: Principal) -> DecisionReason:
        """Ask the gate whether somebody may look at the workspace's dashboards."""
        return (self.world.gate.access(who, self.acme, workspace=self.prod)).check("dashboards:view").reason

    def keyed(self) -> Principal:
        """Return Bob's key as the gate knows it now."""
        found = self.world.gate.api_key(self.key, REQUEST)
        assert isinstance(found, Principal)
        return found


@contextmanager
def staged(**options: Any) -> Generator[Scene, None, None]:
    with World.open(options=EmbeddedOptions(**options)) as world:
        ann = world.person("ann@acme.example")
        acme = world.organization(ann)
        prod = world.workspace(acme.id)
        bob = world.member(acme.id, "bob@acme.example", role="admin")
        minted = world.key(bob, acme.id)
        yield Scene(world, ann, bob, minted.token.reveal(), acme.id, prod.id)


def acts(scene: Scene, who: Principal) -> dict[str, Any]:
    """Do one thing of each kind in the organization, and return what each came to."""
    world, here = scene.world, {"organization": scene.acme}
    asked = {**here, "workspace": scene.prod, "role": "owner", "reason": "ticket 7", "duration": HOUR}
    return {
        "rename": world.call("directory.rename_organization", who, **here, name="Acme 2"),
        "workspace": world.call("directory.create_workspace", who, **here, name="Lab"),
        "invite": world.call("members.invite", who, **here, email="new@acme.example", role="member"),
        "leave": world.call("members.remove", who, **here, user=scene.bob.id),
        "assign": world.call("roles.assign", who, **here, workspace=scene.prod, user=scene.ann.id, role="viewer"),
        "role": world.call("roles.change_organization_role", who, **here, user=scene.ann.id, role="member"),
        "explain": world.call("roles.explain", who, "dashboards:view", **here, workspace=scene.prod, user=scene.ann.id),
        "elevate": world.call("elevations.request", scene.bob, **asked),
        "key": world.key(who, scene.acme),
        "policy": world.call("requirements.relax_mfa", world.sure(who) if who.credential.multi_factor else who, **here),
    }


@pytest.mark.proves("SEED-P1", "ASVS-8.3.1")
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("table", [None, MethodTable.keys_unrestricted(POLICY.index)])
def test_every_path_refuses_who_lacks_the_factor(mirrored: bool, table: MethodTable | None) -> None:
    """Gate, check, batch, explanation, list and every act of ctsec's own refuse the session and the key of a person without one."""
    with staged(roles_in_memory=mirrored, methods=table) as scene:
        world, place = scene.world, {"organization": scene.acme, "workspace": scene.prod}
        for who in (scene.bob, scene.keyed()):
            assert scene.views(who) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
        scene.require()
        for who in (scene.bob, scene.keyed()):
            assert scene.views(who) is DecisionReason.MFA_REQUIRED
            assert (world.call("roles.access", who, **place)).mask == 0
            assert (world.call("roles.check", who, "dashboards:view", **place)).reason is DecisionReason.MFA_REQUIRED
            (batched,) = world.call("roles.check_many", who, [Ask("dashboards:view", scene.acme, scene.prod)])
            told = world.call("roles.explain", who, "dashboards:view", **place)
            assert batched.reason is told.decision.reason is DecisionReason.MFA_REQUIRED
            assert [each.rule for each in told.because] == [Rule.MFA_POLICY]
            assert (world.call("lists.workspaces", who, "dashboards:view", organization=scene.acme)).workspaces == ()
            assert world.call("lists.count", who, "dashboards:view", organization=scene.acme) == 0
        told = world.call("roles.explain", scene.bob, "dashboards:view", **place)
        assert told.missing == (StepUp(Method.SECOND_FACTOR),)
        refused = acts(scene, scene.bob)
        assert {name: reason(each) for name, each in refused.items()} == dict.fromkeys(refused, Reason.MFA_REQUIRED)
        switched = world.call("sessions.switch_organization", scene.bob, scene.acme)
        assert reason(switched) is Reason.MFA_REQUIRED
        world.enrol(scene.bob)
        bob = world.again(scene.bob)
        for who in (bob, scene.keyed()):
            assert scene.views(who) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
            assert world.call("lists.count", who, "dashboards:view", organization=scene.acme) == 1
        world.call("mfa.remove_totp", bob)
        assert scene.views(scene.keyed()) is DecisionReason.MFA_REQUIRED


@pytest.mark.proves("SEED-P1")
def test_of_whom_it_is_required() -> None:
    """It is required of who holds a named role now: for a time too, in a workspace too; of nobody before the start, or once relaxed."""
    with staged() as scene:
        world, now = scene.world, scene.world.clock.now()
        mia = world.member(scene.acme, "mia@acme.example", workspace=scene.prod, wrole="viewer")
        denied, allowed = DecisionReason.MFA_REQUIRED, DecisionReason.ALLOWED_BY_WORKSPACE_ROLE
        for wanted, outcome in (
            ({"organization_roles": ["owner", "admin"]}, allowed),
            ({"organization_roles": ["member"]}, denied),
            ({"organization_roles": ["owner"], "workspace_roles": ["viewer"]}, denied),
            ({"organization_roles": [], "workspace_roles": ["editor"]}, allowed),
            ({"starts_at": now + HOUR}, allowed),
            ({"starts_at": now - HOUR, "grace_until": now + HOUR}, allowed),
            ({}, denied),
        ):
            assert reason(scene.require(**wanted)) is None
            assert scene.views(mia) is outcome, wanted
        scene.require(organization_roles=["member"], workspace_roles=["editor"], grace_until=now + HOUR)
        assert world.call("requirements.due", mia.id) == {scene.acme: now + HOUR}
        scene.require(organization_roles=[], workspace_roles=["editor"])
        asked = {"organization": scene.acme, "workspace": scene.prod, "role": "editor", "reason": "the night shift", "duration": HOUR}
        request = world.call("elevations.request", mia, **asked)
        world.call("elevations.approve", world.sure(scene.ann), organization=scene.acme, elevation=request.id)
        assert scene.views(mia) is denied
        world.clock.advance(HOUR)
        assert scene.views(mia) is allowed
        wrongs: list[dict[str, Any]] = [{"organization_roles": []}, {"organization_roles": ["chef"]}, {"grace_until": now - HOUR}]
        for wrong in wrongs:
            assert reason(scene.require(**wrong)) is Reason.INVALID_INPUT
        world.call("requirements.relax_mfa", world.sure(scene.ann), organization=scene.acme)
        assert world.call("requirements.mfa_policy", scene.acme) is None
        assert world.call("requirements.due", mia.id) == {}


@pytest.mark.proves("SEED-P1")
def test_nobody_sets_it_who_could_not_meet_it() -> None:
    """A key, a session without a fresh second factor and a person without the permission set nothing, whatever the roles."""
    with staged() as scene:
        world, here = scene.world, {"organization": scene.acme}
        key = scene.keyed()
        fresh = replace(key, credential=replace(key.credential, factors=world.sure(scene.bob).credential.factors, enrolled=True))
        mia = world.member(scene.acme, "mia@acme.example")
        for who, wanted in ((fresh, Reason.STEP_UP_REQUIRED), (scene.bob, Reason.STEP_UP_REQUIRED), (world.sure(mia), Reason.DENIED)):
            assert reason(world.call("requirements.require_mfa", who, **here)) is wanted
        assert world.call("requirements.mfa_policy", scene.acme) is None


def test_a_ticket_is_nobody_to_everything_else() -> None:
    """The principal of a sign-in that is not complete has no standing, and no session, key or account is changed in its name."""
    with staged() as scene:
        world = scene.world
        ticket = replace(scene.bob, credential=Credential(kind=CredentialKind.TICKET, id="t", factors=scene.bob.credential.factors))
        assert scene.views(ticket) is DecisionReason.NOT_A_MEMBER
        refused = [
            world.call("accounts.change_password", ticket, current=PASSWORD, new=OTHER_PASSWORD),
            world.call("addresses.request_change", ticket, email="b@acme.example", password=PASSWORD),
            world.call("sessions.sign_out", ticket),
            world.call("sessions.switch_organization", ticket, scene.acme),
            world.call("sign_in.begin_step_up", ticket),
            world.call("directory.create_organization", ticket, name="Globex"),
            world.call("members.accept", ticket, token="x"),
        ]
        assert {reason(each) for each in refused} == {Reason.NOT_AUTHENTICATED}
        assert world.call("sessions.sign_out_everywhere", ticket) == 0
        assert world.call("sessions.revoke", ticket, scene.bob.credential.id) is False


@pytest.mark.proves("SEED-P1", "NIST-3.2.2")
def test_a_duty_forgives_nothing_before_it_is_done() -> None:
    """Failures before a ticket stay counted until the enrolment is complete, and what they disable meanwhile ends the ticket."""
    with staged() as scene:
        world = scene.world
        scene.require()
        for _ in range(3):
            world.step("bob@acme.example", "wrong horse of battery")
        step = world.step("bob@acme.example")
        assert isinstance(step, EnrolmentRequired)
        counter = f"pwd:{scene.bob.id}"
        with world.security.begin(REQUEST) as unit:
            found = unit._guard.attempts.get(counter)
            assert found is not None
            assert found.failures == 4
        app = world.call("owing.begin_totp", step.ticket.reveal())
        device = Device(base32(app.seed.reveal()), (), world.clock)
        with world.security.begin(REQUEST) as unit:
            assert unit._guard.attempts.replace(found, replace(found, disabled_at=world.clock.now()))
        assert reason(world.call("owing.confirm_totp", step.ticket.reveal(), code=device.code())) is Reason.LOCKED
        with world.security.begin(REQUEST) as unit:
            assert unit._guard.attempts.replace(replace(found, disabled_at=world.clock.now()), found)
        done = world.call("owing.confirm_totp", step.ticket.reveal(), code=device.code())
        assert isinstance(done, SignedIn)
        with world.security.begin(REQUEST) as unit:
            assert unit._guard.attempts.get(counter) is None


def test_a_ticket_is_for_the_one_duty_that_it_was_made_for() -> None:
    """A ticket that enrols sets no password, and one of a second step, which owes nothing, does neither."""
    with staged() as scene:
        world, email = scene.world, "bob@acme.example"
        scene.require()
        enrols = world.step(email)
        assert isinstance(enrols, EnrolmentRequired)
        refused = world.call("owing.set_password", enrols.ticket.reveal(), password=OTHER_PASSWORD)
        assert reason(refused) is Reason.INVALID_TOKEN
        app = world.call("owing.begin_totp", enrols.ticket.reveal())
        device = Device(base32(app.seed.reveal()), (), world.clock)
        assert isinstance(world.call("owing.confirm_totp", enrols.ticket.reveal(), code=device.code()), SignedIn)
        second = world.step(email)
        assert isinstance(second, MfaRequired)
        for method, more in (
            ("owing.set_password", {"password": OTHER_PASSWORD}),
            ("owing.begin_totp", {}),
            ("owing.begin_registration", {}),
        ):
            assert reason(world.call(method, second.ticket.reveal(), **more)) is Reason.INVALID_TOKEN


@pytest.mark.proves("NIST-3.1.1.2(1)")
def test_a_short_password_is_given_up_wherever_the_requirement_ends() -> None:
    """Relaxing it, leaving the organization and losing the factor each make the next sign-in with a short password set another one."""
    short = "lamp9 kx"
    for ending in ("relaxed", "left", "role", "none"):
        with staged() as scene:
            world, here = scene.world, {"organization": scene.acme}
            scene.require(organization_roles=["admin"])
            device = world.enrol(scene.bob)
            bob = world.again(scene.bob)
            assert reason(world.call("accounts.change_password", bob, current=PASSWORD, new=short)) is None
            if ending == "relaxed":
                world.call("requirements.relax_mfa", world.sure(scene.ann), **here)
            elif ending == "left":
                world.call("members.remove", world.sure(scene.ann), **here, user=bob.id)
            elif ending == "role":
                world.call("roles.change_organization_role", world.sure(scene.ann), **here, user=bob.id, role="member")
            world.clock.advance(timedelta(seconds=30))
            step = world.second(world.step("bob@acme.example", short), device.code())
            assert isinstance(step, SignedIn if ending == "none" else PasswordChangeRequired), ending
            if isinstance(step, SignedIn):
                # Without the factor the requirement stands: it is enrolled anew before anything else.
                bob = (world.arrived(step)).principal
                world.call("mfa.remove_totp", bob)
                assert isinstance(world.step("bob@acme.example", short), EnrolmentRequired)


@pytest.mark.proves("SEED-P1")
def test_a_key_follows_its_owner_at_once() -> None:
    """A key that is remembered from before the requirement goes on where its owner has a factor, and stops with the factor's removal."""
    with staged() as scene:
        scene.world.enrol(scene.bob)
        bob = scene.world.again(scene.bob)
        assert scene.views(scene.keyed()) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
        scene.require()
        assert scene.views(scene.keyed()) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
        scene.world.call("mfa.remove_totp", bob)
        assert scene.views(scene.keyed()) is DecisionReason.MFA_REQUIRED


@pytest.mark.proves("ASVS-6.3.5")
def test_an_enrolment_from_another_device_is_told() -> None:
    """Who has the password alone could enrol a factor of their own: the person hears of it when the ticket is given, not only after."""
    with staged() as scene:
        scene.require()
        scene.world.mail()
        before = len(scene.world.mailer.to("bob@acme.example"))
        assert isinstance(scene.world.step("bob@acme.example"), EnrolmentRequired)
        scene.world.mail()
        assert [mail.kind for mail in scene.world.mailer.to("bob@acme.example")[before:]] == ["unfinished_sign_in"]

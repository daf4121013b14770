"""Second factors that organizations require, in the services: who is covered and what is refused (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
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
from tests.services._async_world import REQUEST, AsyncWorld
from tests.services.probing import OTHER_PASSWORD, PASSWORD, Device, base32, reason

HOUR = timedelta(hours=1)


class Scene:
    """Ann owns Acme and requires a second factor there; Bob is an admin of it, has a key and no second factor."""

    def __init__(self, world: AsyncWorld, ann: Principal, bob: Principal, key: str, acme: OrganizationId, prod: WorkspaceId) -> None:
        self.world = world
        self.ann, self.bob = ann, bob
        self.key = key
        self.acme, self.prod = acme, prod

    async def require(self, **wanted: Any) -> Any:
        """Have Ann require a second factor."""
        return await self.world.call("requirements.require_mfa", self.world.sure(self.ann), organization=self.acme, **wanted)

    async def views(self, who: Principal) -> DecisionReason:
        """Ask the gate whether somebody may look at the workspace's dashboards."""
        return (await self.world.gate.access(who, self.acme, workspace=self.prod)).check("dashboards:view").reason

    async def keyed(self) -> Principal:
        """Return Bob's key as the gate knows it now."""
        found = await self.world.gate.api_key(self.key, REQUEST)
        assert isinstance(found, Principal)
        return found


@asynccontextmanager
async def staged(**options: Any) -> AsyncGenerator[Scene, None]:
    async with AsyncWorld.open(options=EmbeddedOptions(**options)) as world:
        ann = await world.person("ann@acme.example")
        acme = await world.organization(ann)
        prod = await world.workspace(acme.id)
        bob = await world.member(acme.id, "bob@acme.example", role="admin")
        minted = await world.key(bob, acme.id)
        yield Scene(world, ann, bob, minted.token.reveal(), acme.id, prod.id)


async def acts(scene: Scene, who: Principal) -> dict[str, Any]:
    """Do one thing of each kind in the organization, and return what each came to."""
    world, here = scene.world, {"organization": scene.acme}
    asked = {**here, "workspace": scene.prod, "role": "owner", "reason": "ticket 7", "duration": HOUR}
    return {
        "rename": await world.call("directory.rename_organization", who, **here, name="Acme 2"),
        "workspace": await world.call("directory.create_workspace", who, **here, name="Lab"),
        "invite": await world.call("members.invite", who, **here, email="new@acme.example", role="member"),
        "leave": await world.call("members.remove", who, **here, user=scene.bob.id),
        "assign": await world.call("roles.assign", who, **here, workspace=scene.prod, user=scene.ann.id, role="viewer"),
        "role": await world.call("roles.change_organization_role", who, **here, user=scene.ann.id, role="member"),
        "explain": await world.call("roles.explain", who, "dashboards:view", **here, workspace=scene.prod, user=scene.ann.id),
        "elevate": await world.call("elevations.request", scene.bob, **asked),
        "key": await world.key(who, scene.acme),
        "policy": await world.call("requirements.relax_mfa", world.sure(who) if who.credential.multi_factor else who, **here),
    }


@pytest.mark.proves("SEED-P1", "ASVS-8.3.1")
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("table", [None, MethodTable.keys_unrestricted(POLICY.index)])
async def test_every_path_refuses_who_lacks_the_factor(mirrored: bool, table: MethodTable | None) -> None:
    """Gate, check, batch, explanation, list and every act of ctsec's own refuse the session and the key of a person without one."""
    async with staged(roles_in_memory=mirrored, methods=table) as scene:
        world, place = scene.world, {"organization": scene.acme, "workspace": scene.prod}
        for who in (scene.bob, await scene.keyed()):
            assert await scene.views(who) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
        await scene.require()
        for who in (scene.bob, await scene.keyed()):
            assert await scene.views(who) is DecisionReason.MFA_REQUIRED
            assert (await world.call("roles.access", who, **place)).mask == 0
            assert (await world.call("roles.check", who, "dashboards:view", **place)).reason is DecisionReason.MFA_REQUIRED
            (batched,) = await world.call("roles.check_many", who, [Ask("dashboards:view", scene.acme, scene.prod)])
            told = await world.call("roles.explain", who, "dashboards:view", **place)
            assert batched.reason is told.decision.reason is DecisionReason.MFA_REQUIRED
            assert [each.rule for each in told.because] == [Rule.MFA_POLICY]
            assert (await world.call("lists.workspaces", who, "dashboards:view", organization=scene.acme)).workspaces == ()
            assert await world.call("lists.count", who, "dashboards:view", organization=scene.acme) == 0
        told = await world.call("roles.explain", scene.bob, "dashboards:view", **place)
        assert told.missing == (StepUp(Method.SECOND_FACTOR),)
        refused = await acts(scene, scene.bob)
        assert {name: reason(each) for name, each in refused.items()} == dict.fromkeys(refused, Reason.MFA_REQUIRED)
        switched = await world.call("sessions.switch_organization", scene.bob, scene.acme)
        assert reason(switched) is Reason.MFA_REQUIRED
        await world.enrol(scene.bob)
        bob = await world.again(scene.bob)
        for who in (bob, await scene.keyed()):
            assert await scene.views(who) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
            assert await world.call("lists.count", who, "dashboards:view", organization=scene.acme) == 1
        await world.call("mfa.remove_totp", bob)
        assert await scene.views(await scene.keyed()) is DecisionReason.MFA_REQUIRED


@pytest.mark.proves("SEED-P1")
async def test_of_whom_it_is_required() -> None:
    """It is required of who holds a named role now: for a time too, in a workspace too; of nobody before the start, or once relaxed."""
    async with staged() as scene:
        world, now = scene.world, scene.world.clock.now()
        mia = await world.member(scene.acme, "mia@acme.example", workspace=scene.prod, wrole="viewer")
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
            assert reason(await scene.require(**wanted)) is None
            assert await scene.views(mia) is outcome, wanted
        await scene.require(organization_roles=["member"], workspace_roles=["editor"], grace_until=now + HOUR)
        assert await world.call("requirements.due", mia.id) == {scene.acme: now + HOUR}
        await scene.require(organization_roles=[], workspace_roles=["editor"])
        asked = {"organization": scene.acme, "workspace": scene.prod, "role": "editor", "reason": "the night shift", "duration": HOUR}
        request = await world.call("elevations.request", mia, **asked)
        await world.call("elevations.approve", world.sure(scene.ann), organization=scene.acme, elevation=request.id)
        assert await scene.views(mia) is denied
        world.clock.advance(HOUR)
        assert await scene.views(mia) is allowed
        wrongs: list[dict[str, Any]] = [{"organization_roles": []}, {"organization_roles": ["chef"]}, {"grace_until": now - HOUR}]
        for wrong in wrongs:
            assert reason(await scene.require(**wrong)) is Reason.INVALID_INPUT
        await world.call("requirements.relax_mfa", world.sure(scene.ann), organization=scene.acme)
        assert await world.call("requirements.mfa_policy", scene.acme) is None
        assert await world.call("requirements.due", mia.id) == {}


@pytest.mark.proves("SEED-P1")
async def test_nobody_sets_it_who_could_not_meet_it() -> None:
    """A key, a session without a fresh second factor and a person without the permission set nothing, whatever the roles."""
    async with staged() as scene:
        world, here = scene.world, {"organization": scene.acme}
        key = await scene.keyed()
        fresh = replace(key, credential=replace(key.credential, factors=world.sure(scene.bob).credential.factors, enrolled=True))
        mia = await world.member(scene.acme, "mia@acme.example")
        for who, wanted in ((fresh, Reason.STEP_UP_REQUIRED), (scene.bob, Reason.STEP_UP_REQUIRED), (world.sure(mia), Reason.DENIED)):
            assert reason(await world.call("requirements.require_mfa", who, **here)) is wanted
        assert await world.call("requirements.mfa_policy", scene.acme) is None


async def test_a_ticket_is_nobody_to_everything_else() -> None:
    """The principal of a sign-in that is not complete has no standing, and no session, key or account is changed in its name."""
    async with staged() as scene:
        world = scene.world
        ticket = replace(scene.bob, credential=Credential(kind=CredentialKind.TICKET, id="t", factors=scene.bob.credential.factors))
        assert await scene.views(ticket) is DecisionReason.NOT_A_MEMBER
        refused = [
            await world.call("accounts.change_password", ticket, current=PASSWORD, new=OTHER_PASSWORD),
            await world.call("addresses.request_change", ticket, email="b@acme.example", password=PASSWORD),
            await world.call("sessions.sign_out", ticket),
            await world.call("sessions.switch_organization", ticket, scene.acme),
            await world.call("sign_in.begin_step_up", ticket),
            await world.call("directory.create_organization", ticket, name="Globex"),
            await world.call("members.accept", ticket, token="x"),
        ]
        assert {reason(each) for each in refused} == {Reason.NOT_AUTHENTICATED}
        assert await world.call("sessions.sign_out_everywhere", ticket) == 0
        assert await world.call("sessions.revoke", ticket, scene.bob.credential.id) is False


@pytest.mark.proves("SEED-P1", "NIST-3.2.2")
async def test_a_duty_forgives_nothing_before_it_is_done() -> None:
    """Failures before a ticket stay counted until the enrolment is complete, and what they disable meanwhile ends the ticket."""
    async with staged() as scene:
        world = scene.world
        await scene.require()
        for _ in range(3):
            await world.step("bob@acme.example", "wrong horse of battery")
        step = await world.step("bob@acme.example")
        assert isinstance(step, EnrolmentRequired)
        counter = f"pwd:{scene.bob.id}"
        async with world.security.begin(REQUEST) as unit:
            found = await unit._guard.attempts.get(counter)
            assert found is not None
            assert found.failures == 4
        app = await world.call("owing.begin_totp", step.ticket.reveal())
        device = Device(base32(app.seed.reveal()), (), world.clock)
        async with world.security.begin(REQUEST) as unit:
            assert await unit._guard.attempts.replace(found, replace(found, disabled_at=world.clock.now()))
        assert reason(await world.call("owing.confirm_totp", step.ticket.reveal(), code=device.code())) is Reason.LOCKED
        async with world.security.begin(REQUEST) as unit:
            assert await unit._guard.attempts.replace(replace(found, disabled_at=world.clock.now()), found)
        done = await world.call("owing.confirm_totp", step.ticket.reveal(), code=device.code())
        assert isinstance(done, SignedIn)
        async with world.security.begin(REQUEST) as unit:
            assert await unit._guard.attempts.get(counter) is None


async def test_a_ticket_is_for_the_one_duty_that_it_was_made_for() -> None:
    """A ticket that enrols sets no password, and one of a second step, which owes nothing, does neither."""
    async with staged() as scene:
        world, email = scene.world, "bob@acme.example"
        await scene.require()
        enrols = await world.step(email)
        assert isinstance(enrols, EnrolmentRequired)
        refused = await world.call("owing.set_password", enrols.ticket.reveal(), password=OTHER_PASSWORD)
        assert reason(refused) is Reason.INVALID_TOKEN
        app = await world.call("owing.begin_totp", enrols.ticket.reveal())
        device = Device(base32(app.seed.reveal()), (), world.clock)
        assert isinstance(await world.call("owing.confirm_totp", enrols.ticket.reveal(), code=device.code()), SignedIn)
        second = await world.step(email)
        assert isinstance(second, MfaRequired)
        for method, more in (
            ("owing.set_password", {"password": OTHER_PASSWORD}),
            ("owing.begin_totp", {}),
            ("owing.begin_registration", {}),
        ):
            assert reason(await world.call(method, second.ticket.reveal(), **more)) is Reason.INVALID_TOKEN


@pytest.mark.proves("NIST-3.1.1.2(1)")
async def test_a_short_password_is_given_up_wherever_the_requirement_ends() -> None:
    """Relaxing it, leaving the organization and losing the factor each make the next sign-in with a short password set another one."""
    short = "lamp9 kx"
    for ending in ("relaxed", "left", "role", "none"):
        async with staged() as scene:
            world, here = scene.world, {"organization": scene.acme}
            await scene.require(organization_roles=["admin"])
            device = await world.enrol(scene.bob)
            bob = await world.again(scene.bob)
            assert reason(await world.call("accounts.change_password", bob, current=PASSWORD, new=short)) is None
            if ending == "relaxed":
                await world.call("requirements.relax_mfa", world.sure(scene.ann), **here)
            elif ending == "left":
                await world.call("members.remove", world.sure(scene.ann), **here, user=bob.id)
            elif ending == "role":
                await world.call("roles.change_organization_role", world.sure(scene.ann), **here, user=bob.id, role="member")
            world.clock.advance(timedelta(seconds=30))
            step = await world.second(await world.step("bob@acme.example", short), device.code())
            assert isinstance(step, SignedIn if ending == "none" else PasswordChangeRequired), ending
            if isinstance(step, SignedIn):
                # Without the factor the requirement stands: it is enrolled anew before anything else.
                bob = (await world.arrived(step)).principal
                await world.call("mfa.remove_totp", bob)
                assert isinstance(await world.step("bob@acme.example", short), EnrolmentRequired)


@pytest.mark.proves("SEED-P1")
async def test_a_key_follows_its_owner_at_once() -> None:
    """A key that is remembered from before the requirement goes on where its owner has a factor, and stops with the factor's removal."""
    async with staged() as scene:
        await scene.world.enrol(scene.bob)
        bob = await scene.world.again(scene.bob)
        assert await scene.views(await scene.keyed()) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
        await scene.require()
        assert await scene.views(await scene.keyed()) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
        await scene.world.call("mfa.remove_totp", bob)
        assert await scene.views(await scene.keyed()) is DecisionReason.MFA_REQUIRED


@pytest.mark.proves("ASVS-6.3.5")
async def test_an_enrolment_from_another_device_is_told() -> None:
    """Who has the password alone could enrol a factor of their own: the person hears of it when the ticket is given, not only after."""
    async with staged() as scene:
        await scene.require()
        await scene.world.mail()
        before = len(scene.world.mailer.to("bob@acme.example"))
        assert isinstance(await scene.world.step("bob@acme.example"), EnrolmentRequired)
        await scene.world.mail()
        assert [mail.kind for mail in scene.world.mailer.to("bob@acme.example")[before:]] == ["unfinished_sign_in"]

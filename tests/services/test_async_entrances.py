"""Organizations that are entered through their provider only, at every door of the services (async source of the twin)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctsec.ids import OrganizationId, UserId
from ctsec.outcome import Reason
from ctsec.principal import CredentialKind, Principal
from ctsec.rbac import Ask, Rule
from ctsec.rbac.decision import DecisionReason
from ctsec.secret import SecretText
from ctsec.sso.oidc import ExternalIdentity
from tests.services._async_stage import CONNECTED
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason
from tests.services.test_async_requirements import acts, staged


async def required(world: AsyncWorld, owner: Principal, acme: OrganizationId) -> None:
    """Have an owner connect a provider, come in through it, make codes, and require it from now on."""
    sure, here = world.sure(owner), {"organization": acme}
    made = await world.call("connections.create", sure, **here, wish=CONNECTED, secret=SecretText("s"))
    await world.call("connections.tested", sure, made, **here, problem=None)
    await world.call("connections.enable", sure, made.id, **here)
    identity = ExternalIdentity(connection=made.id, issuer="https://id.example", subject="s", email=None, email_verified=False)
    await world.call("sso.link", UserId(owner.id), made.id, identity)
    await world.call("sso_glass.make", sure, **here)
    await world.call("sso_entrance.require", sure, **here)


def through(person: Principal, acme: OrganizationId) -> Principal:
    """Return somebody as a session through the provider proves them."""
    return replace(person, organization=acme, credential=replace(person.credential, kind=CredentialKind.SSO_SESSION))


@pytest.mark.parametrize("mirrored", [False, True])
async def test_every_path_refuses_a_session_of_the_account(mirrored: bool) -> None:
    """Gate, check, batch, explanation, list and every act of ctsec's own do; a key and a provider's session go on; relaxed, all."""
    async with staged(roles_in_memory=mirrored) as scene:
        world, place = scene.world, {"organization": scene.acme, "workspace": scene.prod}
        assert await scene.views(scene.bob) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
        await required(world, scene.ann, scene.acme)
        for who in (scene.bob, world.sure(scene.bob)):
            assert await scene.views(who) is DecisionReason.SSO_REQUIRED
            assert (await world.call("roles.access", who, **place)).mask == 0
            assert (await world.call("roles.check", who, "dashboards:view", **place)).reason is DecisionReason.SSO_REQUIRED
            (batched,) = await world.call("roles.check_many", who, [Ask("dashboards:view", scene.acme, scene.prod)])
            told = await world.call("roles.explain", who, "dashboards:view", **place)
            assert batched.reason is told.decision.reason is DecisionReason.SSO_REQUIRED
            assert ([each.rule for each in told.because], told.missing) == ([Rule.SSO_REQUIREMENT], ())
            assert await world.call("lists.count", who, "dashboards:view", organization=scene.acme) == 0
            refused = await acts(scene, who)
            assert {name: reason(each) for name, each in refused.items()} == dict.fromkeys(refused, Reason.SSO_REQUIRED)
        assert reason(await world.call("sessions.switch_organization", scene.bob, scene.acme)) is Reason.SSO_REQUIRED
        for who in (through(scene.bob, scene.acme), await scene.keyed()):
            assert await scene.views(who) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
            assert await world.call("lists.count", who, "dashboards:view", organization=scene.acme) == 1
        ann = through(world.sure(scene.ann), scene.acme)
        assert reason(await world.call("sso_entrance.relax", ann, organization=scene.acme)) is None
        assert await scene.views(scene.bob) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE

# Generated from tests/services/test_async_entrances.py by tools/twin.py; edit that file.
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
from tests.services._sync_stage import CONNECTED
from tests.services._sync_world import World
from tests.services.probing import reason
from tests.services.test_sync_requirements import acts, staged


def required(world: World, owner: Principal, acme: OrganizationId) -> None:
    """Have an owner connect a provider, come in through it, make codes, and require it from now on."""
    sure, here = world.sure(owner), {"organization": acme}
    made = world.call("connections.create", sure, **here, wish=CONNECTED, secret=SecretText("s"))
    world.call("connections.tested", sure, made, **here, problem=None)
    world.call("connections.enable", sure, made.id, **here)
    identity = ExternalIdentity(connection=made.id, issuer="https://id.example", subject="s", email=None, email_verified=False)
    world.call("sso.link", UserId(owner.id), made.id, identity)
    world.call("sso_glass.make", sure, **here)
    world.call("sso_entrance.require", sure, **here)


def through(person: Principal, acme: OrganizationId) -> Principal:
    """Return somebody as a session through the provider proves them."""
    return replace(person, organization=acme, credential=replace(person.credential, kind=CredentialKind.SSO_SESSION))


@pytest.mark.parametrize("mirrored", [False, True])
def test_every_path_refuses_a_session_of_the_account(mirrored: bool) -> None:
    """Gate, check, batch, explanation, list and every act of ctsec's own do; a key and a provider's session go on; relaxed, all."""
    with staged(roles_in_memory=mirrored) as scene:
        world, place = scene.world, {"organization": scene.acme, "workspace": scene.prod}
        assert scene.views(scene.bob) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
        required(world, scene.ann, scene.acme)
        for who in (scene.bob, world.sure(scene.bob)):
            assert scene.views(who) is DecisionReason.SSO_REQUIRED
            assert (world.call("roles.access", who, **place)).mask == 0
            assert (world.call("roles.check", who, "dashboards:view", **place)).reason is DecisionReason.SSO_REQUIRED
            (batched,) = world.call("roles.check_many", who, [Ask("dashboards:view", scene.acme, scene.prod)])
            told = world.call("roles.explain", who, "dashboards:view", **place)
            assert batched.reason is told.decision.reason is DecisionReason.SSO_REQUIRED
            assert ([each.rule for each in told.because], told.missing) == ([Rule.SSO_REQUIREMENT], ())
            assert world.call("lists.count", who, "dashboards:view", organization=scene.acme) == 0
            refused = acts(scene, who)
            assert {name: reason(each) for name, each in refused.items()} == dict.fromkeys(refused, Reason.SSO_REQUIRED)
        assert reason(world.call("sessions.switch_organization", scene.bob, scene.acme)) is Reason.SSO_REQUIRED
        for who in (through(scene.bob, scene.acme), scene.keyed()):
            assert scene.views(who) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
            assert world.call("lists.count", who, "dashboards:view", organization=scene.acme) == 1
        ann = through(world.sure(scene.ann), scene.acme)
        assert reason(world.call("sso_entrance.relax", ann, organization=scene.acme)) is None
        assert scene.views(scene.bob) is DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE

# Generated from tests/services/test_async_scim_same.py by tools/twin.py; edit that file.
"""One person at sign-in and in what the provider pushes: its own id says so, and an address does not (async source of the twin)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ctsec.ids import UserId
from ctsec.outcome import Reason, Refusal
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import LinkedBy
from ctsec.sso.scim import ScimWish
from ctsec.sso.scim.record import provider_ids
from ctsec.sso.scim.wish import UserWish
from ctsec.testing.conformance.samples import ignore
from ctsec.testing.conformance.sso_samples import identity
from tests.services import test_sync_sso_trials
from tests.services._sync_world import World
from tests.services.test_sync_sso_trials import TrialScene

scene = test_sync_sso_trials.scene
pytestmark = pytest.mark.parametrize("scene", ["memory"], indirect=True)
UMA = "uma@acme.example"


def source(scene: TrialScene, **named: Any) -> Any:
    """Return a SCIM connection, of the connection for sign-in unless something else is named, as its credential opens it."""
    with scene.world.security.begin() as unit:
        wish = ScimWish(name="Directory", **{"connection": scene.connection.id, **named})
        made: Any = unit.scim.connections.create(scene.sure, wish=wish, **scene.org)
        issued: Any = unit.scim.connections.issue(scene.sure, made.id, **scene.org)
        return unit.scim.reads.authenticate(issued.text.reveal())


def push(world: World, here: Any, *, external: str | None, active: bool = True, user: Any = None, email: str = UMA, name: str = "") -> Any:
    """Push Uma or somebody else, or change what was pushed."""
    wish = UserWish(user_name=name or email, external_id=external, active=active, attributes="{}", address=email, display="Uma")
    with world.security.begin() as unit:
        return unit.scim.people.create(here, wish) if user is None else unit.scim.people.change(here, user.id, wish)


def prepared(scene: TrialScene) -> None:
    """Let people sign in by a provider that vouches for no address."""
    scene.enable()
    scene.provider.people["uma"] = {"email": UMA, "email_verified": False}


def is_member(scene: TrialScene, user: Any) -> bool:
    """Tell whether an account is a member."""
    with scene.world.storage.reading() as store:
        return store.memberships.get(scene.stage.acme.id, user) is not None


@pytest.mark.proves("SEED-S13", "SEED-S14")
@pytest.mark.parametrize("external", ["uma", "somebody", None])
def test_a_pushed_person_comes_in_as_whom_the_provider_says(scene: TrialScene, external: str | None) -> None:
    """A first sign-in with the `externalId` of a pushed user is that account's; others are refused, and whoever left is not made anew."""
    prepared(scene)
    here = source(scene)
    pushed = push(scene.world, here, external=external)
    tried, step = scene.dry_run("uma"), scene.sign_in("uma")
    assert tried.passed is (external == "uma")
    if external != "uma":
        assert (tried.problem, step.reason) == ("address_not_verified", Reason.INVALID_CREDENTIALS)
        return
    with scene.world.storage.reading() as store:
        (linked,) = store.identities.of_user(pushed.user_id)
    assert (linked.subject, linked.linked_by) == ("uma", LinkedBy.PUSHED)
    assert not isinstance(step, Refusal)
    assert is_member(scene, pushed.user_id)
    push(scene.world, here, external="uma", active=False, user=pushed)
    assert not is_member(scene, pushed.user_id)
    assert isinstance(scene.sign_in("uma"), Refusal)
    assert not is_member(scene, pushed.user_id)


def test_who_left_before_the_first_sign_in_is_not_found_by_the_id(scene: TrialScene) -> None:
    """A pushed user that was there and is not any more says nothing of who signs in: no identity is linked to its account."""
    prepared(scene)
    here = source(scene)
    pushed = push(scene.world, here, external="uma")
    push(scene.world, here, external="uma", active=False, user=pushed)
    assert (scene.dry_run("uma")).problem == "address_not_verified"
    assert isinstance(scene.sign_in("uma"), Refusal)
    with scene.world.storage.reading() as store:
        assert store.identities.of_user(pushed.user_id) == ()


@pytest.mark.proves("SEED-S14")
@pytest.mark.parametrize("uma", ["active", "inactive", "signed in, and forgotten"])
def test_who_is_pushed_with_a_colleagues_address_is_not_the_colleague(scene: TrialScene, uma: str) -> None:
    """Max, whom the provider pushes with the address of Uma, comes in as nobody, while she is pushed, is away, or signs in as herself."""
    prepared(scene)
    here = source(scene)
    pushed = push(scene.world, here, external="uma")
    if uma == "inactive":
        push(scene.world, here, external="uma", active=False, user=pushed)
    elif uma != "active":
        assert not isinstance(scene.sign_in("uma"), Refusal)
        with scene.world.security.begin() as unit:
            unit.scim.people.remove(here, pushed.id)
    scene.provider.people["max"] = {"email": UMA, "email_verified": False}
    false = push(scene.world, here, external="max", name="max")
    assert false.user_id == pushed.user_id
    tried, step = scene.dry_run("max"), scene.sign_in("max")
    assert (tried.problem, getattr(step, "reason", step)) == ("address_not_verified", Reason.INVALID_CREDENTIALS)


def test_what_stands_before_a_slash_is_part_of_the_id(scene: TrialScene) -> None:
    """Uma of another realm is not the pushed one, except where what is before the slash is a tenant that this library put there."""
    prepared(scene)
    push(scene.world, source(scene), external="uma")
    scene.provider.people["other/uma"] = {"email": UMA, "email_verified": False}
    assert isinstance(scene.sign_in("other/uma"), Refusal)
    assert [provider_ids("tid/oid", provider=each) for each in (Provider.ENTRA, Provider.GENERIC)] == [("tid/oid", "oid"), ("tid/oid",)]


def test_only_the_connections_own_directory_speaks_for_it(scene: TrialScene) -> None:
    """A SCIM connection of no connection for sign-in lets nobody in by an id, nor does a push of somebody else, or of somebody gone."""
    prepared(scene)
    push(scene.world, source(scene), external="uma", email="max@acme.example")
    push(scene.world, source(scene, connection=None), external="uma")
    assert isinstance(scene.sign_in("uma"), Refusal)
    push(scene.world, source(scene), external="uma", active=False)
    assert isinstance(scene.sign_in("uma"), Refusal)


@pytest.mark.proves("SEED-S14")
@pytest.mark.parametrize("external", ["uma", "somebody"])
def test_whom_a_sign_in_made_the_directory_can_end(scene: TrialScene, external: str) -> None:
    """An account that a sign-in made of an address nobody vouched for is the pushed user's by the id; who leaves is out in either case."""
    prepared(scene)
    assert not isinstance(scene.sign_in("uma"), Refusal)
    here = source(scene)
    with scene.world.storage.reading() as store:
        account: Any = store.users.by_email(UMA)
    uma = account.id
    pushed = push(scene.world, here, external=external)
    assert pushed.user_id == (uma if external == "uma" else None)
    assert is_member(scene, uma)
    push(scene.world, here, external=external, active=False, user=pushed)
    assert not is_member(scene, uma)


def test_a_member_by_invitation_is_not_the_directorys_to_end(scene: TrialScene) -> None:
    """Whom people made a member, of an address nobody confirmed, is not the pushed user by an id elsewhere, and stays when they leave."""
    prepared(scene)
    uma = UserId((scene.world.member(scene.stage.acme.id, UMA)).id)
    with scene.world.storage.begin(after_commit=ignore) as store:
        one: Any = store.users.get(uma)
        store.users.replace(replace(one, email_verified_at=None, version=one.version + 1))
        store.identities.add(replace(identity(7, of=7, subject="uma"), user_id=uma))
    here = source(scene)
    pushed = push(scene.world, here, external="uma")
    gone = push(scene.world, here, external="uma", active=False, user=pushed)
    assert (pushed.user_id, gone.user_id) == (None, None)
    assert is_member(scene, uma)

# Generated from tests/services/test_async_addresses.py by tools/twin.py; edit that file.
"""Changing the address of an account: who may, who is told, and what ends (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ctsec.authn._sync_accounts import Accepted
from ctsec.authn._sync_addresses import CHANGE_LIFE
from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.ids import UserId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.user import User
from tests.services._sync_world import KINDS, World
from tests.services.probing import OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, reason

ANN = "ann@acme.example"
NEW = "ann.smith@acme.example"


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[World, None, None]:
    with World.open(request.param, folder=tmp_path) as made:
        yield made


@pytest.fixture
def ann(world: World) -> Principal:
    return world.person(ANN)


def ask(world: World, who: Principal, email: str = NEW, password: str = PASSWORD) -> object:
    return world.call("addresses.request_change", who, email=email, password=password)


def confirm(world: World, token: str, principal: Principal | None = None) -> object:
    return world.call("addresses.confirm_change", token=token, principal=principal)


def kinds(world: World, email: str) -> list[str]:
    return [message.kind for message in world.mailer.to(email)]


def test_the_new_address_signs_in_once_it_was_confirmed(world: World, ann: Principal) -> None:
    """Until the link in the new mailbox is opened the old address signs in; afterwards the new one does, and the old one is nobody's."""
    token = world.change_of_address(ann, NEW)
    assert isinstance(world.step(ANN), SignedIn)
    assert reason(world.step(NEW)) is Reason.INVALID_CREDENTIALS
    changed = confirm(world, token)
    assert isinstance(changed, User)
    assert (changed.email, changed.email_key) == (NEW, NEW)
    assert isinstance(world.step(NEW), SignedIn)
    assert reason(world.step(ANN)) is Reason.INVALID_CREDENTIALS
    assert reason(confirm(world, token)) is Reason.CODE_ALREADY_USED


def test_both_addresses_are_told(world: World, ann: Principal) -> None:
    """The old address hears of the wish and of the change, so that its owner can act in time; the new one gets the link and the news."""
    token = world.change_of_address(ann, NEW)
    assert (kinds(world, ANN)[-1], kinds(world, NEW)) == ("notice", ["email_change"])
    assert token not in "".join(message.text.reveal() for message in world.mailer.to(ANN))
    confirm(world, token)
    world.mail()
    assert (kinds(world, ANN)[-2:], kinds(world, NEW)) == (["notice", "notice"], ["email_change", "notice"])


def test_the_password_is_asked_for_and_its_guesses_are_counted(world: World, ann: Principal) -> None:
    """A wrong password changes nothing, and the fifth one closes the way: a session alone does not take an account over."""
    for _ in range(5):
        assert reason(ask(world, ann, password=WRONG_PASSWORD)) is Reason.INVALID_CREDENTIALS
    assert reason(ask(world, ann)) is Reason.THROTTLED
    world.mail()
    assert kinds(world, NEW) == []
    refused = world.events(name="email.change_refused")
    assert sorted(str(event.reason) for event in refused) == ["invalid_credentials"] * 5 + ["throttled"]


@pytest.mark.proves("ASVS-7.5.1")
def test_a_second_factor_has_to_be_fresh(world: World, ann: Principal) -> None:
    """Where a second factor is enrolled the password is not enough: the factor was proved a moment ago, or the change is refused."""
    device = world.enrol(ann)
    login = world.login_with(device, ANN)
    world.clock.advance(timedelta(minutes=30))
    stale = (world.known(login.token)).principal
    assert reason(ask(world, stale)) is Reason.STEP_UP_REQUIRED
    fresh = (world.login_with(device, ANN)).principal
    token = world.change_of_address(fresh, NEW)
    assert reason(confirm(world, token)) is None
    assert isinstance(world.step(NEW), MfaRequired)


@pytest.mark.proves("ASVS-6.3.8")
def test_a_taken_address_is_not_told(world: World, ann: Principal) -> None:
    """An address of another account gets the same answer as a free one, its owner is told, and no link to it exists.

    The mail goes where the owner's goes: another writing of the address may be another mailbox, which would learn that there is an account.
    """
    world.person("bob@acme.example")
    free, taken = ask(world, ann), ask(world, ann, "Bob@acme.example")
    assert free == taken == Accepted()
    world.mail()
    assert kinds(world, "Bob@acme.example") == []
    assert kinds(world, "bob@acme.example")[-1] == "already_registered"


def test_an_address_that_was_taken_meanwhile_stays_with_its_owner(world: World, ann: Principal) -> None:
    """When somebody else signed up with the address before the link was opened, the change is refused and nothing moved."""
    token = world.change_of_address(ann, NEW)
    world.person(NEW)
    assert reason(confirm(world, token)) is Reason.CONFLICT
    assert isinstance(world.step(ANN), SignedIn)


def test_a_link_ends(world: World, ann: Principal) -> None:
    """A link is void after an hour, after a newer one, after another change, and for a disabled account."""
    old = world.change_of_address(ann, NEW)
    newer = world.change_of_address(ann, "a.smith@acme.example")
    assert reason(confirm(world, old)) is Reason.CODE_ALREADY_USED
    world.clock.advance(CHANGE_LIFE)
    assert reason(confirm(world, newer)) is Reason.EXPIRED
    overtaken = world.change_of_address(ann, NEW)
    with world.security.begin() as unit:
        user = unit.accounts.profile(UserId(ann.id))
        assert user is not None
        unit._store.users.replace(replace(user, email="a@acme.example", email_key="a@acme.example", version=user.version + 1))
    assert reason(confirm(world, overtaken)) is Reason.INVALID_TOKEN
    last = world.change_of_address(ann, NEW)
    world.call("directory.disable_user", ann.id, reason="left")
    assert reason(confirm(world, last)) is Reason.INVALID_TOKEN
    assert reason(confirm(world, "x" * (1 << 20))) is Reason.INVALID_TOKEN


def test_a_mailed_token_is_for_the_address_that_it_went_to(world: World) -> None:
    """Neither a confirmation nor a reset counts for an account that has another address by now, whoever gave it that."""
    world.sign_up(ANN)
    world.call("accounts.request_password_reset", email=ANN)
    confirmation, reset = [world.token(ANN, kind) for kind in ("email_verification", "password_reset")]
    with world.security.begin() as unit:
        user = unit._store.users.by_email(ANN)
        assert user is not None
        unit._store.users.replace(replace(user, email=NEW, email_key=NEW, version=user.version + 1))
    assert reason(world.call("accounts.verify_email", token=confirmation)) is Reason.INVALID_TOKEN
    assert reason(world.call("accounts.reset_password", token=reset, password=OTHER_PASSWORD)) is Reason.INVALID_TOKEN


@pytest.mark.proves("ASVS-7.4.3")
def test_other_sessions_end(world: World, ann: Principal) -> None:
    """The change ends every session but the one that confirms it, and no other person's; a reset link to the old address is void."""
    other, bob = world.login(ANN), world.person("bob@acme.example")
    own = world.login(ANN)
    world.call("accounts.request_password_reset", email=ANN)
    reset = world.token(ANN, "password_reset")
    confirm(world, world.change_of_address(own.principal, NEW), own.principal)
    assert isinstance(world.gate.session(own.token), Principal)
    assert reason(world.gate.session(other.token)) is Reason.NOT_AUTHENTICATED
    assert isinstance(world.again(bob), Principal)
    assert reason(world.call("accounts.reset_password", token=reset, password="green paper boats")) is not None


def test_another_persons_session_is_not_kept(world: World, ann: Principal) -> None:
    """Whoever opens the link in a session of somebody else ends all sessions of the account, and stays signed in as who they are."""
    world.person("bob@acme.example")
    bob = world.login("bob@acme.example")
    mine = world.login(ANN)
    confirm(world, world.change_of_address(mine.principal, NEW), bob.principal)
    assert reason(world.gate.session(mine.token)) is Reason.NOT_AUTHENTICATED
    assert isinstance(world.gate.session(bob.token), Principal)


def test_what_is_no_change_is_refused(world: World, ann: Principal) -> None:
    """What is no address, and the address that the account has, are refused with their reason; a key asks for nothing."""
    for email in ("", "ann", "x" * 300 + "@acme.example", f"a\n@{'x'}.example", "ANN@ACME.example".lower()):
        assert reason(ask(world, ann, email)) is Reason.INVALID_INPUT
    minted = world.key(ann, (world.organization(ann)).id)
    key = world.gate.api_key(minted.token.reveal(), world.request)
    assert isinstance(key, Principal)
    assert reason(ask(world, key)) is Reason.NOT_AUTHENTICATED


def test_addresses_are_sealed_in_the_log(world: World, ann: Principal) -> None:
    """The events say that and when the address changed; the addresses themselves are personal parts, sealed."""
    confirm(world, world.change_of_address(ann, NEW))
    for name in ("email.change_requested", "email.changed"):
        (event,) = world.events(name=name)
        assert event.subject_id == ann.id
        assert NEW not in repr(event)


@pytest.mark.parametrize("how", ["reset", "withdrawn"])
def test_a_change_that_was_asked_for_with_the_old_password_is_void(world: World, ann: Principal, how: str) -> None:
    """Who knew the password asked for another address; once the person has reset it, or it was withdrawn, that link gives nothing."""
    token = world.change_of_address(ann, NEW)
    world.clock.advance(timedelta(seconds=1))
    if how == "reset":
        world.call("accounts.request_password_reset", email=ANN)
        reset = world.token(ANN, "password_reset")
        assert reason(world.call("accounts.reset_password", token=reset, password=OTHER_PASSWORD)) is None
    else:
        assert reason(world.call("accounts.withdraw_password", UserId(ann.id), reason="a leak")) is None
    assert reason(confirm(world, token)) is Reason.INVALID_TOKEN
    assert world.call("accounts.profile", UserId(ann.id)) is not None
    assert reason(world.step(NEW, OTHER_PASSWORD)) is Reason.INVALID_CREDENTIALS

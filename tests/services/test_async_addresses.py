"""Changing the address of an account: who may, who is told, and what ends (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ctsec.authn._async_accounts import Accepted
from ctsec.authn._async_addresses import CHANGE_LIFE
from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.ids import UserId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.user import User
from tests.services._async_world import KINDS, AsyncWorld
from tests.services.probing import OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, reason

ANN = "ann@acme.example"
NEW = "ann.smith@acme.example"


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(request.param, folder=tmp_path) as made:
        yield made


@pytest.fixture
async def ann(world: AsyncWorld) -> Principal:
    return await world.person(ANN)


async def ask(world: AsyncWorld, who: Principal, email: str = NEW, password: str = PASSWORD) -> object:
    return await world.call("addresses.request_change", who, email=email, password=password)


async def confirm(world: AsyncWorld, token: str, principal: Principal | None = None) -> object:
    return await world.call("addresses.confirm_change", token=token, principal=principal)


def kinds(world: AsyncWorld, email: str) -> list[str]:
    return [message.kind for message in world.mailer.to(email)]


async def test_the_new_address_signs_in_once_it_was_confirmed(world: AsyncWorld, ann: Principal) -> None:
    """Until the link in the new mailbox is opened the old address signs in; afterwards the new one does, and the old one is nobody's."""
    token = await world.change_of_address(ann, NEW)
    assert isinstance(await world.step(ANN), SignedIn)
    assert reason(await world.step(NEW)) is Reason.INVALID_CREDENTIALS
    changed = await confirm(world, token)
    assert isinstance(changed, User)
    assert (changed.email, changed.email_key) == (NEW, NEW)
    assert isinstance(await world.step(NEW), SignedIn)
    assert reason(await world.step(ANN)) is Reason.INVALID_CREDENTIALS
    assert reason(await confirm(world, token)) is Reason.CODE_ALREADY_USED


async def test_both_addresses_are_told(world: AsyncWorld, ann: Principal) -> None:
    """The old address hears of the wish and of the change, so that its owner can act in time; the new one gets the link and the news."""
    token = await world.change_of_address(ann, NEW)
    assert (kinds(world, ANN)[-1], kinds(world, NEW)) == ("notice", ["email_change"])
    assert token not in "".join(message.text.reveal() for message in world.mailer.to(ANN))
    await confirm(world, token)
    await world.mail()
    assert (kinds(world, ANN)[-2:], kinds(world, NEW)) == (["notice", "notice"], ["email_change", "notice"])


async def test_the_password_is_asked_for_and_its_guesses_are_counted(world: AsyncWorld, ann: Principal) -> None:
    """A wrong password changes nothing, and the fifth one closes the way: a session alone does not take an account over."""
    for _ in range(5):
        assert reason(await ask(world, ann, password=WRONG_PASSWORD)) is Reason.INVALID_CREDENTIALS
    assert reason(await ask(world, ann)) is Reason.THROTTLED
    await world.mail()
    assert kinds(world, NEW) == []
    refused = await world.events(name="email.change_refused")
    assert sorted(str(event.reason) for event in refused) == ["invalid_credentials"] * 5 + ["throttled"]


@pytest.mark.proves("ASVS-7.5.1")
async def test_a_second_factor_has_to_be_fresh(world: AsyncWorld, ann: Principal) -> None:
    """Where a second factor is enrolled the password is not enough: the factor was proved a moment ago, or the change is refused."""
    device = await world.enrol(ann)
    login = await world.login_with(device, ANN)
    world.clock.advance(timedelta(minutes=30))
    stale = (await world.known(login.token)).principal
    assert reason(await ask(world, stale)) is Reason.STEP_UP_REQUIRED
    fresh = (await world.login_with(device, ANN)).principal
    token = await world.change_of_address(fresh, NEW)
    assert reason(await confirm(world, token)) is None
    assert isinstance(await world.step(NEW), MfaRequired)


@pytest.mark.proves("ASVS-6.3.8")
async def test_a_taken_address_is_not_told(world: AsyncWorld, ann: Principal) -> None:
    """An address of another account gets the same answer as a free one, its owner is told, and no link to it exists.

    The mail goes where the owner's goes: another writing of the address may be another mailbox, which would learn that there is an account.
    """
    await world.person("bob@acme.example")
    free, taken = await ask(world, ann), await ask(world, ann, "Bob@acme.example")
    assert free == taken == Accepted()
    await world.mail()
    assert kinds(world, "Bob@acme.example") == []
    assert kinds(world, "bob@acme.example")[-1] == "already_registered"


async def test_an_address_that_was_taken_meanwhile_stays_with_its_owner(world: AsyncWorld, ann: Principal) -> None:
    """When somebody else signed up with the address before the link was opened, the change is refused and nothing moved."""
    token = await world.change_of_address(ann, NEW)
    await world.person(NEW)
    assert reason(await confirm(world, token)) is Reason.CONFLICT
    assert isinstance(await world.step(ANN), SignedIn)


async def test_a_link_ends(world: AsyncWorld, ann: Principal) -> None:
    """A link is void after an hour, after a newer one, after another change, and for a disabled account."""
    old = await world.change_of_address(ann, NEW)
    newer = await world.change_of_address(ann, "a.smith@acme.example")
    assert reason(await confirm(world, old)) is Reason.CODE_ALREADY_USED
    world.clock.advance(CHANGE_LIFE)
    assert reason(await confirm(world, newer)) is Reason.EXPIRED
    overtaken = await world.change_of_address(ann, NEW)
    async with world.security.begin() as unit:
        user = await unit.accounts.profile(UserId(ann.id))
        assert user is not None
        await unit._store.users.replace(replace(user, email="a@acme.example", email_key="a@acme.example", version=user.version + 1))
    assert reason(await confirm(world, overtaken)) is Reason.INVALID_TOKEN
    last = await world.change_of_address(ann, NEW)
    await world.call("directory.disable_user", ann.id, reason="left")
    assert reason(await confirm(world, last)) is Reason.INVALID_TOKEN
    assert reason(await confirm(world, "x" * (1 << 20))) is Reason.INVALID_TOKEN


async def test_a_mailed_token_is_for_the_address_that_it_went_to(world: AsyncWorld) -> None:
    """Neither a confirmation nor a reset counts for an account that has another address by now, whoever gave it that."""
    await world.sign_up(ANN)
    await world.call("accounts.request_password_reset", email=ANN)
    confirmation, reset = [await world.token(ANN, kind) for kind in ("email_verification", "password_reset")]
    async with world.security.begin() as unit:
        user = await unit._store.users.by_email(ANN)
        assert user is not None
        await unit._store.users.replace(replace(user, email=NEW, email_key=NEW, version=user.version + 1))
    assert reason(await world.call("accounts.verify_email", token=confirmation)) is Reason.INVALID_TOKEN
    assert reason(await world.call("accounts.reset_password", token=reset, password=OTHER_PASSWORD)) is Reason.INVALID_TOKEN


@pytest.mark.proves("ASVS-7.4.3")
async def test_other_sessions_end(world: AsyncWorld, ann: Principal) -> None:
    """The change ends every session but the one that confirms it, and no other person's; a reset link to the old address is void."""
    other, bob = await world.login(ANN), await world.person("bob@acme.example")
    own = await world.login(ANN)
    await world.call("accounts.request_password_reset", email=ANN)
    reset = await world.token(ANN, "password_reset")
    await confirm(world, await world.change_of_address(own.principal, NEW), own.principal)
    assert isinstance(await world.gate.session(own.token), Principal)
    assert reason(await world.gate.session(other.token)) is Reason.NOT_AUTHENTICATED
    assert isinstance(await world.again(bob), Principal)
    assert reason(await world.call("accounts.reset_password", token=reset, password="green paper boats")) is not None


async def test_another_persons_session_is_not_kept(world: AsyncWorld, ann: Principal) -> None:
    """Whoever opens the link in a session of somebody else ends all sessions of the account, and stays signed in as who they are."""
    await world.person("bob@acme.example")
    bob = await world.login("bob@acme.example")
    mine = await world.login(ANN)
    await confirm(world, await world.change_of_address(mine.principal, NEW), bob.principal)
    assert reason(await world.gate.session(mine.token)) is Reason.NOT_AUTHENTICATED
    assert isinstance(await world.gate.session(bob.token), Principal)


async def test_what_is_no_change_is_refused(world: AsyncWorld, ann: Principal) -> None:
    """What is no address, and the address that the account has, are refused with their reason; a key asks for nothing."""
    for email in ("", "ann", "x" * 300 + "@acme.example", f"a\n@{'x'}.example", "ANN@ACME.example".lower()):
        assert reason(await ask(world, ann, email)) is Reason.INVALID_INPUT
    minted = await world.key(ann, (await world.organization(ann)).id)
    key = await world.gate.api_key(minted.token.reveal(), world.request)
    assert isinstance(key, Principal)
    assert reason(await ask(world, key)) is Reason.NOT_AUTHENTICATED


async def test_addresses_are_sealed_in_the_log(world: AsyncWorld, ann: Principal) -> None:
    """The events say that and when the address changed; the addresses themselves are personal parts, sealed."""
    await confirm(world, await world.change_of_address(ann, NEW))
    for name in ("email.change_requested", "email.changed"):
        (event,) = await world.events(name=name)
        assert event.subject_id == ann.id
        assert NEW not in repr(event)


@pytest.mark.parametrize("how", ["reset", "withdrawn"])
async def test_a_change_that_was_asked_for_with_the_old_password_is_void(world: AsyncWorld, ann: Principal, how: str) -> None:
    """Who knew the password asked for another address; once the person has reset it, or it was withdrawn, that link gives nothing."""
    token = await world.change_of_address(ann, NEW)
    world.clock.advance(timedelta(seconds=1))
    if how == "reset":
        await world.call("accounts.request_password_reset", email=ANN)
        reset = await world.token(ANN, "password_reset")
        assert reason(await world.call("accounts.reset_password", token=reset, password=OTHER_PASSWORD)) is None
    else:
        assert reason(await world.call("accounts.withdraw_password", UserId(ann.id), reason="a leak")) is None
    assert reason(await confirm(world, token)) is Reason.INVALID_TOKEN
    assert await world.call("accounts.profile", UserId(ann.id)) is not None
    assert reason(await world.step(NEW, OTHER_PASSWORD)) is Reason.INVALID_CREDENTIALS

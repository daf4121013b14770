"""The first step of a sign-in: what it tells, what it counts, and what it refuses (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest

from ctsec.audit.event import EventName
from ctsec.authn import argon2
from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.guard import AllowancePolicy, ThrottlePolicy
from ctsec.outcome import Reason, Refusal
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import Written
from tests.services._async_world import KINDS, AsyncWorld
from tests.services.probing import PASSWORD, WRONG_PASSWORD, reason

ANN = "ann@acme.example"
HUGE = "x" * (1 << 20)


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(request.param, folder=tmp_path) as made:
        yield made


async def fail(world: AsyncWorld, times: int, email: str = ANN) -> None:
    """Fail to sign in as often as said, waiting out every block."""
    for _ in range(times):
        assert reason(await world.step(email, WRONG_PASSWORD)) is Reason.INVALID_CREDENTIALS
        world.clock.advance(timedelta(minutes=15))


@pytest.mark.proves("ASVS-6.3.8")
async def test_known_and_unknown_addresses_can_not_be_told_apart(world: AsyncWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password and an unknown address get the same answer after the same port calls and as many slow hashes."""
    await world.person(ANN)
    hashes: list[str] = []
    verify = argon2.verify_password

    def counted(encoded: str, password: bytes, *, ceiling: argon2.Argon2Parameters = argon2.CEILING) -> bool:
        hashes.append(encoded)
        return verify(encoded, password, ceiling=ceiling)

    monkeypatch.setattr(argon2, "verify_password", counted)
    with world.tap.to(Written()) as known:
        wrong = await world.step(ANN, WRONG_PASSWORD)
    assert len(hashes) == 1
    with world.tap.to(Written()) as unknown:
        nobody = await world.step("nobody@acme.example", WRONG_PASSWORD)
    assert len(hashes) == 2
    assert wrong == nobody
    assert reason(wrong) is Reason.INVALID_CREDENTIALS
    assert known.calls == unknown.calls
    assert known.writes == unknown.writes == ["guard.allowances.replace", "guard.attempts.replace", "guard.events.append"]


@pytest.mark.proves("CVE-2026-47203", "CVE-2025-55001")
@pytest.mark.parametrize("written", ["ANN@acme.example", "ann@ACME.EXAMPLE", "Ann@Acme.Example"])
async def test_an_address_is_one_account_however_it_is_written(world: AsyncWorld, written: str) -> None:
    """Sign-in asks for the second factor under every writing of an address, a sign-up makes no other account, and mail goes to the one."""
    await world.enrol(await world.person(ANN))
    assert isinstance(await world.step(written), MfaRequired)
    await world.call("accounts.sign_up", email=written, password="another good passphrase", name="Eve")
    assert reason(await world.step(written, "another good passphrase")) is Reason.INVALID_CREDENTIALS
    for method in ("accounts.request_password_reset", "accounts.request_verification"):
        await world.call(method, email=written)
    await world.mail()
    assert {message.recipient for message in world.mailer.sent} == {ANN}
    assert {"already_registered", "password_reset"} <= {message.kind for message in world.mailer.sent}


@pytest.mark.proves("ASVS-6.3.8", "CVE-2022-39307")
async def test_requests_by_address_answer_the_same(world: AsyncWorld) -> None:
    """Sign-up, another verification mail and a reset answer the same whether the address has an account; only the mail differs."""
    await world.person(ANN)
    sign_up = {"password": PASSWORD, "name": "Ann"}
    assert await world.call("accounts.sign_up", email=ANN, **sign_up) == await world.call(
        "accounts.sign_up", email="new@a.example", **sign_up
    )
    for method in ("accounts.request_verification", "accounts.request_password_reset"):
        assert (
            await world.call(method, email=ANN) == await world.call(method, email="nobody@a.example") == await world.call(method, email="@")
        )
    await world.mail()
    assert sorted(message.kind for message in world.mailer.to(ANN)) == ["already_registered", "email_verification", "password_reset"]
    assert world.mailer.to("nobody@a.example") == ()


async def test_a_second_sign_up_changes_nothing_of_the_account(world: AsyncWorld) -> None:
    """Whoever signs up with a taken address can not set its password."""
    await world.person(ANN)
    await world.call("accounts.sign_up", email="ANN@acme.example", password="another good passphrase", name="Eve")
    assert isinstance(await world.step(ANN), SignedIn)
    assert reason(await world.step(ANN, "another good passphrase")) is Reason.INVALID_CREDENTIALS


async def test_an_unverified_account_does_not_sign_in(world: AsyncWorld) -> None:
    """Before the address is confirmed the right password is told so, and a wrong one learns nothing."""
    await world.sign_up(ANN)
    assert reason(await world.step(ANN)) is Reason.EMAIL_NOT_VERIFIED
    assert reason(await world.step(ANN, WRONG_PASSWORD)) is Reason.INVALID_CREDENTIALS


async def test_a_disabled_account_does_not_sign_in(world: AsyncWorld) -> None:
    """A disabled account is told so with the right password only; a ticket from before does not help; enabled, it signs in."""
    ann = await world.person(ANN)
    device = await world.enrol(ann)
    world.clock.advance(timedelta(seconds=30))
    ticket = await world.step(ANN)
    await world.call("directory.disable_user", ann.id, reason="left")
    assert reason(await world.step(ANN)) is Reason.DISABLED
    assert reason(await world.step(ANN, WRONG_PASSWORD)) is Reason.INVALID_CREDENTIALS
    assert reason(await world.second(ticket, device.code())) is Reason.DISABLED
    await world.call("directory.enable_user", ann.id, reason="back")
    assert isinstance(await world.second(ticket, device.code()), SignedIn)


@pytest.mark.proves("NIST-3.2.2", "ASVS-6.3.1")
async def test_the_fifth_failure_blocks(world: AsyncWorld) -> None:
    """Four failures cost nothing, the fifth makes everybody wait, the right password too, and a refused attempt is not counted."""
    await world.person(ANN)
    for _ in range(5):
        assert reason(await world.step(ANN, WRONG_PASSWORD)) is Reason.INVALID_CREDENTIALS
    blocked = await world.step(ANN)
    assert isinstance(blocked, Refusal)
    assert (blocked.reason, blocked.retry_after) == (Reason.THROTTLED, timedelta(seconds=32))
    world.clock.advance(timedelta(seconds=31))
    again = await world.step(ANN)
    assert isinstance(again, Refusal)
    assert again.retry_after == timedelta(seconds=1)
    world.clock.advance(timedelta(seconds=1))
    assert isinstance(await world.step(ANN), SignedIn)


async def test_unknown_addresses_are_throttled_alike(world: AsyncWorld) -> None:
    """The counter does not know whether there is an account, nor how its address is written."""
    for email in ("nobody@a.example", "NOBODY@A.example", "nobody@a.EXAMPLE", "Nobody@a.example", "nobody@a.example"):
        assert reason(await world.step(email, WRONG_PASSWORD)) is Reason.INVALID_CREDENTIALS
    assert reason(await world.step("nobody@a.example", WRONG_PASSWORD)) is Reason.THROTTLED


@pytest.mark.proves("ASVS-6.3.1")
async def test_an_attempt_is_counted_before_the_comparison(world: AsyncWorld) -> None:
    """The counter has been written before the password is read."""
    await world.person(ANN)
    with world.tap.to(Written()) as probe:
        await world.step(ANN)
    assert probe.calls.index("guard.attempts.replace") < probe.calls.index("passwords.get")


async def test_success_forgives_the_failures(world: AsyncWorld) -> None:
    """A completed sign-in clears the password's counter: four more failures do not block."""
    await world.person(ANN)
    for _ in range(2):
        for _ in range(4):
            await world.step(ANN, WRONG_PASSWORD)
        assert isinstance(await world.step(ANN), SignedIn)


@pytest.mark.proves("NIST-3.2.2")
async def test_nothing_is_forgiven_before_the_journey_is_complete(world: AsyncWorld) -> None:
    """The right password with a wrong code leaves the password's count; right passwords alone run into the block too."""
    device = await world.enrol(await world.person(ANN))
    for _ in range(4):
        await world.step(ANN, WRONG_PASSWORD)
    ticket = await world.step(ANN)
    assert isinstance(ticket, MfaRequired)
    assert reason(await world.second(ticket, device.wrong())) is Reason.INVALID_CODE
    assert reason(await world.step(ANN)) is Reason.THROTTLED
    world.clock.advance(timedelta(seconds=32))
    assert isinstance(await world.second(ticket, device.code()), SignedIn)
    assert isinstance(await world.step(ANN), MfaRequired)


@pytest.mark.proves("NIST-3.2.2")
async def test_the_hundredth_failure_locks_and_a_mailed_link_binds_anew() -> None:
    """After 100 failures time does not help; a reset, which binds a new password, does."""
    async with AsyncWorld.open() as world:
        await world.person(ANN)
        await fail(world, 99)
        assert isinstance(await world.step(ANN), SignedIn)
        await fail(world, 100)
        world.clock.advance(timedelta(days=400))
        locked = await world.step(ANN)
        assert isinstance(locked, Refusal)
        assert (locked.reason, locked.retry_after) == (Reason.LOCKED, None)
        await world.call("accounts.request_password_reset", email=ANN)
        token = await world.token(ANN, "password_reset")
        await world.call("accounts.reset_password", token=token, password="seven purple lanterns")
        assert isinstance(await world.step(ANN, "seven purple lanterns"), SignedIn)


async def test_a_clock_that_jumps_back_neither_frees_nor_locks(world: AsyncWorld) -> None:
    """A clock that goes back a year ends no block early, makes none longer than 15 minutes, and empties allowances."""
    await world.person(ANN)
    for _ in range(5):
        await world.step(ANN, WRONG_PASSWORD)
    world.clock.set(world.clock.now() - timedelta(days=365))
    blocked = await world.step(ANN)
    assert isinstance(blocked, Refusal)
    assert blocked.retry_after == timedelta(minutes=15)
    world.clock.advance(timedelta(minutes=15))
    emptied = await world.step(ANN)
    assert isinstance(emptied, Refusal)
    assert emptied.retry_after == timedelta(seconds=30)
    world.clock.advance(timedelta(seconds=30))
    assert isinstance(await world.step(ANN), SignedIn)


@pytest.mark.parametrize(
    "email", [HUGE, f"{HUGE}@a.example", "", "@", "no address", "\ud800@a.example", "a\0b@a.example", "ann@acme.example " * 9]
)
async def test_impossible_addresses_are_wrong_like_any_other(world: AsyncWorld, email: str) -> None:
    """An over-long or malformed address gets the answer of an unknown one, and is counted."""
    assert reason(await world.step(email)) is Reason.INVALID_CREDENTIALS
    for _ in range(4):
        await world.step(email)
    assert reason(await world.step(email)) is Reason.THROTTLED


@pytest.mark.parametrize("password", [HUGE, "", "\ud800" * 20, "a\0b"])
async def test_impossible_passwords_are_wrong(world: AsyncWorld, password: str) -> None:
    """An over-long, empty or unencodable password is wrong, and is counted."""
    await world.person(ANN)
    assert reason(await world.step(ANN, password)) is Reason.INVALID_CREDENTIALS


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"email": HUGE}, Reason.INVALID_INPUT),
        ({"email": f"{'a' * 260}@a.example"}, Reason.INVALID_INPUT),
        ({"name": HUGE}, Reason.INVALID_INPUT),
        ({"name": "a\nb"}, Reason.INVALID_INPUT),
        ({"password": HUGE}, Reason.PASSWORD_TOO_LONG),
        ({"password": "\ud800" * 20}, Reason.INVALID_INPUT),
        ({"password": "short"}, Reason.PASSWORD_TOO_SHORT),
        ({"password": "passwordpassword"}, Reason.PASSWORD_COMMON),
        ({"password": "ann@acme.example"}, Reason.PASSWORD_COMMON),
    ],
)
async def test_a_refused_sign_up_writes_nothing(world: AsyncWorld, changed: dict[str, str], wanted: Reason) -> None:
    """What can not be an account is refused with its reason, and nothing is written but that somebody at this address has asked."""
    with world.tap.to(Written()) as probe:
        refused = await world.call("accounts.sign_up", **{"email": ANN, "password": PASSWORD, "name": "Ann", **changed})
    assert reason(refused) is wanted
    assert set(probe.writes) <= {"guard.allowances.replace"}


async def test_sign_ups_of_strangers_end() -> None:
    """One address block mails so many people at once; who confirms the address gives back what asking for it took."""
    few = ThrottlePolicy(addresses=AllowancePolicy(burst=3, every=timedelta(seconds=30)))
    async with AsyncWorld.open(options=EmbeddedOptions(throttle=few)) as world:

        async def sign_up(name: str) -> Reason | None:
            return reason(await world.call("accounts.sign_up", email=f"{name}@acme.example", password=PASSWORD, name="Ann"))

        assert [await sign_up(name) for name in ("one", "two", "three", "four")] == [None, None, None, Reason.THROTTLED]
        world.clock.advance(timedelta(seconds=30))
        assert reason(await world.call("accounts.verify_email", token=await world.token("one@acme.example", "email_verification"))) is None
        assert [await sign_up(name) for name in ("four", "four", "five")] == [None, None, Reason.THROTTLED]
        await world.mail()
        kinds = sorted(message.kind for message in world.mailer.to("four@acme.example"))
        assert (kinds, world.mailer.to("five@acme.example")) == (["already_registered", "email_verification"], ())


async def test_one_mailbox_has_one_allowance(world: AsyncWorld) -> None:
    """Dots and what follows a plus make no other mailbox for who counts mails, whatever they ask for; they make another account."""
    for local in ("a.n.n", "an.n", "ann+1", "a.nn+2", "ann"):
        assert reason(await world.call("accounts.sign_up", email=f"{local}@acme.example", password=PASSWORD, name="Ann")) is None
    for local in ("ann", "ann+x", "a.n.n"):
        assert reason(await world.call("accounts.request_verification", email=f"{local}@acme.example")) is Reason.THROTTLED
    await world.mail()
    assert {message.kind for message in world.mailer.sent} == {"email_verification"}
    assert len(world.mailer.sent) == 5


async def test_every_step_is_in_the_log(world: AsyncWorld) -> None:
    """Refused, started and completed sign-ins are events with their reason, without address or password in clear."""
    ann = await world.person(ANN)
    device = await world.enrol(ann)
    await world.step(ANN, WRONG_PASSWORD)
    await world.login_with(device, ANN)
    events = [event for event in await world.events() if event.name.startswith("user.sign")]
    assert sorted((event.name, event.outcome, event.reason) for event in events) == [
        (EventName.USER_SIGN_IN_REFUSED, "refused", "invalid_credentials"),
        (EventName.USER_SIGN_IN_STARTED, "success", ""),
        (EventName.USER_SIGNED_IN, "success", ""),
        (EventName.USER_SIGNED_IN, "success", ""),
        (EventName.USER_SIGNED_UP, "success", ""),
    ]
    assert all(ANN.encode() not in event.body and PASSWORD.encode() not in event.body for event in events)
    assert {event.request_id for event in events} == {"req_1"}

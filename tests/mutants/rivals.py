"""Two requests at the same compare-and-set: what both read before either wrote."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ctsec.authn.journey import SignedIn, SignInStep
from ctsec.outcome import Refusal
from ctsec.principal import Factor, Principal
from ctsec.testing import SoftwareAuthenticator
from tests.services._sync_world import World
from tests.services.probing import ORIGIN, OTHER_PASSWORD, Device, reason

ANN = "ann@acme.example"


class Rival:
    """A probe that lets another request through, whole, before the first call of `at` of the request that it watches."""

    def __init__(self, at: str, request: Callable[[], object]) -> None:
        self._at = at
        self._request = request
        self.answers: list[object] = []

    def before(self, call: str) -> None:
        """Let the other one go first, once."""
        if call == self._at and not self.answers:
            self.answers.append(None)
            self.answers[0] = self._request()

    def after(self, call: str, result: object) -> None:
        """Do nothing."""


def one_wins(world: World, at: str, request: Callable[[], object]) -> None:
    """Make the same request twice, the second one whole before `at` of the first; assert that one of them was refused."""
    rival = Rival(at, request)
    with world.tap.to(rival):
        answers = [request()]
    answers += rival.answers
    assert len(answers) == 2
    assert sorted(isinstance(answer, Refusal) for answer in answers) == [False, True], [reason(answer) for answer in answers]


def with_one_code(world: World, device: Device) -> None:
    """One code of an authenticator."""
    world.clock.advance(timedelta(seconds=30))
    tickets = [world.step(ANN), world.step(ANN)]
    one_wins(world, "guard.steps.advance", lambda: world.second(tickets.pop(), device.code()))


def with_one_backup_code(world: World, device: Device) -> None:
    """One backup code."""
    tickets = [world.step(ANN), world.step(ANN)]
    one_wins(world, "guard.proofs.consume", lambda: world.second(tickets.pop(), device.backup[0], Factor.BACKUP_CODE))


def with_one_ticket(world: World, device: Device) -> None:
    """One ticket, and two codes that are both right."""
    world.clock.advance(timedelta(seconds=30))
    ticket = world.step(ANN)
    codes = [(device.backup[0], Factor.BACKUP_CODE), (device.code(), Factor.TOTP)]

    def request() -> SignInStep:
        code, factor = codes.pop()
        return world.second(ticket, code, factor)

    one_wins(world, "guard.proofs.consume", request)


def with_one_link(world: World, ann: Principal) -> None:
    """One link that sets a password."""
    world.call("accounts.request_password_reset", email=ANN)
    token = world.token(ANN, "password_reset")
    one_wins(world, "guard.proofs.consume", lambda: world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD))


def with_one_answer(world: World, ann: Principal) -> None:
    """One answer of a passkey that counts no signatures."""
    key = SoftwareAuthenticator(counts=False)
    world.add_passkey(ann, key)
    response = key.get(world.call("sign_in.begin_passkey"), origin=ORIGIN)
    one_wins(world, "guard.proofs.consume", lambda: world.call("sign_in.passkey", response=response))


def fresh_each_time(world: World, ann: Principal) -> None:
    """Two requests with nothing in common: both win, so that a rival alone refuses nobody."""
    answers: list[object] = []
    rival = Rival("guard.attempts.replace", lambda: world.step(ANN))
    with world.tap.to(rival):
        answers.append(world.step(ANN))
    assert all(isinstance(answer, SignedIn) for answer in (*answers, *rival.answers))


def pending_counts_for_nothing(world: World, ann: Principal) -> None:
    """An authenticator that no code has confirmed."""
    world.call("mfa.begin_totp", ann)
    assert isinstance(world.step(ANN), SignedIn)

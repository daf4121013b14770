"""Of eight processes that present the same one-time thing at once, one is let in: each round, on each database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ctsec.authn.journey import MfaRequired
from ctsec.principal import Factor
from ctsec.storage.sql import SqlStorage
from ctsec.testing import SoftwareAuthenticator
from tests.races.crowd import PATIENT, Crowd, Order, keys_in
from tests.servers import Database, available_databases, fresh_database
from tests.services._sync_world import World
from tests.services.probing import ORIGIN, PASSWORD, Device
from tests.storage.sql.support import emptied

ROUNDS = 1000 if os.environ.get("CTSEC_SOAK") else 20
STEP = timedelta(seconds=30)
LOSERS = {"code_already_used", "invalid_token", "not_authenticated", "busy"}


class Race:
    """A deployment, eight further processes of it, and people who come one after the other."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.storage = SqlStorage.from_url(database.sync_url, guard=database.guard_sync_url)
        self.world = World(self.storage, keys=keys_in(folder), options=PATIENT)
        self.world.security.prepare()
        self.crowd = Crowd(database.sync_url, database.guard_sync_url, folder)
        self.count = 0

    def person(self) -> tuple[str, Device]:
        """Return the address of a new person, and the authenticator."""
        self.count += 1
        email = f"p{self.count}@acme.example"
        return email, self.world.enrol(self.world.person(email))

    def later(self, email: str, password: str, device: Device) -> str:
        """Let what losers were charged be waited for and forgiven, and return the token of a session with a second factor."""
        self.world.clock.advance(timedelta(days=2))
        return self.world.login_with(device, email, password).token

    def passkey(self, token: str) -> SoftwareAuthenticator:
        """Give the person of a session with a second factor a passkey, and return what holds it."""
        key = SoftwareAuthenticator()
        self.world.add_passkey(self.world.known(token).principal, key)
        return key

    def answer(self, key: SoftwareAuthenticator, token: str | None) -> str:
        """Return what a passkey answers to a challenge for anybody, or for the person of a session."""
        asked = self.world.call("sign_in.begin_step_up", self.world.known(token).principal) if token else None
        return key.get(asked or self.world.call("sign_in.begin_passkey"), origin=ORIGIN)

    def run(self, *orders: Order) -> None:
        """Have all eight come at once; one wins, and the others are told why not."""
        ended = self.crowd.call(self.world.clock.now(), *orders)
        assert ended.count("won") == 1, ended
        assert {*ended} - {"won"} <= LOSERS, ended

    def ways(self, email: str, token: str, password: str, factor: Factor, code: str) -> tuple[Order, ...]:
        """Return the two ways in which a code is presented: to complete a sign-in, and to step a session up."""
        step = self.world.step(email, password)
        assert isinstance(step, MfaRequired)
        return (
            Order("sign_in.second_factor", "", {"ticket": step.ticket.reveal(), "factor": factor, "code": code}),
            Order("sign_in.step_up", token, {"factor": factor, "code": code}),
        )


@pytest.fixture(params=available_databases())
def race(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Race]:
    made = Race(emptied(fresh_database(request.param, folder=tmp_path)), tmp_path)
    yield made
    made.crowd.close()
    made.world.security.close()


@pytest.mark.slow
@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.4.2", "CHANGELOG-better-auth-8067")
def test_one_of_eight_wins(race: Race) -> None:
    """One TOTP code, one backup code, one answer of a passkey and one reset token let one of eight in, whichever of the ways they take."""
    for n in range(ROUNDS):
        if n % 10 == 0:
            (email, device), password = race.person(), PASSWORD
            key = race.passkey(race.later(email, password, device))
            race.run(Order("sign_in.passkey", "", {"response": race.answer(key, None)}))
            token = race.later(email, password, device)
            race.run(*race.ways(email, token, password, Factor.PASSKEY, race.answer(key, token)))
        token = race.later(email, password, device)
        race.world.clock.advance(STEP)
        race.run(*race.ways(email, token, password, Factor.TOTP, device.code()))
        token = race.later(email, password, device)
        race.run(*race.ways(email, token, password, Factor.BACKUP_CODE, device.backup[n % 10]))
        race.world.call("accounts.request_password_reset", email=email)
        mailed = race.world.token(email, "password_reset")
        password = f"seven purple lanterns {n}"
        race.run(Order("accounts.reset_password", "", {"token": mailed, "password": password}))

"""Of eight processes that present the same one-time thing at once, one is let in: each round, on each database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from ctsec.authn._sync_links import RESET
from ctsec.authn.device import DEVICE_LIFE, Device, mint_device_token
from ctsec.authn.journey import TICKET_LIFE
from ctsec.guard.counters import device_counter, password_counter
from ctsec.guard.proof import Proof, Purpose, mint_token
from ctsec.ids import DeviceId, new_id
from ctsec.principal import Factor
from ctsec.testing import SoftwareAuthenticator
from ctsec.user import User
from tests.races.crowd import MEMBERS, PATIENT, Crowd, Order, keys_in, storage_at
from tests.servers import Database, available_databases, fresh_database
from tests.services._sync_world import REQUEST, World
from tests.services.probing import ORIGIN
from tests.services.probing import Device as Authenticator
from tests.storage.sql.support import emptied

ROUNDS = 1000 if os.environ.get("CTSEC_SOAK") else 50
CODES = 10
WHOLE = 10  # of so many rounds, the first two are whole journeys
STEP = timedelta(seconds=30)
LOSERS = {"code_already_used", "invalid_token", "not_authenticated", "busy"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a round begins with: a session with a second factor, a mailed reset token, and for each member a device and a ticket."""

    session: str
    reset: str
    devices: tuple[str, ...]
    tickets: tuple[str, ...]


class Race:
    """A deployment, eight further processes of it, and people who come one after the other."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.storage = storage_at(database.sync_url, database.guard_sync_url)
        self.world = World(self.storage, keys=keys_in(folder), options=PATIENT)
        self.world.security.prepare()
        self.crowd = Crowd(database.sync_url, database.guard_sync_url, folder)
        self.count = 0
        self.user: User
        self.app: Authenticator
        self.key: SoftwareAuthenticator

    def person(self) -> None:
        """Let another person come, with an authenticator app, backup codes and a passkey."""
        self.count += 1
        email = f"p{self.count}@acme.example"
        principal = self.world.person(email)
        self.app, self.key = self.world.enrol(principal), SoftwareAuthenticator()
        self.world.add_passkey(self.world.again(principal), self.key)
        with self.world.security.begin() as unit:
            found = unit._store.users.by_email(email)
            assert found is not None
            self.user = found

    def prepare(self) -> Prepared:
        """Have the first steps made, a step of the authenticator later, in one transaction and without their hashes."""
        self.world.clock.advance(STEP)
        now, random = self.world.clock.now(), os.urandom
        with self.world.security.begin(REQUEST) as unit:
            _, session = unit.sessions.start(self.user, factors={Factor.PASSWORD.value: now, Factor.TOTP.value: now})
            devices = [new_id(DeviceId, now=now, random=random) for _ in range(MEMBERS)]
            known = [mint_device_token(each, random=random) for each in devices]
            for each, (_, digest) in zip(devices, known, strict=True):
                made = Device(
                    id=each, user_id=self.user.id, secret_digest=digest, created_at=now, seen_at=now, expires_at=now + DEVICE_LIFE
                )
                unit._store.devices.add(made)
            tickets = [mint_token(random=random) for _ in devices]
            unit._guard.proofs.issue(tuple(self._ticket(each, digest) for each, (_, digest) in zip(devices, tickets, strict=True)))
            reset = unit._links._issue(RESET, self.user.id, key=self.user.email_key, block="", browser=None)
        texts = [tuple(text.reveal() for text, _ in each) for each in (known, tickets)]
        return Prepared(session.reveal(), reset.reveal(), *texts)

    def _ticket(self, device: DeviceId, digest: bytes) -> Proof:
        now = self.world.clock.now()
        claims = {"password_at": now.isoformat(), "counter": device_counter(password_counter(self.user.id), device), "block": ""}
        ends = now + TICKET_LIFE
        return Proof(purpose=Purpose.SIGN_IN_TICKET, digest=digest, subject=self.user.id, issued_at=now, expires_at=ends, claims=claims)

    def answer(self, token: str | None) -> str:
        """Return what the passkey answers to a challenge for anybody, or for the person of a session."""
        asked = self.world.call("sign_in.begin_step_up", self.world.known(token).principal) if token else None
        return self.key.get(asked or self.world.call("sign_in.begin_passkey"), origin=ORIGIN)

    def codes(self, n: int, ready: Prepared, factor: Factor, code: str) -> tuple[Order, ...]:
        """Return the two ways in which a code is presented, by turns: to complete a sign-in, and to step a session up.

        In eight rounds of ten all come to what both ways call: the same compare-and-set, without the first steps and charges around it.
        """
        given = {"factor": factor, "code": code}
        if n % WHOLE > 1:
            return tuple(Order("mfa._check_code", "", {"user_id": self.user.id, "sole": False, **given}, text) for text in ready.devices)
        return tuple(
            Order("sign_in.second_factor", "", {"ticket": ready.tickets[n], **given}, ready.devices[n])
            if n % 2
            else Order("sign_in.step_up", ready.session, given, ready.devices[n])
            for n in range(MEMBERS)
        )

    def races(self, n: int) -> Iterator[tuple[Order, ...]]:
        """Yield the four races of a round: a code of the app, a backup code, an answer of a passkey, a reset token."""
        if n % CODES == 0:
            self.person()
        ready = self.prepare()
        yield self.codes(n, ready, Factor.TOTP, self.app.code())
        ready = self.prepare()
        yield self.codes(n, ready, Factor.BACKUP_CODE, self.app.backup[n % CODES])
        if n % 2:
            ready = self.prepare()
            yield self.codes(n, ready, Factor.PASSKEY, self.answer(ready.session))
        else:
            alone = {"response": self.answer(None)}
            yield tuple(Order("sign_in.passkey" if n % WHOLE < 2 else "mfa.identify", "", alone, device) for device in ready.devices)
        if n % WHOLE > 1:
            spent = {"purpose": Purpose.PASSWORD_RESET, "token": ready.reset}
            yield tuple(Order("accounts._redeem", "", spent, device) for device in ready.devices)
        else:
            reset = {"token": ready.reset, "password": f"seven purple lanterns {n}"}
            yield tuple(Order("accounts.reset_password", "", reset, device) for device in ready.devices)

    def run(self, orders: tuple[Order, ...]) -> None:
        """Have all eight come at once; one wins, and the others are told why not."""
        ended = self.crowd.call(self.world.clock.now(), *orders)
        assert ended.count("won") == 1, ended
        assert {*ended} - {"won"} <= LOSERS, ended

    def warm_up(self) -> None:
        """Have each kind of order won and lost by one process, so that the members are forked with their statements compiled."""
        for n in (0, 1):
            for orders in self.races(n):
                for order in orders[:2] if n else orders[1::-1]:
                    self.crowd.warm(self.world.clock.now(), order)
        self.crowd.begin()


@pytest.fixture(params=available_databases())
def race(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Race]:
    made = Race(emptied(fresh_database(request.param, folder=tmp_path)), tmp_path)
    yield made
    made.crowd.close()
    made.world.security.close()


@pytest.mark.slow
@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.4.2", "CHANGELOG-better-auth-8067", "ASVS-2.3.4", "ASVS-15.4.2")
def test_one_of_eight_wins(race: Race) -> None:
    """One TOTP code, one backup code, one answer of a passkey and one reset token let one of eight in, whichever of the ways they take."""
    race.warm_up()
    for n in range(ROUNDS):
        for orders in race.races(n):
            race.run(orders)

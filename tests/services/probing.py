"""What the service tests of both colours share: the words of answers, an independent authenticator, and a probe that can be changed."""

from __future__ import annotations

import atexit
import base64
import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, TypeVar

import pyotp
from boto3.session import Session

from ctsec.authn.hibp import AsyncBlockingRanges
from ctsec.authn.ports import AsyncBreachRanges, BreachRanges
from ctsec.encryption.kms._async_services import AsyncLocalKeyServices
from ctsec.encryption.kms._sync_services import LocalKeyServices
from ctsec.encryption.kms.blocking import AsyncBlockingKeyServices
from ctsec.encryption.kms.local import AsyncLocalKms, LocalKms
from ctsec.encryption.ports import AsyncKeyServices, KeyServices
from ctsec.mail.message import Message
from ctsec.operators import Operator
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.secret import Secret
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory.guard_state import GuardState
from ctsec.storage.memory.state import MemoryState
from ctsec.storage.sql.schema import create
from ctsec.storage.sql.tables import default_tables
from ctsec.testing import FixedClock, Probe
from tests.servers import FOLDER_VARIABLE

PASSWORD: Final = "correct horse battery"
OTHER_PASSWORD: Final = "seven purple lanterns"
# PASSWORD, as another system had it.
BCRYPT: Final = "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS"
WRONG_PASSWORD: Final = "wrong horse of battery"
DATABASE: Final = "app.db"
ORIGIN: Final = "http://localhost:8000"  # of the base address that options have where none is named
OPERATOR: Final = Operator(id="sam@ops.example", reason="ticket 4711")
SECOND_OPERATOR: Final = Operator(id="tess@ops.example", reason="ticket 4711, checked")
P = TypeVar("P", bound=Probe)


def reason(outcome: object) -> Reason | None:
    """Return why something was refused, or None if it was not."""
    return outcome.reason if isinstance(outcome, Refusal) else None


def token_in(message: Message) -> str:
    """Return the token of the link in a mail."""
    found = re.search(r"token=(\S+)", message.text.reveal())
    assert found is not None
    return found.group(1)


@dataclass(frozen=True, slots=True)
class Device:
    """An authenticator app as pyotp makes it, with the backup codes that were shown at enrolment."""

    seed: str
    backup: tuple[str, ...]
    clock: FixedClock

    def code(self, steps: int = 0) -> str:
        """Return the code of the clock's time, or of some steps later (negative: earlier)."""
        return pyotp.TOTP(self.seed).at(self.clock.now(), counter_offset=steps)

    def wrong(self) -> str:
        """Return six digits that are no code of any step near the clock's time."""
        near = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777") if code not in near)


def kept_folder() -> Path:
    """Return a folder of this process, which goes with those of the run's servers."""
    folder = Path(mkdtemp(prefix="ctsec-services-", dir=os.environ.get(FOLDER_VARIABLE)))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def empty_sqlite() -> Path:
    """Return a folder with an empty SQLite store, made once in a process, to be copied."""
    folder = kept_folder()
    create(f"sqlite:///{folder / DATABASE}", tables=default_tables())
    return folder


def copied(state: MemoryState) -> MemoryState:
    """Return a memory of its own with the rows of another, which nobody uses meanwhile."""
    made = MemoryState()
    made.newest = state.newest
    for name in GuardState.__slots__:
        if name != "lock":
            setattr(made.guard, name, dict(getattr(state.guard, name)))
    return made


def base32(seed: bytes) -> str:
    """Return a seed as an app's user would type it."""
    return base64.b32encode(seed).decode("ascii")


@dataclass(frozen=True, slots=True)
class Login:
    """A person as signed in: what the gate says of the token, and the token."""

    principal: Principal
    token: str


class Tap:
    """A probe that passes everything on to the one that listens now, if any."""

    def __init__(self) -> None:
        self._probe: Probe | None = None

    def before(self, call: str) -> None:
        """Pass on."""
        if self._probe is not None:
            self._probe.before(call)

    def after(self, call: str, result: object) -> None:
        """Pass on."""
        if self._probe is not None:
            self._probe.after(call, result)

    @contextmanager
    def to(self, probe: P) -> Generator[P, None, None]:
        """Let `probe` listen while the block runs."""
        self._probe = probe
        try:
            yield probe
        finally:
            self._probe = None


@dataclass(frozen=True, slots=True)
class Keys:
    """The deployment's own key, and that of a customer."""

    kms: LocalKms
    customer: LocalKms

    @classmethod
    def fresh(cls) -> Keys:
        """Return keys that end with the test."""
        return cls(local_key(), local_key())

    @property
    def swapped(self) -> Keys:
        """The deployment that has moved to the other key."""
        return Keys(self.customer, self.kms)


def local_key() -> LocalKms:
    """Return a key that ends with the test."""
    return LocalKms(os.urandom(16), key=Secret(os.urandom(32)))


def sync_services(options: EmbeddedOptions, customer: LocalKms) -> KeyServices:
    """Return the key services of a world: those of its options, or the local key of a customer."""
    return options.key_services or LocalKeyServices(customer)


def async_services(options: EmbeddedOptions, customer: LocalKms) -> AsyncKeyServices:
    """Return the same for an event loop."""
    if options.key_services is not None:
        return AsyncBlockingKeyServices(options.key_services)
    return AsyncLocalKeyServices(AsyncLocalKms(customer))


def sync_breaches(options: EmbeddedOptions) -> BreachRanges | None:
    """Return the list of leaked passwords of a world's options."""
    return options.breaches


def async_breaches(options: EmbeddedOptions) -> AsyncBreachRanges | None:
    """Return the same for an event loop."""
    return AsyncBlockingRanges(options.breaches) if options.breaches is not None else None


def aws_session() -> Session:
    """Return a boto3 session with credentials of nobody, for a stand-in."""
    return Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-central-1")

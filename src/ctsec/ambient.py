"""What surrounds a call: the clock, the source of randomness, and the request that it serves."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime

from ctsec.clock import Clock, SystemClock
from ctsec.ids import Random
from ctsec.secret import SecretText


@dataclass(frozen=True, slots=True)
class Request:
    """What the host knows about the request being served; every audit event carries it.

    `address` is the client's address as the host's trusted-proxy configuration found it, never a header as it came. `device` is the token
    of a device that was used before, as the client presented it.
    """

    id: str = ""
    address: str = ""
    user_agent: str = ""
    device: SecretText | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Ambient:
    """The surroundings of one unit of work: `clock`, `random(n) -> n bytes`, and the `request`."""

    clock: Clock = field(default_factory=SystemClock)
    random: Random = os.urandom
    request: Request = Request()

    def now(self) -> datetime:
        """Return the clock's current time, UTC."""
        return self.clock.now()

"""What those who run the deployment do beside the application: a bundle of their own over its store, and a clock that can be ahead."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ctsec.ids import OrganizationId
from ctsec.operators import Operator
from ctsec.presets import sync_embedded
from ctsec.rbac import Policy
from ctsec.security import Security
from ctsec.security.parts import EmbeddedOptions
from ctsec.transport import Reach
from examples.cloudthinker.configuration import single_sign_on
from examples.cloudthinker.events import EVENTS
from examples.walkthrough.transcript import require


class Ahead:
    """The time of this machine, and `by` more."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self.by

    def monotonic(self) -> float:
        """Return seconds that only go forward."""
        return time.monotonic()


class Operations:
    """Operators of the application at `url`, whose data is in `folder`."""

    def __init__(self, folder: Path, *, url: str) -> None:
        self.clock = Ahead()
        self._database = folder / "cloudthinker.db"
        self._url = url

    def vouch(self, organization: str, domain: str) -> None:
        """Record that an organization controls a domain."""
        named = Operator(id="support", reason="the customer's contract names the domain")
        with self._bundle() as security, security.begin() as unit:
            done = unit.domains.record(named, organization=OrganizationId(organization), domain=domain, proof="contract")
        require(not hasattr(done, "reason"), f"that {domain} is recorded, got {done}")

    def ask_providers(self) -> int:
        """Ask providers about the sessions that are due, as the worker does; return how many there were."""
        with self._bundle() as security:
            return security.sso.checks.run_due()

    @contextmanager
    def _bundle(self) -> Generator[Security, None, None]:
        options = EmbeddedOptions(
            base_url=self._url, events=EVENTS, worker=False, clock=self.clock, single_sign_on=single_sign_on(Reach.LOOPBACK)
        )
        security = sync_embedded(str(self._database), policy=Policy.preset(), issuer="CloudThinker", mail=None, options=options)
        try:
            yield security
        finally:
            security.close()

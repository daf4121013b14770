"""What those who run the deployment do beside the application: a bundle of their own over its store, and a clock that can be ahead."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ctsec.audit.assurance import Finding
from ctsec.audit.event import LogId
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
        self._edited: tuple[str, str, int, bytes] | None = None

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

    def seal(self) -> None:
        """Give every event its index and sign the logs, as the worker does."""
        with self._bundle() as security:
            security.logs.flush()

    def findings(self, organization: str) -> tuple[Finding, ...]:
        """Verify an organization's log, as `ctsec audit verify` does."""
        with self._bundle() as security:
            return security.logs.verify(log=LogId(organization)).findings

    def acquit(self, organization: str) -> int:
        """Turn a refusal in an organization's log into a success, as somebody with access to the database can; return its index."""
        with closing(sqlite3.connect(self._database, timeout=10)) as database, database:
            wanted = 'SELECT "index", body FROM ctsec_audit_event WHERE log = ? AND outcome = ? ORDER BY "index" LIMIT 1'
            found = database.execute(wanted, (organization, "refused")).fetchone()
            index, body = int(found[0]), bytes(found[1])
            self._edited = (organization, "refused", index, body)
            self._write(database, organization, "success", index, body.replace(b'"refused"', b'"success"'))
        return index

    def restore(self) -> None:
        """Put back what `acquit` changed."""
        if self._edited is None:
            raise ValueError("expected an event that was changed")
        with closing(sqlite3.connect(self._database, timeout=10)) as database, database:
            self._write(database, *self._edited)

    @staticmethod
    def _write(database: sqlite3.Connection, log: str, outcome: str, index: int, body: bytes) -> None:
        database.execute('UPDATE ctsec_audit_event SET outcome = ?, body = ? WHERE log = ? AND "index" = ?', (outcome, body, log, index))

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

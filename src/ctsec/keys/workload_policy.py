"""What the deployment decides about workload identity."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.transport.fetch import BlockingFetcher
from ctsec.transport.reach import Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadPolicy:
    """How far the issuers of rules may be asked for their keys, and by what.

    `reach` is the deployment's to say and no customer's: ON_PREMISE lets every rule lead to private networks, LOOPBACK is for tests.
    `fetcher` asks issuers instead of a guarded `ctsec.transport.fetch.Fetcher` of our own; it may block, an event loop goes on.
    """

    reach: Reach = Reach.PUBLIC
    fetcher: BlockingFetcher | None = None

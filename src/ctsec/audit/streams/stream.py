"""A stream as a host names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ctsec.audit.event import LogId
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.ids import OrganizationId

R = TypeVar("R")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream(Generic[R]):
    """A stream: what the logs get goes to `receiver`, in the order of each log, from its beginning on.

    `name` is 1 to 40 lower-case letters, digits and `-`, and must never change: under it the stream's positions are stored. With
    `organizations` only their logs are streamed, without the deployment's; None streams every log. `stores` are those whose logs are
    streamed: the empty name is the home store, others are the stores of regions, whose events leave them only where a stream says so.
    Raises ValueError.
    """

    name: str
    receiver: R
    organizations: tuple[OrganizationId, ...] | None = None
    stores: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("expected a name of a stream of 1 to 40 lower-case letters, digits and -, beginning with a letter")
        if not self.stores or len(set(self.stores)) != len(self.stores):
            raise ValueError("expected the names of one or more stores, each once; the home store's is empty")

    def has(self, log: LogId, *, store: str = "") -> bool:
        """Say whether a log of a store is streamed; the log of logs, which has no events, never is."""
        chosen = self.organizations is None or any(log == str(each) for each in self.organizations)
        return log != LOG_OF_LOGS and store in self.stores and chosen

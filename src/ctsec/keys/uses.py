"""What a process has seen of the use of API keys and has not written yet: counted by key, minute, address block and outcome.

Rules that this module keeps:

- noting a use writes nothing: it adds one to a line in memory;
- a line is one key, one minute, one address block (an IPv4 /24, an IPv6 /48) and one outcome, and becomes one event with a count;
- a line is due when its minute is over, so that a key is written at most once a minute by each process;
- memory is bounded: a key has at most 64 blocks a minute, all keys at most 20,000 lines; what is more is counted in one line a key, minute
  and outcome, without a block. Beyond twice that, uses are dropped and the drop is counted: who has 20,000 keys in use a minute knows;
- what was taken out to be written and was not, is given back.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address, ip_network
from typing import Final, TypeAlias

from ctsec.ids import KeyId
from ctsec.keys.record import ApiKey
from ctsec.network import parse_address
from ctsec.outcome import Reason

MINUTE: Final = timedelta(minutes=1)
MAX_BLOCKS: Final = 64
MAX_LINES: Final = 20_000
ELSEWHERE: Final = "*"
_Line: TypeAlias = tuple[KeyId, int, str, Reason | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """How often a key was presented in one minute from one block with one outcome; `refused` is None for uses that were let in.

    `minute` is its beginning, in UTC. `block` is in CIDR notation, "" where the address is none, and `*` for all further blocks together.
    `last_at` and `last_address` are those of the last one.
    """

    key: ApiKey
    minute: datetime
    block: str
    refused: Reason | None
    count: int
    last_at: datetime
    last_address: str


class _Count:
    __slots__ = ("count", "key", "last_address", "last_at")

    def __init__(self, key: ApiKey, count: int, last_at: datetime, last_address: str) -> None:
        self.key = key
        self.count = count
        self.last_at = last_at
        self.last_address = last_address


@lru_cache(maxsize=4096)
def use_block(address: str) -> str:
    """Return the block that a use is counted with: the /24 of an IPv4 address, the /48 of an IPv6 address, "" for what is none."""
    found = parse_address(address)
    return "" if found is None else str(ip_network((found, 24 if isinstance(found, IPv4Address) else 48), strict=False))


class KeyUses:
    """The uses that one process has not written yet. Safe to use from several threads."""

    __slots__ = ("_blocks", "_lines", "_lock", "_max_blocks", "_max_lines", "dropped")

    def __init__(self, *, max_blocks: int = MAX_BLOCKS, max_lines: int = MAX_LINES) -> None:
        self._max_blocks = max_blocks
        self._max_lines = max_lines
        self._lock = threading.Lock()
        self._lines: dict[_Line, _Count] = {}
        self._blocks: dict[tuple[KeyId, int], int] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._lines)

    def note(self, key: ApiKey, *, refused: Reason | None, now: datetime, address: str) -> None:
        """Count one use of `key` at `now`, an aware datetime."""
        minute = int(now.timestamp()) // 60
        with self._lock:
            self._add((key.id, minute, use_block(address), refused), _Count(key, 1, now, address))

    def take(self, *, before: datetime | None = None) -> tuple[KeyUse, ...]:
        """Take out the lines whose minute was over at `before` (None: all), in the order of minutes; they are the caller's to write."""
        limit = int(before.timestamp()) // 60 if before is not None else None
        with self._lock:
            due = sorted((line for line in self._lines if limit is None or line[1] < limit), key=lambda line: line[1])
            taken = [(line, self._lines.pop(line)) for line in due]
            for key_id, minute, _, _ in due:
                self._blocks.pop((key_id, minute), None)
        return tuple(_use(line, count) for line, count in taken)

    def give_back(self, uses: tuple[KeyUse, ...]) -> None:
        """Count again what was taken and not written."""
        with self._lock:
            for use in uses:
                line = (use.key.id, int(use.minute.timestamp()) // 60, use.block, use.refused)
                self._add(line, _Count(use.key, use.count, use.last_at, use.last_address))

    def _add(self, line: _Line, seen: _Count) -> None:
        found = self._lines.get(line)
        if found is None:
            line = self._room(line)
            found = self._lines.get(line)
        if found is None:
            if len(self._lines) >= 2 * self._max_lines:
                self.dropped += seen.count
                return
            self._lines[line] = seen
            of = line[:2]
            self._blocks[of] = self._blocks.get(of, 0) + 1
            return
        found.count += seen.count
        if seen.last_at >= found.last_at:
            found.key, found.last_at, found.last_address = seen.key, seen.last_at, seen.last_address

    def _room(self, line: _Line) -> _Line:
        key_id, minute, _, refused = line
        full = len(self._lines) >= self._max_lines or self._blocks.get((key_id, minute), 0) >= self._max_blocks
        return (key_id, minute, ELSEWHERE, refused) if full else line


def _use(line: _Line, seen: _Count) -> KeyUse:
    return KeyUse(
        key=seen.key,
        minute=datetime.fromtimestamp(line[1] * 60, tz=UTC),
        block=line[2],
        refused=line[3],
        count=seen.count,
        last_at=seen.last_at,
        last_address=seen.last_address,
    )

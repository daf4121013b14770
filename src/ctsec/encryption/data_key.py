"""An unwrapped data key, prepared for its suite, and the bounds on what it may seal.

Rules that this module keeps:

- every key that works comes from the DEK by HKDF-SHA-256 under a label of its own that holds the DEK's id; the DEK itself is not kept;
- a key seals in one suite, its owner's decision, and opens that one only, unless its owner names the other;
- what it seals is counted in messages, and a message counts once for every 4 KiB that it begins: the default suite, whose nonces are 96
  random bits, seals at most 2^32 messages (SP 800-38D, 8.3) and so 2^44 bytes; 2^24 messages and 2^36 bytes unless told otherwise. What
  counter mode gives away after s blocks of 16 bytes is at most s^2 / 2^129: 2^-49 at the most, 2^-65 by default;
- the strict suite makes the key of a message from 192 random bits, so that after its 2^48 messages two have the same one with 2^-97;
- a key with an end (`not_after`) seals only where it is told the time, and nothing from that time on;
- the count holds across threads, for this object: whoever makes several objects of one DEK shares its bound among them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import count, islice
from typing import ClassVar, Final

from ctsec.encryption.dek import dek_id_bytes
from ctsec.encryption.primitives import KEY_BYTES, derive
from ctsec.encryption.suites import MAX_PLAINTEXT, DefaultSuite, Sealing, StrictSuite, Suite, commitment_of
from ctsec.errors import CtsecError
from ctsec.ids import DekId, Random
from ctsec.secret import Secret

COUNTED_BYTES: Final = 4096
MAX_MESSAGES: Final = 1 << 32
DEFAULT_MESSAGES: Final = 1 << 24
STRICT_MESSAGES: Final = 1 << 48
_MESSAGES: Final = {Suite.DEFAULT: (DEFAULT_MESSAGES, MAX_MESSAGES), Suite.STRICT: (STRICT_MESSAGES, STRICT_MESSAGES)}
_LONG: Final = 64 * 1024
_STREAM_LABEL: Final = b"ctsec/stream/v1/input-key/"


class DataKeyExhausted(CtsecError):
    """The data key has sealed as much as it may, is past its end or only opens; nothing was sealed, take an active one and try again."""

    code: ClassVar[str] = "data_key_exhausted"
    retryable: ClassVar[bool] = True


class NoDataKey(CtsecError):
    """There is no data key to seal under, or the one that sealed this is not in the store."""

    code: ClassVar[str] = "no_data_key"


def counted(size: int) -> int:
    """Return how many messages a plaintext of `size` bytes counts as."""
    return max(1, -(-size // COUNTED_BYTES))


class DataKey:
    """An unwrapped DEK, prepared: what is derived from it is derived once, and what it seals is counted.

    `opens` are the suites that it opens, by the second byte of their blobs, and `stream_key` is the input key of its streams.
    """

    __slots__ = (
        "_limit",
        "_seal",
        "_sealed",
        "commitment",
        "dek_id",
        "max_messages",
        "not_after",
        "opens",
        "retired",
        "stream_key",
        "suite",
    )

    def __init__(
        self,
        dek_id: DekId,
        *,
        material: Secret,
        suite: Suite = Suite.DEFAULT,
        also_opens: Collection[Suite] = (),
        max_messages: int | None = None,
        not_after: datetime | None = None,
        decrypt_only: bool = False,
    ) -> None:
        """Prepare a key that seals in `suite`, and opens that one and `also_opens`.

        `max_messages` is 2^24 in the default suite, at most 2^32, and 2^48 in the strict suite; with fewer than 2^14 the longest blobs do
        not fit. Raises ValueError for material that has not 32 bytes, an id that is no DEK's, or another bound.
        """
        usual, most = _MESSAGES[suite]
        self.max_messages = usual if max_messages is None else max_messages
        if len(material) != KEY_BYTES or not 0 <= self.max_messages <= most:
            raise ValueError(f"expected {KEY_BYTES} bytes of key material and a bound of 0 to {most} messages")
        raw_id = dek_id_bytes(dek_id)
        self.dek_id = dek_id
        self.suite = suite
        self.commitment = commitment_of(material, raw_id=raw_id)
        self.stream_key = derive(material, label=_STREAM_LABEL + raw_id)
        self.opens: dict[int, Sealing] = {
            int(each): (DefaultSuite if each is Suite.DEFAULT else StrictSuite)(material, raw_id=raw_id) for each in {suite, *also_opens}
        }
        self._seal = self.opens[int(suite)].seal
        self.not_after = not_after
        self.retired = decrypt_only
        self._limit = 0 if decrypt_only else self.max_messages
        self._sealed = count(1)

    def __repr__(self) -> str:
        return f"DataKey({self.dek_id!r}, {self.suite.name}, <hidden>)"

    def may_seal(self, *, now: datetime) -> bool:
        """Say whether the key may seal at `now`: not decrypt-only, not exhausted, not past `not_after`."""
        return self._limit > 0 and (self.not_after is None or now < self.not_after)

    def allow(self, messages: int) -> None:
        """Let the key seal `messages` more, unless it only opens; raise ValueError beyond what its suite bears in all."""
        if not 0 < messages <= _MESSAGES[self.suite][1] - self.max_messages:
            raise ValueError("expected no more messages in all than the suite bears")
        self.max_messages += messages
        self._limit = 0 if self.retired else self.max_messages

    def seal_bound(self, plaintext: bytes, bound: bytes, random: Random, now: datetime | None, /) -> bytes:
        """Return the blob of `plaintext` that belongs to `bound`, counted; raises as `seal` does, which is what hosts call."""
        if self.not_after is not None:
            self._judge_age(now)
        if len(plaintext) > COUNTED_BYTES:
            return self._seal_counted(plaintext, bound, random)
        # a step of `count` is one operation, so each number is handed out once, to one thread
        if next(self._sealed) > self._limit:
            raise self._exhausted()
        return self._seal(plaintext, bound, random)

    def admit_stream(self, *, now: datetime | None) -> None:
        """Count a stream as one message, since its chunks are under a key of its own; raises as `seal_bound` does."""
        if self.not_after is not None:
            self._judge_age(now)
        if next(self._sealed) > self._limit:
            raise self._exhausted()

    def _seal_counted(self, plaintext: bytes, bound: bytes, random: Random) -> bytes:
        size = len(plaintext)
        if size > MAX_PLAINTEXT:
            raise ValueError(f"expected at most {MAX_PLAINTEXT} bytes; longer data goes through a stream")
        # so is the last of several steps: they are taken without a switch of threads
        if next(islice(self._sealed, (size - 1) // COUNTED_BYTES, None)) > self._limit:
            raise self._exhausted()
        suite = self.opens[self.suite]
        return (suite.seal if size < _LONG else suite.seal_long)(plaintext, bound, random)

    def _judge_age(self, now: datetime | None) -> None:
        if now is None:
            raise ValueError("expected the time of sealing: this key has an end")
        if self.not_after is not None and now >= self.not_after:
            raise DataKeyExhausted("the data key is past its end; take an active one")

    def _exhausted(self) -> DataKeyExhausted:
        self._limit = 0
        return DataKeyExhausted("the data key may seal nothing more; take an active one")

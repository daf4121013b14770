"""What the policy of passwords costs: with a list of a million, and in proportion to the length."""

from __future__ import annotations

import os
import random
import sys
from array import array
from collections.abc import Iterable

from benchmarks.measure import Contestant, Race, Unit, code
from ctsec.authn.blocklist import Blocklist
from ctsec.authn.password_policy import MAXIMUM, check_password

ENTRIES = 1_000_000
ALPHABET = "abcdefghijklmnopqrstuvwxyz 0123456789"
CONTEXT = ("ann.smith@acme.example", "Ann Smith", "Acme")


def _nothing(text: str, *, context: tuple[str, ...], blocked: Blocklist) -> None:
    """Take what the policy takes."""


def _listed(entries: int) -> Blocklist:
    prefixes = array("Q", os.urandom(8 * entries))
    ordered = array("Q", sorted(set(prefixes)))
    if sys.byteorder == "little":
        ordered.byteswap()
    return Blocklist.from_bytes(ordered.tobytes())


def _text(length: int) -> str:
    return "".join(random.Random(length).choices(ALPHABET, k=length))  # a text to be measured with


def entry() -> Iterable[Race]:
    """Return the races: the policy on passwords that it accepts, and twice as long ones, also those that follow the context to the end."""
    names: dict[str, object] = {
        "check": check_password,
        "blocked": _listed(ENTRIES),
        "context": CONTEXT,
        "nothing": _nothing,
        "word": "correct quiet river of stone 42",
    }

    def checked(name: str, text: str, *, target: float | None = None) -> Contestant:
        return code(name, "check(text, context=context, blocked=blocked)", {**names, "text": text}, target=target)

    yield Race(
        title="the policy of passwords, with a list of 1,000,000",
        floor=code("an empty function", "nothing(word, context=context, blocked=blocked)", names),
        contestants=(
            checked("15 characters", _text(15), target=20.0),
            checked("31 characters", "correct quiet river of stone 42", target=20.0),
        ),
        unit=Unit.MICROSECONDS,
    )
    half = MAXIMUM // 2
    yield Race(
        title="twice the length",
        floor=checked(f"{half} characters", _text(half)),
        contestants=(checked(f"{MAXIMUM:,} characters", _text(MAXIMUM), target=2.2),),
    )
    yield Race(
        title="twice the length, all of it names",
        floor=checked(f"{half} characters of names", "acme" * (half // 4 - 1) + "acmx"),
        contestants=(checked(f"{MAXIMUM:,} characters of names", "acme" * (MAXIMUM // 4 - 1) + "acmx", target=2.2),),
    )

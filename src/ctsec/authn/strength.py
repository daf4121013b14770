"""What is weak about a password, told to the person while it is typed.

Rules that this module keeps:

- a hint is a level and reasons from a closed list, each with a sentence; there is no score that nobody can explain;
- what `check_password` refuses is REFUSED here, for the same reasons; WEAK is accepted and could be better; a hint never refuses anything
  that the policy accepts;
- parts of a password are looked at here, and only here: to advise, never to refuse (NIST SP 800-63B-4, 3.1.1.2).
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ctsec.authn.blocklist import built_in, is_pattern
from ctsec.authn.password_policy import MINIMUM, MINIMUM_WITH_MFA, check_password, is_context, normalise
from ctsec.outcome import Reason, Refusal

FEW: Final = 6
_EDGES: Final = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ "


class Weakness(StrEnum):
    """What is weak about a password: a closed list."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_TEXT = "not_text"
    COMMON = "common"
    PATTERN = "pattern"
    CONTEXT = "context"
    COMMON_WITH_EDGES = "common_with_edges"
    PATTERN_WITH_EDGES = "pattern_with_edges"
    FEW_CHARACTERS = "few_characters"


class PasswordLevel(StrEnum):
    """How good a password is."""

    REFUSED = "refused"
    WEAK = "weak"
    GOOD = "good"


ADVICE: Final = {
    Weakness.TOO_SHORT: "add more words, until it is long enough",
    Weakness.TOO_LONG: "make it shorter",
    Weakness.NOT_TEXT: "it holds characters that can not be stored; type it anew",
    Weakness.COMMON: "it is among those that attackers try first",
    Weakness.PATTERN: "it repeats itself or follows the keyboard",
    Weakness.CONTEXT: "it is made of your name, your address or the product's name",
    Weakness.COMMON_WITH_EDGES: "it is a common password with digits or signs around it",
    Weakness.PATTERN_WITH_EDGES: "it is a pattern with digits or signs around it",
    Weakness.FEW_CHARACTERS: f"it has fewer than {FEW} different characters",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordHint:
    """How good a password is, and why it is not better."""

    level: PasswordLevel
    weaknesses: tuple[Weakness, ...] = ()

    @property
    def advice(self) -> tuple[str, ...]:
        """A sentence for each weakness, for the person."""
        return tuple(ADVICE[weakness] for weakness in self.weaknesses)


def password_hint(
    text: str, *, mfa_enforced: bool = False, context: Iterable[str] = (), blocked: Container[str] | None = None
) -> PasswordHint:
    """Return what is weak about a password; the arguments are those of `check_password`."""
    normal = normalise(text)
    if isinstance(normal, Refusal):
        found = Weakness.TOO_LONG if normal.reason is Reason.PASSWORD_TOO_LONG else Weakness.NOT_TEXT
        return PasswordHint(level=PasswordLevel.REFUSED, weaknesses=(found,))
    password, words = normal.decode(), tuple(context)
    refused = isinstance(check_password(text, mfa_enforced=mfa_enforced, context=words, blocked=blocked), Refusal)
    weaknesses = tuple(
        _weaknesses(password, MINIMUM_WITH_MFA if mfa_enforced else MINIMUM, words, built_in() if blocked is None else blocked)
    )
    level = PasswordLevel.REFUSED if refused else PasswordLevel.WEAK if weaknesses else PasswordLevel.GOOD
    return PasswordHint(level=level, weaknesses=weaknesses)


def _weaknesses(password: str, minimum: int, context: tuple[str, ...], blocked: Container[str]) -> Iterable[Weakness]:
    core = password.strip(_EDGES)
    if len(password) < minimum:
        yield Weakness.TOO_SHORT
    if password in blocked:
        yield Weakness.COMMON
    elif core and core in blocked:
        yield Weakness.COMMON_WITH_EDGES
    if is_pattern(password):
        yield Weakness.PATTERN
    elif len(core) > 2 and is_pattern(core):
        yield Weakness.PATTERN_WITH_EDGES
    if is_context(password.casefold(), context):
        yield Weakness.CONTEXT
    if len(set(password.casefold())) < FEW:
        yield Weakness.FEW_CHARACTERS

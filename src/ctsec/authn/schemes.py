"""What a sealed record of a password holds, and how each form of it is compared.

Rules that this module keeps:

- there are three forms: `$argon2id$...` over the password, which is ours; a hash of another system as it came; and
  `wrapped|<settings>|$argon2id$...`, Argon2id over the digest that another system's settings give: its own digest is not kept;
- every cost is held against its ceiling before any of the work is done, in the wrapped form both;
- the scheme names what a comparison costs: `argon2id-19456-2-1` (KiB, passes, lanes), `bcrypt-12`, `bcrypt-12+argon2id-19456-2-1`;
- work for nobody is the work of a scheme: the same functions, with the same costs (ASVS 6.3.8).
"""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import Final

from ctsec.authn import argon2
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.foreign import ForeignHash, parse_foreign, parse_settings, sample_of
from ctsec.errors import CorruptRecord

_OURS: Final = "$argon2id$"
_DJANGO: Final = "argon2$argon2id$"
_WRAPPED: Final = "wrapped|"
_CHEAPEST: Final = {"bcrypt": "bcrypt-4", "bcryptsha256": "bcrypt-4"}
_SCHEME: Final = re.compile(r"argon2id-([1-9][0-9]{0,9})-([1-9][0-9]{0,4})-([1-9][0-9]{0,2})")


def argon2_scheme(parameters: Argon2Parameters) -> str:
    """Return the scheme of a hash with these parameters."""
    return f"argon2id-{parameters.memory_kib}-{parameters.time_cost}-{parameters.lanes}"


def is_ours(scheme: str) -> bool:
    """Say whether passwords of this scheme are hashed by Argon2id, themselves or over another system's digest."""
    return _SCHEME.fullmatch(scheme.rpartition("+")[2]) is not None


def accept_foreign(text: str) -> str:
    """Return the form in which another system's hash is kept; raise CorruptRecord if it is none, ConfigurationError without its library.

    Argon2id, also as Django writes it, is ours already.
    """
    encoded = text.removeprefix("argon2") if text.startswith(_DJANGO) else text
    if encoded.startswith(_OURS):
        argon2.affordable(argon2.parameters_of(encoded))
    else:
        cheapest = _CHEAPEST.get(parse_foreign(encoded).scheme.partition("-")[0])
        if cheapest is not None:
            # Whether its library is there is better known now than when the person signs in.
            sample_of(cheapest).digest(b"")
    return encoded


def scheme_of(encoded: str) -> str:
    """Return what a comparison with this form costs; raise CorruptRecord if it is none of the three."""
    if encoded.startswith(_WRAPPED):
        foreign, inner = _unwrapped(encoded)
        return f"{foreign.scheme}+{argon2_scheme(argon2.parameters_of(inner))}"
    if encoded.startswith(_OURS):
        return argon2_scheme(argon2.parameters_of(encoded))
    return parse_foreign(encoded).scheme


def compare(encoded: str, password: bytes, *, typed: bytes, ceiling: Argon2Parameters) -> bool:
    """Say whether this is the password of a form.

    `password` is normalised, `typed` as it was typed. Raises CorruptRecord, before any work, for a form that is none and for costs above
    their ceilings.
    """
    if encoded.startswith(_WRAPPED):
        foreign, inner = _unwrapped(encoded)
        argon2.affordable(argon2.parameters_of(inner), ceiling=ceiling)
        return argon2.verify_password(inner, foreign.digest(typed), ceiling=ceiling)
    if encoded.startswith(_OURS):
        return argon2.verify_password(encoded, password, ceiling=ceiling)
    foreign = parse_foreign(encoded)
    return compare_digest(foreign.digest(typed), foreign.expected)


def wrap(encoded: str, *, parameters: Argon2Parameters, salt: bytes) -> str:
    """Return Argon2id over another system's hash, without its digest; `salt` has 16 fresh random bytes."""
    foreign = parse_foreign(encoded)
    return f"{_WRAPPED}{foreign.settings}|{argon2.hash_password(foreign.expected, parameters=parameters, salt=salt)}"


def needs_rehash(encoded: str, *, parameters: Argon2Parameters) -> bool:
    """Say whether a sign-in should replace this form: it is another system's, or weaker than `parameters`."""
    return not encoded.startswith(_OURS) or argon2.needs_rehash(encoded, parameters=parameters)


def work(scheme: str, typed: bytes, *, ceiling: Argon2Parameters, nobody: tuple[bytes, bytes]) -> None:
    """Do the work of a comparison of `scheme` for nobody; `nobody` is a random salt and a random digest.

    Raises CorruptRecord, before any work, for a scheme that is none or above its ceilings.
    """
    outer, _, inner = scheme.rpartition("+")
    ours = _SCHEME.fullmatch(inner)
    parameters = None
    if ours is not None:
        memory, passes, lanes = map(int, ours.groups())
        parameters = _possible(memory, passes, lanes)
        argon2.affordable(parameters, ceiling=ceiling)
    named = outer if parameters is not None else scheme
    given = sample_of(named).digest(typed) if named else typed
    if parameters is not None:
        salt, digest = nobody
        argon2.verify_password(argon2.nobodys_hash(parameters=parameters, salt=salt, digest=digest), given, ceiling=ceiling)


def _possible(memory: int, passes: int, lanes: int) -> Argon2Parameters:
    try:
        return Argon2Parameters(memory_kib=memory, time_cost=passes, lanes=lanes)
    except ValueError:
        raise CorruptRecord("expected argon2 parameters in the name of a scheme") from None


def _unwrapped(encoded: str) -> tuple[ForeignHash, str]:
    settings, found, inner = encoded.removeprefix(_WRAPPED).partition("|")
    if not found:
        raise CorruptRecord("expected a wrapped password hash")
    return parse_settings(settings), inner

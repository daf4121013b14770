"""The three forms of a stored password, and work for nobody."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from argon2.low_level import Type, verify_secret
from hypothesis import given
from hypothesis import strategies as st

from ctsec.authn import argon2, foreign_kdf, schemes
from ctsec.authn.argon2 import CEILING, Argon2Parameters, hash_password
from ctsec.authn.argon2_pool import Argon2Bounds, Argon2Hasher
from ctsec.authn.mix import Mix
from ctsec.authn.record import PasswordGroup
from ctsec.authn.schemes import accept_foreign, compare, is_ours, needs_rehash, scheme_of, wrap
from ctsec.errors import CorruptRecord

CHEAP = Argon2Parameters.for_tests()
HASHES: list[dict[str, str]] = json.loads((Path(__file__).parent / "foreign_hashes.json").read_text("ascii"))
DJANGO = HASHES[0]["hash"]
P = HASHES[0]["password"].encode()
OURS = hash_password(P, parameters=CHEAP, salt=b"s" * 16)
NOBODY = (b"s" * 16, b"d" * 32)


@pytest.mark.parametrize("made", HASHES, ids=lambda made: f"{made['origin']} {made['hash'][:16]}")
def test_a_foreign_hash_is_compared_as_it_came_and_wrapped(made: dict[str, str]) -> None:
    """The right password is right in both forms and another is wrong; the wrapped form has neither the digest nor the old text."""
    encoded, typed = accept_foreign(made["hash"]), made["password"].encode()
    forms = [encoded] if is_ours(scheme_of(encoded)) else [encoded, wrap(encoded, parameters=CHEAP, salt=os.urandom(16))]
    for form in forms:
        assert compare(form, typed, typed=typed, ceiling=CEILING)
        assert not compare(form, typed + b"x", typed=typed + b"x", ceiling=CEILING)
        assert needs_rehash(form, parameters=CHEAP) is not (form.startswith("$argon2id$"))
    assert len(forms) == 1 or made["hash"][-20:] not in forms[1]


def test_a_foreign_hash_is_compared_with_what_was_typed() -> None:
    """The other system did not normalise: its hash is compared with the bytes as typed, ours with the normalised ones."""
    wrapped = wrap(DJANGO, parameters=CHEAP, salt=b"s" * 16)
    for form, right in (
        (DJANGO, {"password": b"?", "typed": P}),
        (wrapped, {"password": b"?", "typed": P}),
        (OURS, {"password": P, "typed": b"?"}),
    ):
        assert compare(form, right["password"], typed=right["typed"], ceiling=CEILING)
        assert not compare(form, right["typed"], typed=right["password"], ceiling=CEILING)


def test_a_password_that_bcrypt_would_cut_is_wrong_in_the_wrapped_form_too() -> None:
    """The empty digest that stands for a cut password is not the digest of anything that was wrapped."""
    stored = next(made for made in HASHES if made["origin"].startswith("bcrypt 2y"))
    form = wrap(stored["hash"], parameters=CHEAP, salt=b"s" * 16)
    assert compare(form, b"", typed=b"x" * 72, ceiling=CEILING)
    assert not compare(form, b"", typed=b"x" * 73, ceiling=CEILING)


@pytest.mark.parametrize(
    ("form", "scheme"),
    [
        (OURS, "argon2id-8-1-1"),
        (DJANGO, "pbkdf2sha256-1000"),
        (wrap(DJANGO, parameters=CHEAP, salt=b"s" * 16), "pbkdf2sha256-1000+argon2id-8-1-1"),
    ],
)
def test_a_scheme_names_what_a_comparison_costs(form: str, scheme: str) -> None:
    """Each form has its scheme, and only those with Argon2id are ours."""
    assert scheme_of(form) == scheme
    assert is_ours(scheme) is ("argon2id" in scheme)


@pytest.mark.parametrize(
    "form",
    [
        "",
        "wrapped|",
        "wrapped|" + OURS,
        "wrapped||" + OURS,
        f"wrapped|{DJANGO}|{OURS}",
        "wrapped|pbkdf2_sha256$1000$seasalt2$|",
        "wrapped|pbkdf2_sha256$1000$seasalt2$|$argon2id$",
        "wrapped|pbkdf2_sha256$9000000$seasalt2$|" + OURS,
        "wrapped|pbkdf2_sha256$1000$seasalt2$|" + OURS.replace("m=8", "m=2097152"),
        "wrapped|pbkdf2_sha256$1000$seasalt2$|wrapped|pbkdf2_sha256$1000$seasalt2$|" + OURS,
        OURS.replace("m=8", "m=2097152"),
    ],
)
def test_a_form_that_is_none_or_too_costly_is_refused_before_any_work(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both halves of a wrapped hash are held against their ceilings before either is computed."""
    monkeypatch.setattr(foreign_kdf, "pbkdf2_hmac", lambda *_: pytest.fail("computed"))
    monkeypatch.setattr(argon2, "verify_secret", lambda *_: pytest.fail("computed"))
    with pytest.raises(CorruptRecord):
        compare(form, P, typed=P, ceiling=CEILING)


def test_a_foreign_argon2id_is_ours_at_once_and_its_cost_has_a_ceiling() -> None:
    """Argon2id of another system, as Django writes it too, is kept as it is; above the ceiling it is refused at the import."""
    assert accept_foreign(OURS) == accept_foreign("argon2" + OURS) == OURS
    for text in (OURS.replace("m=8", "m=2097152"), "argon2" + OURS.replace("argon2id", "argon2i"), "$argon2id$v=19$m=8"):
        with pytest.raises(CorruptRecord):
            accept_foreign(text)
    with pytest.raises(CorruptRecord):
        wrap(OURS, parameters=CHEAP, salt=b"s" * 16)


@pytest.mark.proves("ASVS-6.3.8", "CVE-2025-54999")
@pytest.mark.parametrize(
    "form",
    [
        OURS,
        DJANGO,
        wrap(DJANGO, parameters=CHEAP, salt=b"s" * 16),
        wrap(DJANGO, parameters=Argon2Parameters(memory_kib=64), salt=b"s" * 16),
    ],
)
def test_work_for_nobody_is_the_work_of_somebody(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same functions are called with the same costs, in the same order, for a stored form and for its scheme alone."""
    calls: list[object] = []
    real_pbkdf2, real_argon2 = hashlib.pbkdf2_hmac, verify_secret

    def pbkdf2(name: str, typed: bytes, salt: bytes, iterations: int) -> bytes:
        calls.append((name, iterations))
        return real_pbkdf2(name, typed, salt, iterations)

    def verify(encoded: bytes, password: bytes, kind: object) -> bool:
        calls.append(argon2.parameters_of(encoded.decode()))
        return real_argon2(encoded, password, Type.ID)

    monkeypatch.setattr(foreign_kdf, "pbkdf2_hmac", pbkdf2)
    monkeypatch.setattr(argon2, "verify_secret", verify)
    hasher = Argon2Hasher(CHEAP, bounds=Argon2Bounds(running=1, waiting=0))
    assert hasher.verify(form, P)
    known = list(calls)
    calls.clear()
    hasher.verify_nothing(P, scheme=scheme_of(form))
    assert calls == known != []


@pytest.mark.parametrize(
    "scheme",
    ["nonsense", "argon2id-2097152-1-1", "argon2id-7-1-1", "bcrypt-31+argon2id-8-1-1", "pbkdf2sha256-9000000", "+argon2id-8-1-1-1"],
)
def test_a_planted_scheme_costs_nobody_more_than_today(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that names an impossible or too costly scheme makes the work of today's parameters, not its own, and no error."""
    calls: list[str] = []
    real = schemes.work

    def spy(named: str, typed: bytes, **rest: object) -> None:
        calls.append(named)
        real(named, typed, ceiling=CEILING, nobody=NOBODY)

    monkeypatch.setattr(schemes, "work", spy)
    Argon2Hasher(CHEAP).verify_nothing(P, scheme=scheme)
    assert calls == [scheme, "argon2id-8-1-1"]


@given(
    counts=st.dictionaries(st.sampled_from(["a", "b", "c", ""]), st.integers(1, 10**7), min_size=1), tag=st.binary(min_size=8, max_size=32)
)
def test_an_address_without_account_has_a_scheme_that_accounts_have(counts: dict[str, int], tag: bytes) -> None:
    """The scheme is one that is counted, the same at each asking, and never the unknown one."""
    mix = Mix()
    mix.counted(PasswordGroup(pepper="p", scheme=scheme, count=count) for scheme, count in counts.items())
    known = {scheme for scheme in counts if scheme} or {""}
    assert mix.scheme_for(tag) in known
    assert mix.scheme_for(tag) == mix.scheme_for(tag)


def test_schemes_are_given_in_proportion() -> None:
    """Of all tags, each scheme gets exactly its share: what is counted twice is given twice as often."""
    mix = Mix()
    groups = [("p", "a", 1), ("q", "a", 1), ("p", "b", 1), ("p", "c", 1), ("p", "", 9)]
    mix.counted(PasswordGroup(pepper=pepper, scheme=scheme, count=count) for pepper, scheme, count in groups)
    given_ = [mix.scheme_for(bytes([first]) + bytes(7)) for first in range(256)]
    assert {scheme: given_.count(scheme) for scheme in set(given_)} == {"a": 128, "b": 64, "c": 64}
    assert mix.scheme_for(b"\xff" * 8) == "c"


def test_counting_is_due_every_ten_minutes_and_for_one_caller() -> None:
    """The first caller counts, nobody else does for ten minutes; before anything was counted the cost is today's."""
    mix = Mix()
    assert mix.scheme_for(bytes(8)) == ""
    assert [mix.is_due(now=now) for now in (5.0, 5.0, 604.9, 605.0, 605.1)] == [True, False, False, True, False]

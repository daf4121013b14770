"""Blind indexes: terms, transformations and the planner."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption import BlindIndex, Transform, plan_index
from ctsec.encryption.columns import ColumnPlace, column_context, row_key
from ctsec.secret import Secret

KEY = Secret(bytes(range(32)))


@pytest.mark.parametrize("transform", Transform)
@given(bits=st.integers(1, 64), text=st.text(max_size=30))
def test_a_term_is_the_first_bits_of_the_documented_mac(transform: Transform, bits: int, text: str) -> None:
    """The term is HMAC-SHA-256 over label, transformation and value, cut to its bits, in whole bytes with the rest zero."""
    term = BlindIndex(column="c", bits=bits, transform=transform).term(text, key=KEY)
    message = b"ctsec blind index 1\x00" + transform.value.encode() + b"\x00" + transform.apply(text).encode()
    whole = hmac.new(KEY.reveal(), message, hashlib.sha256).digest()
    as_bits = "".join(f"{byte:08b}" for byte in whole)[:bits]
    assert "".join(f"{byte:08b}" for byte in term) == as_bits.ljust(-(-bits // 8) * 8, "0")


def test_the_known_term() -> None:
    """A term that another language has to reproduce, as the reference page tells it."""
    index = BlindIndex(column="c", bits=12, transform=Transform.FOLDED)
    assert index.term("Straße", key=KEY) == index.term("STRASSE", key=KEY)
    assert index.term("Ann@Acme.example", key=KEY).hex() == TERM


TERM = "e290"


@pytest.mark.parametrize(
    ("transform", "text", "wanted"),
    [
        (Transform.EXACT, " Ann ", " Ann "),
        (Transform.FOLDED, "E\u0301cole ẞ", "école ss"),
        (Transform.DIGITS, "+49 (30) ٣٤-x5", "4930345"),
        (Transform.LAST_FOUR_DIGITS, "4111 1111 1111 1234", "1234"),
        (Transform.LAST_FOUR_DIGITS, "12", "12"),
    ],
)
def test_transformations(transform: Transform, text: str, wanted: str) -> None:
    """Each says by its name what is the same for a search, and applying it twice is applying it once."""
    assert transform.apply(text) == wanted
    assert transform.apply(wanted) == wanted


@pytest.mark.parametrize("bits", [0, -1, 65])
def test_bits_have_bounds(bits: int) -> None:
    """A term has 1 to 64 bits."""
    with pytest.raises(ValueError, match="1 to 64 bits"):
        BlindIndex(column="c", bits=bits)


@given(st.integers(1, 10**9).flatmap(lambda rows: st.tuples(st.just(rows), st.integers(1, rows))))
def test_the_planner_recommends_shared_terms(numbers: tuple[int, int]) -> None:
    """What it recommends leaves two values or more a term where there are four; what it calls sound opens no more than asked in vain."""
    rows, distinct = numbers
    plan = plan_index(rows=rows, distinct=distinct)
    assert 1 <= plan.bits <= 64
    assert plan.values_per_term >= 2 or distinct < 4
    assert plan.sound == (plan.values_per_term >= 2 and plan.vain_rows <= 1000)
    assert plan.vain_rows == pytest.approx(rows * (distinct - 1) / distinct / 2**plan.bits)


def test_the_planner_says_what_leaks() -> None:
    """Few values are never hidden, many bits tell equal rows, few bits are slow: the advice says which."""
    assert plan_index(rows=1_000_000, distinct=1_000_000).bits == 18
    assert plan_index(rows=1_000_000, distinct=1_000_000).sound
    yes_or_no = plan_index(rows=1000, distinct=2)
    assert (yes_or_no.sound, "how often each value occurs" in yes_or_no.advice) == (False, True)
    assert "how often each value occurs" in plan_index(rows=1000, distinct=1000, bits=32).advice
    slow = plan_index(rows=1_000_000, distinct=1_000_000, bits=4)
    assert (slow.sound, "in vain: more bits" in slow.advice) == (False, True)
    for wrong in ({"rows": 1, "distinct": 2}, {"rows": 1, "distinct": 0}, {"rows": 9, "distinct": 3, "bits": 65}):
        with pytest.raises(ValueError, match="expected"):
            plan_index(**wrong)


def test_the_planner_is_right_about_vain_rows() -> None:
    """Counted over random values, a search opens about as many rows in vain as the planner says."""
    index = BlindIndex(column="c", bits=6)
    terms = [index.term(f"value {number}", key=KEY) for number in range(4000)]
    found = [terms.count(terms[number]) - 1 for number in range(0, 4000, 40)]
    plan = plan_index(rows=4000, distinct=4000, bits=6)
    assert sum(found) / len(found) == pytest.approx(plan.vain_rows, rel=0.1)


KEYS = st.lists(
    st.one_of(st.text(min_size=1, max_size=9), st.integers(), st.binary(min_size=1, max_size=9), st.uuids()), min_size=1, max_size=3
)


@given(KEYS, KEYS)
def test_keys_of_rows_are_injective(one: list[object], other: list[object]) -> None:
    """Different primary keys have different texts, whatever their kinds."""
    same = [(type(each), each) for each in one] == [(type(each), each) for each in other]
    assert (row_key(one) == row_key(other)) == same


def test_a_key_is_there_before_the_row_is_sealed() -> None:
    """Nothing, the empty text, truth values and floats are no primary keys."""
    assert row_key([UUID(int=1), 5]) == "33:u000000000000000000000000000000012:i5"
    for wrong in (None, "", True, 1.5):
        with pytest.raises(ValueError, match="expected a primary key"):
            row_key([wrong])


def test_the_context_names_all_of_the_place() -> None:
    """Table, column, key and organization each make another context."""
    place = ColumnPlace("t", "c")
    contexts = {
        column_context(place, organization="org_1", key="1:x").encoded,
        column_context(place, organization="org_2", key="1:x").encoded,
        column_context(place, organization="org_1", key="1:y").encoded,
        column_context(ColumnPlace("u", "c"), organization="org_1", key="1:x").encoded,
        column_context(ColumnPlace("t", "d"), organization="org_1", key="1:x").encoded,
    }
    assert len(contexts) == 5

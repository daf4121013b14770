"""The context of a ciphertext."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption.context import Context
from ctsec.ids import OrganizationId

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ORGANIZATIONS = st.one_of(st.none(), st.text("ab=", min_size=1, max_size=4))
SHORT = st.text("ab=", max_size=3)


@st.composite
def contexts(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> Context:
    organization = draw(ORGANIZATIONS)
    return Context(
        organization=None if organization is None else OrganizationId(organization),
        purpose=draw(texts.filter(bool)),
        table=draw(texts),
        row=draw(texts),
        field=draw(texts),
    )


@given(first=contexts(SHORT), second=contexts(SHORT))
def test_the_encoding_is_injective(first: Context, second: Context) -> None:
    """Two contexts have the same bytes exactly if they are the same."""
    assert (first.encoded == second.encoded) is (first == second)


@given(context=contexts(TEXTS))
def test_the_encoding_can_be_read_back(context: Context) -> None:
    """The bytes are a count and that many pairs of length-prefixed name and value, in the order of the names, with nothing left over."""
    data, pairs = context.encoded[1:], []
    for _ in range(context.encoded[0]):
        pair = []
        for _ in range(2):
            size = int.from_bytes(data[:2], "big")
            pair.append(data[2 : 2 + size].decode())
            data = data[2 + size :]
        pairs.append((pair[0], pair[1]))
    assert data == b""
    assert pairs == sorted(pairs)
    expected = {"field": context.field, "purpose": context.purpose, "row": context.row, "table": context.table}
    if context.organization is not None:
        expected["organization"] = context.organization
    assert dict(pairs) == expected


def test_the_published_bytes() -> None:
    """The encoding is fixed byte by byte, so that another language can make it."""
    context = Context(organization=OrganizationId("o"), purpose="p", table="t", row="r", field="é")
    assert context.encoded == b"\x05" + b"".join(
        (
            b"\x00\x05field\x00\x02\xc3\xa9",
            b"\x00\x0corganization\x00\x01o",
            b"\x00\x07purpose\x00\x01p",
            b"\x00\x03row\x00\x01r",
            b"\x00\x05table\x00\x01t",
        )
    )


def test_text_that_shifts_between_fields_makes_another_context() -> None:
    """Text moved from one field to the next makes other bytes."""
    one = Context(organization=OrganizationId("acme"), purpose="x", table="ta", row="b")
    two = Context(organization=OrganizationId("acme"), purpose="x", table="t", row="ab")
    assert one.encoded != two.encoded


def test_scope_is_the_organization_or_the_deployment() -> None:
    """A context without an organization is the deployment's."""
    assert Context(organization=None, purpose="x").scope == "deployment"
    assert Context(organization=OrganizationId("org_1"), purpose="x").scope == "org_1"


def test_what_can_not_be_a_context_is_refused() -> None:
    """An empty organization or purpose, one named like the deployment, a value over 1024 bytes and lone surrogates raise ValueError."""
    names = [OrganizationId(""), OrganizationId("deployment")]
    cases: list[dict[str, object]] = [{"purpose": ""}, {"row": "é" * 513}, {"row": "\ud800"}]
    cases += [{"organization": name} for name in names]
    for wrong in cases:
        fields: dict[str, object] = {"organization": None, "purpose": "x"} | wrong
        with pytest.raises(ValueError, match="context"):
            Context(**fields)  # type: ignore[arg-type]

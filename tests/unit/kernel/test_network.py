"""Networks and addresses as numbers: one spelling for v4 inside v6, and nothing for what is no plain address."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.network import MAX_ADDRESS, parse_address, parse_network


@given(address=st.ip_addresses())
def test_an_address_is_itself_and_v4_inside_v6_is_v4(address: Any) -> None:
    """Every address reads as itself in each of its spellings, and `::ffff:a.b.c.d` as `a.b.c.d`."""
    expected = getattr(address, "ipv4_mapped", None) or address
    assert parse_address(str(address)) == parse_address(address.exploded) == parse_address(str(address).upper()) == expected
    if isinstance(address, IPv4Address):
        assert parse_address(f"::ffff:{address}") == parse_address(str(IPv6Address((0xFFFF << 32) + int(address)))) == address


@given(address=st.ip_addresses(), length=st.integers(0, 128))
def test_a_network_holds_exactly_the_addresses_with_its_bits(address: Any, length: Any) -> None:
    """An address is in a network iff their leading bits are the same."""
    length = min(length, address.max_prefixlen)
    free = address.max_prefixlen - length
    first = type(address)(int(address) >> free << free)
    if getattr(first, "ipv4_mapped", None) is None:
        network = parse_network(f"{first}/{length}")
        assert address in network
        assert type(address)(int(address) ^ (1 << free >> 1)) in network
        if length:
            assert type(address)(int(address) ^ (1 << free)) not in network


@given(text=st.text() | st.text(alphabet="0123456789abcdef.:/%", max_size=70))
def test_hostile_text_is_no_address_and_raises_nothing(text: Any) -> None:
    """Any text is read as an address in a spelling of its own, or as none."""
    found = parse_address(text)
    assert found is None or (len(text) <= MAX_ADDRESS and "%" not in text and "/" not in text)


@pytest.mark.parametrize(
    "text", ["", "x", "192.0.2.1/24", "::ffff:192.0.2.0/120", "fe80::%eth0/64", "fe80::/64%1", "192.0.2.0/33", "0" * 1_048_576]
)
def test_what_is_no_network_is_refused(text: Any) -> None:
    """Host bits, zones, v4 networks written as v6 and over-long text raise ValueError."""
    with pytest.raises(ValueError, match=r".+"):
        parse_network(text)

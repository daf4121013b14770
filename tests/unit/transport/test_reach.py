"""Which addresses a fetch may connect to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.network import parse_address
from ctsec.transport.reach import Reach, may_connect

PUBLIC = ["1.1.1.1", "8.8.8.8", "99.255.255.255", "100.128.0.1", "172.32.0.1", "193.0.0.1", "2606:4700::1111", "2a00:1450:4001::1"]
PRIVATE = ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "fd12:3456::1", "fc00::1"]
LOOPBACK = ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"]
NEVER = [
    "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "100.100.100.200", "168.63.129.16",
    "::", "fe80::1", "fec0::1", "ff02::1", "fd00:ec2::254", "::ffff:169.254.169.254", "::ffff:10.0.0.1".replace("10.0.0.1", "0.0.0.0"),
    "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "3fff::1",
    "100::1", "5f00::1", "4000::1",
]  # fmt: skip


@pytest.mark.parametrize(
    ("addresses", "reaches"),
    [
        (PUBLIC, {Reach.PUBLIC, Reach.ON_PREMISE, Reach.LOOPBACK}),
        (PRIVATE, {Reach.ON_PREMISE}),
        (LOOPBACK, {Reach.LOOPBACK}),
        (NEVER, set()),
    ],
    ids=["public", "private", "loopback", "never"],
)
def test_each_address_is_within_the_reach_of_the_table(addresses: list[str], reaches: set[Reach]) -> None:
    """Public addresses are reached always, private ones and loopback by their own switch, everything special by none."""
    for text in addresses:
        address = parse_address(text)
        assert address is not None, text
        assert {reach for reach in Reach if may_connect(address, reach)} == reaches, text


@given(number=st.integers(0, (1 << 32) - 1))
def test_no_address_that_python_calls_special_is_public(number: int) -> None:
    """Whatever the standard library does not call global is refused, bare and inside IPv6; so is what is translated."""
    bare = IPv4Address(number)
    inside = parse_address(f"::ffff:{bare}")
    assert inside == bare
    if not bare.is_global or bare.is_multicast or bare.is_reserved:
        assert not may_connect(bare)
    for translated in (IPv6Address((0x64FF9B << 96) | number), IPv6Address((0x2002 << 112) | (number << 80)), IPv6Address(number)):
        assert not may_connect(translated)


@given(number=st.integers(0, (1 << 128) - 1))
def test_no_v6_address_that_python_calls_special_is_public(number: int) -> None:
    """The same of IPv6."""
    address = ip_address(number | (1 << 127 if number < 1 << 33 else 0))
    if not address.is_global or address.is_multicast:
        assert not may_connect(address)

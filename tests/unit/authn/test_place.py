"""Where a sign-in came from, as its person is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.authn.place import MAX_PLACE, UNKNOWN_PLACE, network_of, place_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2:3::9", "2001:db8:1::/48"),
        ("fe80::1%eth0", UNKNOWN_PLACE),
        ("", UNKNOWN_PLACE),
        ("<b>", UNKNOWN_PLACE),
    ],
)
def test_a_network_stands_for_its_addresses(address: str, network: str) -> None:
    """A person is shown /24 of IPv4 and /48 of IPv6, and nothing of what is no address."""
    assert network_of(address) == place_of(address) == network


@given(said=st.text(max_size=200))
def test_words_of_the_host_are_one_short_line(said: str) -> None:
    """Whatever a host's names answer is one line of at most 64 characters before the network, or nothing."""
    shown = place_of("198.51.100.7", names=lambda address: said)
    assert shown.endswith("198.51.100.0/24)") or shown == "198.51.100.0/24"
    assert shown.isprintable()
    assert len(shown) <= MAX_PLACE + len(" (198.51.100.0/24)")


@pytest.mark.parametrize("silence", ["", " ", None])
def test_names_see_the_address_and_may_fail(silence: str | None) -> None:
    """The host is asked with the whole address, never with what is none; its error and its silence leave the network."""
    asked = list[str]()

    def city(address: str) -> Any:
        asked.append(address)
        return "Kyoto" if address.endswith(".7") else str(1 // 0) if address.endswith(".8") else silence

    places = [place_of(address, names=city) for address in ("198.51.100.7", "198.51.100.8", "198.51.100.9", "nowhere")]
    assert places == ["Kyoto (198.51.100.0/24)", "198.51.100.0/24", "198.51.100.0/24", UNKNOWN_PLACE]
    assert asked == ["198.51.100.7", "198.51.100.8", "198.51.100.9"]

"""Forwarding headers: who is believed, and what a client can not write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.web.address import TrustedProxies
from ctsec.web.forwarded import MAX_ELEMENTS, MAX_FORWARDED, ForwardingHeader, nodes, parse_node

PROXY = "10.0.0.1"
TRUSTED = ["10.0.0.0/8"]
BEHIND = TrustedProxies.of(TRUSTED, header="forwarded")


def client(*lines: str, proxies: TrustedProxies = BEHIND, peer: str = PROXY) -> str:
    return proxies.client(peer, headers=[(proxies.header, line) for line in lines])


@pytest.mark.proves("ASVS-15.3.4", "ASVS-4.1.3")
@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["for=192.0.2.60;proto=http;by=203.0.113.43"], "192.0.2.60"),
        (['For="[2001:db8:cafe::17]:4711"'], "2001:db8:cafe::17"),
        (['for="192.0.2.43:47011"'], "192.0.2.43"),
        (["for=1.1.1.1, for=192.0.2.43"], "192.0.2.43"),
        (["for=1.1.1.1", "proto=https;for=192.0.2.43"], "192.0.2.43"),
        (["for=192.0.2.43, for=10.0.0.9"], "192.0.2.43"),
        (['for=192.0.2.43;host="a, for=9.9.9.9"'], "192.0.2.43"),
        (['for=192.0.2.43;host="a\\", for=9.9.9.9;x=\\""'], "192.0.2.43"),
        (['for="10.0.0\\.9"'], "10.0.0.9"),
        (["for=unknown"], PROXY),
        (["for=_gazonk"], PROXY),
        (["proto=https"], PROXY),
        ([], PROXY),
        ([""], PROXY),
        (["for=192.0.2.1;for=192.0.2.2"], PROXY),
        (["for=192.0.2.1;"], PROXY),
        (["for = 192.0.2.1"], PROXY),
        (["for=192.0.2.1 proto=https"], PROXY),
        (["for=2001:db8::1"], PROXY),
        (["192.0.2.1"], PROXY),
    ],
)
def test_forwarded_as_rfc_7239_says(lines: list[str], found: str) -> None:
    """The last element that is no trusted proxy's names the client; what breaks the grammar or names no address ends the walk there."""
    assert client(*lines) == found


@given(evil=st.text(alphabet='for=",;\\[]: 19.ab', max_size=60))
def test_what_a_client_wrote_never_changes_what_a_proxy_wrote(evil: str) -> None:
    """Whatever a client puts into the header before the proxy appends its element, the address is the one that the proxy wrote."""
    for appended in ("for=192.0.2.60", 'for="[2001:db8::17]:4711"', 'for=192.0.2.60;host="a:80"', 'proto=http;for="192.0.2.60:1"'):
        assert client(f"{evil}, {appended}") in {"192.0.2.60", "2001:db8::17"}
        assert client(evil, appended) in {"192.0.2.60", "2001:db8::17"}
    plain = TrustedProxies.of(TRUSTED)
    assert client(f"{evil}, 192.0.2.60", proxies=plain) == "192.0.2.60"


@pytest.mark.proves("ASVS-15.3.4", "ASVS-4.1.3")
def test_only_the_header_of_the_proxies_is_read() -> None:
    """Whichever header the proxies write, the other one is the client's own; from an untrusted peer both are."""
    both = [("forwarded", "for=192.0.2.1"), ("x-forwarded-for", "192.0.2.2")]
    assert BEHIND.client(PROXY, headers=both) == "192.0.2.1"
    assert TrustedProxies.of(TRUSTED).client(PROXY, headers=both) == "192.0.2.2"
    assert BEHIND.client("198.51.100.9", headers=both) == "198.51.100.9"
    assert TrustedProxies().client(PROXY, headers=both) == PROXY


@pytest.mark.parametrize(("hops", "found"), [(1, "192.0.2.3"), (2, "192.0.2.2"), (3, "192.0.2.1")])
def test_so_many_proxies_and_no_more(hops: int, found: str) -> None:
    """With a number of proxies so many elements are believed from the right, also where every address may be a proxy's."""
    proxies = TrustedProxies.of(["0.0.0.0/0", "::/0"], hops=hops)
    assert client("6.6.6.6, 192.0.2.1, 192.0.2.2, 192.0.2.3", proxies=proxies, peer="192.0.2.4") == found


def test_a_configuration_that_would_believe_clients_is_refused() -> None:
    """Networks that hold every address need the number of proxies; a number out of range and another header are none."""
    for networks in (["0.0.0.0/0"], ["::/0"], ["10.0.0.0/8", "::/0"]):
        with pytest.raises(ValueError, match="hops"):
            TrustedProxies.of(networks)
    for hops in (0, MAX_ELEMENTS + 1):
        with pytest.raises(ValueError, match="hops"):
            TrustedProxies.of(TRUSTED, hops=hops)
    with pytest.raises(ValueError, match="x-real-ip"):
        TrustedProxies.of(TRUSTED, header="x-real-ip")
    assert TrustedProxies.of(BEHIND) is BEHIND


def test_long_headers_are_not_read() -> None:
    """A header over the limit counts as none, and only so many elements are walked, trusted or not."""
    filler = "for=10.0.0.2, " * 700
    assert len(filler) > MAX_FORWARDED
    assert client(f"{filler}for=192.0.2.1") == PROXY
    assert client(f"for=192.0.2.1{', for=10.0.0.2' * MAX_ELEMENTS}") == "10.0.0.2"
    assert len(list(nodes((",".join(["for=10.0.0.2"] * 99),), header=ForwardingHeader.FORWARDED))) == MAX_ELEMENTS
    assert client('for="' + "," * 99 + '"') == PROXY


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:8080", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:8080", "2001:db8::1"),
        ("[2001:db8::1]:_port", "2001:db8::1"),
        ("[::ffff:192.0.2.1]", "192.0.2.1"),
        ("[192.0.2.1]", None),
        ("192.0.2.1:", None),
        ("192.0.2.1:123456", None),
        ("[2001:db8::1", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_nodes_with_and_without_ports(text: str, address: str | None) -> None:
    """A port is cut off; an IPv6 address stands in brackets where it has one; nothing else is an address."""
    found = parse_node(text)
    assert (None if found is None else str(found)) == address

"""Addresses: https anywhere, plain http on this machine only, and nothing that two parsers could read differently."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.transport import Location, check_url, is_loopback
from ctsec.transport.address import MAX_URL

LOOPBACK = ["localhost", "LOCALHOST", "127.0.0.1", "127.255.255.254", "[::1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]"]
LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABEL, min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize("host", LOOPBACK)
def test_plain_http_on_loopback(host: str) -> None:
    """Loopback may be plain, however it is written, with any port, path and query."""
    for rest in ("", ":8080", "/a?b=c#d", ":8080/a"):
        assert check_url(f"http://{host}{rest}").loopback
        assert check_url(f"HTTPS://{host}{rest}").scheme == "https"


@pytest.mark.proves("ASVS-12.3.1")
@pytest.mark.parametrize(
    "host",
    [
        "idp.example.test", "10.0.0.1", "192.168.1.1", "0.0.0.0", "128.0.0.1", "126.255.255.255", "[::]", "[::2]", "[fe80::1]",
        "[::ffff:10.0.0.1]", "localhost.example.test", "127.0.0.1.example.test", "a.localhost", "local-host", "localhosts",
    ],
)  # fmt: skip
def test_plain_http_elsewhere_is_refused(host: str) -> None:
    """Any other host is for https only."""
    assert not check_url(f"https://{host}/x").loopback
    with pytest.raises(ValueError, match="expected https: plain http is for loopback only"):
        check_url(f"http://{host}/x")


@pytest.mark.proves("ASVS-4.2.5")
@pytest.mark.parametrize(
    "url",
    [
        "https://user@idp.example.test", "https://user:s3cret@idp.example.test", "http://localhost@idp.example.test",
        "http://localhost:s3cret@idp.example.test", "http://idp.example.test@localhost", "https://@idp.example.test",
        "http://localhost\\@idp.example.test", "http:\\\\localhost", "http://localhost\\.idp.example.test", "http:/localhost",
        "http:localhost", "//localhost", "localhost", "", "https://", "https:///path", "https://?q", "https://#f", "https://:443",
        "ftp://localhost", "javascript://localhost", "file:///etc/hosts", "redis://localhost", "https//localhost",
        "http://localhost.", "http://127.0.0.1.", "https://idp.example.test.", "https://idp..example.test", "https://.example.test",
        "http://127.1", "http://2130706433", "http://0x7f000001", "http://0x7f.1", "http://0177.0.0.1", "http://127.0.0.01",
        "https://256.1.1.1", "https://1.2.3", "https://1.2.3.4.5", "https://idp.0x10",
        "http://[::1", "http://::1", "http://[::1]x", "http://[localhost]", "http://[127.0.0.1]", "http://[::1%25eth0]", "http://[::1%lo]",
        "https://[v1.a]", "https://[]", "https://a]b", "https://a[b",
        "http://ⓛocalhost", "http://localhost\u3002", "http://loca\u00adlhost", "http://lo\u0441alhost", "https://bücher.example",
        "http://%6cocalhost", "http://localhost%00.example.test", "http://localhost%2eexample.test", "https://idp.example.test%",
        "http://localhost\x00.example.test", "http://localhost\n.example.test", "http://local\thost", " http://localhost",
        "http://localhost ", "\nhttp://localhost", "http://localhost/a b", "http://localhost/\x7f", "https://idp.example.test/a\\b",
        "https://idp.example.test:0", "https://idp.example.test:65536", "https://idp.example.test:99999", "https://idp.example.test:-1",
        "https://idp.example.test:+443", "https://idp.example.test:4 43", "https://idp.example.test:443:443", "https://idp.example.test:x",
        "https://idp.example.test:443x", "https://-a.example.test", "https://a-.example.test", "https://a,b.example.test",
        "https://" + "a" * 64 + ".example.test", "https://" + ".".join(["abcdefgh"] * 30), "https://a.example/" + "x" * MAX_URL,
    ],
)  # fmt: skip
def test_hostile_addresses_are_refused_and_not_repeated(url: str) -> None:
    """What is no address, or could be read in two ways, is refused by a message that holds nothing of it."""
    words = "without a user name" if re.match(r"https?://[^/\\]*@", url) else "^expected "
    with pytest.raises(ValueError, match=words) as caught:
        check_url(url)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "location", "text"),
    [
        ("HTTPS://IdP.Example.Test/Path?Q#F", ("https", "idp.example.test", 443), "https://idp.example.test:443"),
        ("https://xn--bcher-kva.example:8443", ("https", "xn--bcher-kva.example", 8443), "https://xn--bcher-kva.example:8443"),
        ("https://[2001:DB8::1]:8443/", ("https", "2001:db8::1", 8443), "https://[2001:db8::1]:8443"),
        ("https://kms_1.example.test:", ("https", "kms_1.example.test", 443), "https://kms_1.example.test:443"),
        ("http://127.0.0.1", ("http", "127.0.0.1", 80), "http://127.0.0.1:80"),
        ("https://a.example/@b:c@d", ("https", "a.example", 443), "https://a.example:443"),
        ("https://a.example?x=http://localhost@b", ("https", "a.example", 443), "https://a.example:443"),
    ],
)
def test_location(url: str, location: tuple[str, str, int], text: str) -> None:
    """Scheme, host and port come out in one spelling, and the text holds nothing else of the address."""
    scheme, host, port = location
    found = check_url(url)
    assert found == Location(scheme=scheme, host=host, port=port)
    assert str(found) == text
    assert check_url(text) == found


def location_of(url: str) -> Location | None:
    """Return the location, or None for a refusal."""
    try:
        return check_url(url)
    except ValueError:
        return None


@given(st.text(max_size=60) | st.text("htps:/@[]%.\\0123456789abclocalhost?#", max_size=60))
def test_whatever_is_accepted_reads_the_same_to_the_standard_library(text: str) -> None:
    """No text makes an accepted address whose host another parser sees differently, and plain http is accepted for loopback only."""
    for url in (text, f"http://{text}", f"https://{text}"):
        found = location_of(url)
        if found is None:
            continue
        parsed = urlsplit(url)
        assert (parsed.scheme, parsed.hostname, parsed.username, parsed.password) == (found.scheme, found.host, None, None)
        assert found.scheme == "https" or is_loopback(found.host)


@given(NAMES, st.integers(1, 65_535))
def test_names_round_trip(name: str, port: int) -> None:
    """A name with a port is found again in the location."""
    if name.rpartition(".")[2].isdigit():
        return
    assert check_url(f"https://{name.upper()}:{port}/x") == Location(scheme="https", host=name, port=port)


@given(st.ip_addresses())
def test_loopback_of_addresses(address: object) -> None:
    """An address is loopback exactly where the standard library says so of it, or of the v4 address inside it."""
    parsed = ip_address(str(address))
    inner = getattr(parsed, "ipv4_mapped", None) or parsed
    assert is_loopback(str(address)) == inner.is_loopback
    assert not isinstance(inner, IPv4Address) or inner.is_loopback == str(inner).startswith("127.")

"""Where a client may connect: https, and plain http on this machine only.

Rules that this module keeps:

- an address is judged by its parsed host; what two parsers might read differently (user information, backslashes, control characters,
  percent signs, names that are not ASCII, zones, trailing dots, numbers that are no address) is refused, not guessed at;
- loopback is `localhost`, 127.0.0.0/8 and ::1, and nothing that a resolver would have to be asked about;
- an error never repeats the address: it may hold a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

from ctsec.network import parse_address

MAX_URL: Final = 2_048
_MAX_HOST: Final = 253
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_URL: Final = re.compile(r"[!-~]+")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_DEFAULT: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The part of an address that a connection is made to; `host` is in lower case, an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether it is this machine."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Say whether `host`, a name or an address without brackets, is this machine without anybody being asked."""
    if host.lower() == "localhost":
        return True
    address = parse_address(host)
    return address is not None and address.is_loopback


def check_url(url: str) -> Location:
    """Return where an https address leads, or an http one on loopback; raise ValueError, without the address in it, for any other.

    `url` has at most MAX_URL characters, printable ASCII only: an international name stands in its ASCII form (RFC 5891).
    """
    if len(url) > MAX_URL:
        raise ValueError(f"expected an address of at most {MAX_URL} characters")
    if not _URL.fullmatch(url) or "\\" in url:
        raise ValueError("expected an address of printable ASCII without spaces and backslashes; write international names in ASCII")
    scheme, colon, rest = url.partition("://")
    scheme = scheme.lower()
    if not colon or scheme not in _DEFAULT:
        raise ValueError("expected an https address")
    host, port = _host_and_port(rest)
    if scheme == "http" and not is_loopback(host):
        raise ValueError("expected https: plain http is for loopback only")
    # A last look with the parser that most clients use: it must agree.
    parsed = urlsplit(url)
    if parsed.hostname != host or parsed.scheme != scheme or parsed.username is not None:
        raise ValueError("expected an address that reads the same everywhere")
    return Location(scheme=scheme, host=host, port=_DEFAULT[scheme] if port is None else port)


def _host_and_port(rest: str) -> tuple[str, int | None]:
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise ValueError("expected an address without a user name and a password in it")
    if authority.startswith("["):
        inside, bracket, port = authority[1:].partition("]")
        if not bracket or not isinstance(_v6(inside), IPv6Address):
            raise ValueError("expected an IPv6 address between the brackets")
        host = inside.lower()
    else:
        host, colon, digits = authority.lower().partition(":")
        port = colon + digits
        _check_name(host)
    if port in {"", ":"}:
        return host, None
    if not _PORT.fullmatch(port[1:]) or port[0] != ":" or not 1 <= int(port[1:]) <= 65_535:
        raise ValueError("expected a port from 1 to 65535")
    return host, int(port[1:])


def _v6(text: str) -> IPv6Address | None:
    try:
        return None if "%" in text else IPv6Address(text)
    except ValueError:
        return None


def _check_name(host: str) -> None:
    """Refuse what is no name of a host; a last label that is a number makes it an IPv4 address (WHATWG URL, 3.5), written in full."""
    labels = host.split(".")
    if not host or len(host) > _MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("expected the name of a host, without a trailing dot")
    if _NUMBER.fullmatch(labels[-1]) and parse_address(host) is None:
        raise ValueError("expected an IPv4 address as four numbers")

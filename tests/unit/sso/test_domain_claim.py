"""What can be claimed, and what looks at the DNS make of a proven domain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctsec.ids import OrganizationId
from ctsec.sso import SsoPolicy
from ctsec.sso.domain_claim import (
    GRACE,
    LOOK_AGAIN,
    LOOK_EVERY,
    MISSES,
    DnsTrouble,
    DomainClaim,
    Look,
    domain_name,
    judged,
    looked,
    lost,
    new_token,
    proved,
)  # fmt: skip
from ctsec.sso.nameservers import NameServer, parse_nameserver

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLAIM = DomainClaim(
    organization_id=OrganizationId("org_1"),
    name="acme.example",
    token=new_token(bytes(range(20))),
    claimed_by="usr_1",
    claimed_at=NOW,
    expires_at=NOW,
)
RIGHT = CLAIM.record_value.encode()


@pytest.mark.parametrize(
    "text",
    [
        "com", "localhost", "", ".", "acme.example.", ".acme.example", "acme..example", "*.acme.example", "_x.acme.example", "a@b.example",
        "192.0.2.1", "[192.0.2.1]", "acme.example:443", "acme.example/", " acme.example", "acme.example\n", "a" * 64 + ".example",
        ".".join(["abcdefgh"] * 27), "xn--\u00fc.example",
    ],
)  # fmt: skip
def test_what_is_no_domain_can_not_be_claimed(text: str) -> None:
    """A single label, an address in figures, an underscore, a wildcard, and what is no name or leaves no room for the challenge."""
    with pytest.raises(ValueError, match="expected"):
        domain_name(text)


def test_names_are_those_of_addresses() -> None:
    """A domain is kept as it stands in keys of addresses: lower case, IDNA; and its challenge is below it."""
    assert [domain_name(each) for each in ("Acme.Example", "bücher.example", "co.uk")] == ["acme.example", "xn--bcher-kva.example", "co.uk"]
    assert CLAIM.record_name == "_ctsec-challenge.acme.example"
    assert CLAIM.record_value == "ctsec-domain-verification=aaaqeayeaudaocajbifqydiob4ibceqt"


@pytest.mark.parametrize(
    ("answer", "look"),
    [
        ((RIGHT,), Look.THERE),
        ((b"v=spf1 -all", RIGHT), Look.THERE),
        ((), Look.GONE),
        ((b"v=spf1 -all",), Look.GONE),
        ((RIGHT + b" ",), Look.GONE),
        ((b'"' + RIGHT + b'"',), Look.GONE),
        ((RIGHT.upper(),), Look.GONE),
        ((RIGHT[:-1],), Look.GONE),
        ((CLAIM.token.encode(),), Look.GONE),
        (DnsTrouble.NOT_THERE, Look.GONE),
        (DnsTrouble.ALIAS, Look.GONE),
        (DnsTrouble.TIMEOUT, Look.UNKNOWN),
        (DnsTrouble.FAILED, Look.UNKNOWN),
        (DnsTrouble.TOO_MANY, Look.UNKNOWN),
        (DnsTrouble.TOO_LARGE, Look.UNKNOWN),
    ],
)
def test_only_the_exact_value_counts(answer: tuple[bytes, ...] | DnsTrouble, look: Look) -> None:
    """One of the values is the claim's, byte by byte; what nobody answered says neither yes nor no."""
    assert judged(CLAIM, answer) is look


@example([(Look.GONE, 0), *[(Look.UNKNOWN, 0)] * 15, (Look.GONE, 0)])
@example([(Look.GONE, 0)] * 15)
@given(st.lists(st.tuples(st.sampled_from(list(Look)), st.integers(0, 40)), max_size=60))
def test_a_domain_is_lost_only_after_two_weeks_of_answers_that_said_so(history: list[tuple[Look, int]]) -> None:
    """Whatever happened: it is lost exactly if the looks since the record was seen last said gone seven times, over fourteen days."""
    now = NOW
    claim, gone = proved(CLAIM, now=now), list[datetime]()
    for look, late in history:
        assert claim.due_at is not None
        assert timedelta(0) < claim.due_at - now <= LOOK_EVERY
        now = claim.due_at + timedelta(hours=late)
        claim = looked(claim, look, now=now)
        gone = [] if look is Look.THERE else [*gone, now] if look is Look.GONE else gone
        assert claim.missing_since == (gone[0] if gone else None)
        expected = bool(gone) and now - gone[0] >= GRACE and len(gone) >= MISSES
        assert lost(claim, now=now) is expected
        assert look is Look.THERE or claim.due_at == now + LOOK_AGAIN


def test_looks_spread_over_a_day() -> None:
    """Domains that were proved at one moment are looked at at different ones."""
    tokens = [new_token(bytes([n]) * 20) for n in range(50)]
    moments = {proved(replace(CLAIM, token=token), now=NOW).due_at for token in tokens}
    assert len(moments) > 25


def test_resolvers_are_addresses() -> None:
    """A resolver is an IP address with a port or without; names, other ports and other times are refused when the policy is made."""
    assert parse_nameserver("192.0.2.1") == NameServer("192.0.2.1", 53)
    assert parse_nameserver("192.0.2.1:5353") == NameServer("192.0.2.1", 5353)
    assert parse_nameserver("[2001:db8::1]:53") == NameServer("2001:db8::1", 53)
    for wrong in ("", "dns.example", "192.0.2.256", "192.0.2.1:0", "192.0.2.1:65536", "2001:db8::1", "192.0.2.1:53 ", "[192.0.2]"):
        with pytest.raises(ValueError, match="expected"):
            SsoPolicy(nameservers=(wrong,))
    for seconds in (0, 10.5):
        with pytest.raises(ValueError, match="expected a time"):
            SsoPolicy(dns_seconds=seconds)

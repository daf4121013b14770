"""The pages about ways in and about sessions through providers say what the code does."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from ctsec.authn.record import assurance_level
from ctsec.principal import Factor
from ctsec.sso.grant import CLAIM_LIFE, FIRST_RETRY, LAST_RETRY
from ctsec.sso.policy import SsoPolicy
from tests.hosts.test_ways_in import WAYS

REFERENCE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference"
# The rows of the page that each way of the hosts' table is; what stands for a moment of a way, or leads to one, is that way.
ROWS: Final = {
    "password": "password",
    "code": "password, then a code of an app",
    "backup": "password, then a backup code",
    "passkey_second": "password, then a passkey",
    "passkey": "passkey",
    "reset": "password",
    "link": "mailed link, where the deployment allows it",
    "link_and_code": "mailed link, then a code",
    "link_before": "mailed link, where the deployment allows it",
    "trusted": "password, on a trusted device",
    "begun_before": "password, then a code of an app",
    "session": "password",
    "enrolment": "password, then a code of an app",
    "enrolment_passkey": "password, then a passkey",
    "renewal": "password, then a code of an app",
    "oidc": "organization's provider",
    "saml": "organization's provider",
    "oidc_before": "organization's provider",
    "saml_before": "organization's provider",
    "oidc_then_code": "organization's provider, then a code",
    "oidc_session": "organization's provider",
    "break_glass": "password, then a code of an app",
    "api_key": "API key",
    "derived_key": "API key",
    "service_key": "API key of a service account",
    "exchange": "token of a workload, exchanged for a key",
    "directory": "credential of a directory (SCIM)",
}
PROGRAMS: Final = {
    "API key",
    "API key of a service account",
    "token of a workload, exchanged for a key",
    "credential of a directory (SCIM)",
}
TRUSTED: Final = "organization's provider, trusted with the method or class that it tells"


def rows() -> dict[str, list[str]]:
    """Return the cells of each way of the page."""
    lines = [
        line for line in (REFERENCE / "ways-in.md").read_text("utf-8").partition("| who made")[0].splitlines() if line.startswith("| ")
    ][1:]
    return {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)}


@pytest.mark.proves("ASVS-6.1.3")
def test_every_way_in_is_on_the_page_with_its_level() -> None:
    """Each way of the table that both hosts are driven through has its row, and each row's factors give the level that it says."""
    found, now = rows(), datetime(2026, 1, 1, tzinfo=UTC)
    assert set(ROWS) == set(WAYS)
    assert set(found) == {*ROWS.values(), TRUSTED}
    for way, (factors, level, *_) in found.items():
        named = re.findall(r"`([a-z_]+)`", factors)
        assert {Factor(each) for each in named} or way in PROGRAMS
        assert assurance_level(dict.fromkeys(named, now)) == int(level), way


@pytest.mark.proves("ASVS-7.1.3")
def test_the_bounds_of_sessions_through_providers_are_on_the_page() -> None:
    """How often a provider is asked, how long it may be silent, and how long a session goes on that can not be asked about."""
    text = (REFERENCE / "single-sign-on.md").read_text("utf-8").partition("## Sessions")[2].partition("## Tokens")[0]
    policy, hour, minute = SsoPolicy(), 3600, 60
    hours = {each: int(getattr(policy, each).total_seconds()) // hour for each in ("revalidate_every", "unchecked", "unasked")}
    assert hours == {"revalidate_every": 1, "unchecked": 4, "unasked": 12}
    for name, said in (("revalidate_every", "an hour"), ("unchecked", "4 hours"), ("unasked", "12 hours")):
        (line,) = [line for line in text.splitlines() if f"`SsoPolicy.{name}`" in line]
        assert said in line, name
    first, last, claim = (int(each.total_seconds()) // minute for each in (FIRST_RETRY, LAST_RETRY, CLAIM_LIFE))
    assert f"after {first} minutes, then twice as long each time, {last} minutes at most" in text
    assert f"claimed by one for {claim} minutes" in text
    for word in ("grant_refused", "identity_not_linked", "provider_logout", "provider_not_heard", "interrupted", "token_unreadable"):
        assert f"`{word}`" in text, word

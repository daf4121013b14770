"""Sign-in through an organization's provider that speaks SAML, in both hosts."""

from __future__ import annotations

import pytest

from ctsec.testing.saml import Signed
from tests.hosts.harness import Browser, Host
from tests.hosts.saml import Firm, Trip, found


@pytest.fixture
def firm(host: Host) -> Firm:
    """An organization whose people sign in through the provider."""
    return found(host)


def test_a_person_is_provisioned_and_comes_back(host: Host, firm: Firm) -> None:
    """The first sign-in makes an account with the connection's role, the next one finds it, however the provider signs."""
    styles = (Signed.ASSERTION, Signed.RESPONSE, Signed.BOTH)
    first, *later = (Trip(firm, Browser(host)).sign_in("ann-1", style=each, email="ann@acme.example") for each in styles)
    assert (first.status, first.json["status"]) == (200, "signed_in"), (first.body, firm.whys())
    assert first.json["organization_id"] == firm.organization
    assert {each.json["user_id"] for each in later} == {first.json["user_id"]}
    members = firm.owner.ok(f"GET /organizations/{firm.organization}/members")["members"]
    assert [(each["email"], each["role"]) for each in members if each["user_id"] == first.json["user_id"]] == [
        ("ann@acme.example", "member")
    ]
    names = [each.name for each in host.events(firm.organization)]
    assert (names.count("user.provisioned"), names.count("sso_identity.linked")) == (1, 1)

"""Sign-in through an organization's identity provider, in both hosts, at the local provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctsec.testing import LocalIdentityProvider
from tests.hosts.harness import Browser, Host
from tests.hosts.sso import Acme, Traveller, found

ANN = {"email": "ann@acme.example", "email_verified": True, "name": "Ann"}


@pytest.fixture
def provider(host: Host) -> Iterator[LocalIdentityProvider]:
    """A provider on loopback, on the host's clock."""
    with LocalIdentityProvider(clock=host.clock) as made:
        made.people["ann"] = dict(ANN)
        yield made


@pytest.fixture
def acme(host: Host, provider: LocalIdentityProvider) -> Acme:
    """An organization whose people sign in through the provider."""
    return found(host, provider)


def test_a_person_is_provisioned_and_comes_back(host: Host, acme: Acme) -> None:
    """The first sign-in makes an account with the lowest role, the next one finds it; the session is of the connection's organization."""
    first, second = (Traveller(acme, Browser(host)).sign_in("ann") for _ in range(2))
    assert (first.status, first.json["status"], first.json["organization_id"]) == (200, "signed_in", acme.organization), first.body
    assert second.json["user_id"] == first.json["user_id"]
    members = acme.owner.ok(f"GET /organizations/{acme.organization}/members")["members"]
    assert [(each["email"], each["role"]) for each in members if each["user_id"] == first.json["user_id"]] == [
        ("ann@acme.example", "member")
    ]
    names = [each.name for each in host.events(acme.organization)]
    assert (names.count("user.provisioned"), names.count("sso_identity.linked")) == (1, 1)

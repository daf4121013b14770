"""A connection whose provider needs what its organization has lost: it keeps nobody else from anything, in both hosts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ctsec.ids import OrganizationId
from tests.hosts.harness import HOSTS, Browser
from tests.hosts.providers import providers
from tests.hosts.sso import Traveller


@pytest.mark.parametrize("kind", sorted(HOSTS))
def test_a_connection_without_a_domain_stops_nobody_else(kind: str) -> None:
    """Google without a verified domain: a sign-in is refused and told, its sessions end, and the sessions of others are asked about."""
    with providers(kind, names=["google", "okta"]) as acme:
        acme.at["google"].hire("ann", "ann@acme.example")
        acme.at["okta"].hire("bea", "bea@acme.example")
        ann, bea = Traveller(acme.acme("google"), Browser(acme.host)), Traveller(acme.acme("okta"), Browser(acme.host))
        assert ann.sign_in("ann").json["status"] == "signed_in"
        acme.host.clock.advance(timedelta(minutes=15))  # Ann's session is asked about first
        assert bea.sign_in("bea").json["status"] == "signed_in"
        returning = Traveller(acme.acme("google"), Browser(acme.host))
        callback = acme.at["google"].visit(returning.begin(), person="ann")
        organization = OrganizationId(acme.organization)
        acme.host.do(lambda unit: unit._store.domains.remove(organization, "acme.example"))
        assert returning.back(callback).status == 401
        begun = Browser(acme.host).auth(f"POST /sso/{acme.connections['google']}/begin", {})
        assert (begun.status, begun.json["reason"]) == (409, "conflict")
        assert acme.whys() == ["connection_unfit", "connection_unfit"]
        asked = len(acme.at["okta"].asked)
        acme.host.clock.advance(timedelta(minutes=58))
        acme.host.mails("nobody")
        assert len(acme.at["okta"].asked) > asked
        assert [each.browser.auth("GET /session").status for each in (ann, bea)] == [401, 200]
        ended = [each.details()["details"]["why"] for each in acme.host.events(acme.organization) if each.name == "sso.sessions_ended"]
        assert ended == ["connection_unfit"]

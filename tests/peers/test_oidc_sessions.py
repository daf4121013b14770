"""Sessions through npm's oidc-provider, once they have begun, in both hosts: asked about, ended there, and signed out there."""

from __future__ import annotations

import httpx
import pytest

from tests.hosts.harness import BASE, Host
from tests.peers.listening import listening
from tests.peers.running import OidcProvider
from tests.peers.scene import SECRET, come, connect, connection, counts, pass_by, register, told
from tests.peers.visitor import Visitor

pytestmark = [pytest.mark.program("oidc-provider")]
BYE = f"{BASE}/bye"


@pytest.mark.proves("ASVS-7.6.1")
def test_each_refresh_token_is_used_once(host: Host, provider: OidcProvider) -> None:
    """For hours each answer replaces the token, and the session counts; a used one that comes again ends the family, and the session."""
    acme = connect(host, provider)
    watched, other = come(acme, "alice"), come(acme, "bob")
    before = provider.count("/token")
    pass_by(acme, provider, 240)
    client = connection(acme)["client_id"]
    mine = {token: each for token, each in provider.kept("RefreshToken").items() if each["clientId"] == client}
    used = [token for token, each in mine.items() if "consumed" in each]
    checks = provider.count("/token") - before
    assert (counts(watched), counts(other), len(used), len(mine)) == (True, True, checks, checks + 2)
    assert checks >= 8
    stolen = next(token for token in used if mine[token]["accountId"] == "alice")
    form = {"grant_type": "refresh_token", "refresh_token": stolen}
    answer = httpx.post(f"{provider.issuer}/token", auth=(client, SECRET), data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    pass_by(acme, provider, 60)
    assert (counts(watched), counts(other)) == (False, True)
    assert [each["why"] for each in told(acme, "sso.sessions_ended")] == ["grant_refused"]


@pytest.mark.proves("ASVS-7.6.1")
def test_who_was_removed_there_is_out_within_the_hour(host: Host, provider: OidcProvider) -> None:
    """The provider has no such account any more: every session of that person ends, and nobody else's."""
    acme = connect(host, provider)
    browsers = [come(acme, person) for person in ("alice", "alice", "bob")]
    del provider.people["alice"]
    pass_by(acme, provider, 60)
    assert [counts(each) for each in browsers] == [False, False, True]
    assert [(each["why"], each["ended"]) for each in told(acme, "sso.sessions_ended")] == [("grant_refused", 2)]


@pytest.mark.proves("ASVS-7.6.1")
def test_the_provider_ends_sessions_itself(host: Host, provider: OidcProvider) -> None:
    """Who signs out there is told to our route by the provider: the session that came from there ends, and no other."""
    acme = connect(host, provider)
    with listening(host) as listener, Visitor(provider.issuer) as first, Visitor(provider.issuer) as second:
        notice = f"{listener.url}/auth/sso/{acme.connection}/logout"
        register(acme, provider, backchannel_logout_uri=notice, backchannel_logout_session_required=True)
        browsers = [come(acme, "alice", first), come(acme, "alice", second), come(acme, "bob")]
        provider.tell()
        listener.during(lambda: first.go(f"{provider.issuer}/session/end"))
        assert [counts(each) for each in browsers] == [False, True, True]
    assert [(each["why"], each["ended"]) for each in told(acme, "sso.sessions_ended")] == [("provider_logout", 1)]
    assert told(acme, "sso.logout_refused") == []


def test_signing_out_leads_to_the_end_of_the_session_there(host: Host, provider: OidcProvider) -> None:
    """Our address opens the page that asks the person; who agrees comes back to ours, and the next sign-in asks for a password again."""
    acme = connect(host, provider)
    register(acme, provider, post_logout_redirect_uris=[BYE])
    with Visitor(provider.issuer) as visitor:
        browser, same = come(acme, "alice", visitor), come(acme, "alice", visitor)
        assert visitor.asked_for("password") == 1
        reply = browser.auth("POST /sign-out")
        assert (counts(browser), counts(same)) == (False, True)
        assert visitor.go(str(reply.json["provider_url"])) == BYE
        come(acme, "alice", visitor)
        assert visitor.asked_for("password") == 2

"""An organization that is connected to a peer of SAML by metadata alone, in both directions, and its people there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

import httpx

from ctsec.testing.saml import Signed
from tests.hosts.harness import Browser, Host, Reply
from tests.hosts.saml import Firm, Trip, found
from tests.peers.saml_running import Samlp, SamlPeer
from tests.peers.visitor import Visitor

RULES: Final = {"rules": [{"group": "engineers", "role": "member"}]}

EARLIER: Final = timedelta(minutes=10)


def connect(host: Host, peer: SamlPeer, *, style: Signed, encrypts: bool, **changed: Any) -> Firm:
    """Found an organization with an enabled connection made of the peer's metadata, and register ours there."""
    if isinstance(peer, Samlp):
        peer.clock = host.clock
    else:
        host.clock.set(peer.clock.now() - EARLIER)  # it goes on by itself where mails and events are read
    document = httpx.get(peer.metadata_url, timeout=60)
    assert document.status_code == 200, document.text
    bare: dict[str, Any] = {"issuer": "", "sso_redirect": None, "certificates": None}
    firm = found(host, **{**bare, "metadata": document.text, "signs_requests": True, "default_role": "viewer", **changed})
    register(firm, peer, style=style, encrypts=encrypts)
    return firm


def together(host: Host, peer: SamlPeer) -> None:
    """Let it be the same time here and there: samlp's clock is told ours; simplesamlphp's is the machine's, and ours is set to it."""
    if isinstance(peer, Samlp):
        peer.clock = host.clock
        peer.tell()
    else:
        host.clock.set(max(host.clock.now(), peer.clock.now()))


def register(firm: Firm, peer: SamlPeer, *, style: Signed, encrypts: bool) -> None:
    """Give the peer our metadata, as they are published."""
    ours = Browser(firm.host).call("GET", f"/auth/sso/{firm.connection}/saml/metadata")
    assert ours.status == 200, ours.body
    peer.register(ours.body, style=style, encrypts=encrypts)


def come(firm: Firm, peer: SamlPeer, person: str, visitor: Visitor | None = None) -> tuple[Browser, Reply]:
    """Sign in as somebody; `visitor`, if given, is the browser at the peer. Return the browser here, and what it was told."""
    together(firm.host, peer)
    browser = Browser(firm.host)
    reply = browser.auth(f"POST /sso/{firm.connection}/begin", {})
    assert reply.status == 200, reply.body
    trip = Trip(firm, browser)
    trip.cookies = dict(re.findall(r"(?m)^(ctsec_saml_[A-Za-z0-9_-]{16})=([^;]+);", reply.headers["set-cookie"]))
    form = peer.visit(str(reply.json["url"]), person=person, visitor=visitor)
    return browser, trip.back(form.fields["SAMLResponse"], relay=form.fields["RelayState"])


def member(firm: Firm, user: str) -> tuple[str, str, str]:
    """Return address, name and role of a member."""
    members = firm.owner.ok(f"GET /organizations/{firm.organization}/members")["members"]
    return next((each["email"], each["name"], each["role"]) for each in members if each["user_id"] == user)

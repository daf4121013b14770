"""Connections that prove themselves by a key of their own, in both hosts, at a provider that judges every assertion."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import pytest

from ctsec.ids import ConnectionId
from ctsec.testing import LocalIdentityProvider
from ctsec.testing.client_assertions import ClientAssertions
from ctsec.testing.identity_provider import CLIENT_ID
from tests.hosts.harness import Browser, Host
from tests.hosts.sso import Acme, Traveller, enable, found, setup, whys

ANN = {"email": "ann@acme.example", "email_verified": True, "name": "Ann"}


@pytest.fixture
def acme(host: Host) -> Iterator[Acme]:
    """An organization whose connection has a key, at a provider that fetches its public half."""
    with LocalIdentityProvider(clock=host.clock) as provider:
        provider.people["ann"] = ANN
        made = found(host, provider)
        made.change(proof="private_key", secret=None)
        fetch(made)
        yield made


def fetch(acme: Acme) -> None:
    """Have the provider fetch the public keys (before it is asked: a host of the tests answers one question at a time)."""
    keys = published(acme)
    acme.local.assertions = ClientAssertions(CLIENT_ID, lambda: keys)


def published(acme: Acme) -> bytes:
    """Return the public keys of the connection, as anybody sees them."""
    reply = Browser(acme.host).auth(f"GET /sso/{acme.connection}/keys")
    assert reply.status == 200, reply.body
    return reply.body


def names(acme: Acme) -> list[str]:
    """Return the names of the published keys."""
    return [each["kid"] for each in json.loads(published(acme))["keys"]]


def sign_in(acme: Acme) -> int:
    """Sign Ann in through the connection."""
    return Traveller(acme, Browser(acme.host)).sign_in("ann").status


def test_a_key_of_its_own_proves_the_connection(acme: Acme) -> None:
    """Sign-ins are proved by an assertion that the provider believes once, and the view shows the public half alone."""
    assert [sign_in(acme), sign_in(acme)] == [200, 200]
    assert acme.local.assertions is not None
    assert len(acme.local.assertions.seen) == 2
    (shown,) = acme.owner.ok(f"GET {acme.home}")["connections"]
    assert (shown["proof"], shown["keys"]) == ("private_key", json.loads(published(acme))["keys"])
    assert [set(each) for each in shown["keys"]] == [{"kty", "crv", "x", "y", "alg", "use", "kid"}]


def test_a_new_key_signs_at_once_beside_the_former_one(acme: Acme) -> None:
    """After a rotation both keys are published, the new one signs, sign-ins go on without a test; after the next the first is gone."""
    (first,) = names(acme)
    old = published(acme)
    state = acme.owner.ok(f"POST {acme.home}/{acme.connection}/key")["state"]
    second, kept = names(acme)
    assert (state, kept, second != first) == ("enabled", first, True)
    fetch(acme)
    assert sign_in(acme) == 200
    acme.owner.ok(f"POST {acme.home}/{acme.connection}/key")
    assert names(acme)[1:] == [second]
    fetch(acme)
    assert sign_in(acme) == 200
    acme.local.assertions = ClientAssertions(CLIENT_ID, lambda: old)
    assert sign_in(acme) == 401
    assert whys(acme)[-1] == "client_refused"


def test_a_connection_has_a_secret_or_a_key(acme: Acme) -> None:
    """Both, neither, a key where the provider takes none, and a key in the form are refused; going back takes a secret and ends the key."""
    one, at = f"{acme.home}/{acme.connection}", acme.local
    before = names(acme)
    wrong: tuple[dict[str, object], ...] = (
        {"proof": "private_key"},
        {"proof": "secret", "secret": None},
        {"proof": "private_key", "secret": None, "secret_in_form": True},
        {"proof": "private_key", "secret": None, "provider": "google", "issuer": ""},
        {"proof": "private_key", "secret": None, "provider": "github", "issuer": "", "github_login": "acme", "github_id": 1},
        {"proof": "key"},
    )
    for changed in wrong:
        assert acme.owner.auth(f"PUT {one}", setup(at, **changed)).status == 422, changed
        assert acme.owner.auth(f"POST {acme.home}", setup(at, **changed)).status == 422, changed
    renamed = acme.owner.ok(f"PUT {one}", setup(at, proof="private_key", secret=None, name="Other"))
    assert (renamed["state"], names(acme)) == ("enabled", before)
    at.assertions = None
    assert acme.owner.ok(f"PUT {one}", setup(at))["keys"] == []
    assert acme.owner.auth(f"POST {one}/key").status == 409
    assert Browser(acme.host).auth(f"GET /sso/{acme.connection}/keys").status == 404
    enable(acme.owner, one)
    assert sign_in(acme) == 200


def test_the_private_half_is_sealed(acme: Acme) -> None:
    """What is stored of a key is sealed, and neither answers nor events tell of it."""
    store = acme.host.do(lambda unit: unit.connections.keys(ConnectionId(acme.connection)))
    assert all("d" not in each for each in store)
    acme.owner.ok(f"POST {acme.home}/{acme.connection}/key")
    events = [each for each in acme.host.events(acme.organization) if each.name == "sso_connection.changed"]
    assert ["key"] in [each.details()["details"]["changed"] for each in events]
    assert not any(b"PRIVATE" in each.body for each in events)


def test_the_provider_believes_no_other_assertion(acme: Acme) -> None:
    """The provider of the tests refuses what it should: used, late, for another address, of another client, and no assertion at all."""
    now, seen = acme.host.clock.now(), list[dict[str, str]]()
    endpoint = f"{acme.provider.issuer}/token"

    class Listening(ClientAssertions):
        __slots__ = ()

        def problem(self, form: Mapping[str, str], *, audience: str, now: datetime) -> str | None:
            seen.append(dict(form))
            return super().problem(form, audience=audience, now=now)

    keys = published(acme)
    judge = acme.local.assertions = Listening(CLIENT_ID, lambda: keys)
    assert sign_in(acme) == 200
    (form,) = seen
    assert judge.problem(form, audience=endpoint, now=now) == "used"
    judge.seen.clear()
    assert judge.problem(form, audience=endpoint, now=now + timedelta(seconds=60)) == "not in its time"
    assert judge.problem(form, audience="https://other.example/token", now=now) == "for somebody else"
    assert judge.problem({**form, "client_id": "other"}, audience=endpoint, now=now) == "somebody else"
    assert judge.problem({**form, "client_assertion": form["client_assertion"][:-2] + "AA"}, audience=endpoint, now=now) is not None
    assert judge.problem({**form, "client_secret": "x"}, audience=endpoint, now=now) == "no assertion"
    assert judge.problem({}, audience=endpoint, now=now) == "no assertion"
    assert judge.problem(form, audience=endpoint, now=now) is None

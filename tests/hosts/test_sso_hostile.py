"""Hostile ID tokens, answers, keys, documents and callbacks end sign-ins in both hosts, each for its reason, which the log alone has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ctsec.ids import OrganizationId
from ctsec.rbac.policy import Policy
from ctsec.sso.policy import SsoPolicy
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest
from tests.hosts.harness import HOSTS, Browser, Reply
from tests.hosts.sso import RUNNER, Acme, Traveller, enable, whys
from tests.unit.jose.forge import compact
from tests.unit.sso.hostile import CALLBACKS, CLAIMS, DOCUMENTS, NO_KEYS, TOKEN_ANSWERS, TOKENS, USERINFO
from tests.unit.sso.provider import ISSUER, KEY, NOW, Simulator, claims_of

BACK = "/auth/sso/{}/callback"
# What a state that is not this browser's is called here, where there is no sign-in to compare it with.
STATES = {
    "another state": "callback_invalid_token",
    "the nonce for a state": "callback_invalid_token",
    **dict.fromkeys(("state with more", "state with less", "state beyond ASCII"), "callback_wrong_browser"),
}


class Fed:
    """A fetcher that a provider in memory answers; of the guarded one it keeps the rule that hosts are the connection's."""

    def __init__(self) -> None:
        self.provider = Simulator()

    def fetch(self, request: HttpRequest, *, reach: Reach = Reach.PUBLIC, hosts: frozenset[str] | None = None) -> HttpAnswer:
        """Return what the provider says."""
        assert (reach, hosts) == (Reach.PUBLIC, {"login.acme.example"})
        return self.provider.answer(request)


@dataclass(slots=True)
class Scene(Acme):
    """An organization whose connection leads to the provider in memory, and what becomes of sign-ins there."""

    fed: Fed

    def setup(self) -> dict[str, object]:
        """Return the body that makes the connection."""
        return {"name": "Acme login", "provider": "oidc", "client_id": "ctsec", "secret": "s3cret", "issuer": ISSUER}

    def anew(self) -> None:
        """Change the connection, so that nothing is kept of its provider's keys."""
        self.fed.provider = Simulator()
        self.owner.ok(f"PUT {self.home}/{self.connection}", self.setup())
        enable(self.owner, f"{self.home}/{self.connection}")

    def begun(self) -> tuple[Traveller, dict[str, str]]:
        """Begin in a new browser, a moment later, and return it with the parameters of the provider's page."""
        self.host.clock.advance(timedelta(milliseconds=1))
        traveller = Traveller(self, Browser(self.host))
        return traveller, {name: value for name, (value,) in parse_qs(urlsplit(traveller.begin()).query).items()}

    def back(self, traveller: Traveller, asked: dict[str, str], **changed: Any) -> Reply:
        """Come back as a sound provider sends somebody, with parameters changed; `...` takes one away."""
        whole = {"state": asked["state"], "code": "code-1", "iss": ISSUER, **changed}
        query = urlencode({name: value for name, value in whole.items() if value is not ...}, errors="replace")
        return traveller.back(f"{BACK.format(self.connection)}?{query}")

    def refused(self, rows: Iterable[str], replies: Iterable[Reply]) -> tuple[dict[str, str], set[tuple[int, bytes]]]:
        """Return the reason of each row that the log has, and every answer that was given outward."""
        answers = {(reply.status, reply.body) for reply in replies}
        return dict(zip(rows, whys(self), strict=True)), answers


@pytest.fixture(params=sorted(HOSTS))
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The scene in each framework, at the moment for which the tokens of the tables are made."""
    fed = Fed()
    host = HOSTS[request.param](Policy.preset(), shared=True, single_sign_on=SsoPolicy(fetcher=fed))
    host.clock.set(NOW - timedelta(minutes=5))
    owner = Browser(host).sign_up("owner@acme.example", "Olga Owner").enrol()
    organization = owner.found("Acme")
    host.do(lambda unit: unit.domains.record(RUNNER, organization=OrganizationId(organization), domain="acme.example", proof="DNS"))
    nowhere: Any = None
    made = Scene(host, nowhere, owner, organization, "", fed)
    made.connection = str(owner.ok(f"POST {made.home}", made.setup())["id"])
    enable(owner, f"{made.home}/{made.connection}")
    host.clock.set(NOW)
    yield made
    host.close()


@pytest.mark.proves("CVE-2026-55669", "GHSA-wxg7-w2v3-w38g")
@pytest.mark.proves("ASVS-9.1.2", "ASVS-9.2.1", "ASVS-9.2.2", "ASVS-9.2.3", "ASVS-10.5.1", "ASVS-10.5.4", "CVE-2026-28802")
@pytest.mark.proves("CHANGELOG-django-allauth-64-2-0")
def test_hostile_id_tokens_sign_nobody_in(scene: Scene) -> None:
    """Every ID token of the tables is refused with the one answer, and the sound one beside them signs its person in: once."""
    replies = []
    for name in (*CLAIMS, *TOKENS):
        traveller, asked = scene.begun()
        claims = {"nonce": asked["nonce"], **CLAIMS[name][1]} if name in CLAIMS else {}
        scene.fed.provider = Simulator(id_token=TOKENS[name][1]() if name in TOKENS else compact(claims_of(**claims), key=KEY))
        replies.append(scene.back(traveller, asked))
    found, answers = scene.refused((*CLAIMS, *TOKENS), replies)
    assert found == {name: reason.value for table in (CLAIMS, TOKENS) for name, (reason, _) in table.items()}
    assert [(status, b"invalid_credentials" in body) for status, body in answers] == [(401, True)]
    traveller, asked = scene.begun()
    scene.fed.provider = Simulator(id_token=compact(claims_of(nonce=asked["nonce"]), key=KEY))
    assert scene.back(traveller, asked).json["status"] == "signed_in"
    assert scene.back(*scene.begun()).status == 401
    assert whys(scene)[-1] == "token_wrong_nonce"


def test_hostile_answers_sign_nobody_in(scene: Scene) -> None:
    """Every answer of the token and the userinfo endpoint of the tables is refused with the one answer."""
    replies = []
    for name in (*TOKEN_ANSWERS, *USERINFO):
        traveller, asked = scene.begun()
        scene.fed.provider = Simulator(id_token=compact(claims_of(nonce=asked["nonce"], email=...), key=KEY))
        scene.fed.provider.overrides["/userinfo" if name in USERINFO else "/token"] = {**TOKEN_ANSWERS, **USERINFO}[name][1]
        replies.append(scene.back(traveller, asked))
    found, answers = scene.refused((*TOKEN_ANSWERS, *USERINFO), replies)
    assert found == {name: reason.value for table in (TOKEN_ANSWERS, USERINFO) for name, (reason, _) in table.items()}
    assert [(status, b"invalid_credentials" in body) for status, body in answers] == [(401, True)]


@pytest.mark.proves("ASVS-10.2.1", "ASVS-10.2.2", "CVE-2026-81888", "CVE-2026-61687", "CVE-2026-33758")
def test_hostile_callbacks_reach_no_provider(scene: Scene) -> None:
    """Every callback of the table is refused, the provider hears of none, and no answer repeats what it was sent."""
    replies = []
    for _, changed in CALLBACKS.values():
        traveller, asked = scene.begun()
        scene.fed.provider = Simulator(id_token=compact(claims_of(nonce=asked["nonce"]), key=KEY))
        replies.append(scene.back(traveller, asked, **changed))
        assert scene.fed.provider.seen == []
    assert not any(b"script" in reply.body or "html" in reply.headers["content-type"] for reply in replies)
    told = dict(zip(CALLBACKS, replies, strict=True))
    assert told.pop("code of megabytes").json["reason"] == "too_large"  # by the host, before anything is looked for
    found, answers = scene.refused(told, told.values())
    assert found == {name: STATES.get(name, CALLBACKS[name][0].value) for name in told}
    assert sorted(status for status, _ in answers) == [400, 401]
    assert {name for name, reply in told.items() if reply.status == 400} == {"no state", "empty state", *STATES}


def test_without_its_key_nobody_signs_in(scene: Scene) -> None:
    """Where the provider publishes no key that made the signature the sign-in ends, for the reason in the table."""
    replies = []
    for _, given in NO_KEYS.values():
        scene.anew()
        traveller, asked = scene.begun()
        scene.fed.provider = Simulator(id_token=compact(claims_of(nonce=asked["nonce"]), key=KEY), overrides={"/keys": given})
        replies.append(scene.back(traveller, asked))
    found, answers = scene.refused(NO_KEYS, replies)
    assert found == {name: reason.value for name, (reason, _) in NO_KEYS.items()}
    assert len(answers) == 1


@pytest.mark.proves("ASVS-1.2.2", "CVE-2026-29192")
@pytest.mark.proves("ASVS-10.5.3")
def test_hostile_documents_send_no_browser_anywhere(scene: Scene) -> None:
    """Once a provider says of itself what is not the connection's, no sign-in begins, until it says what it should again."""
    replies = []
    document = "/.well-known/openid-configuration"
    for _, given in DOCUMENTS.values():
        scene.host.clock.advance(timedelta(minutes=10))
        scene.fed.provider = Simulator(overrides={document: given})
        replies.append(Browser(scene.host).auth(f"POST /sso/{scene.connection}/begin", {}))
        assert len(scene.fed.provider.seen) == 1
    found, answers = scene.refused(DOCUMENTS, replies)
    assert found == {name: reason.value for name, (reason, _) in DOCUMENTS.items()}
    assert [status for status, _ in answers] == [409]
    scene.fed.provider = Simulator()
    assert Browser(scene.host).auth(f"POST /sso/{scene.connection}/begin", {}).status == 200

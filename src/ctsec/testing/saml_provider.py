"""An identity provider of SAML 2.0 on loopback, for the tests of hosts and for trying things out. Needs the extra `saml`.

    with LocalSamlProvider(clock=clock) as provider:
        provider.people["alice"] = SamlPerson(attributes={"email": ["alice@acme.example"], "groups": ["staff"]})
        provider.register(metadata_of_the_service_provider)
        form = provider.visit(url, person="alice")   # what a browser posts to the service provider

A browser finds the same over http: `metadata_url`, `sso_url` (by redirect and by form; it asks who somebody is, unless `person` says so),
`/start?client=…` for a sign-in that the provider begins, `slo_url`, and `/sign-out?client=…&person=…` for a logout that it begins.
It signs in one of the three styles, encrypts where it is told to, and can do one thing wrong at a time.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from ctsec.clock import Clock, SystemClock
from ctsec.jose.rejection import Rejected
from ctsec.sso.saml.assertion import NameId
from ctsec.sso.saml.logout import Arrived, LogoutRequest, LogoutResponse, Posted, Redirected, logout_request, logout_response
from ctsec.sso.saml.logout import verify_logout_request as on_logout_request
from ctsec.sso.saml.logout import verify_logout_response as on_logout_response
from ctsec.sso.saml.names import EMAIL_ADDRESS, HTTP_POST, HTTP_REDIRECT, PERSISTENT, PROTOCOL
from ctsec.sso.saml.request import Form
from ctsec.sso.saml.signing import key_info
from ctsec.sso.saml.trust import SentRequest
from ctsec.sso.saml.wire import encode_field
from ctsec.sso.saml.xml import canonical, make
from ctsec.testing.loopback import Answered, Asked, Loopback
from ctsec.testing.saml import SamlAnswer, SamlKey, Signed
from ctsec.testing.saml_client import Reader, RequestRefused, SamlClient, SignInRequest
from ctsec.testing.saml_pages import chooser, form_page, refusal, said
from ctsec.testing.saml_wrongs import Wrong, sealed_wrongly

_signer: Final = cache(SamlKey.signer)  # loading a key of RSA takes as long as ten sign-ins
_BINDINGS: Final = (HTTP_REDIRECT, HTTP_POST)
_ROUTES: Final = frozenset({"/metadata", "/sso", "/start", "/slo", "/sign-out"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlPerson:
    """Somebody at a provider: without a `name_id` the name is persistent, and another one at each service provider."""

    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    name_id: str = ""
    name_format: str = PERSISTENT


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlSession:
    """A sign-in that the provider made; `index` is how it is named in a logout."""

    person: str
    client: str
    index: str
    name_id: NameId


class LocalSamlProvider:
    """A provider with any people and any service providers: `clients` are those that registered, by their entity id.

    `style` is what it signs, `encrypts` whether it encrypts assertions for who told a key for that, `wrong` the one thing that it does
    wrong, `wants_signed` whether AuthnRequests must be signed, `announced` keys in its metadata that it does not sign with yet. `asked` are
    the requests that it accepted and `refused` why it did not, `sessions` the sign-ins that last, `ended` the logouts that clients asked
    for, `answers` what they said to its own (a Rejected if that was not to be believed). `partial` makes it say that not all has ended.
    """

    def __init__(
        self, *, clock: Clock | None = None, key: SamlKey | None = None, style: Signed = Signed.ASSERTION, encrypts: bool = False
    ) -> None:
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.people: dict[str, SamlPerson] = {}
        self.clients: dict[str, SamlClient] = {}
        self.key = key if key is not None else SamlKey.generate()
        self.style, self.encrypts, self.wants_signed, self.partial = style, encrypts, False, False
        self.announced: tuple[SamlKey, ...] = ()
        self.wrong: Wrong | None = None
        self.asked: list[SignInRequest] = []
        self.refused: list[str] = []
        self.sessions: list[SamlSession] = []
        self.ended: list[LogoutRequest] = []
        self.answers: list[LogoutResponse | Rejected] = []
        self._sent: dict[str, tuple[str, str]] = {}
        self._logouts: dict[str, SentRequest] = {}
        self._server = Loopback(self._respond, clock=lambda: self.clock)
        self.at = self._server.url
        self.entity_id = self.metadata_url = f"{self.at}/metadata"
        self.sso_url, self.slo_url = f"{self.at}/sso", f"{self.at}/slo"

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.stop()

    def metadata(self, *, valid_until: str | None = None) -> bytes:
        """Return what the provider says of itself."""
        services = [("SingleLogoutService", self.slo_url), ("SingleSignOnService", self.sso_url)]
        logout, sign_in = ([make("md", name, {"Binding": each, "Location": url}) for each in _BINDINGS] for name, url in services)
        formats = [make("md", "NameIDFormat", None, each) for each in (PERSISTENT, EMAIL_ADDRESS)]
        says = {"protocolSupportEnumeration": PROTOCOL, "WantAuthnRequestsSigned": "true" if self.wants_signed else None}
        told = (self.key, *self.announced)
        keys = [make("md", "KeyDescriptor", {"use": "signing"}, key_info(_signer(each).certificate)) for each in told]
        described = make("md", "IDPSSODescriptor", says, *keys, *logout, *formats, *sign_in)
        return canonical(make("md", "EntityDescriptor", {"entityID": self.entity_id, "validUntil": valid_until}, described))

    def register(self, metadata: bytes) -> SamlClient:
        """Register a service provider by its metadata, in place of what it said before; raise RequestRefused if that is none."""
        client = SamlClient.from_metadata(metadata)
        self.clients[client.entity_id] = client
        return client

    def visit(self, asked: str | Form, *, person: str) -> Form:
        """Return what the browser of `person` posts to a service provider that sent it here, by an address or by a form.

        Raises RequestRefused if the provider does not answer.
        """
        return self._signed_in(self._read(asked), person)

    def start(self, *, person: str, client: str, relay_state: str = "") -> Form:
        """Return what the browser of `person` posts to a service provider that asked for nothing."""
        return self._signed_in(SignInRequest(client=self._client(client), relay_state=relay_state), person)

    def sign_out(self, *, person: str, client: str, by_form: bool = False) -> str | Form:
        """Return where the browser of `person` takes the request to end their last session at a service provider."""
        there = self._client(client)
        found = next((each for each in reversed(self.sessions) if (each.person, each.client) == (person, client)), None)
        if found is None:
            raise RequestRefused("expected somebody who is signed in there")
        message, sent = logout_request(
            there.trust(provider=self.entity_id, slo_url=self.slo_url), slo_url=there.slo_url, name_id=found.name_id,
            session_index=found.index, now=self._now(), random=secrets.token_bytes,
        )  # fmt: skip
        self.sessions.remove(found)
        self._logouts[client] = sent
        key = _signer(self.key)
        return message.form(key=key) if by_form else message.redirect(key=key)

    def signed_out(self, asked: str | Form) -> str | Form | None:
        """Take what a browser brings to `slo_url`: return where it takes the answer to a request, None if it was an answer itself.

        Raises RequestRefused if it is not to be believed.
        """
        if isinstance(asked, str):
            query = urlsplit(asked).query
            arrived: Arrived = Redirected(query)
            request = "SAMLRequest" in parse_qs(query)
        else:
            request = "SAMLRequest" in asked.fields
            arrived = Posted(asked.fields.get("SAMLRequest" if request else "SAMLResponse", ""))
        if request:
            return self._take_request(arrived, form=asked if isinstance(asked, Form) else None)
        self._take_answer(arrived)
        return None

    def _take_request(self, arrived: Arrived, *, form: Form | None) -> str | Form:
        for client in [each for each in self.clients.values() if each.certificates]:
            trust = client.trust(provider=self.entity_id, slo_url=self.slo_url)
            found = on_logout_request(arrived, trust=trust, now=self._now())
            if isinstance(found, LogoutRequest):
                break
        else:
            raise RequestRefused("expected a logout of a service provider that is registered, and signed")
        named = [each for each in self.sessions if (each.client, each.name_id.value) == (client.entity_id, found.name_id.value)]
        over = [each for each in named if not found.session_indexes or each.index in found.session_indexes]
        self.sessions = [each for each in self.sessions if each not in over]
        self.ended.append(found)
        message = logout_response(
            trust, slo_url=client.slo_url, request=found, complete=not self.partial, now=self._now(), random=secrets.token_bytes
        )
        key = _signer(self.key)
        if form is not None:
            return message.form(relay_state=form.fields.get("RelayState", ""), key=key)
        return message.redirect(relay_state=found.relay_state, key=key)

    def _take_answer(self, arrived: Arrived) -> None:
        asked = [(self._client(name), sent) for name, sent in self._logouts.items()]
        judged = [
            on_logout_response(arrived, trust=each.trust(provider=self.entity_id, slo_url=self.slo_url), request=sent, now=self._now())
            for each, sent in asked
        ]
        believed = next((each for each in judged if isinstance(each, LogoutResponse)), None)
        if believed is None:
            self.answers += judged[-1:]
            raise RequestRefused("expected an answer to a logout that was asked for, and signed")
        self.answers.append(believed)
        self._logouts = {name: sent for name, sent in self._logouts.items() if sent.id != believed.in_response_to}

    def _read(self, asked: str | Form) -> SignInRequest:
        reader = Reader(provider=self.entity_id, sso_url=self.sso_url, clients=self.clients, wants_signed=self.wants_signed)
        if isinstance(asked, str):
            return reader.read(Redirected(urlsplit(asked).query), now=self._now())
        fields = asked.fields
        return reader.read(Posted(fields.get("SAMLRequest", "")), relay_state=fields.get("RelayState", ""), now=self._now())

    def _signed_in(self, asked: SignInRequest, name: str) -> Form:
        person, client = self.people.get(name), asked.client
        if person is None:
            raise RequestRefused("expected somebody who is known here")
        self.asked.append(asked)
        entity = client.entity_id
        named = person.name_id or hashlib.sha256(f"{self.entity_id} {entity} {name}".encode()).hexdigest()
        session = SamlSession(person=name, client=entity, index=_new_id(), name_id=NameId(value=named, format=person.name_format))
        before = self._sent.get(entity, ("", ""))
        told_to = next((each for each in self.clients.values() if each != client), client) if self.wrong is Wrong.ANOTHER_CLIENT else client
        told = SamlAnswer(
            issuer=self.entity_id, audience=told_to.entity_id, acs_url=told_to.acs_url, now=self._now(), request=asked.id or None,
            person=named, name_format=person.name_format, attributes=person.attributes, session_index=session.index,
            response_id=_new_id(), assertion_id=(before[0] if self.wrong is Wrong.SAME_ID else "") or _new_id(),
        )  # fmt: skip
        sealed_for = told_to.encryption if self.encrypts else ""
        message = encode_field(sealed_wrongly(told, self.wrong, key=_signer(self.key), style=self.style, encrypt_for=sealed_for))
        if self.wrong is Wrong.REPLAYED:
            message = before[1] or message
        self._sent[entity] = (told.assertion_id, message)
        self.sessions.append(session)
        relayed = {"RelayState": asked.relay_state} if asked.relay_state else {}
        return Form(url=client.acs_url, fields={"SAMLResponse": message, **relayed})

    def _client(self, name: str) -> SamlClient:
        if name not in self.clients:
            raise RequestRefused("expected a service provider that is registered")
        return self.clients[name]

    def _now(self) -> datetime:
        return self.clock.now().replace(microsecond=0)

    def _respond(self, asked: Asked) -> Answered:
        if asked.path not in _ROUTES:
            return Answered(status=404)
        try:
            return self._answer(asked)
        except RequestRefused as error:
            self.refused.append(str(error))
            return refusal(str(error))

    def _answer(self, asked: Asked) -> Answered:
        told = {**{name: values[0] for name, values in parse_qs(asked.query).items()}, **asked.form}
        came: str | Form = asked.target if asked.method == "GET" else Form(url=asked.target, fields=asked.form)
        match asked.path:
            case "/metadata":
                return Answered(headers={"content-type": "application/samlmetadata+xml"}, body=self.metadata())
            case "/slo":
                return said(self.signed_out(came))
            case "/sign-out":
                return said(self.sign_out(person=told.get("person", ""), client=told.get("client", ""), by_form="form" in told))
            case "/start":
                request = SignInRequest(client=self._client(told.get("client", "")), relay_state=told.get("RelayState", ""))
            case _:
                came = f"?{told['query']}" if "query" in told else came  # as it came, before the page that asked who it is
                request = self._read(came)
        if "person" in told:
            return form_page(self._signed_in(request, told["person"]))
        kept = {"query": asked.query} if asked.path == "/sso" and asked.method == "GET" else told
        return chooser(sorted(self.people), action=asked.path, kept=kept)


def _new_id() -> str:
    return f"_{secrets.token_hex(16)}"

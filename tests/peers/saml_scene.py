"""A service provider that is connected to a peer of SAML by metadata alone, in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import httpx

from ctsec.jose.rejection import Rejected
from ctsec.sso.saml import (
    Form,
    Message,
    ProviderDocument,
    SentRequest,
    Trust,
    Unsolicited,
    VerifiedAssertion,
    Wanted,
    authn_request,
    parse_provider,
    service_metadata,
    verify,
)
from ctsec.testing import UnsafeSeededRandom
from ctsec.testing.saml import SamlKey, Signed
from tests.peers.saml_running import SamlPeer

RANDOM: Final = UnsafeSeededRandom(52)
KEY: Final = SamlKey.generate(name="sp.example").signer()
OPENER: Final = SamlKey.generate(name="sp.example")
_OPENS: Final = OPENER.signer()
STYLES: Final = (Signed.ASSERTION, Signed.RESPONSE, Signed.BOTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The provider as its metadata says it is, and us as it trusts us: `name` tells service providers of one test apart."""

    peer: SamlPeer
    document: ProviderDocument
    trust: Trust
    signs: bool

    @classmethod
    def connect(cls, peer: SamlPeer, name: str, *, signs: bool, style: Signed, encrypts: bool = False) -> Self:
        """Read the provider's metadata and give it ours; `signs` says whether ours has a key, so that our messages have to be signed."""
        answer = httpx.get(peer.metadata_url, timeout=60)
        assert answer.status_code == 200, answer.text
        document = parse_provider(answer.content, entity_id=peer.entity_id, now=peer.clock.now())
        assert isinstance(document, ProviderDocument), document
        at = f"https://sp.example/{name}"
        trust = Trust(
            connection=name, issuer=document.entity_id, audience=f"{at}/saml", acs_url=f"{at}/acs", slo_url=f"{at}/slo",
            keys=document.keys, openers=(_OPENS,),
        )  # fmt: skip
        scene = cls(peer=peer, document=document, trust=trust, signs=signs)
        peer.register(service_metadata(trust, signs=[KEY] if signs else [], random=RANDOM), style=style, encrypts=encrypts)
        return scene

    def now(self) -> datetime:
        """Return what time it is at the provider."""
        return self.peer.clock.now()

    def ask(self, wanted: Wanted | None = None, *, by_form: bool = False, relay_state: str = "") -> tuple[str | Form, SentRequest]:
        """Return a request to sign in as a browser takes it along, signed if ours are."""
        url = self.document.sign_in.post if by_form else self.document.sign_in.redirect
        message, sent = authn_request(self.trust, sso_url=url, wanted=wanted or Wanted(), now=self.now(), random=RANDOM)
        return self.carried(message, by_form=by_form, relay_state=relay_state), sent

    def carried(self, message: Message, *, by_form: bool, relay_state: str = "") -> str | Form:
        """Return a message as a browser takes it along."""
        key = KEY if self.signs else None
        return message.form(relay_state=relay_state, key=key) if by_form else message.redirect(relay_state=relay_state, key=key)

    def judge(self, form: Form, request: SentRequest | Unsolicited) -> VerifiedAssertion | Rejected:
        """Return what comes of what a browser brings."""
        assert form.url == self.trust.acs_url
        return verify(form.fields["SAMLResponse"], trust=self.trust, request=request, now=self.now())

"""The metadata of a provider at its address: what is asked for, what of it is news, and when it is looked at again.

Rules that this module keeps:

- nothing is believed because it is there: a document is compared with what the connection says, and named by all that a person has seen;
- a policy takes keys, and nothing else: where people are sent to is for an administrator to say;
- what a connection says beside the document (who we are there, what was lowered) stays as it is;
- a look that failed is made again soon at first, then less and less often; looks of many connections do not fall together.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from ctsec.ids import Random
from ctsec.jose.rejection import Rejected
from ctsec.sso import saml
from ctsec.sso.saml.own_key import own_keys
from ctsec.sso.saml.settings import SamlSettings
from ctsec.sso.saml.trust import MAX_METADATA
from ctsec.transport.request import HttpAnswer, HttpRequest

if TYPE_CHECKING:
    from ctsec.sso.saml.difference import DocumentChange  # they bring lxml, which is loaded with the first document
    from ctsec.sso.saml.provider import ProviderDocument

EVERY: Final = timedelta(hours=6)
SOON: Final = timedelta(days=30)
_AGAIN: Final = timedelta(minutes=15)
_MEDIA: Final = frozenset({"application/samlmetadata+xml", "application/xml", "text/xml"})
_SPREAD: Final = 5  # a fifth more at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a provider says of itself beside what a connection says of it: `name` stands for all of it, and is what is trusted."""

    document: ProviderDocument
    change: DocumentChange

    @property
    def name(self) -> str:
        """A digest of everything in the document that a connection takes."""
        made = self.document
        ends = [each for end in (made.sign_in, made.sign_out) for each in (end.redirect, end.post)]
        told = [made.entity_id, sorted(key.certificate for key in made.keys), ends, made.wants_signed_requests]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def metadata_request(url: str) -> HttpRequest:
    """Return what asks for metadata; a redirect stays at the host."""
    return HttpRequest(url=url, media=_MEDIA, limit=MAX_METADATA, redirects=2)


def read_metadata(answer: HttpAnswer | str, *, entity_id: str, now: datetime) -> ProviderDocument | str:
    """Return what an answer says of a provider, or in one word why it is not taken."""
    if isinstance(answer, str):
        return answer
    if answer.status != 200:
        return "wrong_status"
    found = saml.parse_provider(answer.body, entity_id=entity_id, now=now)
    return found.reason.value if isinstance(found, Rejected) else found


def offered(settings: SamlSettings, document: ProviderDocument) -> Offer:
    """Return what would change if a document were taken for a connection."""
    # Where answers to requests are sent is not kept, and an administrator may sign what the provider does not ask to be signed.
    ends = {name: replace(getattr(document, name), answers="") for name in ("sign_in", "sign_out")}
    seen = replace(document, **ends, wants_signed_requests=document.wants_signed_requests or settings.signs_requests)
    before = saml.ProviderDocument(
        entity_id=settings.issuer,
        keys=settings.trusted_keys(),
        sign_in=saml.Endpoint(redirect=settings.sso_redirect, post=settings.sso_post),
        sign_out=saml.Endpoint(redirect=settings.slo_redirect, post=settings.slo_post),
        wants_signed_requests=settings.signs_requests,
    )
    return Offer(document=seen, change=saml.document_change(before, seen))


def taken(settings: SamlSettings, offer: Offer) -> SamlSettings:
    """Return the settings with what a document says."""
    document = offer.document
    return replace(
        settings,
        sso_redirect=document.sign_in.redirect,
        sso_post=document.sign_in.post,
        slo_redirect=document.sign_out.redirect,
        slo_post=document.sign_out.post,
        certificates=tuple(key.certificate for key in document.keys),
        signs_requests=document.wants_signed_requests,
    )


def followed(settings: SamlSettings, offer: Offer) -> bool:
    """Tell whether the connection's own policy takes a document: keys alone are different."""
    return settings.follows_metadata and not offer.change.values and not offer.change.nothing


def ending(settings: SamlSettings, *, now: datetime) -> datetime | None:
    """Return when the last of the trusted certificates ends, if that is within thirty days, or over."""
    ends = [key.not_after for key in settings.trusted_keys() if key.not_after is not None]
    return max(ends) if ends and max(ends) < now + SOON else None


def own_ending(published: str | None, *, now: datetime) -> datetime | None:
    """Return when the certificate of the key that signs for us ends, if that is within thirty days, or over."""
    ends = next((key.not_after for key in own_keys(published)), None)
    return ends if ends is not None and ends < now + SOON else None


def next_look(*, now: datetime, failures: int, random: Random) -> datetime:
    """Return when metadata is looked at again after so many failures one after the other: six hours, or sooner after the first ones."""
    pause = min(EVERY, _AGAIN * 2 ** min(failures - 1, 10)) if failures else EVERY
    share = int.from_bytes(random(4), "big") / (1 << 32) / _SPREAD
    return now + pause * (1 + share)

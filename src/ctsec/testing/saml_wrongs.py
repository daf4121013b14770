"""What an identity provider of tests can do wrong when it signs somebody in."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from typing import Final

from ctsec.sso.saml.names import SAML, STATUS
from ctsec.sso.saml.signing import Signer
from ctsec.sso.saml.xml import Element, canonical
from ctsec.testing.saml import SamlAnswer, SamlKey, Signed, build, seal

_LONG: Final = timedelta(hours=1)


class Wrong(Enum):
    """One thing that is wrong with a response, everything else being right."""

    AUDIENCE = "for another audience"
    RECIPIENT = "confirmed for another address"
    DESTINATION = "sent to another address"
    ISSUER = "issued in another's name"
    REQUEST = "the answer to another request"
    STALE = "over for an hour"
    EARLY = "of an hour to come"
    UNSIGNED = "signed by nobody"
    KEY = "signed with a key that its metadata does not have"
    TAMPERED = "changed after it was signed"
    TWO_ASSERTIONS = "with an unsigned assertion behind the signed one"
    SAME_ID = "signed anew with the id of the assertion before"
    REPLAYED = "the response before, once more"
    ANOTHER_CLIENT = "what another service provider would have got"
    FAILED = "no sign-in at all"


def told_wrongly(told: SamlAnswer, wrong: Wrong | None) -> SamlAnswer:
    """Return what is said instead."""
    match wrong:
        case Wrong.AUDIENCE:
            return replace(told, audience="https://another.example/metadata")
        case Wrong.ISSUER:
            return replace(told, issuer="https://another.example/idp")
        case Wrong.REQUEST:
            return replace(told, request="_another-request")
        case Wrong.STALE:
            return replace(told, now=told.now - _LONG)
        case Wrong.EARLY:
            return replace(told, now=told.now + _LONG)
        case Wrong.FAILED:
            return replace(told, status=f"{STATUS}Responder")
        case _:
            return told


def sealed_wrongly(
    told: SamlAnswer, wrong: Wrong | None, *, key: Signer, style: Signed, encrypt_for: str = "", person: str = "somebody else"
) -> bytes:
    """Return the document, signed as it is said; `person` is who is put into one that is changed afterwards."""
    root = build(told_wrongly(told, wrong))
    match wrong:
        case Wrong.RECIPIENT:
            next(root.iter(f"{SAML}SubjectConfirmationData")).set("Recipient", "https://another.example/acs")
        case Wrong.DESTINATION:
            root.set("Destination", "https://another.example/acs")
        case Wrong.KEY:
            key = SamlKey.generate(curve=True).signer()
        case Wrong.UNSIGNED:
            style = Signed.NOTHING
        case _:
            pass
    if wrong is Wrong.FAILED:
        return canonical(root)  # providers sign these or not, and nothing depends on it
    if wrong not in {Wrong.TAMPERED, Wrong.TWO_ASSERTIONS}:
        return seal(root, key=key, style=style, encrypt_for=encrypt_for)
    seal(root, key=key, style=style)  # in plain: what nobody can read nobody can change
    return canonical(_changed(root, wrong, person))


def _changed(root: Element, wrong: Wrong, person: str) -> Element:
    assertion = root.find(f"{SAML}Assertion")
    if wrong is Wrong.TWO_ASSERTIONS:
        another = deepcopy(assertion)
        another.set("ID", f"{assertion.get('ID')}-2")
        for each in [each for each in another if each.tag.endswith("}Signature")]:
            another.remove(each)
        root.append(another)
        assertion = another
    next(assertion.iter(f"{SAML}NameID")).text = person
    return root

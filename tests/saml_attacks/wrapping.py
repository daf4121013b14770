"""Signature wrapping: what was signed is moved aside, and something else stands where it is read (Somorovsky et al., 2012; SAML Raider)."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from ctsec.sso.saml import SamlReason as R
from ctsec.sso.saml.names import DS, SAML, SAMLP
from ctsec.sso.saml.signing import sign_enveloped
from ctsec.testing.saml import Signed, build
from tests.saml_attacks.stage import (
    ASSERTION,
    ATTACKER,
    SIGNATURE,
    SIGNER,
    STATUS,
    STYLES,
    TOLD,
    VICTIM,
    Case,
    Node,
    after,
    find,
    forged,
    put,
    sent,
    signed,
)

SHAPE = frozenset(
    {R.SEVERAL_ASSERTIONS, R.NO_ASSERTION, R.MISPLACED_SIGNATURE, R.BAD_SHAPE, R.DUPLICATE_ID, R.BAD_REFERENCE, R.WRONG_MESSAGE, R.UNSIGNED}
    | {R.BAD_SIGNATURE_SHAPE, R.BAD_DIGEST, R.BAD_ID, R.NO_SUBJECT, R.UNKNOWN_CONDITION}
)
# Where the signed assertion goes, beside or inside of the forged one.
PLACES = (
    "before", "behind", "first in the forged", "last in the forged", "in its Subject", "in its Conditions", "in its Advice",
    "in its AttributeValue", "in an Object of the signature", "in KeyInfo", "in StatusDetail", "in Extensions", "in another Response",
    "in an EncryptedAssertion", "in the Issuer", "behind the Status",
)  # fmt: skip


def cases() -> Iterator[Case]:
    """Yield every wrapping of assertions and of Responses."""
    for style in (Signed.ASSERTION, Signed.BOTH):
        for place in PLACES:
            for follows in (False, True):
                for identifier in ("_forged", "_assertion-1", None):
                    yield wrapped_assertion(style, place, follows=follows, identifier=identifier)
    for style in (Signed.RESPONSE, Signed.BOTH):
        for place in ("in an Object", "in KeyInfo", "in Extensions", "in StatusDetail", "last", "first", "behind the Issuer", "around"):
            for follows in (False, True):
                for identifier in ("_forged", "_response-1"):
                    yield wrapped_response(style, place, follows=follows, identifier=identifier)
    yield from others()


def wrapped_assertion(style: Signed, place: str, *, follows: bool, identifier: str | None) -> Case:
    """Return a Response with a forged assertion; `follows` says that the signature went into it."""
    root = signed(style)
    for each in [child for child in root if child.tag == SIGNATURE]:
        root.remove(each)  # what the Response's signature covers is to change
    original = find(root, ASSERTION)
    signature = find(original, SIGNATURE)
    evil = forged(original, identifier)
    root.replace(original, evil)
    original.tail = None
    if follows:
        original.remove(signature)
        evil.insert(1, signature)
    _place(root, evil, original, signature, place)
    name = f"signed assertion {place}, signature {'in the forged' if follows else 'kept'}, forged has {identifier}"
    return Case(f"{name} ({style.value})", sent(root), SHAPE)


def _place(root: Node, evil: Node, original: Node, signature: Node, place: str) -> None:  # noqa: C901 - a table of places
    match place:
        case "before":
            root.insert(root.index(evil), original)
        case "behind":
            root.insert(root.index(evil) + 1, original)
        case "behind the Status":
            find(root, STATUS).addnext(original)
        case "first in the forged":
            evil.insert(0, original)
        case "last in the forged":
            evil.append(original)
        case "in its Subject" | "in its Conditions" | "in its AttributeValue":
            find(evil, f"{SAML}{place.rpartition(' ')[2]}").append(original)
        case "in its Advice":
            find(evil, f"{SAML}Conditions").addnext(put(f"{SAML}Advice", original))
        case "in an Object of the signature" | "in KeyInfo":
            holder = put(f"{DS}Object", original) if "Object" in place else original
            if original is signature.getparent():  # the signature stays where it was: another one holds it
                evil.insert(1, put(SIGNATURE, put(f"{DS}Object", original)))
            elif "Object" in place:
                signature.append(holder)
            else:
                find(signature, f"{DS}KeyInfo").append(original)
        case "in StatusDetail":
            find(root, STATUS).append(put(f"{SAMLP}StatusDetail", original))
        case "in Extensions":
            root.insert(1, put(f"{SAMLP}Extensions", original))
        case "in another Response":
            root.append(put(f"{SAMLP}Response", original))
        case "in an EncryptedAssertion":
            root.append(put(f"{SAML}EncryptedAssertion", original))
        case _:
            find(evil, f"{SAML}Issuer").append(original)


def wrapped_response(style: Signed, place: str, *, follows: bool, identifier: str) -> Case:
    """Return a forged Response that has the signed one somewhere."""
    original = signed(style)
    signature = next(each for each in original if each.tag == SIGNATURE)
    evil = forged(original, identifier)
    for each in evil.iter(ASSERTION):
        each.set("ID", "_forged-assertion")
    if follows:
        original.remove(signature)
        evil.insert(1, signature)
    match place:
        case "in an Object":
            (signature if follows else _holder(evil)).append(put(f"{DS}Object", original))
        case "in KeyInfo":
            (find(signature, f"{DS}KeyInfo") if follows else _holder(evil)).append(original)
        case "in Extensions":
            evil.insert(1, put(f"{SAMLP}Extensions", original))
        case "in StatusDetail":
            find(evil, STATUS).append(put(f"{SAMLP}StatusDetail", original))
        case "last":
            evil.append(original)
        case "first":
            evil.insert(0, original)
        case "behind the Issuer":
            evil.insert(1, original)
        case _:
            evil = put("{urn:somebody}Envelope", evil, original)
    name = f"signed Response {place}, signature {'in the forged' if follows else 'kept'}, forged has {identifier}"
    return Case(f"{name} ({style.value})", sent(evil), SHAPE)


def _holder(evil: Node) -> Node:
    made = put(SIGNATURE)
    evil.insert(1, made)
    return made


def others() -> Iterator[Case]:
    """Yield what is no move of one element: second assertions, stripped and doubled signatures, changed text."""
    moved = (R.MISPLACED_SIGNATURE, R.BAD_SHAPE)
    yield from after("a second assertion behind", lambda root: root.append(_second(root)), R.SEVERAL_ASSERTIONS)
    yield from after("a second assertion in front", lambda root: find(root, ASSERTION).addprevious(_second(root)), R.SEVERAL_ASSERTIONS)
    another = put(f"{SAMLP}StatusDetail", put(f"{SAMLP}Response"))
    yield from after("an empty Response in the status", lambda root: find(root, STATUS).append(deepcopy(another)), R.SEVERAL_ASSERTIONS)
    yield from after("no signature at all", _exclude, R.UNSIGNED)
    yield from after("no signature and the victim's name", _exclude_and_rename, R.UNSIGNED)
    yield from after("the victim's name under the old signature", _rename, R.BAD_DIGEST)
    yield from after("the signature twice", lambda root: _holding(root).insert(1, deepcopy(find(root, SIGNATURE))), *moved)
    yield from after("the signature at the end", lambda root: _holding(root).append(find(root, SIGNATURE)), *moved)
    yield from after("the signature in front of the issuer", lambda root: _holding(root).insert(0, find(root, SIGNATURE)), *moved)
    yield from after("the signature in the status", lambda root: find(root, STATUS).append(find(root, SIGNATURE)), *moved)
    inner, outer = (Signed.ASSERTION,), (Signed.RESPONSE,)
    yield from after("the assertion's on the Response", lambda root: root.insert(1, find(root, SIGNATURE)), R.BAD_REFERENCE, styles=inner)

    def lower(root: Node) -> None:
        find(root, ASSERTION).insert(1, find(root, SIGNATURE))

    yield from after("the Response's on the assertion", lower, R.BAD_REFERENCE, styles=outer)
    yield from after("only the assertion, as the message", lambda root: find(root, ASSERTION), R.WRONG_MESSAGE)
    yield from after("a failure with an assertion", _fail, R.STATUS_FAILED, R.BAD_DIGEST)
    for style in STYLES:
        yield Case(f"as the provider signed it ({style.value})", sent(signed(style)), frozenset())
    other = signed(Signed.BOTH)
    forger = build(TOLD)
    sign_enveloped(find(forger, ASSERTION), ATTACKER.signer())
    yield Case("the assertion signed by another, in a signed Response", sent(_resigned(forger)), frozenset({R.BAD_SIGNATURE}))
    for each in [child for child in other if child.tag == SIGNATURE]:
        other.remove(each)
    yield Case("both signed, the Response's taken out", sent(other), frozenset())


def _resigned(root: Node) -> Node:
    sign_enveloped(root, SIGNER)
    return root


def _holding(root: Node) -> Node:
    return find(root, SIGNATURE).getparent()


def _second(root: Node) -> Node:
    return forged(find(root, ASSERTION), "_forged")


def _exclude(root: Node) -> None:
    for each in list(root.iter(SIGNATURE)):
        each.getparent().remove(each)


def _exclude_and_rename(root: Node) -> None:
    _exclude(root)
    _rename(root)


def _rename(root: Node) -> None:
    find(root, f"{SAML}NameID").text = VICTIM


def _fail(root: Node) -> None:
    find(root, f"{SAMLP}StatusCode").set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")

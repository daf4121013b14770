"""Verifiers with a mistake that somebody's verifier had, and the family of the kit that catches it."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Final

from ctsec.jose.rejection import Unacceptable
from ctsec.sso.saml import SamlReason, assertion, conditions, encryption, response, signature, status, xml
from ctsec.sso.saml.algorithms import RSA_SHA256, digest_of, signature_algorithm
from ctsec.sso.saml.conditions import Expected
from ctsec.sso.saml.keys import TrustedKey
from tests.mistake import mistaken
from tests.saml_attacks.stage import ASSERTION, SIGNATURE, Node, Outcome

# Another reason for a refusal is no flaw, unless it tells somebody something.
WRONG: Final = frozenset({Outcome.FORGED, Outcome.ACCEPTED, Outcome.REFUSED, Outcome.CRASHED})
Change = tuple[Callable[..., Any], str, str]


@dataclass(frozen=True)
class Mistake:
    """Changes of the code (function, old, new), and functions that stand in for others, that together make one flaw.

    `family` has a case that shows it, by one of the outcomes `by`.
    """

    family: str
    name: str
    changes: tuple[Change, ...] = ()
    rivals: tuple[tuple[ModuleType, str, Callable[..., Any]], ...] = ()
    by: frozenset[Outcome] = WRONG

    def __str__(self) -> str:
        return f"{self.family}: {self.name}"

    @contextmanager
    def made(self) -> Iterator[None]:
        """Run with the flaw; raise LookupError if there is nothing to make it of."""
        kept = [(module, name, getattr(module, name)) for module, name, _ in self.rivals]
        with ExitStack() as stack:
            for function, old, new in self.changes:
                stack.enter_context(mistaken(function, old, new))
            for module, name, rival in self.rivals:
                setattr(module, name, rival)
            try:
                yield
            finally:
                for module, name, before in kept:
                    setattr(module, name, before)


def by_reference(root: Node, trust: Any) -> Any:
    """Open a Response as many did: the signature is looked for everywhere, and so is what it names; the first assertion is read."""
    found = next(root.iter(SIGNATURE), None)
    if found is None:
        raise Unacceptable(SamlReason.UNSIGNED)
    info, value = found[0], found[1]
    name = next(each.get("URI", "") for each in info.iter() if "URI" in each.attrib).removeprefix("#")
    target = next((each for each in root.iter() if each.get("ID") == name), None)
    signed = signature._read(info, trust, name=name)
    over, made = xml.canonical(info), signature._value(value)
    if target is None or not any(key.verifies(over, made, signed.algorithm) for key in trust.keys):
        raise Unacceptable(SamlReason.BAD_SIGNATURE)
    xml.detach(found)
    if not hmac.compare_digest(digest_of(signed.digest_method, xml.canonical(target), unsafe_sha1=False), signed.digest):
        raise Unacceptable(SamlReason.BAD_DIGEST)
    return response._Opened(root, next(root.iter(ASSERTION)), encrypted=False)


def whoever(uri: str, *, unsafe_sha1: bool) -> Any:
    """Take any name of an algorithm for the usual one."""
    try:
        return signature_algorithm(uri, unsafe_sha1=unsafe_sha1)
    except Unacceptable:
        return RSA_SHA256


def shown_key(node: Node, trust: Any) -> Any:
    """Verify with the certificate that the message shows, where it shows one (CVE-2021-21239)."""
    shown = next(node.iter("{http://www.w3.org/2000/09/xmldsig#}X509Certificate"), None)
    keys = trust.keys if shown is None else (TrustedKey.from_certificate(base64.b64decode(shown.text)),)
    return signature.verify_enveloped(node, replace(trust, keys=keys))


def void(node: Node, prefixes: Any = ()) -> bytes:
    """Canonicalize, and take an error for nothing (CVE-2025-66568)."""
    try:
        return xml.canonical(node, prefixes)
    except Unacceptable:
        return b""


def _one(family: str, name: str, function: Callable[..., Any], old: str, new: str) -> Mistake:
    return Mistake(family, name, ((function, old, new),))


_COMMENTS: Final[Change] = (xml._check_text, 'if "<!" in text:', 'if "<!" in text.replace("<!--", ""):')
MISTAKES: Final = (
    Mistake(
        "wrapping", "the signature names what was signed, and the first assertion is read", rivals=((response, "_open", by_reference),)
    ),
    _one("wrapping", "what has no signature is believed", response._open, "refuse_if(not covered, SamlReason.UNSIGNED)", "pass"),
    _one("wrapping", "the digest is not compared", signature.verify_enveloped, "not hmac.compare_digest(digest, signed.digest)", "False"),
    _one(
        "wrapping",
        "an inner signature is not looked at",
        response._open,
        "assertion = verify_enveloped(assertion, trust)",
        "assertion = assertion if covered else verify_enveloped(assertion, trust)",
    ),
    Mistake(
        "wrapping",
        "a signature may stand anywhere",
        (
            (signature.verify_enveloped, "len(signatures) > 1 or node[1] is not signatures[0]", "len(signatures) > 1"),
            (response._without_signature, "or place != 1", ""),
        ),
    ),
    _one("references", "the reference may name anything", signature._read, 'not name or found.get("URI") != f"#{name}"', "not name"),
    Mistake(
        "references",
        "an empty reference is the element itself",
        ((signature._read, 'found.get("URI") != f"#{name}"', 'found.get("URI") not in ("", f"#{name}")'),),
    ),
    Mistake(
        "references",
        "a second reference is not verified (CVE-2026-33487)",
        (
            (
                signature._read,
                "refuse_if([each.tag for each in inside] != expected",
                "refuse_if([each.tag for each in inside][:3] != expected",
            ),
        ),
    ),
    Mistake(
        "references",
        "transforms are whatever they are",
        (
            (
                signature._transforms,
                'refuse_if([each.tag for each in inside] != [f"{DS}Transform"] * 2, SamlReason.BAD_TRANSFORM)',
                "return ()",
            ),
        ),
    ),
    _one(
        "algorithms",
        "SHA-1 is let in",
        signature._read,
        "signature_algorithm(_algorithm(inside[1]), unsafe_sha1=trust.unsafe_sha1)",
        "signature_algorithm(_algorithm(inside[1]), unsafe_sha1=True)",
    ),
    Mistake("algorithms", "an unknown algorithm is the usual one", rivals=((signature, "signature_algorithm", whoever),)),
    Mistake("keys", "the key is the one that is shown", rivals=((response, "verify_enveloped", shown_key),)),
    _one(
        "keys",
        "nothing is verified but the digest",
        TrustedKey.verifies,
        "except (InvalidSignature, ValueError):\n        return False",
        "except (InvalidSignature, ValueError):\n        return True",
    ),
    Mistake(
        "signed info",
        "SignedInfo is looked for by name",
        (
            (
                signature._parts,
                "refuse_if(names not in (expected, expected[:2]), SamlReason.BAD_SIGNATURE_SHAPE)",
                "inside = [next(signature.iter(each)) for each in expected[:2]]",
            ),
        ),
    ),
    Mistake(
        "signed info",
        "an error of canonicalization is nothing, and nothing is signed",
        (
            (xml._check_text, 'any(not _ABSOLUTE.fullmatch(each[1] or each[2] or "") for each in declared)', "False"),
            (signature.verify_enveloped, "_read(parse_own(signed_bytes), trust", "_read(info, trust"),
        ),
        rivals=((signature, "canonical", void),),
    ),
    _one("identifiers", "two elements may have one id", xml._check_id, "refuse_if(value in ids, SamlReason.DUPLICATE_ID)", "pass"),
    Mistake(
        "texts",
        "what stands before a comment is read (CVE-2017-11427)",
        (
            _COMMENTS,
            (
                xml._check_nodes,
                "refuse_if(not isinstance(node.tag, str), SamlReason.MALFORMED)",
                "if not isinstance(node.tag, str):\n                continue",
            ),
            (signature.verify_enveloped, "return read", "return node"),
            (assertion.read_name_id, "len(node) or not", "not"),
        ),
    ),
    Mistake(
        "texts",
        "types are parsed, and entities resolved",
        (
            (xml._check_text, 'if "<!" in text:', "if False:"),
            (xml.parse_own, "resolve_entities=False", "resolve_entities=True"),
        ),
    ),
    _one(
        "namespaces",
        "elements nobody knows are passed over",
        response._judge,
        'any(name not in {"AuthnStatement", "AttributeStatement"} for name in names[3:])',
        "False",
    ),
    _one("wire", "any encoding that is declared", xml._check_text, "if start is None:", "if start is None and text[:6] != '<?xml ':"),
    _one("parts", "a version is not looked at", Expected.check_header, 'found.get("Version") != VERSION', "False"),
    _one(
        "parts",
        "a condition that is not known is passed over",
        conditions.check_conditions,
        "case _:\n                raise Unacceptable(SamlReason.UNKNOWN_CONDITION)",
        "case _:\n                pass",
    ),
    _one(
        "comparisons",
        "an audience in one restriction is enough",
        conditions._check_audience,
        "refuse_if(ours not in [text_of(each) for each in inside], SamlReason.WRONG_AUDIENCE)",
        "pass",
    ),
    _one(
        "comparisons",
        "a recipient begins so",
        conditions._check_bearer,
        'found.get("Recipient") != expected.trust.acs_url',
        'not found.get("Recipient", "").startswith(expected.trust.acs_url)',
    ),
    _one(
        "comparisons", "a destination is not looked at", response._judge, 'response.get("Destination") != expected.trust.acs_url', "False"
    ),
    _one("comparisons", "the assertion's issuer is not compared", response._judge, "expected.check_issuer(inside[0])", "pass"),
    _one(
        "comparisons", "whoever vouches is believed", conditions.check_confirmations, 'each.get("Method") == BEARER', 'each.get("Method")'
    ),
    _one(
        "comparisons",
        "an InResponseTo is not compared (CVE-2026-9098)",
        Expected.check_request,
        "refuse_if(found != self.request.id, SamlReason.WRONG_REQUEST)",
        "pass",
    ),
    _one(
        "times",
        "an assertion does not end (CVE-2026-9096)",
        conditions.check_conditions,
        "expected.check_lasts(end, SamlReason.EXPIRED)",
        "pass",
    ),
    _one(
        "times",
        "a confirmation does not end",
        conditions._check_bearer,
        "expected.check_lasts(end, SamlReason.CONFIRMATION_EXPIRED)",
        "pass",
    ),
    _one("times", "an end is in", Expected.check_lasts, "self.now >= moment + self.trust.skew", "self.now > moment + self.trust.skew"),
    _one(
        "times",
        "the skew counts twice",
        Expected.check_begun,
        "moment - self.trust.skew > self.now",
        "moment - 2 * self.trust.skew > self.now",
    ),
    _one("times", "the skew does not count", Expected.check_lasts, "self.now >= moment + self.trust.skew", "self.now >= moment"),
    _one("statuses", "a status is not looked at", response._judge, "check_status(status)", "pass"),
    _one(
        "statuses",
        "success anywhere is success",
        status.check_status,
        "if value == SUCCESS:\n        refuse_if(details, SamlReason.BAD_SHAPE)",
        "if value == SUCCESS or any(each.get('Value') == SUCCESS for each in details):",
    ),
    _one(
        "crossing", "what was not asked for is let in", Expected.check_request, "refuse_if(found is None, SamlReason.NO_REQUEST)", "return"
    ),
    _one("crossing", "the Response's issuer is enough", response._judge, "expected.check_issuer(inside[0])", "pass"),
    _one(
        "crossing",
        "an old sign-in is a fresh one",
        conditions.check_authentication,
        "expected.request.force_authn and at < fresh_from",
        "False",
    ),
    _one(
        "encryption",
        "what can be opened is believed (CVE-2026-18108)",
        response._open,
        "refuse_if(not covered, SamlReason.UNSIGNED)",
        "refuse_if(not covered and not encrypted, SamlReason.UNSIGNED)",
    ),
    _one("encryption", "CBC without a signature around it", encryption.open_assertion, "sealed.cipher not in GCM and not covered", "False"),
    Mistake(
        "encryption",
        "a tag that is wrong is told from a text that is",
        (
            (
                encryption.open_assertion,
                "except Unacceptable:\n        raise Unacceptable(SamlReason.NOT_DECRYPTED) from None",
                "except ZeroDivisionError:\n        raise",
            ),
        ),
        by=frozenset({Outcome.REASON}),
    ),
    _one("encryption", "one id inside and outside", encryption.open_assertion, "identifiers(found) & taken", "False"),
)

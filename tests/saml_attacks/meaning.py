"""Messages that are signed well and say the wrong thing: every condition missing, wrong and shifted, and what is meant for others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ctsec.sso.saml import SamlReason as R
from ctsec.sso.saml import SentRequest, Unsolicited
from ctsec.sso.saml.names import BEARER, ENTITY, SAML, SAMLP, STATUS, SUCCESS
from ctsec.sso.saml.times import write_time
from ctsec.testing.saml import Signed, answer, build, seal
from tests.saml_attacks.stage import (
    ASSERTION,
    ATTACKER,
    NOW,
    REQUEST,
    SIGNER,
    STYLES,
    TOLD,
    TRUST,
    VICTIM,
    Case,
    Edit,
    Node,
    before,
    find,
    put,
    sent,
)

SUBJECT: Final = f"{SAML}Subject"
CONFIRMATION: Final = f"{SAML}SubjectConfirmation"
DATA: Final = f"{SAML}SubjectConfirmationData"
OTHER: Final = ATTACKER.signer()
CONDITIONS: Final = f"{SAML}Conditions"
STATEMENT: Final = f"{SAML}AuthnStatement"
RESPONSE: Final = f"{SAMLP}Response"
VOUCHES: Final = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
SECOND: Final = timedelta(seconds=1)
SKEW: Final = TRUST.skew
# An attribute that is compared, where it stands, the reason, and values of it that are nearly right.
COMPARED: Final = (
    (RESPONSE, "Destination", R.WRONG_DESTINATION, TRUST.acs_url),
    (DATA, "Recipient", R.WRONG_RECIPIENT, TRUST.acs_url),
)
NEARLY: Final = ("", "{}/", "{}?x", "{}#", "{}.evil.example", " {}", "{} ", "https://evil.example/{}", "http:{}", "{}/../other")
XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
NO_TIMES: Final = (
    "", "now", "2026-11-29", "2026-11-29T12:00:00", "2026-11-29T12:00:00+01:00", "2026-13-01T00:00:00Z", "1764417600",
    "2026-11-29T24:00:00Z", "2026-11-29T12:00:60Z", "2026-11-29 12:00:00Z", "99999-01-01T00:00:00Z", "-2026-11-29T12:00:00Z",
    "1970-12-31T23:59:59Z", "9990-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    " 2026-11-29T12:00:00Z", "2026-11-29T12:00:00.Z", "2026-11-29T12:00:00.1234567890Z", "2026-11-29t12:00:00z",
)  # fmt: skip
TIMES: Final = (
    (RESPONSE, "IssueInstant", R.BAD_TIME),
    (ASSERTION, "IssueInstant", R.BAD_TIME),
    (CONDITIONS, "NotBefore", R.NO_TIMES),
    (CONDITIONS, "NotOnOrAfter", R.NO_TIMES),
    (DATA, "NotOnOrAfter", R.CONFIRMATION_NO_EXPIRY),
    (STATEMENT, "AuthnInstant", R.BAD_TIME),
)


def set_to(tag: str, name: str, value: str | None) -> Edit:
    """Return the edit that sets an attribute of the first element of this name, or takes it out."""

    def edit(root: Node) -> None:
        if value is None:
            find(root, tag).attrib.pop(name)
        else:
            find(root, tag).set(name, value)

    return edit


def removed(tag: str) -> Edit:
    """Return the edit that takes the first element of this name out."""

    def edit(root: Node) -> None:
        node = find(root, tag)
        node.getparent().remove(node)

    return edit


def parts_cases() -> Iterator[Case]:
    """Yield messages without a part, with one twice, or with one that says something else."""
    for tag, name, reason in (
        (RESPONSE, "Version", R.WRONG_VERSION), (ASSERTION, "Version", R.WRONG_VERSION), (RESPONSE, "Destination", R.WRONG_DESTINATION),
        (DATA, "Recipient", R.WRONG_RECIPIENT), (RESPONSE, "InResponseTo", R.NO_REQUEST), (DATA, "InResponseTo", R.NO_REQUEST),
        *TIMES,
    ):  # fmt: skip
        yield from before(f"no {name} of {tag.rpartition('}')[2]}", set_to(tag, name, None), reason)
    for version in ("", "1.1", "2", "2.0 ", "2.1"):
        for tag in (RESPONSE, ASSERTION):
            yield from before(f"version {version!r} of {tag.rpartition('}')[2]}", set_to(tag, "Version", version), R.WRONG_VERSION)
    for tag, reason in (
        (f"{SAML}Issuer", R.BAD_SHAPE), (f"{SAMLP}Status", R.BAD_SHAPE), (f"{SAMLP}StatusCode", R.BAD_SHAPE), (SUBJECT, R.NO_SUBJECT),
        (f"{SAML}NameID", R.BAD_NAME_ID), (CONFIRMATION, R.NOT_BEARER), (DATA, R.NOT_BEARER), (CONDITIONS, R.NO_CONDITIONS),
        (f"{SAML}AudienceRestriction", R.NO_AUDIENCE), (f"{SAML}Audience", R.WRONG_AUDIENCE), (STATEMENT, R.NO_AUTHN_STATEMENT),
        (f"{SAML}AuthnContext", R.NO_AUTHN_STATEMENT), (f"{SAML}AuthnContextClassRef", R.NO_AUTHN_STATEMENT),
    ):  # fmt: skip
        if tag == f"{SAML}Issuer":  # a signature stands behind an issuer, and signing puts it behind whatever is first
            continue
        yield from before(f"no {tag.rpartition('}')[2]}", removed(tag), reason)
    outer, inner = (Signed.RESPONSE,), (Signed.ASSERTION,)
    yield from before("no issuer of the Response", removed(f"{SAML}Issuer"), R.BAD_SHAPE, styles=inner)
    yield from before("no issuer of the assertion", lambda root: _take(find(root, ASSERTION)[0]), R.BAD_SHAPE, styles=outer)
    for name, (tag, reason) in {
        "conditions": (CONDITIONS, R.BAD_SHAPE), "subjects": (SUBJECT, R.NO_CONDITIONS), "statements": (STATEMENT, R.NO_AUTHN_STATEMENT),
        "statuses": (f"{SAMLP}Status", R.BAD_SHAPE),
    }.items():  # fmt: skip
        yield from before(f"two {name}", lambda root, tag=tag: find(root, tag).addnext(_copy(find(root, tag))), reason)
    yield from before("two names", lambda root: find(root, f"{SAML}NameID").addnext(_copy(find(root, f"{SAML}NameID"))), R.NO_SUBJECT)
    yield from before("an encrypted name", lambda root: _instead(find(root, f"{SAML}NameID"), f"{SAML}EncryptedID"), R.BAD_NAME_ID)
    yield from before("a base identifier", lambda root: _instead(find(root, f"{SAML}NameID"), f"{SAML}BaseID"), R.BAD_NAME_ID)
    for tag in ("Advice", "AuthzDecisionStatement", "Statement"):
        yield from before(f"an {tag}", lambda root, tag=tag: find(root, CONDITIONS).addnext(put(f"{SAML}{tag}")), R.BAD_SHAPE)
    for tag in ("Condition", "Something"):
        yield from before(
            f"a condition {tag}", lambda root, tag=tag: find(root, CONDITIONS).append(put(f"{SAML}{tag}")), R.UNKNOWN_CONDITION
        )
    yield from before("a condition of nobody", lambda root: find(root, CONDITIONS).append(put("{urn:x}C")), R.UNKNOWN_CONDITION)
    yield from before(
        "one use, twice", lambda root: find(root, CONDITIONS).extend(put(f"{SAML}OneTimeUse") for _ in "ab"), R.UNKNOWN_CONDITION
    )
    yield from before(
        "one use with something inside", lambda root: find(root, CONDITIONS).append(put(f"{SAML}OneTimeUse", put("x"))), R.UNKNOWN_CONDITION
    )
    yield from _contents()


def _contents() -> Iterator[Case]:
    # ADFS says on attributes where they come from.
    yield from before("an attribute of another namespace", set_to(f"{SAML}Attribute", "{urn:x}OriginalIssuer", "y"))
    for tag in ("Audience", "AuthnContextClassRef"):
        yield from before(f"an element in {tag}", lambda root, tag=tag: find(root, f"{SAML}{tag}").append(put("x")), R.BAD_SHAPE)
    foreign = f"{SAML}AudienceRestriction"
    yield from before("a restriction with something else", lambda root: find(root, foreign).append(put("x")), R.UNKNOWN_CONDITION)
    yield from before("no session", set_to(STATEMENT, "SessionIndex", None))
    for index in ("", "x" * 1_025):
        yield from before(f"a session {index[:1]!r}", set_to(STATEMENT, "SessionIndex", index), R.NO_AUTHN_STATEMENT)
    yield from before(
        "an address in the statement", lambda root: find(root, STATEMENT).insert(0, put(f"{SAML}SubjectLocality", Address="::1"))
    )
    yield from before(
        "two addresses", lambda root: find(root, STATEMENT).extend(put(f"{SAML}SubjectLocality") for _ in "ab"), R.NO_AUTHN_STATEMENT
    )
    yield from before("something in the statement", lambda root: find(root, STATEMENT).append(put("x")), R.NO_AUTHN_STATEMENT)
    for name in ("", " ", "x" * 1_025):
        yield from before(f"a class {name[:1]!r}", lambda root, name=name: _class(root, name), R.NO_AUTHN_STATEMENT)
    yield from before("a long qualifier", set_to(f"{SAML}NameID", "NameQualifier", "x" * 1_025), R.BAD_NAME_ID)
    statement = f"{SAML}AttributeStatement"
    yield from before("an attribute of nobody's", lambda root: find(root, statement).append(put("{urn:x}A", Name="a")), R.BAD_ATTRIBUTE)
    yield from before("a value of nobody's", lambda root: find(root, f"{SAML}Attribute").append(put("{urn:x}V")), R.BAD_ATTRIBUTE)
    value = f"{SAML}AttributeValue"
    yield from before("a value that says it is an assertion", set_to(value, f"{XSI}type", "saml:AssertionType"))
    yield from before("a value that says it is none", set_to(value, f"{XSI}nil", "true"), R.BAD_ATTRIBUTE)
    yield from before("a value with an attribute of nobody", set_to(value, "{urn:x}type", "x"))
    for name in ("a\tb", "a\u200b", "x" * 257, ""):
        yield from before(f"an attribute {name[:3]!r}", set_to(f"{SAML}Attribute", "Name", name), R.BAD_ATTRIBUTE)
    yield from before("101 attributes", lambda root: _named_many(root, 99), R.TOO_MANY_ATTRIBUTES)
    yield from before("100 attributes", lambda root: _named_many(root, 98))
    yield from before("one use", lambda root: find(root, CONDITIONS).append(put(f"{SAML}OneTimeUse")))
    yield from before("a restriction of proxies", lambda root: find(root, CONDITIONS).append(put(f"{SAML}ProxyRestriction", Count="0")))
    yield from before("the status in front of the issuer", lambda root: root.insert(0, find(root, f"{SAMLP}Status")), R.BAD_SHAPE)
    yield from before("an encrypted attribute", lambda root: _attribute(root, f"{SAML}EncryptedAttribute"), R.BAD_ATTRIBUTE)
    yield from before("an attribute without a name", lambda root: find(root, f"{SAML}Attribute").attrib.pop("Name"), R.BAD_ATTRIBUTE)
    yield from before("2,001 values", lambda root: _many(root, 2_001), R.TOO_MANY_ATTRIBUTES)
    yield from before("2,000 values in all", lambda root: _many(root, 1_997))
    yield from before("a long value", lambda root: _value(root, "x" * 4_097), R.BAD_ATTRIBUTE)
    yield from before("a value in two words", lambda root: _value(root, "two words"))


def _condition(root: Node, *tags: str) -> None:
    find(root, CONDITIONS).extend(put(tag) for tag in tags)


def _class(root: Node, name: str) -> None:
    find(root, f"{SAML}AuthnContextClassRef").text = name


def _named_many(root: Node, number: int) -> None:
    find(root, f"{SAML}AttributeStatement").extend(put(f"{SAML}Attribute", Name=f"a{each}") for each in range(number))


def _take(node: Node) -> None:
    node.getparent().remove(node)


def _copy(node: Node) -> Node:
    return node.__copy__()


def _instead(node: Node, tag: str) -> None:
    node.tag = tag


def _attribute(root: Node, tag: str) -> None:
    find(root, f"{SAML}AttributeStatement").append(put(tag))


def _many(root: Node, number: int) -> None:
    find(root, f"{SAML}Attribute").extend(put(f"{SAML}AttributeValue") for _ in range(number))


def _value(root: Node, text: str) -> None:
    find(root, f"{SAML}AttributeValue").text = text


def compared_cases() -> Iterator[Case]:
    """Yield addresses, names, requests and methods that are nearly right."""
    for tag, name, reason, right in COMPARED:
        for form in (*NEARLY, *_same_to_others(right), right.upper(), right[:-1], VICTIM, TRUST.audience):
            value = form.format(right)
            yield from before(f"{name} {form!r}", set_to(tag, name, value), reason)
    for place in (0, 1):
        tag = RESPONSE if not place else DATA
        for value in ("", "_request-2", "_request-1 ", "_REQUEST-1", "_request-10", "_request-", "*"):
            yield from before(f"InResponseTo {value!r} of {tag.rpartition('}')[2]}", set_to(tag, "InResponseTo", value), R.WRONG_REQUEST)
        for form in ("", "{}/", "{} ", "\n{}", "https://other.example/{}", "{}.evil.example", TRUST.audience, TRUST.issuer.upper()):

            def speak(root: Node, place: int = place, form: str = form) -> None:
                list(root.iter(f"{SAML}Issuer"))[place].text = form.format(TRUST.issuer)

            yield from before(f"issuer {form!r} of {'the assertion' if place else 'the Response'}", speak, R.WRONG_ISSUER)

        def formatted(root: Node, place: int = place, kind: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent") -> None:
            list(root.iter(f"{SAML}Issuer"))[place].set("Format", kind)

        yield from before(f"issuer of another format ({place})", formatted, R.WRONG_ISSUER)
        yield from before(f"issuer with an element inside ({place})", lambda root, place=place: _inside_issuer(root, place), R.WRONG_ISSUER)
        yield from before(f"issuer with a qualifier ({place})", lambda root, place=place: _qualified(root, place), R.WRONG_ISSUER)
        yield from before(f"issuer as an entity ({place})", lambda root, place=place: formatted(root, place, ENTITY))
    for form in ("", "{}/", " {}", "{} ", "https://other.example", "*", TRUST.audience.upper(), TRUST.acs_url, "{},https://other.example"):
        made = form.format(TRUST.audience)
        yield from before(f"audience {form!r}", lambda root, made=made: _audiences(root, [made]), R.WRONG_AUDIENCE)
    both = [TRUST.audience, "https://other.example"]
    yield from before("us and somebody else in one restriction", lambda root: _audiences(root, both))
    yield from before(
        "us in one restriction and somebody else in another", lambda root: _audiences(root, *([each] for each in both)), R.WRONG_AUDIENCE
    )
    yield from before("us in two restrictions", lambda root: _audiences(root, both, both[:1]))
    yield from before("an empty restriction besides", lambda root: _audiences(root, both, []), R.WRONG_AUDIENCE)
    for method in (
        VOUCHES,
        "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key",
        "",
        f"{BEARER} ",
        BEARER.upper(),
    ):
        yield from before(f"confirmed by {method.rpartition(':')[2]!r}", set_to(CONFIRMATION, "Method", method), R.NOT_BEARER)
    yield from before("confirmed by nothing", set_to(CONFIRMATION, "Method", None), R.NOT_BEARER)
    yield from before("a bearer and somebody who vouches", lambda root: _confirmed(root, VOUCHES, {}))
    wrong = {"Recipient": "https://evil.example", "NotOnOrAfter": write_time(NOW + SKEW), "InResponseTo": REQUEST.id}
    yield from before("a bearer elsewhere besides", lambda root: _confirmed(root, BEARER, wrong), R.WRONG_RECIPIENT)
    yield from before(
        "a key besides the bearer", lambda root: find(root, DATA).append(put("{http://www.w3.org/2000/09/xmldsig#}KeyInfo")), R.NOT_BEARER
    )
    yield from before("an attribute of the confirmation", set_to(CONFIRMATION, "x", "y"), R.NOT_BEARER)
    yield from before("an attribute of its data", set_to(DATA, "x", "y"), R.NOT_BEARER)
    yield from before("an attribute of the conditions", set_to(CONDITIONS, "x", "y"), R.UNKNOWN_CONDITION)
    yield from before("an attribute of a restriction", set_to(f"{SAML}AudienceRestriction", "x", "y"), R.UNKNOWN_CONDITION)
    yield from before("an attribute of the statement", set_to(STATEMENT, "x", "y"), R.NO_AUTHN_STATEMENT)
    yield from before("an attribute of the name", set_to(f"{SAML}NameID", "x", "y"), R.BAD_NAME_ID)
    yield from before("an attribute of the attributes", set_to(f"{SAML}AttributeStatement", "x", "y"), R.BAD_ATTRIBUTE)
    yield from before("an attribute of the status", set_to(f"{SAMLP}StatusCode", "x", "y"), R.BAD_SHAPE)
    yield from before("an address of the browser", set_to(DATA, "Address", "192.0.2.1"))


def _same_to_others(url: str) -> tuple[str, ...]:
    """Return addresses that some readers of addresses take for the same one."""
    told = (("https://", "http://"), ("//", "//user@"), ("sp.example", "sp.example:443"), ("sp.example", "sp.example."))
    return tuple(url.replace(before, after, 1) for before, after in (*told, ("/sso", "//sso"), ("acs", "%61cs"), ("/acs", "/./acs")))


def _inside_issuer(root: Node, place: int) -> None:
    list(root.iter(f"{SAML}Issuer"))[place].append(put("x"))


def _qualified(root: Node, place: int) -> None:
    list(root.iter(f"{SAML}Issuer"))[place].set("NameQualifier", "x")


def _audiences(root: Node, *restrictions: list[str]) -> None:
    conditions = find(root, CONDITIONS)
    for each in list(conditions):
        conditions.remove(each)
    for names in restrictions:
        restriction = put(f"{SAML}AudienceRestriction", *(put(f"{SAML}Audience") for _ in names))
        for node, name in zip(restriction, names, strict=True):
            node.text = name
        conditions.append(restriction)


def _confirmed(root: Node, method: str, data: dict[str, str]) -> None:
    find(root, SUBJECT).append(put(CONFIRMATION, put(DATA, **data), Method=method))


def time_cases() -> Iterator[Case]:
    """Yield every time at its borders, shifted, and written wrongly."""
    for tag, name, _ in TIMES:
        for text in NO_TIMES:
            where = f"{name} {text!r} of {tag.rpartition('}')[2]}"
            yield from before(where, set_to(tag, name, text), R.BAD_TIME, styles=(Signed.ASSERTION,))
    yield from before("a fraction of seven digits", set_to(STATEMENT, "AuthnInstant", "2026-11-29T11:59:59.1234567Z"))
    yield from before("an offset of nothing", set_to(STATEMENT, "AuthnInstant", "2026-11-29T11:59:59+00:00"))
    begins = (
        (RESPONSE, "IssueInstant", R.ISSUED_IN_FUTURE), (ASSERTION, "IssueInstant", R.ISSUED_IN_FUTURE),
        (CONDITIONS, "NotBefore", R.NOT_YET_VALID), (DATA, "NotBefore", R.NOT_YET_VALID), (STATEMENT, "AuthnInstant", R.ISSUED_IN_FUTURE),
    )  # fmt: skip
    for tag, name, reason in begins:
        where = f"{name} of {tag.rpartition('}')[2]}"
        yield from before(f"{where} at the skew", set_to(tag, name, write_time(NOW + SKEW)))
        yield from before(f"{where} past the skew", set_to(tag, name, write_time(NOW + SKEW + SECOND)), reason)
        yield from before(f"{where} in a year", set_to(tag, name, write_time(NOW + timedelta(days=365))), reason)
    ends = (
        (CONDITIONS, "NotOnOrAfter", R.EXPIRED), (DATA, "NotOnOrAfter", R.CONFIRMATION_EXPIRED),
        (STATEMENT, "SessionNotOnOrAfter", R.SESSION_EXPIRED),
    )  # fmt: skip
    for tag, name, reason in ends:
        where = f"{name} of {tag.rpartition('}')[2]}"
        yield from before(f"{where} just inside", set_to(tag, name, write_time(NOW - SKEW + SECOND)))
        yield from before(f"{where} at the skew", set_to(tag, name, write_time(NOW - SKEW)), reason)
        yield from before(f"{where} long ago", set_to(tag, name, write_time(NOW - timedelta(days=365))), reason)
    yield from before("a window that ends before it begins", _backwards, R.EXPIRED)
    for style in STYLES:
        field = answer(TOLD, key=SIGNER, style=style)
        late, early = (R.CONFIRMATION_EXPIRED,), (R.ISSUED_IN_FUTURE,)
        end = TOLD.life + SKEW
        shifts = ((end - SECOND, ()), (end, late), (timedelta(days=1), late), (-SKEW, ()), (-SKEW - SECOND, early))
        for shift, expected in shifts:
            yield Case(f"the same message after {shift} ({style.value})", field, frozenset(expected), now=NOW + shift)
        strict = replace(TRUST, skew=timedelta())
        yield Case(f"no skew, at the end ({style.value})", field, frozenset({R.CONFIRMATION_EXPIRED}), trust=strict, now=NOW + TOLD.life)
        yield Case(f"no skew, before the end ({style.value})", field, frozenset(), trust=strict, now=NOW + TOLD.life - SECOND)


def _backwards(root: Node) -> None:
    find(root, CONDITIONS).set("NotBefore", write_time(NOW + SECOND))
    find(root, CONDITIONS).set("NotOnOrAfter", write_time(NOW))


def status_cases() -> Iterator[Case]:
    """Yield how it went: failures with and without an assertion, and successes inside of failures."""
    words = ("Requester", "Responder", "VersionMismatch", "success", "", "AuthnFailed")
    for word in words:
        for style in (Signed.RESPONSE, Signed.NOTHING):
            field = answer(replace(TOLD, status=f"{STATUS}{word}"), key=SIGNER, style=style)
            yield Case(f"{word!r} without an assertion ({style.value})", field, frozenset({R.STATUS_FAILED}))
        yield from before(f"{word!r} with an assertion", set_to(f"{SAMLP}StatusCode", "Value", f"{STATUS}{word}"), R.STATUS_FAILED)
    details = {
        "AuthnFailed": R.STATUS_DENIED, "RequestDenied": R.STATUS_DENIED, "UnknownPrincipal": R.STATUS_DENIED,
        "NoPassive": R.STATUS_PERSON_NEEDED, "NoAuthnContext": R.STATUS_NO_SUCH_CLASS, "Success": R.STATUS_FAILED,
    }  # fmt: skip
    for word, reason in details.items():
        yield from before(f"Responder for {word}", lambda root, word=word: _failed(root, word), reason)
    inner = put(f"{SAMLP}StatusCode", Value=f"{STATUS}AuthnFailed")
    yield from before("a failure inside of the success", lambda root: find(root, f"{SAMLP}StatusCode").append(_copy(inner)), R.BAD_SHAPE)
    yield from before("two codes", lambda root: find(root, f"{SAMLP}Status").append(put(f"{SAMLP}StatusCode", Value=SUCCESS)), R.BAD_SHAPE)
    yield from before("a message for people", lambda root: find(root, f"{SAMLP}Status").append(put(f"{SAMLP}StatusMessage")))
    yield from before("success and no assertion", removed(ASSERTION), R.NO_ASSERTION, styles=(Signed.RESPONSE,))


def _failed(root: Node, detail: str) -> None:
    code = find(root, f"{SAMLP}StatusCode")
    code.set("Value", f"{STATUS}Responder")
    code.append(put(f"{SAMLP}StatusCode", Value=f"{STATUS}{detail}"))


def crossing_cases() -> Iterator[Case]:
    """Yield messages for another request, sign-in, connection, organization or provider."""
    other = replace(TRUST, connection="connection-2", issuer="https://idp-2.example", keys=(ATTACKER.trusted(),))
    for style in STYLES:
        field = answer(TOLD, key=SIGNER, style=style)
        yield Case(f"at a connection of another provider ({style.value})", field, frozenset({R.BAD_SIGNATURE}), trust=other)
        same_key = replace(other, keys=TRUST.keys)
        yield Case(f"at another tenant of the same keys ({style.value})", field, frozenset({R.WRONG_ISSUER}), trust=same_key)
        here = replace(TRUST, acs_url="https://sp.example/sso/saml/acs-2")
        yield Case(f"at another connection's address ({style.value})", field, frozenset({R.WRONG_DESTINATION}), trust=here)
        them = replace(TRUST, audience="https://sp-2.example/saml")
        yield Case(f"at another service ({style.value})", field, frozenset({R.WRONG_AUDIENCE}), trust=them)
        again = SentRequest(id="_request-2", sent_at=NOW)
        yield Case(f"for a later request ({style.value})", field, frozenset({R.WRONG_REQUEST}), request=again)
        yield Case(f"asked for, where nothing was ({style.value})", field, frozenset({R.UNEXPECTED_REQUEST}), request=Unsolicited())
        alone = answer(replace(TOLD, request=None), key=SIGNER, style=style)
        yield Case(f"not asked for ({style.value})", alone, frozenset({R.NO_REQUEST}))
        yield Case(f"not asked for, where that is let in ({style.value})", alone, frozenset(), request=Unsolicited())
        half = build(replace(TOLD, request=None))
        find(half, DATA).set("InResponseTo", REQUEST.id)
        field = sent(seal(half, key=SIGNER, style=style))
        yield Case(f"asked for in the assertion only ({style.value})", field, frozenset({R.UNEXPECTED_REQUEST}), request=Unsolicited())
        # The second of two trusted providers signs an assertion of its own in an envelope of the first (pysaml2 lets it speak for A).
        speaks = build(replace(TOLD, person=VICTIM))
        yield Case(
            f"another provider in our name ({style.value})",
            sent(seal(speaks, key=ATTACKER.signer(), style=style)),
            frozenset({R.BAD_SIGNATURE}),
        )
        mixed = build(replace(TOLD, issuer=other.issuer))
        find(mixed, f"{SAML}Issuer").text = TRUST.issuer
        both = replace(TRUST, keys=(*TRUST.keys, *other.keys))
        yield Case(
            f"two issuers ({style.value})", sent(seal(mixed, key=ATTACKER.signer(), style=style)), frozenset({R.WRONG_ISSUER}), trust=both
        )
        plain = answer(TOLD, key=SIGNER, style=style)
        fresh = replace(REQUEST, force_authn=True)
        stale = answer(replace(TOLD, now=NOW - timedelta(minutes=3)), key=SIGNER, style=style)
        yield Case(f"signed in before it was asked ({style.value})", stale, frozenset({R.SIGN_IN_TOO_OLD}), request=fresh)
        yield Case(f"signed in before, where that may be ({style.value})", stale, frozenset())
        yield Case(f"signed in afresh ({style.value})", plain, frozenset(), request=fresh)
        for classes, expected in ((frozenset({TOLD.context_class}), ()), (frozenset({"urn:x"}), (R.WRONG_CLASS,))):
            asked = replace(REQUEST, classes=classes)
            yield Case(
                f"a class that was asked for {bool(expected)} ({style.value})",
                answer(TOLD, key=SIGNER, style=style),
                frozenset(expected),
                request=asked,
            )

"""What a parser could make something of: identifiers, comments, instructions, sections, types, namespaces, encodings and sizes."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from ctsec.sso.saml import SamlReason as R
from ctsec.sso.saml.names import DS, SAML, SAML_NS, SAMLP, SAMLP_NS
from ctsec.sso.saml.wire import MAX_FIELD
from ctsec.sso.saml.xml import MAX_MESSAGE
from ctsec.testing.saml import Signed, build, seal
from tests.saml_attacks.stage import (
    ASSERTION,
    PERSON,
    SIGNER,
    STATUS,
    STYLES,
    TOLD,
    VICTIM,
    Case,
    Node,
    after,
    before,
    find,
    put,
    sent,
    signed,
    text,
)

NAME: Final = PERSON.encode()
EVIL: Final = f"{VICTIM}.evil.example"  # whom the attacker may be at the provider


def rewritten(name: str, rewrite: Callable[..., bytes], *expected: R, styles: tuple[Signed, ...] = STYLES) -> Iterator[Case]:
    """Yield a signed message in each style whose bytes were changed; raise LookupError if nothing was."""
    for style in styles:
        plain = text(signed(style))
        changed = rewrite(plain)
        if changed == plain:
            raise LookupError(name)
        yield Case(f"{name} ({style.value})", sent(changed), frozenset(expected))


def swapped(name: str, old: bytes, new: bytes, *expected: R, styles: tuple[Signed, ...] = STYLES) -> Iterator[Case]:
    """Yield a signed message in each style with one text in place of another."""
    yield from rewritten(name, lambda plain: plain.replace(old, new, 1), *expected, styles=styles)


def identifier_cases() -> Iterator[Case]:
    """Yield identifiers that stand twice, are called otherwise, are missing or are none."""
    for place in (f"{SAMLP}StatusCode", STATUS, f"{SAML}Issuer"):
        for alias in ("ID", "Id", "id", "iD", "AssertionID"):

            def double(root: Node, place: str = place, alias: str = alias) -> None:
                find(root, place).set(alias, "_assertion-1")

            yield from after(f"the assertion's id as {alias} of {place.rpartition('}')[2]}", double, R.DUPLICATE_ID)
    yield from after("the id in xml:id", lambda root: find(root, STATUS).set(f"{{{XML}}}id", "_x"), R.FORBIDDEN_ATTRIBUTE)
    yield from after("the base in xml:base", lambda root: root.set(f"{{{XML}}}base", "https://evil.example/"), R.FORBIDDEN_ATTRIBUTE)
    yield from after("an id of SAML's namespace", lambda root: find(root, ASSERTION).set(f"{SAML}ID", "_x"), R.FORBIDDEN_ATTRIBUTE)
    yield from after("an id of the protocol's namespace", lambda root: root.set(f"{SAMLP}ID", "_x"), R.FORBIDDEN_ATTRIBUTE)
    yield from after("an id of the signature's namespace", lambda root: root.set(f"{DS}Id", "_x"), R.FORBIDDEN_ATTRIBUTE)
    yield from after("an id beside the id", lambda root: find(root, ASSERTION).set("Id", "_x"), R.BAD_SHAPE, R.BAD_DIGEST)
    for odd in ("", " _x", "_x ", "1x", "_x#", "#_x", "_x/..", "_ö", "_x'or'1'='1", "_" + "x" * 256, "_x\n", "x:y"):
        yield from before(f"an assertion with the id {odd[:12]!r}", lambda root, odd=odd: find(root, ASSERTION).set("ID", odd), R.BAD_ID)
    own = (Signed.RESPONSE,)
    yield from before("an assertion without id", lambda root: find(root, ASSERTION).attrib.pop("ID"), R.BAD_ID, styles=own)
    yield from before("a Response without id", lambda root: root.attrib.pop("ID"), R.BAD_ID, styles=(Signed.ASSERTION,))

    def same(root: Node) -> None:
        root.set("ID", "_assertion-1")

    yield from before("one id for both", same, R.DUPLICATE_ID)


XML: Final = "http://www.w3.org/XML/1998/namespace"


def text_cases() -> Iterator[Case]:
    """Yield comments, instructions, sections and types, wherever canonicalization or a parser would not see them."""
    evil = replace(TOLD, person=EVIL)
    for style in STYLES:
        plain = seal(build(evil), key=SIGNER, style=style)
        cut = VICTIM.encode()
        for name, between, reason in (
            ("a comment", b"<!---->", R.COMMENT),
            ("an instruction", b"<?x?>", R.INSTRUCTION),
            ("a section", b"<![CDATA[]]>", R.CDATA),
        ):
            changed = plain.replace(cut, cut + between, 1)
            yield Case(f"the victim's name, {name}, and the rest ({style.value})", sent(changed), frozenset({reason}), person=EVIL)
        yield Case(f"the longer name ({style.value})", sent(plain), frozenset(), person=EVIL)
    places = {
        "in front": b"", "behind the root": b"</samlp:Response>", "between elements": b"<samlp:Status>",
        "in the issuer": b"https://idp.example", "in a value": b"staff", "in the signature": b"<ds:SignatureValue>",
    }  # fmt: skip
    for name, found in places.items():
        for kind, made, reason in (
            ("a comment", b"<!-- x -->", R.COMMENT),
            ("an instruction", b"<?php x?>", R.INSTRUCTION),
            ("a section", b"<![CDATA[x]]>", R.CDATA),
        ):
            yield from rewritten(f"{kind} {name}", lambda plain, found=found, made=made: plain.replace(found, found + made, 1), reason)
    types = {
        "a type": b"<!DOCTYPE x>", "a type outside": b'<!DOCTYPE x SYSTEM "http://evil.example/x.dtd">',
        "an entity": b"<!DOCTYPE x [<!ENTITY e 'admin@acme.example'>]>", "a file": b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hosts'>]>",
        "a parameter entity": b"<!DOCTYPE x [<!ENTITY % e SYSTEM 'http://evil.example/'> %e;]>",
        "an id of another name": b"<!DOCTYPE x [<!ATTLIST x y ID #IMPLIED>]>", "a default": b"<!DOCTYPE x [<!ATTLIST x y CDATA 'z'>]>",
        "laughs": b"<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>",
        "a type in small letters": b"<!doctype x>",
    }  # fmt: skip
    for name, made in types.items():
        yield from rewritten(f"{name} in front", lambda plain, made=made: made + plain, R.DTD)
        yield from rewritten(f"{name} behind a declaration", lambda plain, made=made: b'<?xml version="1.0"?>' + made + plain, R.DTD)
    entity = b"<!DOCTYPE x [<!ENTITY e 'admin@acme.example'>]>"
    yield from rewritten("an entity for the name", lambda plain: entity + plain.replace(NAME, b"&e;"), R.DTD)
    yield from swapped("an entity of nobody", NAME, b"&e;", R.MALFORMED)
    for name, made in {
        "a zero": b"&#0;",
        "a control character": b"&#8;",
        "half a character": b"&#xD800;",
        "a raw control": b"\x01",
    }.items():
        yield from swapped(f"{name} in the name", NAME, NAME + made, R.MALFORMED)
    yield from swapped("the name by numbers", NAME, "".join(f"&#{each};" for each in NAME).encode())
    yield from swapped("an element in the name", NAME, b"<x/>" + NAME, R.BAD_DIGEST)
    for name, person in {
        "a blank in front": " mallory", "a line behind": "mallory\n", "nothing": "", "blanks": "  ", "a zero-width space": "mallory\u200b",
        "a direction": "\u202emallory", "a tab": "mal\tlory", "257 characters": "m" * 257, "a line separator": "m\u2028y",
    }.items():  # fmt: skip
        yield from before(f"a name with {name}", lambda root, person=person: _named(root, person), R.BAD_NAME_ID)
    yield from before("a name with an element inside", lambda root: find(root, f"{SAML}NameID").append(put("x")), R.BAD_NAME_ID)


def _named(root: Node, name: str) -> None:
    find(root, f"{SAML}NameID").text = name


def namespace_cases() -> Iterator[Case]:
    """Yield elements and attributes that are called like ours in other namespaces, and prefixes that mean something else."""
    yield from swapped("SAML 1.1", SAML_NS.encode(), b"urn:oasis:names:tc:SAML:1.0:assertion", R.BAD_SHAPE, R.NO_ASSERTION, R.BAD_DIGEST)
    yield from swapped("another protocol", SAMLP_NS.encode(), b"urn:oasis:names:tc:SAML:1.0:protocol", R.WRONG_MESSAGE)
    yield from swapped("a namespace with a slash more", SAMLP_NS.encode(), SAMLP_NS.encode() + b"/", R.WRONG_MESSAGE)
    yield from swapped("a namespace in capitals", SAMLP_NS.encode(), SAMLP_NS.upper().encode(), R.WRONG_MESSAGE)
    yield from swapped("SAML's elements in no namespace", b"<samlp:Response ", b"<Response ", R.MALFORMED)
    copied = b'<x:Assertion xmlns:x="urn:x" ID="_x"><x:Subject><x:NameID>admin@acme.example</x:NameID></x:Subject></x:Assertion>'
    yield from swapped("an assertion of another namespace", b"<samlp:Status>", copied + b"<samlp:Status>", R.BAD_SHAPE)
    inside = b'<samlp:Status xmlns:saml="urn:evil"><saml:Assertion ID="_e"/>'
    yield from swapped("a prefix that is bound again", b"<samlp:Status>", inside, R.BAD_SHAPE, R.BAD_DIGEST)
    yield from rewritten("a prefix that is bound again on the way", _rebound, R.BAD_DIGEST, R.NO_ASSERTION, R.BAD_SHAPE)
    for uri in ("http://www.w3.org/2000/xmlns/", XML):
        yield from swapped(
            f"a prefix for {uri}", b"<samlp:Status>", b'<samlp:Status xmlns:q="%s">' % uri.encode(), R.MALFORMED, R.BAD_NAMESPACE
        )
    yield from swapped("xml bound to something else", b"<samlp:Status>", b'<samlp:Status xmlns:xml="urn:x">', R.MALFORMED)
    yield from swapped("a prefix without a namespace", b"<samlp:Status>", b"<q:x/><samlp:Status>", R.MALFORMED)
    yield from swapped("a namespace taken back", b"<samlp:Status>", b'<samlp:Status xmlns="">', R.BAD_NAMESPACE)
    yield from swapped("a far declaration", b"<samlp:Status>", b"<samlp:Status xmlns:q" + b" " * 9 + b"='urn:q'>", R.BAD_NAMESPACE)
    long = b"<samlp:Status xmlns:" + b"q" * 65 + b"='1'>"
    yield from swapped("a long prefix", b"<samlp:Status>", long, R.BAD_NAMESPACE)
    yield from swapped("an attribute twice", b"<samlp:Status>", b'<samlp:Status a="1" a="2">', R.MALFORMED)
    twice = b'<samlp:Status xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="2">'
    yield from swapped("an attribute twice by two prefixes", b"<samlp:Status>", twice, R.MALFORMED)
    kept = (Signed.ASSERTION,)
    # What is not signed may be declared as somebody likes: it is the same assertion in the same words.
    yield from swapped("an unused prefix", b"<samlp:Status>", b'<samlp:Status xmlns:q="urn:q">', styles=kept)
    yield from swapped("a language", b"<samlp:Status>", b'<samlp:Status xml:lang="en">', styles=kept)
    for name, tag in {"Extensions": f"{SAMLP}Extensions", "an element of nobody": "{urn:x}X", "Scoping": f"{SAMLP}Scoping"}.items():
        yield from before(f"{name} in the Response", lambda root, tag=tag: root.insert(1, put(tag)), R.BAD_SHAPE)
    yield from before("an element of nobody in the assertion", lambda root: find(root, ASSERTION).append(put("{urn:x}X")), R.BAD_SHAPE)
    yield from before("text in the Response", lambda root: _tail(root[0]), R.BAD_SHAPE)
    yield from before("text in the assertion", lambda root: _tail(find(root, ASSERTION)[0]), R.BAD_SHAPE)
    yield from before("an attribute of nobody on the Response", lambda root: root.set("Admin", "1"), R.BAD_SHAPE)
    yield from before("an attribute of nobody on the assertion", lambda root: find(root, ASSERTION).set("Admin", "1"), R.BAD_SHAPE)


def _tail(node: Node) -> None:
    node.tail = "admin"


def _rebound(plain: bytes) -> bytes:
    return plain.replace(b"<saml:Assertion ", b'<q:Assertion xmlns:q="urn:evil" ', 1).replace(b"</saml:Assertion>", b"</q:Assertion>", 1)


def wire_cases() -> Iterator[Case]:
    """Yield encodings, spellings of base64, and what is too much."""
    for name, codec in {"UTF-16": "utf-16", "UTF-16 without a mark": "utf-16-le", "UTF-32": "utf-32"}.items():
        yield from rewritten(name, lambda plain, codec=codec: plain.decode().encode(codec), R.BAD_ENCODING, R.MALFORMED, R.INSTRUCTION)
    yield from rewritten("a mark of the order of bytes", lambda plain: b"\xef\xbb\xbf" + plain, R.BAD_ENCODING)
    yield from swapped("a byte of Latin-1", NAME, NAME + b"\xe9", R.BAD_ENCODING)
    yield from swapped("a long form of a slash", NAME, NAME + b"\xc0\xaf", R.BAD_ENCODING)
    yield from swapped("half a character", NAME, NAME + b"\xed\xa0\x80", R.BAD_ENCODING)
    declared = {
        **dict.fromkeys(('version="1.1"', 'version="2.0"', ""), (R.BAD_ENCODING,)),
        **{f'version="1.0" encoding="{each}"': (R.BAD_ENCODING,) for each in ("UTF-16", "utf-7", "ISO-8859-1", "EBCDIC", "")},
        'version="1.0" encoding="UTF-8"': (), "version='1.0' encoding='utf-8' standalone='yes'": (), 'version="1.0"': (),
    }  # fmt: skip
    for words, expected in declared.items():
        yield from rewritten(f"declared {words!r}", lambda plain, words=words: f"<?xml {words}?>".encode() + plain, *expected)
    yield from rewritten("a declaration behind a blank", lambda plain: b' <?xml version="1.0"?>' + plain, R.INSTRUCTION)
    yield from rewritten("two declarations", lambda plain: b'<?xml version="1.0"?><?xml version="1.0"?>' + plain, R.INSTRUCTION)
    yield from rewritten("two roots", lambda plain: plain + plain, R.MALFORMED)
    yield from rewritten("text behind", lambda plain: plain + b"x", R.MALFORMED)
    yield from rewritten("a zero behind", lambda plain: plain + b"\x00", R.MALFORMED)
    yield from rewritten("blanks around", lambda plain: b"\n " + plain + b"\n")
    yield from rewritten("cut", lambda plain: plain[:-20], R.MALFORMED)
    for style in STYLES:
        good = sent(signed(style))
        spellings = {
            "a junk character": (f"{good[:8]}*{good[8:]}", R.BAD_BASE64),
            "a blank": (f"{good[:8]} {good[8:]}", R.BAD_BASE64),
            "url-safe": (good.replace("+", "-").replace("/", "_") + "-", R.BAD_BASE64),
            "no end": (good.rstrip("=")[:-1], R.BAD_BASE64),
            "more padding": (good + "====", R.BAD_BASE64),
            "letters": ("é" * 8, R.BAD_BASE64),
            "nothing": ("", R.MALFORMED),
            "twice": (base64.b64encode(good.encode()).decode(), R.MALFORMED),
            "deflated": (base64.b64encode(zlib.compress(base64.b64decode(good))[2:-4]).decode(), R.BAD_ENCODING),
            "more than the limit": ("A" * (MAX_FIELD + 1), R.TOO_LARGE),
            "a message beyond the limit": (sent(b"<x>" + b" " * MAX_MESSAGE), R.TOO_LARGE),
        }
        for name, (made, reason) in spellings.items():
            yield Case(f"{name} ({style.value})", made, frozenset({reason}))
        yield Case(f"in lines ({style.value})", "\r\n".join(good[start : start + 76] for start in range(0, len(good), 76)), frozenset())
    yield from after("deep elements", _deep, R.TOO_DEEP)
    yield from after("many elements", lambda root: find(root, STATUS).extend(put("x") for _ in range(5_001)), R.TOO_MANY_NODES)
    many = b"<samlp:Status " + b" ".join(b'a%d=""' % number for number in range(65)) + b">"
    yield from swapped("many attributes", b"<samlp:Status>", many, R.TOO_MANY_NODES)
    some = many.replace(b' a64=""', b"")
    yield from swapped("some attributes", b"<samlp:Status>", some, styles=(Signed.ASSERTION,))
    yield from rewritten("many openings", lambda plain: b"<" * 20_000 + plain, R.TOO_MANY_NODES)


def _deep(root: Node) -> None:
    place = find(root, STATUS)
    for _ in range(40):
        place.append(put("x"))
        place = place[-1]

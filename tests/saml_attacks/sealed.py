"""Encrypted assertions: what may be opened, what is believed afterwards, and what the answers tell."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ctsec.sso.saml import SamlReason as R
from ctsec.sso.saml.names import DS, SAML, XENC, XENC11, XENC11_NS, XENC_NS
from ctsec.sso.saml.signing import sign_enveloped
from ctsec.sso.saml.xml import canonical
from ctsec.testing.saml import AES256_CBC, AES256_GCM, Signed, build, encrypt, seal
from tests.saml_attacks.stage import (
    ASSERTION,
    ATTACKER,
    OURS,
    PROVIDER,
    SIGNATURE,
    SIGNER,
    STYLES,
    TOLD,
    TRUST,
    VICTIM,
    Case,
    Edit,
    Node,
    find,
    forged,
    put,
    sent,
)

DATA: Final = f"{XENC}EncryptedData"
KEY: Final = f"{XENC}EncryptedKey"
METHOD: Final = f"{XENC}EncryptionMethod"
VALUE: Final = f"{XENC}CipherValue"
MASK: Final = f"{XENC11}MGF"
BOX: Final = f"{SAML}EncryptedAssertion"
INNER: Final = (Signed.ASSERTION, Signed.BOTH)


def enclosed(style: Signed, plain: bytes | None = None, *, cipher: str = AES256_GCM, oaep: str = "sha1") -> Node:
    """Return a Response with an encrypted assertion (`plain`, or the usual one), with the Response's signature still to come."""
    root = build(TOLD)
    assertion = find(root, ASSERTION)
    if style in INNER and plain is None:
        sign_enveloped(assertion, SIGNER)
    root.replace(
        assertion, encrypt(canonical(assertion) if plain is None else plain, certificate=OURS.certificate, cipher=cipher, oaep=oaep)
    )
    return root


def closed(root: Node, style: Signed) -> str:
    """Return the message, its Response signed where the style says so."""
    if style in {Signed.RESPONSE, Signed.BOTH}:
        sign_enveloped(root, SIGNER)
    return sent(canonical(root))


def cases() -> Iterator[Case]:
    """Yield what may be opened and what may not."""
    yield from ciphers()
    yield from damaged()
    yield from believed()
    yield from shapes()


def ciphers() -> Iterator[Case]:
    """Yield ciphers with and without a signature around them, and keys for others."""
    for style in STYLES:
        for cipher in (AES256_GCM, AES256_GCM.replace("256", "128"), AES256_GCM.replace("256", "192")):
            field = sent(seal(build(TOLD), key=SIGNER, style=style, encrypt_for=OURS.certificate, cipher=cipher))
            yield Case(f"{cipher.rpartition('#')[2]} ({style.value})", field, frozenset())
        field = sent(seal(build(TOLD), key=SIGNER, style=style, encrypt_for=OURS.certificate, cipher=AES256_CBC))
        expected = {R.UNAUTHENTICATED_CIPHER} if style is Signed.ASSERTION else set()
        yield Case(f"CBC ({style.value})", field, frozenset(expected))
        for name, pair in {"the provider": PROVIDER, "the attacker": ATTACKER}.items():
            field = sent(seal(build(TOLD), key=SIGNER, style=style, encrypt_for=pair.certificate))
            yield Case(f"for {name} ({style.value})", field, frozenset({R.NOT_DECRYPTED}))
        field = sent(seal(build(TOLD), key=SIGNER, style=style, encrypt_for=OURS.certificate))
        yield Case(f"where nothing is opened ({style.value})", field, frozenset({R.NO_DECRYPTION_KEY}), trust=replace(TRUST, openers=()))
        rolled = replace(TRUST, openers=(ATTACKER.signer(), OURS.signer()))
        yield Case(f"for the second of our keys ({style.value})", field, frozenset(), trust=rolled)
        for oaep in ("sha1", "sha256", "sha512"):
            root = enclosed(style, oaep=oaep)
            yield Case(f"transported with {oaep} ({style.value})", closed(root, style), frozenset())
        for tag, name in ((f"{DS}DigestMethod", f"{XENC_NS}md5"), (MASK, f"{XENC11_NS}mgf1md5"), (MASK, "")):
            root = enclosed(style, oaep="sha256")
            find(root, tag).set("Algorithm", name)
            yield Case(f"transported with {name!r} ({style.value})", closed(root, style), frozenset({R.CIPHER_NOT_ALLOWED}))
        root = enclosed(style, oaep="sha256")
        find(find(root, KEY), METHOD).set("Algorithm", f"{XENC_NS}rsa-oaep-mgf1p")
        yield Case(f"a mask of another name ({style.value})", closed(root, style), frozenset({R.CIPHER_NOT_ALLOWED}))
        root = enclosed(style, oaep="sha256")
        find(root, MASK).set("Algorithm", f"{XENC11_NS}mgf1sha1")
        yield Case(f"transported with another mask ({style.value})", closed(root, style), frozenset({R.NOT_DECRYPTED}))
        for name in ("aes256-xyz", "tripledes-cbc", "", "aes256-gcm "):
            root = enclosed(style)
            find(root, METHOD).set("Algorithm", f"{XENC_NS}{name}")
            yield Case(f"cipher {name!r} ({style.value})", closed(root, style), frozenset({R.CIPHER_NOT_ALLOWED}))
        for name in ("rsa-1_5", "kw-aes256", "", "rsa-oaep-mgf1p "):
            root = enclosed(style)
            find(find(root, KEY), METHOD).set("Algorithm", f"{XENC_NS}{name}")
            yield Case(f"transport {name!r} ({style.value})", closed(root, style), frozenset({R.CIPHER_NOT_ALLOWED}))


def damaged() -> Iterator[Case]:
    """Yield ciphertexts that were changed: every answer is the same, whether the key, the tag, the padding or the text is wrong."""
    changes = {
        "first byte": lambda data: bytes([data[0] ^ 1]) + data[1:],
        "last byte": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        "a byte in the middle": lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
        "cut": lambda data: data[:-1],
        "a block less": lambda data: data[:-16],
        "nothing": lambda data: b"",
        "a few bytes": lambda data: data[:12],
        "zeros": lambda data: bytes(len(data)),
    }
    for cipher in (AES256_GCM, AES256_CBC):
        for style in STYLES if cipher == AES256_GCM else (Signed.RESPONSE, Signed.BOTH):
            for place in (0, 1):  # the key's ciphertext stands first
                for name, change in changes.items():
                    root = enclosed(style, cipher=cipher)
                    value = list(root.iter(VALUE))[place]
                    value.text = base64.b64encode(change(base64.b64decode(value.text))).decode()
                    where = f"{name} of the {'data' if place else 'key'}"
                    yield Case(f"{where}, {cipher[-3:]} ({style.value})", closed(root, style), frozenset({R.NOT_DECRYPTED}))
    for style in STYLES:
        for name, plain in {
            "no XML": b"admin",
            "nothing": b"",
            "a type": b"<!DOCTYPE x><x/>",
            "a comment": b"<!-- --><x/>",
            "two roots": b"<x/><x/>",
            "text around": b"x<saml:Assertion/>",
            "an end of what is around": b"<x/></context><context>",
            "a prefix of nobody": b"<nobody:Assertion/>",
        }.items():
            yield Case(f"{name} inside ({style.value})", closed(enclosed(style, plain), style), frozenset({R.NOT_DECRYPTED}))


def believed() -> Iterator[Case]:
    """Yield what anybody can encrypt for us: it needs no key of the provider, so it proves nothing."""
    evil = canonical(forged(find(build(TOLD), ASSERTION), "_forged"))
    mine = find(build(replace(TOLD, person=VICTIM)), ASSERTION)
    sign_enveloped(mine, ATTACKER.signer())
    stolen = find(build(TOLD), ASSERTION)
    sign_enveloped(stolen, SIGNER)
    moved = forged(stolen, "_forged")
    moved.insert(1, find(stolen, SIGNATURE).__copy__())
    wrapped = forged(stolen, "_forged")
    wrapped.append(stolen.__copy__())
    twice = find(build(TOLD), ASSERTION)
    find(twice, f"{SAML}AttributeValue").append(put(SIGNATURE))
    sign_enveloped(twice, SIGNER)
    root = enclosed(Signed.NOTHING, canonical(twice))
    yield Case("a signature in a value, encrypted", closed(root, Signed.NOTHING), frozenset({R.MISPLACED_SIGNATURE}))
    for cipher in (AES256_GCM, AES256_CBC):
        guarded = frozenset({R.UNAUTHENTICATED_CIPHER}) if cipher == AES256_CBC else frozenset()
        for name, plain, reason in (
            ("an unsigned assertion", evil, R.UNSIGNED),
            ("an assertion of the attacker", canonical(mine), R.BAD_SIGNATURE),
            ("an assertion with another's signature", canonical(moved), R.BAD_REFERENCE),
            ("an assertion around the signed one", canonical(wrapped), R.SEVERAL_ASSERTIONS),
            ("no assertion", b"<x/>", R.NO_ASSERTION),
            ("a Response", canonical(build(TOLD)), R.NO_ASSERTION),
        ):
            root = enclosed(Signed.NOTHING, plain, cipher=cipher)
            yield Case(f"{name}, encrypted, {cipher[-3:]}", closed(root, Signed.NOTHING), guarded or frozenset({reason}))
    box = encrypt(evil, certificate=OURS.certificate)
    for style in STYLES:
        # As xmlsec writes it: the prefix is declared around what was encrypted, and the signature was made there.
        root = enclosed(style, canonical(_signed_where(style)).replace(b' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', b"", 1))
        yield Case(f"an assertion with the prefixes around it ({style.value})", closed(root, style), frozenset())
        root = enclosed(style, b'<?xml version="1.0"?>' + canonical(_signed_where(style)))
        yield Case(f"an assertion with a declaration ({style.value})", closed(root, style), frozenset())
        root = build(TOLD)
        if style in INNER:
            sign_enveloped(find(root, ASSERTION), SIGNER)
        if style is not Signed.ASSERTION:
            sign_enveloped(root, SIGNER)
        root.append(box.__copy__())
        yield Case(f"an encrypted one behind the signed one ({style.value})", sent(root), frozenset({R.SEVERAL_ASSERTIONS}))
        plain = find(root, ASSERTION)
        root.replace(plain, box.__copy__())
        root.remove(root[-1])
        expected = {R.UNSIGNED} if style is Signed.ASSERTION else {R.BAD_DIGEST}
        yield Case(f"an encrypted one in place of the signed one ({style.value})", sent(root), frozenset(expected))
        same = enclosed(style)
        same.set("ID", "_assertion-1")
        yield Case(f"one id inside and outside ({style.value})", closed(same, style), frozenset({R.DUPLICATE_ID}))


def _signed_where(style: Signed) -> Node:
    assertion = find(build(TOLD), ASSERTION)
    if style in INNER:
        sign_enveloped(assertion, SIGNER)
    return assertion


def shapes() -> Iterator[Case]:
    """Yield boxes with other things inside than one key and one ciphertext."""

    def edited(name: str, edit: Edit, *expected: R) -> Iterator[Case]:
        for style in STYLES:
            root = enclosed(style)
            edit(root)
            yield Case(f"{name} ({style.value})", closed(root, style), frozenset(expected))

    yield from edited("two keys", lambda root: find(root, KEY).addnext(find(root, KEY).__copy__()), R.BAD_SHAPE)
    yield from edited("a key beside the data", lambda root: find(root, BOX).append(find(root, KEY)))
    yield from edited("no key", lambda root: find(root, KEY).getparent().remove(find(root, KEY)), R.BAD_SHAPE)
    yield from edited("two ciphertexts", lambda root: find(root, BOX).append(find(root, DATA).__copy__()), R.BAD_SHAPE)
    yield from edited("an empty box", lambda root: find(root, BOX).remove(find(root, DATA)), R.BAD_SHAPE)
    yield from edited("an attribute of the box", lambda root: find(root, BOX).set("x", "y"), R.BAD_SHAPE)
    yield from edited("a reference for a ciphertext", _referred, R.BAD_SHAPE)
    yield from edited("a ciphertext that is no base64", lambda root: _spoil(root, "*"), R.BAD_BASE64)
    yield from edited("an attribute of the data", lambda root: find(root, DATA).set("x", "y"), R.BAD_SHAPE)
    yield from edited("an attribute of the key", lambda root: find(root, KEY).set("x", "y"), R.BAD_SHAPE)
    yield from edited("a key without a method", lambda root: find(root, KEY).remove(find(root, KEY)[0]), R.BAD_SHAPE)
    yield from edited("a key without a ciphertext", lambda root: find(root, KEY).remove(find(root, KEY)[1]), R.BAD_SHAPE)
    yield from edited("a name for a recipient", lambda root: find(root, KEY).set("Recipient", TRUST.audience))
    yield from edited("text in the box", lambda root: _talk(find(root, BOX)), R.BAD_SHAPE)
    yield from edited(
        "a source of the label", lambda root: find(find(root, KEY), METHOD).append(put(f"{XENC}OAEPparams")), R.CIPHER_NOT_ALLOWED
    )


def _referred(root: Node) -> None:
    value = list(root.iter(VALUE))[-1]
    value.tag = f"{XENC}CipherReference"
    value.set("URI", "https://evil.example/")


def _spoil(root: Node, text: str) -> None:
    list(root.iter(VALUE))[-1].text = text


def _talk(box: Node) -> None:
    box.text = "x"

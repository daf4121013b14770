"""Signatures of any shape: what a provider with other habits makes, and what an attacker who can write XML makes of one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from ctsec.sso.saml import SamlReason
from ctsec.sso.saml.algorithms import RSA_SHA256, SHA256
from ctsec.sso.saml.names import DS_NS, ENVELOPED, EXCLUSIVE_C14N
from ctsec.testing.saml import Signed, build
from tests.saml_attacks.stage import ASSERTION, PROVIDER, TOLD, Case, Node, find, sent

C14N: Final = f'<ds:Transform Algorithm="{EXCLUSIVE_C14N}"/>'
OWN: Final = f'<ds:Transform Algorithm="{ENVELOPED}"/>'


@dataclass(frozen=True, kw_only=True)
class Craft:
    """A signature by its parts, as text; what is None is as it should be."""

    uri: str | None = None
    reference: str = ""
    c14n: str = EXCLUSIVE_C14N
    c14n_inside: str = ""
    method: str = RSA_SHA256.uri
    method_inside: str = ""
    transforms: str = f"<ds:Transforms>{OWN}{C14N}</ds:Transforms>"
    digest_method: str = SHA256
    digest_method_inside: str = ""
    hash: Callable[..., Any] = hashlib.sha256
    digest: str | None = None
    references: str = "{reference}"
    info: str = "{c14n}{method}{references}"
    signature: str = "{info}{value}{key_info}"
    sign: Callable[..., bytes] = PROVIDER.signer().sign
    value: Callable[..., str] = lambda signed: base64.b64encode(signed).decode()
    key_info: str = ""
    declared: str = ""

    def put_into(self, node: Node) -> Node:
        """Put the signature into an element, behind its issuer, and return it."""
        canonical = etree.tostring(node, method="c14n", exclusive=True)
        digest = base64.b64encode(self.hash(canonical).digest()).decode() if self.digest is None else self.digest
        uri = f"#{node.get('ID')}" if self.uri is None else self.uri
        reference = (
            f'<ds:Reference URI="{uri}"{self.reference}>{self.transforms}'
            f'<ds:DigestMethod Algorithm="{self.digest_method}">{self.digest_method_inside}</ds:DigestMethod>'
            f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
        )
        parts = {
            "c14n": f'<ds:CanonicalizationMethod Algorithm="{self.c14n}">{self.c14n_inside}</ds:CanonicalizationMethod>',
            "method": f'<ds:SignatureMethod Algorithm="{self.method}">{self.method_inside}</ds:SignatureMethod>',
            "references": self.references.replace("{reference}", reference),
        }
        info = f"<ds:SignedInfo{self.declared}>{_filled(self.info, parts)}</ds:SignedInfo>"
        made = _filled(self.signature, {"info": info, "value": "<ds:SignatureValue>?</ds:SignatureValue>", "key_info": self.key_info})
        signature = etree.fromstring(f'<ds:Signature xmlns:ds="{DS_NS}">{made}</ds:Signature>')
        node.insert(1, signature)
        signed = next(signature.iter(f"{{{DS_NS}}}SignedInfo"), None)
        try:
            over = b"" if signed is None else etree.tostring(signed, method="c14n", exclusive=True)
        except etree.C14NError:
            over = b""  # as a library that takes an error for nothing
        for each in signature.iter(f"{{{DS_NS}}}SignatureValue"):
            if each.text == "?":
                each.text = self.value(self.sign(over))
        return signature


def _filled(template: str, parts: dict[str, str]) -> str:
    for name, part in parts.items():
        template = template.replace(f"{{{name}}}", part)
    return template


def crafted(name: str, craft: Craft, *expected: SamlReason, styles: tuple[Signed, ...] = (), **more: Any) -> Iterator[Case]:
    """Yield a message with such a signature on its assertion, and one with it on the Response."""
    for style in styles or (Signed.ASSERTION, Signed.RESPONSE):
        root = build(more.get("told", TOLD))
        craft.put_into(root if style is Signed.RESPONSE else find(root, ASSERTION))
        given = {key: value for key, value in more.items() if key != "told"}
        yield Case(f"{name} ({style.value})", sent(root), frozenset(expected), **given)

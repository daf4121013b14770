"""XML that is read in one way only, and the one place that touches lxml.

Rules that this module keeps:

- what is read is UTF-8 without a byte order mark, and says nothing else of itself; it is XML 1.0 of at most 256 KiB;
- the characters `<!` stand nowhere: so there is no document type, no entity of its own, no comment and no CDATA section, whatever a parser
  would make of one; the characters `<?` stand at the very beginning only, so there is no processing instruction either;
- the parser resolves, loads and fetches nothing, repairs nothing and keeps its own limits; there are at most 5,000 elements, 32 deep, with
  64 attributes each;
- a namespace is an absolute URI without characters that need escaping: nothing that canonicalization would stumble over (RFC 3986;
  Canonical XML 1.0, 1.3), no prefix is taken back, and the word `xmlns` stands nowhere else;
- every attribute that is named like an identifier is one, is unescaped and different from all the others of the document;
  no attribute has the namespace of SAML, of signatures or of `xml:`, but for `xml:lang`;
- no expression is built from a message: elements are found by walking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, TypeAlias, cast

from lxml import etree as _etree  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]

from ctsec.jose.rejection import Unacceptable, refuse_if
from ctsec.sso.saml.names import DS_NS, METADATA_NS, PREFIXES, SAML_NS, SAMLP_NS, XENC_NS, XML_NS
from ctsec.sso.saml.reason import SamlReason

Element: TypeAlias = Any  # lxml has no types
etree: Any = cast(Any, _etree)

MAX_MESSAGE: Final = 256 * 1024
MAX_ELEMENTS: Final = 5_000
MAX_DEPTH: Final = 32
MAX_ATTRIBUTES: Final = 64
MAX_ID: Final = 256
_DECLARATION: Final = re.compile(
    r"<\?xml version=(?:\"1\.0\"|'1\.0')(?: encoding=(?:\"[Uu][Tt][Ff]-8\"|'[Uu][Tt][Ff]-8'))?"
    r"(?: standalone=(?:\"yes\"|\"no\"|'yes'|'no'))? ?\?>"
)
# Whatever stands behind the word is one of these, so that no declaration can hide from it: in their values there is no quote.
_NAMESPACE: Final = re.compile(r"xmlns(?::[^\s=:]{0,64})?\s{0,8}=\s{0,8}(?:\"([^\"]*)\"|'([^']*)')")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-%(-;=?-~]+")
_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OURS: Final = tuple(f"{{{each}}}" for each in (SAML_NS, SAMLP_NS, DS_NS, XENC_NS, METADATA_NS, XML_NS))
_NAMES_OF_ID: Final = frozenset({"id", "assertionid", "responseid", "requestid"})  # the last three of SAML 1
_LANGUAGE: Final = f"{{{XML_NS}}}lang"
_SPACE: Final = " \t\r\n"


def parse(data: bytes, *, limit: int = MAX_MESSAGE, elements: int = MAX_ELEMENTS) -> Element:
    """Return the root of a document that keeps every rule of this module; raise Unacceptable for any other."""
    refuse_if(len(data) > limit, SamlReason.TOO_LARGE)
    refuse_if(data.count(b"<") > 2 * elements + 1, SamlReason.TOO_MANY_NODES)
    _check_text(data)
    root = parse_own(data)
    _check_nodes(root, elements)
    return root


def parse_own(data: bytes) -> Element:
    """Return the root of what this package has written or canonicalized itself; raise Unacceptable if it is no XML."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, attribute_defaults=False, huge_tree=False,
        recover=False, remove_blank_text=False, remove_comments=False, remove_pis=False, strip_cdata=False, collect_ids=False,
    )  # fmt: skip
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unacceptable(SamlReason.MALFORMED) from None


def _check_text(data: bytes) -> None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Unacceptable(SamlReason.BAD_ENCODING) from None
    refuse_if(text.startswith("\ufeff"), SamlReason.BAD_ENCODING)
    if text.startswith("<?xml"):
        start = _DECLARATION.match(text)
        if start is None:
            raise Unacceptable(SamlReason.BAD_ENCODING)
        text = text[start.end() :]
    refuse_if("<?" in text, SamlReason.INSTRUCTION)
    if "<!" in text:
        after = text.partition("<!")[2]
        kinds = (("--", SamlReason.COMMENT), ("[CDATA[", SamlReason.CDATA))
        raise Unacceptable(next((reason for start, reason in kinds if after.startswith(start)), SamlReason.DTD))
    declared = list(_NAMESPACE.finditer(text))
    refuse_if(len(declared) != text.count("xmlns"), SamlReason.BAD_NAMESPACE)
    refuse_if(any(not _ABSOLUTE.fullmatch(each[1] or each[2] or "") for each in declared), SamlReason.BAD_NAMESPACE)


def _check_nodes(root: Element, elements: int) -> None:
    ids: set[str] = set()
    seen = depth = 0
    level = [root]
    while level:
        seen, depth = seen + len(level), depth + 1
        refuse_if(depth > MAX_DEPTH, SamlReason.TOO_DEEP)
        for node in level:
            refuse_if(not isinstance(node.tag, str), SamlReason.MALFORMED)
            names = node.keys()
            if len(names) > MAX_ATTRIBUTES:  # a value is looked up by walking past all that stand before
                raise Unacceptable(SamlReason.TOO_MANY_NODES)
            for name in names:
                if name[0] == "{":
                    refuse_if(name.startswith(_OURS) and name != _LANGUAGE, SamlReason.FORBIDDEN_ATTRIBUTE)
                if name[-1] in "dD" and _is_id(name):
                    _check_id(node.get(name), ids)
        level = list(chain.from_iterable(level))
    refuse_if(seen > elements, SamlReason.TOO_MANY_NODES)


def _check_id(value: str, ids: set[str]) -> None:
    refuse_if(len(value) > MAX_ID or not _ID.fullmatch(value), SamlReason.BAD_ID)
    refuse_if(value in ids, SamlReason.DUPLICATE_ID)
    ids.add(value)


def identifiers(root: Element) -> frozenset[str]:
    """Return every identifier of a document that `parse` returned."""
    return frozenset(value for node in root.iter() for name, value in node.attrib.items() if _is_id(name))


def _is_id(name: str) -> bool:
    return name[-2:].lower() == "id" and name.rpartition("}")[2].lower() in _NAMES_OF_ID


def canonical(node: Element, prefixes: Sequence[str] = ()) -> bytes:
    """Return the exclusive canonical form of an element, without comments (Exclusive XML Canonicalization 1.0).

    `prefixes` are those of InclusiveNamespaces. Raises Unacceptable if there is none, or nothing in it.
    """
    try:
        made: bytes = etree.tostring(node, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=list(prefixes) or None)
    except (etree.LxmlError, ValueError):
        raise Unacceptable(SamlReason.BAD_CANONICALIZATION) from None
    refuse_if(not made.startswith(b"<") or not made.endswith(b">"), SamlReason.BAD_CANONICALIZATION)
    return made


def detach(node: Element) -> None:
    """Take an element out of its parent and leave the text behind it, as the enveloped-signature transform does."""
    parent, before = node.getparent(), node.getprevious()
    if node.tail:
        if before is None:
            parent.text = (parent.text or "") + node.tail
        else:
            before.tail = (before.tail or "") + node.tail
    parent.remove(node)


def children(node: Element) -> list[Element]:
    """Return the elements inside of one; raise Unacceptable if there is text between them."""
    found = list(node)
    for text in (node.text, *[each.tail for each in found]):
        if text is not None and text.strip(_SPACE):
            raise Unacceptable(SamlReason.BAD_SHAPE)
    return found


def text_of(node: Element) -> str:
    """Return the whole text of an element that has nothing else inside; raise Unacceptable if it has."""
    refuse_if(len(node), SamlReason.BAD_SHAPE)
    return node.text or ""


def only(node: Element, allowed: frozenset[str], reason: SamlReason = SamlReason.BAD_SHAPE) -> Mapping[str, str]:
    """Return the attributes of an element; raise Unacceptable if it has one beside the allowed."""
    found: dict[str, str] = dict(node.items())
    if found and not allowed.issuperset(found):
        raise Unacceptable(reason)
    return found


def count(root: Element, tag: str) -> int:
    """Return how many elements of this name are in a document."""
    return sum(1 for _ in root.iter(tag))


def walk(root: Element, *tags: str) -> Iterator[Element]:
    """Yield the elements with one of these names, in the order of the document."""
    yield from root.iter(*tags)


def make(
    prefix: str, tag: str, attributes: Mapping[str, str | None] | None = None, *inside: Element | str, uses: Sequence[str] = ()
) -> Element:
    """Return a new element, with the attributes that are not None; text is escaped where it is written, whatever is in it.

    `uses` are prefixes that are declared here because values further inside speak of them.
    """
    node = etree.Element(f"{{{PREFIXES[prefix]}}}{tag}", nsmap={each: PREFIXES[each] for each in (prefix, *uses)})
    for name, value in (attributes or {}).items():
        if value is not None:
            node.set(name, value)
    for each in inside:
        if isinstance(each, str):
            node.text = (node.text or "") + each
        else:
            node.append(each)
    return node

"""A letter before it is set: what it is for, what it says, and at most one link.

Rules that this module keeps:

- subject and recipient hold no line breaks: nothing that a person typed can add a header;
- what strangers typed (a name, a reason) is one value among `values`, and stands in the paragraphs as text;
- HTML fetches nothing: no image, style sheet, frame, script or form, so that reading a mail tells nobody and runs nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Final, Protocol

from ctsec.secret import SecretText

MAX_HTML: Final = 65_536
# Control characters, lone surrogates, and the line and paragraph separators that a mail header can not hold.
BREAKING: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_ELEMENTS: Final = """
    a abbr b blockquote body br code div em h1 h2 h3 head hr html i li meta ol p pre small span strong sub sup table tbody td tfoot th thead
    title tr u ul
"""
_ATTRIBUTES: Final = """
    align aria-hidden border cellpadding cellspacing charset class colspan content dir height href id lang name rel role rowspan style
    target title valign width
"""
_ALLOWED: Final = (frozenset(_ELEMENTS.split()), frozenset(_ATTRIBUTES.split()))
_LINKS: Final = ("https://", "http://", "mailto:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a letter leads: the words of the link, and its address, which holds a token."""

    label: str
    url: SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is to be said to a person: `kind` says what for, `values` are the parts that differ from letter to letter."""

    kind: str
    recipient: str
    subject: str
    paragraphs: tuple[str, ...]
    link: Link | None = None
    closing: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter as it is sent: subject, plain text, and the same as HTML if there is one."""

    subject: str
    text: SecretText
    html: SecretText | None = None


class LetterTemplate(Protocol):
    """How letters look and in which language they speak; a host may bring its own, see `checked`."""

    def render(self, letter: Letter) -> Rendered:
        """Return the letter as it is sent; its link's address has to stand in the text, and in the HTML, as it is."""
        ...


class DefaultTemplate:
    """Plain words, and the same in HTML without colours or pictures."""

    __slots__ = ()

    def render(self, letter: Letter) -> Rendered:
        """Return text and HTML of the letter."""
        link = ("", letter.link.url.reveal(), "") if letter.link is not None else ()
        text = "\n".join((*letter.paragraphs, *link, *letter.closing))
        body = [_paragraph(each) for each in letter.paragraphs]
        if letter.link is not None:
            url = escape(letter.link.url.reveal())
            body.append(f'<p><a href="{url}">{escape(letter.link.label)}</a></p>\n<p>{url}</p>')
        body += [_paragraph(each) for each in letter.closing]
        title = escape(letter.subject)
        page = f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n<body>\n'
        return Rendered(letter.subject, SecretText(text), SecretText(page + "\n".join(body) + "\n</body>\n</html>\n"))


def checked(rendered: Rendered, *, letter: Letter) -> Rendered:
    """Return what a template made; raise ValueError if its link is missing, or if its HTML would fetch, run or send something."""
    url = letter.link.url.reveal() if letter.link is not None else ""
    if url not in rendered.text.reveal():
        raise ValueError(f"expected the template to keep the link of a {letter.kind} in the text")
    if rendered.html is not None:
        html = rendered.html.reveal()
        if len(html) > MAX_HTML:
            raise ValueError(f"expected HTML of at most {MAX_HTML} characters")
        if url not in unescape(html):
            raise ValueError(f"expected the template to keep the link of a {letter.kind} in the HTML")
        reader = _Reader()
        reader.feed(html)
        reader.close()
    return rendered


def one_line(text: str) -> str:
    """Return `text` for a subject: control characters and line breaks become spaces, at most 120 characters."""
    return "".join(" " if unicodedata.category(c) in BREAKING else c for c in text)[:120]


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


class _Reader(HTMLParser):
    """Refuses whatever is not words, their arrangement or a link."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ALLOWED[0]:
            raise ValueError(f"expected HTML of words and links only, without the element {tag}")
        for name, value in attrs:
            given = (value or "").strip().lower()
            if name not in _ALLOWED[1]:
                raise ValueError(f"expected HTML that fetches and runs nothing, without the attribute {name}")
            if name == "href" and not given.startswith(_LINKS):
                raise ValueError("expected links to https, http and mailto addresses only")
            if name == "style" and ("(" in given or "\\" in given or "@" in given):
                raise ValueError("expected inline styles without functions, escapes and at-rules: they could fetch something")

    def handle_comment(self, data: str) -> None:
        # What stands in a conditional comment is no comment for some readers of mail.
        if "[" in data:
            raise ValueError("expected HTML without conditional comments")

    def handle_pi(self, data: str) -> None:
        raise ValueError(f"expected HTML without processing instructions, found one of {len(data)} characters")

    def unknown_decl(self, data: str) -> None:
        raise ValueError(f"expected HTML without marked sections, found one of {len(data)} characters")

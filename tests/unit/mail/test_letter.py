"""Templates: a letter keeps its link, and its HTML fetches nothing and runs nothing, whoever wrote the template."""

from __future__ import annotations

from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.mail.letter import MAX_HTML, DefaultTemplate, Letter, Link, Rendered, checked, one_line
from ctsec.mail.message import Letters
from ctsec.secret import SecretText

URL = "https://app.example.com/reset-password#token=abc"
LETTER = Letter(
    kind="password_reset",
    recipient="ann@example.com",
    subject="Acme: reset your password",
    paragraphs=("With this link you can set a new password:",),
    link=Link(label="Set a new password", url=SecretText(URL)),
)


class Words(HTMLParser):
    """Collects the elements and the words of a page, as a mail reader would show them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.hrefs: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.hrefs += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words += data


class Fixed:
    """A host's template that answers one thing."""

    def __init__(self, html: str | None, text: str | None = None) -> None:
        self.html = html
        self.text = text

    def render(self, letter: Letter) -> Rendered:
        url = letter.link.url.reveal() if letter.link is not None else ""
        html = SecretText(self.html.replace("URL", url)) if self.html is not None else None
        return Rendered("Betreff", SecretText(url if self.text is None else self.text), html)


def letters(template: Fixed) -> Letters:
    return Letters("Acme", "https://app.example.com", template)


def test_text_and_html_say_the_same() -> None:
    """Each letter has the same words as text and as HTML, and its link leads to the same place in both."""
    made = Letters("Acme", "https://app.example.com")._samples()
    assert len({each.kind for each in made}) == len(made) == 28
    for each in made:
        assert each.html is not None
        page = Words(each.html.reveal())
        for line in each.text.reveal().split("\n"):
            assert line in page.words
        assert [href for href in page.hrefs if href not in each.text.reveal()] == []


@given(st.text(max_size=80), st.text(max_size=80))
def test_words_of_strangers_are_words(name: str, reason: str) -> None:
    """What a stranger typed as a name or a reason adds no element to the HTML, and is read as it was typed."""
    ours = Letters("Acme", "https://app.example.com")
    plain = ours.alarm("ann@example.com", what="x", reason="x")
    made = ours.alarm("ann@example.com", what=name, reason=reason or "x")
    assert plain.html is not None
    assert made.html is not None
    assert Words(made.html.reveal()).tags == Words(plain.html.reveal()).tags
    assert one_line(name) in unescape(made.html.reveal())


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://evil.example/pixel">URL',
        "<IMG SRC=//evil.example/x>URL",
        "<script>fetch('//evil.example')</script>URL",
        '<link rel="stylesheet" href="https://evil.example/x.css">URL',
        "<style>@import '//evil.example'</style>URL",
        '<p style="background:url(//evil.example/x)">URL</p>',
        '<p style="background:\\75rl(//evil.example/x)">URL</p>',
        '<p style="x:&#117;rl&#40;//evil.example/x)">URL</p>',
        '<table background="https://evil.example/x"><tr><td>URL</td></tr></table>',
        '<a href="javascript:alert(1)">URL</a>',
        '<a href=" JAVASCRIPT:alert(1)">URL</a>',
        '<a href="data:text/html,x">URL</a>',
        '<a href="https://a.example" onclick="x()">URL</a>',
        '<a href="https://a.example" ping="https://evil.example">URL</a>',
        "<form action='https://evil.example'>URL</form>",
        '<meta http-equiv="refresh" content="0;url=https://evil.example">URL',
        '<base href="https://evil.example">URL',
        "<svg><image href='https://evil.example/x'/></svg>URL",
        "<!--[if mso]><v:fill src='https://evil.example/x'/><![endif]-->URL",
        "<![CDATA[x]]>URL",
        "<?xml version='1.0'?>URL",
        "<video poster=//evil.example/x>URL</video>",
    ],
)
def test_html_that_fetches_or_runs_is_refused(html: str) -> None:
    """A template whose HTML would load, run or send something is refused when the letters are built."""
    with pytest.raises(ValueError, match=r"^expected "):
        letters(Fixed(html))


@pytest.mark.parametrize(
    "html",
    [
        '<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>t</title><body><p style="color:#333">URL</p></body></html>',
        '<table role="presentation" width="600" cellpadding="0"><tr><td align="center"><a class="b" href="URLhttps://x">URL</a></td></tr></table>',
        "<!-- a note --><h1>Acme</h1><ul><li>URL</li></ul>",
    ],
)
def test_html_of_words_and_links_is_taken(html: str) -> None:
    """What arranges words and links, in colours of one's own, is taken as it is."""
    made = letters(Fixed(html.replace("URLhttps", "https"))).password_reset("ann@example.com", SecretText("abc"))
    assert made.html is not None
    assert URL in made.html.reveal()
    assert (made.subject, made.recipient) == ("Betreff", "ann@example.com")


def test_a_template_that_loses_the_link_is_refused() -> None:
    """A letter without its link helps nobody: a template that leaves it out of the text or of the HTML is refused at the start."""
    with pytest.raises(ValueError, match="keep the link of a email_verification in the text"):
        letters(Fixed(None, text="bitte"))
    with pytest.raises(ValueError, match="keep the link of a email_verification in the HTML"):
        letters(Fixed("<p>bitte</p>"))


def test_the_link_may_be_escaped_in_html() -> None:
    """An address with an ampersand is written as HTML wants it, and counts as there."""
    letter = Letter(kind="k", recipient="r", subject="s", paragraphs=(), link=Link(label="l", url=SecretText("https://a.example/?a=1&b=2")))
    made = DefaultTemplate().render(letter)
    assert checked(made, letter=letter) is made
    assert made.html is not None
    assert "a=1&amp;b=2" in made.html.reveal()


def test_the_longest_html() -> None:
    """HTML has at most 65,536 characters."""
    page = f"<p>{URL}</p>"
    fits = Rendered("s", SecretText(URL), SecretText(page.ljust(MAX_HTML)))
    assert checked(fits, letter=LETTER) is fits
    with pytest.raises(ValueError, match="at most 65536"):
        checked(Rendered("s", SecretText(URL), SecretText(page.ljust(MAX_HTML + 1))), letter=LETTER)


def test_a_rendered_letter_does_not_show_its_token() -> None:
    """Neither a letter nor what a template made of it shows the link when it is logged."""
    assert "abc" not in f"{LETTER!r} {DefaultTemplate().render(LETTER)!r}"


@pytest.mark.proves("ASVS-1.3.11")
def test_a_subject_stays_in_its_line() -> None:
    """A subject of a template, like any, adds no header."""

    class Evil(Fixed):
        def render(self, letter: Letter) -> Rendered:
            made = super().render(letter)
            return Rendered("hello\r\nBcc: eve@example.com", made.text, made.html)

    assert letters(Evil(None)).notice("ann@example.com", what="x").subject == "hello  Bcc: eve@example.com"

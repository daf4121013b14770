"""The pages of an identity provider of tests: a form that a browser sends off by itself, and the question who somebody is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from ctsec.sso.saml.request import Form
from ctsec.testing.loopback import Answered


def form_page(form: Form) -> Answered:
    """Return the page whose form a browser sends to a service provider."""
    button = '<noscript><button type="submit">Continue</button></noscript><script>document.forms[0].submit()</script>'
    return _page(f'<form method="post" action="{escape(form.url)}">{_hidden(form.fields)}{button}</form>')


def chooser(people: Iterable[str], *, action: str, kept: Mapping[str, str]) -> Answered:
    """Return the page that asks who somebody is; `kept` comes back with the answer."""
    buttons = "".join(f'<p><button type="submit" name="person" value="{escape(each)}">{escape(each)}</button></p>' for each in people)
    return _page(f'<h1>Who are you?</h1><form method="post" action="{escape(action)}">{_hidden(kept)}{buttons}</form>')


def said(answer: str | Form | None) -> Answered:
    """Return what sends a browser on, or lets it stay."""
    if answer is None:
        return _page("<p>You are signed out.</p>")
    return Answered(status=303, headers={"location": answer}) if isinstance(answer, str) else form_page(answer)


def refusal(why: str) -> Answered:
    """Return what somebody sees whose request is not answered."""
    return Answered(status=400, headers={"content-type": "text/plain; charset=utf-8"}, body=why.encode())


def _hidden(fields: Mapping[str, str]) -> str:
    return "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items())


def _page(body: str) -> Answered:
    text = f'<!doctype html><html lang="en"><title>Identity provider</title><body>{body}</body></html>'
    return Answered(headers={"content-type": "text/html; charset=utf-8"}, body=text.encode())

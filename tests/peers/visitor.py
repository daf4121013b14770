"""The browser of a person at a provider: it follows redirects, keeps cookies and sends forms off, and stops where the provider ends."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import urljoin

import httpx

from ctsec.sso.saml import Form

MOST_PAGES = 20


class Forms(HTMLParser):
    """The forms of a page: where each one goes, and its fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a form, or a field of the last one, which may stand behind it."""
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((told.get("action", ""), {}))
        elif tag in {"input", "button"} and told.get("name") and self.found:
            self.found[-1][1].setdefault(told["name"], told.get("value", ""))


class Links(HTMLParser):
    """Where the links of a page lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a link."""
        if tag == "a":
            self.found.append(dict(attrs).get("href") or "")


class Visitor:
    """A browser at one provider; what it keeps ends with it."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.pages: list[str] = []
        self._cookies: dict[str, str] = {}  # whatever time the provider's clock shows
        self._client = httpx.Client(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def sign_in(self, url: str, *, person: str) -> str:
        """Open the provider's page, sign in and agree, and return the first address that is not the provider's."""
        return self.go(url, fields={"login": person, "username": person, "password": person})

    def decline(self, url: str) -> str:
        """Open the provider's page and follow its way out; return where that ends."""
        page = self._arrive(self._send("GET", url))
        assert isinstance(page, httpx.Response)
        found = self._arrive(self._send("GET", urljoin(str(page.url), Links(page.text).found[-1])))
        return found if isinstance(found, str) else str(found.url)

    def asked_for(self, field: str) -> int:
        """Return how many pages so far had a form with a field."""
        return sum(any(field in fields for _, fields in Forms(page).found) for page in self.pages)

    def go(self, url: str, *, fields: Mapping[str, str] = MappingProxyType({})) -> str:
        """Open a page, fill in each form that follows and send it off; return the first address that is not the provider's, or the last."""
        answer = self._send("GET", url)
        for _ in range(MOST_PAGES):
            page = self._arrive(answer)
            if isinstance(page, str):
                return page
            place, forms = str(page.url), Forms(page.text).found
            if page.status_code >= 400 or not forms:
                return place
            action, given = forms[0]
            filled = {name: fields[name] for name in given.keys() & fields.keys()}
            answer = self._send("POST", urljoin(place, action), {**given, **filled})
        raise AssertionError(f"expected an end within {MOST_PAGES} pages, the last one at {answer.url}")

    def saml(self, come: str | Form, *, fields: Mapping[str, str] = MappingProxyType({})) -> Form:
        """Come by an address or with a form, fill in the forms of the provider, and return the one that it sends elsewhere."""
        found = self.carry(come, fields=fields)
        assert isinstance(found, Form), f"expected a form, and was sent to {found}"
        return found

    def carry(self, come: str | Form, *, fields: Mapping[str, str] = MappingProxyType({})) -> str | Form | None:
        """Come by an address or with a form, and return the first address or form that leads elsewhere, None if it ends at the provider."""
        answer = self._send("GET", come) if isinstance(come, str) else self._send("POST", come.url, dict(come.fields))
        for _ in range(MOST_PAGES):
            page = self._arrive(answer)
            if isinstance(page, str):
                return page
            assert page.status_code < 400, (page.status_code, page.text[-2000:])
            forms = Forms(page.text).found
            if not forms:
                return None
            action, given = forms[0]
            place = urljoin(str(page.url), action)
            if not place.startswith(self.issuer):
                return Form(url=place, fields=given)
            filled = {name: fields[name] for name in given.keys() & fields.keys()}
            answer = self._send("POST", place, {**given, **filled})
        raise AssertionError(f"expected an end within {MOST_PAGES} pages, the last one at {answer.url}")

    def _arrive(self, answer: httpx.Response) -> httpx.Response | str:
        """Follow redirects to a page of the provider, or return the first address that is not the provider's."""
        while answer.has_redirect_location:
            place = urljoin(str(answer.url), answer.headers["location"])
            if not place.startswith(self.issuer):
                return place
            answer = self._send("GET", place)
        self.pages.append(answer.text)
        return answer

    def _send(self, method: str, url: str, form: dict[str, str] | None = None) -> httpx.Response:
        self._client.cookies.clear()
        kept = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        answer = self._client.request(method, url, data=form, headers={"cookie": kept} if kept else {})
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name.strip()] = value
        return answer

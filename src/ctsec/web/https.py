"""Https only: redirects, and Strict-Transport-Security (RFC 6797), for hosts of either kind.

Rules that this module keeps:

- whether a request came over https says the server's scheme, or `X-Forwarded-Proto` if the connection comes from a trusted proxy; where
  several values stand, all must say https;
- a redirect (308) leads to a host of the configured list, never to what the request names; a request for another host is refused;
- only a GET or HEAD without an Authorization header is redirected: anything else has already sent in the clear what it should not have,
  and a redirect would hide that from its author (ASVS 4.1.2);
- Strict-Transport-Security is on https answers only, once, for two years (RFC 6797, 7.2 forbids it on plain ones).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Required, TypeAlias, TypedDict, Unpack
from urllib.parse import quote

from ctsec.network import parse_address
from ctsec.outcome import Reason
from ctsec.transport.address import check_url
from ctsec.web.address import TrustedProxies
from ctsec.web.http import MAX_QUERY, WebResponse
from ctsec.web.problem import Problem

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

TWO_YEARS: Final = 63_072_000
HSTS: Final = "strict-transport-security"
_PLAIN: Final = "/:;=@!$&'()*+,~"
_PATH: Final = f"%{_PLAIN}"
_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_Asgi: TypeAlias = Callable[[_Message, _Receive, _Send], Awaitable[None]]


class HttpsOptions(TypedDict, total=False):
    """The arguments of `HttpsRules.of`, as the middleware takes them; `hosts` must be given."""

    hosts: Required[Iterable[str]]
    exempt: Iterable[str]
    trusted_proxies: Iterable[str] | TrustedProxies
    include_subdomains: bool
    preload: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpsRules:
    """What the middleware goes by: `hosts` by their names, as redirects write them; paths that plain http may have; the header."""

    hosts: Mapping[str, str]
    exempt: frozenset[str]
    proxies: TrustedProxies
    header: str

    @classmethod
    def of(
        cls,
        *,
        hosts: Iterable[str],
        exempt: Iterable[str] = (),
        trusted_proxies: Iterable[str] | TrustedProxies = (),
        include_subdomains: bool = True,
        preload: bool = False,
    ) -> HttpsRules:
        """Return the rules; raise ValueError for no host, one that is none (`name` or `name:port`), and preload without sub-domains."""
        named: dict[str, str] = {}
        for host in hosts:
            place = check_url(f"https://{host}")
            written = f"[{place.host}]" if ":" in place.host else place.host
            if host.lower() not in {written, f"{written}:{place.port}"}:
                raise ValueError("expected the names of hosts, such as app.example.com or app.example.com:8443")
            named[place.host] = written if place.port == 443 else f"{written}:{place.port}"
        if not named:
            raise ValueError("expected at least one host to redirect to")
        paths = frozenset(exempt)
        if any(not path.startswith("/") for path in paths):
            raise ValueError("expected exempt paths that begin with a slash")
        if preload and not include_subdomains:
            raise ValueError("expected include_subdomains with preload: the preload list asks for it")
        header = f"max-age={TWO_YEARS}" + ("; includeSubDomains" if include_subdomains else "") + ("; preload" if preload else "")
        return cls(hosts=MappingProxyType(named), exempt=paths, proxies=TrustedProxies.of(trusted_proxies), header=header)

    def is_https(self, scheme: str, *, peer: str, forwarded: Iterable[str]) -> bool:
        """Say whether a request came over https: `scheme` is the server's, `peer` the connection's address, `forwarded` the header."""
        said = [part.strip().lower() for line in forwarded for part in line.split(",")]
        if said and self.proxies.trusts(parse_address(peer)):
            return all(part == "https" for part in said)
        return scheme in {"https", "wss"}

    def answer(self, method: str, *, hosts: Iterable[str], path: str, query: str, authorized: bool) -> WebResponse:
        """Return what a plain request is told; `hosts` are its Host headers, `path` is escaped, `authorized` means it has a credential."""
        if authorized or method not in {"GET", "HEAD"}:
            detail = "this site is served over https only; replace a credential that was sent without it"
            return Problem(status=403, reason="https_required", detail=detail).response()
        known = self._known(list(hosts))
        if known is None or len(path) > MAX_QUERY or len(query) > MAX_QUERY:
            return Problem(status=400, reason=Reason.INVALID_INPUT.value, detail="expected https and a host of this site").response()
        target = quote(path, safe=_PATH) if path.startswith("/") else "/"
        question = f"?{quote(query, safe=_PATH + '?[]')}" if query else ""
        return WebResponse(status=308, headers=(("location", f"https://{known}{target}{question}"),))

    def _known(self, given: list[str]) -> str | None:
        """Return the host of the list that the one Host header names, with or without a port; None for any other."""
        if len(given) != 1 or not given[0] or set("/?#") & set(given[0]):
            return None
        try:
            return self.hosts.get(check_url(f"https://{given[0]}").host)
        except ValueError:
            return None


class AsgiHttpsOnly:
    """ASGI middleware: `app.add_middleware(HttpsOnly, hosts=["app.example.com"])`; the arguments are those of `HttpsRules.of`.

    `exempt` are whole paths that plain http may have, such as that of a health check; `trusted_proxies` are networks (CIDR) whose
    `X-Forwarded-Proto` is believed. Plain WebSockets are closed before they open.
    """

    __slots__ = ("_app", "_rules")

    def __init__(self, app: _Asgi, **options: Unpack[HttpsOptions]) -> None:
        self._app = app
        self._rules = HttpsRules.of(**options)

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Serve one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        rules = self._rules
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        peer = str((scope.get("client") or ("",))[0])
        forwarded = [value for name, value in headers if name == "x-forwarded-proto"]
        if rules.is_https(scope.get("scheme", "http"), peer=peer, forwarded=forwarded):
            await self._app(scope, receive, self._strict(send) if scope["type"] == "http" else send)
        elif scope["path"] in rules.exempt and scope["type"] == "http":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        else:
            raw: bytes | None = scope.get("raw_path")
            answer = rules.answer(
                scope["method"],
                hosts=[value for name, value in headers if name == "host"],
                path=quote(scope["path"], safe=_PLAIN) if raw is None else raw.decode("latin-1").partition("?")[0],
                query=scope["query_string"].decode("latin-1"),
                authorized=any(name == "authorization" for name, _ in headers),
            )
            status, told, body = answer.wire(scope["method"])
            pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told]
            await send({"type": "http.response.start", "status": status, "headers": pairs})
            await send({"type": "http.response.body", "body": body})

    def _strict(self, send: _Send) -> _Send:
        header = (HSTS.encode(), self._rules.header.encode())

        async def strict(message: _Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() != header[0]]
                message = {**message, "headers": [*kept, header]}
            await send(message)

        return strict


class WsgiHttpsOnly:
    """WSGI middleware: `app.wsgi_app = HttpsOnly(app.wsgi_app, hosts=["app.example.com"])`; the arguments are those of `HttpsRules.of`.

    `exempt` are whole paths that plain http may have, such as that of a health check; `trusted_proxies` are networks (CIDR) whose
    `X-Forwarded-Proto` is believed. `app` is what it stands in front of.
    """

    __slots__ = ("_rules", "app")

    def __init__(self, app: WSGIApplication, **options: Unpack[HttpsOptions]) -> None:
        self.app = app
        self._rules = HttpsRules.of(**options)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        rules = self._rules
        forwarded = [environ["HTTP_X_FORWARDED_PROTO"]] if "HTTP_X_FORWARDED_PROTO" in environ else []
        if rules.is_https(environ.get("wsgi.url_scheme", "http"), peer=environ.get("REMOTE_ADDR", ""), forwarded=forwarded):
            return self.app(environ, self._strict(start_response))
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if path in rules.exempt:
            return self.app(environ, start_response)
        method = environ["REQUEST_METHOD"]
        answer = rules.answer(
            method,
            hosts=[environ["HTTP_HOST"]] if "HTTP_HOST" in environ else [],
            path=quote(path.encode("latin-1"), safe=_PLAIN),
            query=environ.get("QUERY_STRING", ""),
            authorized="HTTP_AUTHORIZATION" in environ,
        )
        status, told, body = answer.wire(method)
        start_response(f"{status} {_PHRASES[status]}", list(told))
        return [body]

    def _strict(self, start_response: StartResponse) -> StartResponse:
        def strict(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
            kept = [pair for pair in headers if pair[0].lower() != HSTS]
            return start_response(status, [*kept, ("Strict-Transport-Security", self._rules.header)], exc_info)

        return strict


_PHRASES: Final = {308: "Permanent Redirect", 400: "Bad Request", 403: "Forbidden"}

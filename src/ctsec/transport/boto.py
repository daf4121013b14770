"""TLS 1.3 for a client of boto3, which takes no SSL context.

Rules that this module keeps:

- the contexts that botocore makes are raised to TLS 1.3 where botocore keeps them: the one of its pools, and each that it will make for
  a proxy; connections that were open before are closed;
- a client that is not built as expected, that checks no certificates, or whose proxy would see the requests is refused: it never
  goes on with TLS 1.2;
- before each request it is looked at again, through botocore's `before-send` event, and the request's address with it.

The layout is that of botocore 1.34 to 1.44 (`httpsession.URLLib3Session`); docs/adr/0011 says what else was considered.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from ctsec.errors import ConfigurationError
from ctsec.transport.address import check_url

_ID: Final = "ctsec-tls13"
C = TypeVar("C")


def enforce_tls13(client: C) -> C:
    """Let a boto3 client speak TLS 1.3 only, and plain http to loopback only; return the same client.

    Call it on a new client, before its first request. Raises ConfigurationError if the client can not be held to it, and each later
    request raises it too if somebody undid it.
    """
    session = _part(client, "_endpoint", "http_session")
    made: object = _part(session, "_get_ssl_context")
    if not callable(made):
        raise _unexpected()
    if _part(session, "_verify") in (False, None):
        raise ConfigurationError("expected a boto3 client that checks certificates; give verify a CA file instead of False")
    if _part(session, "_proxy_config", "settings").get("proxy_use_forwarding_for_https"):
        raise ConfigurationError("expected a proxy that does not see the requests; leave proxy_use_forwarding_for_https off")
    _check_address(str(_part(client, "meta", "endpoint_url")))
    if not isinstance(made, _Raised):
        session._get_ssl_context = _Raised(made)  # noqa: SLF001 - there is no public way in: docs/adr/0011
    for manager in _managers(session):
        _raise(_context_of(manager))
    _part(session, "close")()
    _refuse_lowered(session)
    _refuse_context(_part(session, "_get_pool_manager_kwargs")().get("ssl_context"))

    def look_again(request: Any, **_: object) -> None:
        if _part(client, "_endpoint", "http_session") is not session:
            raise _unexpected()
        _refuse_lowered(session)
        _check_address(str(request.url))

    _part(client, "meta", "events").register_first("before-send", look_again, unique_id=_ID)
    return client


class _Raised:
    """Makes the contexts that `made` makes, raised."""

    __slots__ = ("_made",)

    def __init__(self, made: Callable[[], object]) -> None:
        self._made = made

    def __call__(self) -> ssl.SSLContext:
        return _raise(self._made())


def _raise(context: object) -> ssl.SSLContext:
    if not isinstance(context, ssl.SSLContext):
        raise _unexpected()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _managers(session: object) -> tuple[object, ...]:
    return (_part(session, "_manager"), *_part(session, "_proxy_managers").values())


def _context_of(manager: object) -> object:
    return _part(manager, "connection_pool_kw").get("ssl_context")


def _refuse_lowered(session: object) -> None:
    """Refuse a session that has a context below TLS 1.3, would make one, or checks no certificates any more."""
    for manager in _managers(session):
        _refuse_context(_context_of(manager))
    if not isinstance(_part(session, "_get_ssl_context"), _Raised) or _part(session, "_verify") in (False, None):
        raise _unexpected()


def _refuse_context(context: object) -> None:
    if not isinstance(context, ssl.SSLContext) or context.minimum_version != ssl.TLSVersion.TLSv1_3:
        raise _unexpected()


def _check_address(url: str) -> None:
    try:
        # A presigned address may be longer than one that is configured; only its authority matters here.
        check_url("/".join(url.split("/", 3)[:3]))
    except ValueError as error:
        raise ConfigurationError(f"the address of a boto3 request is refused; {error}") from None


def _part(owner: object, *names: str) -> Any:
    found = cast("Any", owner)
    for name in names:
        found = getattr(found, name, None)
        if found is None and name != "_verify":
            raise _unexpected()
    return found


def _unexpected() -> ConfigurationError:
    return ConfigurationError(
        "this botocore is not built as expected, so its client can not be held to TLS 1.3; use a version that is tested"
    )

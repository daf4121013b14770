"""TLS 1.3 for every connection that leaves the process: contexts, addresses, and the report of what a connection speaks.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.transport.address import Location as Location
    from ctsec.transport.address import check_url as check_url
    from ctsec.transport.address import is_loopback as is_loopback
    from ctsec.transport.boto import enforce_tls13 as enforce_tls13
    from ctsec.transport.fetch import AsyncFetcher as AsyncFetcher
    from ctsec.transport.fetch import Fetcher as Fetcher
    from ctsec.transport.reach import Reach as Reach
    from ctsec.transport.report import AsyncReportsConnections as AsyncReportsConnections
    from ctsec.transport.report import ConnectionReport as ConnectionReport
    from ctsec.transport.report import ReportsConnections as ReportsConnections
    from ctsec.transport.report import report_https as report_https
    from ctsec.transport.request import FetchReason as FetchReason
    from ctsec.transport.request import HttpAnswer as HttpAnswer
    from ctsec.transport.request import HttpRequest as HttpRequest
    from ctsec.transport.tls import Transport as Transport
    from ctsec.transport.tls import UnsafeTransport as UnsafeTransport
    from ctsec.transport.tls import client_context as client_context
    from ctsec.transport.tls import server_context as server_context

_HOME = {
    "AsyncFetcher": "ctsec.transport.fetch",
    "AsyncReportsConnections": "ctsec.transport.report",
    "ConnectionReport": "ctsec.transport.report",
    "FetchReason": "ctsec.transport.request",
    "Fetcher": "ctsec.transport.fetch",
    "HttpAnswer": "ctsec.transport.request",
    "HttpRequest": "ctsec.transport.request",
    "Location": "ctsec.transport.address",
    "Reach": "ctsec.transport.reach",
    "ReportsConnections": "ctsec.transport.report",
    "Transport": "ctsec.transport.tls",
    "UnsafeTransport": "ctsec.transport.tls",
    "check_url": "ctsec.transport.address",
    "client_context": "ctsec.transport.tls",
    "enforce_tls13": "ctsec.transport.boto",
    "is_loopback": "ctsec.transport.address",
    "report_https": "ctsec.transport.report",
    "server_context": "ctsec.transport.tls",
}
__all__ = [
    "AsyncFetcher",
    "AsyncReportsConnections",
    "ConnectionReport",
    "FetchReason",
    "Fetcher",
    "HttpAnswer",
    "HttpRequest",
    "Location",
    "Reach",
    "ReportsConnections",
    "Transport",
    "UnsafeTransport",
    "check_url",
    "client_context",
    "enforce_tls13",
    "is_loopback",
    "report_https",
    "server_context",
]

__getattr__ = face(__name__, _HOME)

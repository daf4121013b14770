"""The routes of the audit log, and of what a person sees of herself in it; part of the table."""

from __future__ import annotations

from typing import Final

from ctsec.web.route import open_route as _open
from ctsec.web.route import principal_route as _route
from ctsec.web.route import session_route as _signed_in

_ORG: Final = "/organizations/{organization_id}"
_FILTERS: Final = ("actor", "person", "name", "target", "kind", "workspace", "outcome", "reason", "since", "until")
_EXPORTED: Final = (*_FILTERS, "format", "first", "end", "personal", "masked", "gzip", "ocsf", "region")
AUDIT: Final = (
    _route(
        f"GET {_ORG}/audit audit",
        "Search the audit log, newest first",
        query=(*_FILTERS, "cursor", "limit"),
        returns=("events:array", "pending:array", "next", "silent:array"),
    ),
    _route(
        f"GET {_ORG}/audit/counts audit_counts",
        "Count events by name or by day, the newest 100,000 that match",
        query=(*_FILTERS, "by"),
        returns=("total:integer", "by", "counts:object", "more:boolean", "silent:array"),
    ),
    _route(
        f"GET {_ORG}/audit/export export_audit",
        "The log as a file: jsonl (verifiable), csv, ocsf, cef or parquet",
        query=_EXPORTED,
        streams=True,
    ),
    _route(f"GET {_ORG}/audit/proof audit_proof", "Prove that an event is in the log", query=("index", "region"), returns=("proof",)),
    _route(
        f"GET {_ORG}/audit/consistency audit_consistency",
        "Prove that the log only grew",
        query=("old", "size", "region"),
        returns=("old:integer", "size:integer", "checkpoint", "hashes:array"),
    ),
    _route(f"GET {_ORG}/audit/checkpoint audit_checkpoint", "The last signed checkpoint", query=("region",), returns=("checkpoint",)),
    _route(f"GET {_ORG}/audit/key audit_key", "The public keys of the log", query=("region",), returns=("keys:array",)),
    _signed_in(
        "GET /activity activity",
        "What concerns me, newest first",
        query=("cursor", "limit"),
        returns=("events:array", "next", "silent:array"),
    ),
    _signed_in(
        "GET /activity/logs activity_logs",
        "The logs that have events of mine, and the keys of their exports",
        returns=("logs:array", "silent:array"),
    ),
    _signed_in(
        "GET /activity/export export_activity", "My events in one of them as a verifiable file", query=("log", "region"), streams=True
    ),
    _open("GET /openapi.json openapi", "This description", returns=("openapi", "paths:object")),
)

"""The routes of those who run the deployment; they are there only where the host says who an operator is."""

from __future__ import annotations

from typing import Final

from ctsec.web import operator_models as models
from ctsec.web.alert_table import OPERATORS_ALERTS
from ctsec.web.lifecycle_table import NewOwner
from ctsec.web.route import Route
from ctsec.web.route import operator_route as _route

_CASE: Final = ("id", "user_id", "state", "requested_by", "approved_by", "due_at:date-time", "expires_at:date-time")
_CASES: Final = "/operator/support-cases"
_BACKUP: Final = ("id", "size:integer", "created_at:date-time", "rows:integer", "kek", "signed_by")
_ERASURE: Final = ("id", "user_id", "state", "requested_by", "requested_at:date-time", "done_at:date-time", "keys:integer")
_DOMAIN: Final = "/operator/organizations/{organization_id}/domains/{domain}"
OPERATORS: Final[tuple[Route, ...]] = (
    _route("GET /operator/backups backups", "The backups that are kept, newest first", returns=("backups:array",)),
    _route("POST /operator/backups write_backup", "Write another", status=201, long=True, returns=_BACKUP),
    _route("POST /operator/backups/{backup_id}/verify verify_backup", "Read one from its start to its end", long=True, returns=_BACKUP),
    _route("POST /operator/people/{user_id}/end-sessions end_sessions", "End every session of a person", returns=("ended:integer",)),
    _route(f"GET {_CASES} support_cases", "Cases of the support", query=("after", "limit"), returns=("support_cases:array", "next")),
    _route(f"POST {_CASES} open_support_case", "Open a case", body=models.NewSupportCase, status=201, returns=_CASE),
    _route(f"POST {_CASES}/{{recovery_id}}/view view_support_case", "See it with its evidence", returns=(*_CASE, "evidence:object")),
    _route(f"POST {_CASES}/{{recovery_id}}/approve approve_support_case", "Approve what another operator opened", returns=_CASE),
    _route(f"POST {_CASES}/{{recovery_id}}/cancel cancel_support_case", "End it before it is carried out", returns=_CASE),
    _route(
        "GET /operator/erasures erasures",
        "Persons who were, or are to be, erased",
        query=("after", "limit"),
        returns=("erasures:array", "next"),
    ),
    _route(
        "POST /operator/people/{user_id}/erase erase_person", "Make what the log says of somebody unreadable", status=202, returns=_ERASURE
    ),
    _route(
        "GET /operator/people/{user_id}/logs logs_of_person",
        "The logs that have events of somebody",
        returns=("logs:array", "silent:array"),
    ),
    _route(
        "GET /operator/people/{user_id}/export export_person",
        "Somebody's events in a log as a verifiable file that can be handed to them",
        query=("log", "region"),
        streams=True,
    ),
    *OPERATORS_ALERTS,
    _route(f"PUT {_DOMAIN} record_domain", "Record that the organization controls it", body=models.DomainProof, returns=("domain",)),
    _route(
        "DELETE /operator/organizations/{organization_id}/sso/requirement relax_sso_for",
        "Let sessions of accounts into an organization that lost its provider and its codes",
        status=204,
    ),
    _route(
        "POST /operator/organizations/{organization_id}/owner appoint_owner",
        "Appoint an owner of an organization that has none",
        body=NewOwner,
        returns=("user_id", "role", "status"),
    ),
    _route("POST /operator/people/{user_id}/close close_account", "Close an account for ever", status=204),
    _route(f"DELETE {_DOMAIN} withdraw_domain", "Take that record back", status=204),
)

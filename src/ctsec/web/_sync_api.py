# Generated from src/ctsec/web/_async_api.py by tools/twin.py; edit that file.
"""The table of routes, answered: from a request value to a response value (async source).

Rules that this module keeps:

- the same order for every route: path, method, limits, kinds of ids, caller, CSRF, body, and only then a unit of work;
- where the path names an organization, or a workspace of one, that requires a second factor, a session without one goes no further;
- the unit is committed before the answer exists; a refusal commits what belongs to it, an error rolls everything back;
- 404, 405, HEAD and OPTIONS are answered here, never by a framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from ctsec.errors import CtsecError
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.security._sync import Security
from ctsec.web import (
    _sync_account,
    _sync_alerts,
    _sync_apps,
    _sync_audit,
    _sync_audit_export,
    _sync_devices,
    _sync_domains,
    _sync_due,
    _sync_encryption,
    _sync_identities,
    _sync_key_use,
    _sync_keys,
    _sync_lifecycle,
    _sync_operators,
    _sync_organizations,
    _sync_passkeys,
    _sync_people,
    _sync_person_export,
    _sync_recovery,
    _sync_requirements,
    _sync_residency,
    _sync_retention,
    _sync_roles,
    _sync_saml,
    _sync_saml_logout,
    _sync_scim_admin,
    _sync_second_factor,
    _sync_service_accounts,
    _sync_sso,
    _sync_sso_doctor,
    _sync_sso_entrance,
    _sync_vault,
    _sync_workload,
)
from ctsec.web._sync_call import Call, Operation
from ctsec.web._sync_entry import Entry, ambient_request
from ctsec.web._sync_operators import Operators
from ctsec.web._sync_scim_door import ScimDoor
from ctsec.web._sync_sso_entrance import without_glass
from ctsec.web.credentials import Caller
from ctsec.web.csrf import check_origin
from ctsec.web.http import WebRequest, WebResponse, over_limit, parse_json
from ctsec.web.kinds import KINDS
from ctsec.web.landing import landed
from ctsec.web.models import Body
from ctsec.web.operator_table import OPERATORS
from ctsec.web.problem import Problem, method_not_allowed, not_found, of_error, of_limit, of_mistake, of_refusal, unsupported_media_type
from ctsec.web.rate_headers import rate_headers
from ctsec.web.route import Needs, Route, session_refusal
from ctsec.web.scim_paths import SCIM_PATHS
from ctsec.web.table import ROUTES, by_path

_MODULES: Final = (
    _sync_account,
    _sync_second_factor,
    _sync_passkeys,
    _sync_devices,
    _sync_due,
    _sync_organizations,
    _sync_requirements,
    _sync_people,
    _sync_lifecycle,
    _sync_recovery,
    _sync_roles,
    _sync_keys,
    _sync_key_use,
    _sync_service_accounts,
    _sync_encryption,
    _sync_vault,
    _sync_workload,
    _sync_residency,
    _sync_retention,
    _sync_alerts,
    _sync_audit,
    _sync_audit_export,
    _sync_person_export,
    _sync_operators,
    _sync_sso,
    _sync_saml,
    _sync_saml_logout,
    _sync_sso_doctor,
    _sync_domains,
    _sync_sso_entrance,
    _sync_identities,
    _sync_apps,
    _sync_due,
    _sync_scim_admin,
)
_PATHS: Final = by_path()
_OPERATED: Final = frozenset(route.path for route in OPERATORS)


def _found(name: str) -> Operation:
    operation: Operation = next(getattr(module, name) for module in _MODULES if hasattr(module, name))
    return operation


OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType({route.operation: _found(route.operation) for route in ROUTES})


class Api:
    """Answers requests of the table. `operators` says who runs the deployment; without it, routes for those do not exist."""

    __slots__ = ("_entry", "_operators", "_scim", "_security")

    def __init__(self, security: Security, *, entry: Entry, operators: Operators | None = None) -> None:
        self._security = security
        self._operators = operators
        self._entry = entry
        self._scim = ScimDoor(security)

    def answer(self, path: str | None, request: WebRequest) -> WebResponse:
        """Return the response to a request for the table's `path` (a template), or for a path that the table does not have (None)."""
        if path in SCIM_PATHS:
            return self._scim.answer(request)
        methods = _PATHS.get(path) if path is not None else None
        if methods is None or (self._operators is None and path in _OPERATED):
            return not_found().response()
        allowed = _allowed(methods)
        if request.method == "OPTIONS":
            return WebResponse(status=204, headers=(("allow", allowed),))
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            return method_not_allowed(allowed).response()
        try:
            answer = self._answer(route, request)
        except CtsecError as error:
            answer = of_error(error)
        except Exception as error:  # noqa: BLE001 - the last resort: the unit of work is rolled back by now
            answer = of_mistake(error, request_id=request.id)
        told = answer.response() if isinstance(answer, Problem) else answer
        settings = self._security.parts.settings
        address = settings.single_sign_on.landing(settings.base_url) if route.lands else ""
        return landed(told, request, site=self._entry.site, address=address)

    def _answer(self, route: Route, request: WebRequest) -> WebResponse | Problem:
        limit = over_limit(request, longest=route.longest)
        if limit is not None:
            return of_limit(limit)
        if any(not KINDS[name](value) for name, value in request.params.items()):
            return not_found()
        by = self._caller(route, request)
        if isinstance(by, Problem):
            return by
        body = read_body(route, request)
        if isinstance(body, Problem):
            return body
        query = request.arguments()
        if isinstance(query, Refusal):
            return of_refusal(query)
        unknown = sorted(query.keys() - set(route.query)) if not route.more_query else []
        if unknown:
            return of_refusal(Refusal(Reason.INVALID_INPUT, f"unknown query parameter {unknown[0][:40]!r}"))
        # A read takes no writer's lock on SQLite; what a read records goes aside.
        opened = self._security.reading if route.method == "GET" or route.long else self._security.begin
        call = Call(
            security=self._security,
            opened=None,
            site=self._entry.site,
            request=request,
            query=query,
            caller=by if isinstance(by, Caller) else None,
            body=body,
            operator=by if isinstance(by, Operator) else None,
        )
        if route.apart:
            answer = OPERATIONS[route.operation](call)
        else:
            with opened(ambient_request(request, site=self._entry.site)) as unit:
                answer = OPERATIONS[route.operation](replace(call, opened=unit))
        told = of_refusal(answer) if isinstance(answer, Refusal) else answer
        rate = by.rate if isinstance(by, Caller) else None
        return told if rate is None else replace(told, headers=(*told.headers, *rate_headers(rate)))

    def _caller(self, route: Route, request: WebRequest) -> Caller | Operator | Problem | None:
        if route.needs in {Needs.NOTHING, Needs.OPERATOR}:
            refusal = check_origin(request, site=self._entry.site) if not route.foreign else None
            if refusal is not None:
                return of_refusal(refusal)
            return self._operator(request) if route.needs is Needs.OPERATOR else None
        caller = self._entry.caller(request)
        if isinstance(caller, Problem):
            return caller
        refusal = session_refusal(route, caller.principal)
        if refusal is not None:
            return of_refusal(refusal)
        caller = caller if route.glass else without_glass(caller)
        barred = self._entry.barred(caller.principal, request.params)
        return caller if barred is None else barred

    def _operator(self, request: WebRequest) -> Operator | Problem:
        named = self._operators(request) if self._operators is not None else None
        return named if named is not None else not_found()


def _allowed(methods: Mapping[str, Route]) -> str:
    return ", ".join(sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}))


def read_body(route: Route, request: WebRequest) -> Body | Problem | None:
    """Return the body as the model that the table names, None where it names none, or the problem."""
    if route.body is None:
        return None
    if request.body and (request.header("content-type") or "").partition(";")[0].strip().lower() != "application/json":
        return unsupported_media_type()
    parsed: Outcome[dict[str, object]] = parse_json(request.body)
    if isinstance(parsed, Refusal):
        return replace(of_refusal(parsed), status=400)
    try:
        return route.body.model_validate(parsed)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[:8]
        errors = tuple({"field": ".".join(str(part) for part in each["loc"])[:64], "problem": each["msg"]} for each in found)
        problem = of_refusal(Refusal(Reason.INVALID_INPUT, "the input is not as expected; see errors"))
        return replace(problem, errors=errors)

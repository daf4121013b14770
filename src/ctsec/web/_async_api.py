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
from ctsec.security._async import AsyncSecurity
from ctsec.web import (
    _async_account,
    _async_alerts,
    _async_apps,
    _async_audit,
    _async_audit_export,
    _async_devices,
    _async_domains,
    _async_due,
    _async_encryption,
    _async_identities,
    _async_key_use,
    _async_keys,
    _async_lifecycle,
    _async_operators,
    _async_organizations,
    _async_passkeys,
    _async_people,
    _async_person_export,
    _async_recovery,
    _async_requirements,
    _async_residency,
    _async_retention,
    _async_roles,
    _async_saml,
    _async_saml_logout,
    _async_scim_admin,
    _async_second_factor,
    _async_service_accounts,
    _async_sso,
    _async_sso_doctor,
    _async_sso_entrance,
    _async_vault,
    _async_workload,
)
from ctsec.web._async_call import AsyncCall, AsyncOperation
from ctsec.web._async_entry import AsyncEntry, ambient_request
from ctsec.web._async_operators import AsyncOperators
from ctsec.web._async_scim_door import AsyncScimDoor
from ctsec.web._async_sso_entrance import without_glass
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
    _async_account,
    _async_second_factor,
    _async_passkeys,
    _async_devices,
    _async_due,
    _async_organizations,
    _async_requirements,
    _async_people,
    _async_lifecycle,
    _async_recovery,
    _async_roles,
    _async_keys,
    _async_key_use,
    _async_service_accounts,
    _async_encryption,
    _async_vault,
    _async_workload,
    _async_residency,
    _async_retention,
    _async_alerts,
    _async_audit,
    _async_audit_export,
    _async_person_export,
    _async_operators,
    _async_sso,
    _async_saml,
    _async_saml_logout,
    _async_sso_doctor,
    _async_domains,
    _async_sso_entrance,
    _async_identities,
    _async_apps,
    _async_due,
    _async_scim_admin,
)
_PATHS: Final = by_path()
_OPERATED: Final = frozenset(route.path for route in OPERATORS)


def _found(name: str) -> AsyncOperation:
    operation: AsyncOperation = next(getattr(module, name) for module in _MODULES if hasattr(module, name))
    return operation


OPERATIONS: Final[Mapping[str, AsyncOperation]] = MappingProxyType({route.operation: _found(route.operation) for route in ROUTES})


class AsyncApi:
    """Answers requests of the table. `operators` says who runs the deployment; without it, routes for those do not exist."""

    __slots__ = ("_entry", "_operators", "_scim", "_security")

    def __init__(self, security: AsyncSecurity, *, entry: AsyncEntry, operators: AsyncOperators | None = None) -> None:
        self._security = security
        self._operators = operators
        self._entry = entry
        self._scim = AsyncScimDoor(security)

    async def answer(self, path: str | None, request: WebRequest) -> WebResponse:
        """Return the response to a request for the table's `path` (a template), or for a path that the table does not have (None)."""
        if path in SCIM_PATHS:
            return await self._scim.answer(request)
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
            answer = await self._answer(route, request)
        except CtsecError as error:
            answer = of_error(error)
        except Exception as error:  # noqa: BLE001 - the last resort: the unit of work is rolled back by now
            answer = of_mistake(error, request_id=request.id)
        told = answer.response() if isinstance(answer, Problem) else answer
        settings = self._security.parts.settings
        address = settings.single_sign_on.landing(settings.base_url) if route.lands else ""
        return landed(told, request, site=self._entry.site, address=address)

    async def _answer(self, route: Route, request: WebRequest) -> WebResponse | Problem:
        limit = over_limit(request, longest=route.longest)
        if limit is not None:
            return of_limit(limit)
        if any(not KINDS[name](value) for name, value in request.params.items()):
            return not_found()
        by = await self._caller(route, request)
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
        call = AsyncCall(
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
            answer = await OPERATIONS[route.operation](call)
        else:
            async with opened(ambient_request(request, site=self._entry.site)) as unit:
                answer = await OPERATIONS[route.operation](replace(call, opened=unit))
        told = of_refusal(answer) if isinstance(answer, Refusal) else answer
        rate = by.rate if isinstance(by, Caller) else None
        return told if rate is None else replace(told, headers=(*told.headers, *rate_headers(rate)))

    async def _caller(self, route: Route, request: WebRequest) -> Caller | Operator | Problem | None:
        if route.needs in {Needs.NOTHING, Needs.OPERATOR}:
            refusal = check_origin(request, site=self._entry.site) if not route.foreign else None
            if refusal is not None:
                return of_refusal(refusal)
            return await self._operator(request) if route.needs is Needs.OPERATOR else None
        caller = await self._entry.caller(request)
        if isinstance(caller, Problem):
            return caller
        refusal = session_refusal(route, caller.principal)
        if refusal is not None:
            return of_refusal(refusal)
        caller = caller if route.glass else without_glass(caller)
        barred = await self._entry.barred(caller.principal, request.params)
        return caller if barred is None else barred

    async def _operator(self, request: WebRequest) -> Operator | Problem:
        named = await self._operators(request) if self._operators is not None else None
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

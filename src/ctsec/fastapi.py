"""FastAPI: guards as dependencies, the JSON routes as a router, and https only as middleware.

    guard = Guard(security)
    app.include_router(guard.router(), prefix="/auth")
    Editor = Annotated[Principal, guard.require(May.EDIT, workspace="workspace_id", aal=2)]
    app.add_middleware(HttpsOnly, hosts=["app.example.com"])

Rules that this module keeps:

- a guard's refusal is `application/problem+json` without any set-up by the host; a handler that the host registers for `Refused` or for
  the status goes first;
- a guard that names a path parameter which its route does not have stops the application when it starts; where no start-up was seen
  (no lifespan, a route added later), it refuses its first request;
- what a guarded view, a dependency behind a guard, or the code in `Guard.unit` requires itself, with `Access.require`, is answered and
  recorded as the guard would do it; elsewhere `AccessDenied` is an exception like others;
- a unit of work ends before the response is sent.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of dependencies at run time.

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final, TypeAlias, TypeVar, cast
from weakref import WeakSet

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.dependencies.models import Dependant
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import BaseRoute, Host, Match, Mount
from starlette.types import Scope

from ctsec.ambient import Request as CallRequest
from ctsec.audit.event import Event
from ctsec.errors import AccessDenied, CtsecError
from ctsec.principal import Principal
from ctsec.rbac.condition import Condition
from ctsec.security import AsyncSecurity, AsyncUnit
from ctsec.web._async_api import AsyncApi
from ctsec.web._async_entry import AsyncEntry, ambient_request
from ctsec.web._async_operators import AsyncOperators
from ctsec.web.address import TrustedProxies
from ctsec.web.guarding import PUBLIC, Demand, parameters_of
from ctsec.web.http import WebRequest
from ctsec.web.https import AsgiHttpsOnly as HttpsOnly
from ctsec.web.problem import Problem, of_error
from ctsec.web.reading import Read
from ctsec.web.scim_paths import mounted
from ctsec.web.starlette import body_of, read, response

__all__ = ["Guard", "HttpsOnly", "Read", "Refused", "TrustedProxies", "unguarded_routes"]

_GUARDED: Final = "ctsec.guarded"
_READS: Final = "ctsec.reads"
_UNIT: Final = "ctsec.unit"
_Handler: TypeAlias = Callable[[Request, Any], Any]
F = TypeVar("F", bound=Callable[..., Any])
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Refused(HTTPException):
    """A guard's refusal on its way to the client; `problem` is what it says."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(status_code=problem.status, detail=problem.detail or problem.reason, headers=dict(problem.headers))
        self.problem = problem


async def _render(request: Request, refused: Exception) -> Response:
    """Render a refusal; registered beside the handlers of the application that serves the request."""
    if not isinstance(refused, Refused):
        raise refused
    return response(refused.problem.response(), request.method)


def _refused(request: Request, problem: Problem) -> Refused:
    _tables(request)[0].setdefault(Refused, _render)
    return Refused(problem)


def _tables(request: Request) -> tuple[dict[Any, _Handler], dict[int, _Handler]]:
    # Starlette hands its tables of handlers, by class and by status, down in the scope; `setdefault` leaves a host's own choice alone.
    tables: tuple[dict[Any, _Handler], dict[int, _Handler]] = request.scope.get("starlette.exception_handlers") or ({}, {})
    return tables


async def _deny(request: Request, denied: Exception) -> Response:
    """Answer what a view required itself as its guard would; without a guard, leave the exception to the host.

    A dependency that goes on after the view could do the same, and costs each request a sixth of its time.
    """
    by_class, by_status = _tables(request)
    guarded: tuple[Guard, Principal] | None = request.scope.get(_GUARDED)
    error = denied
    handler: _Handler | None
    if guarded is not None and isinstance(denied, AccessDenied):
        guard, principal = guarded
        error = await guard.refused(request, denied, principal=principal)
        handler = by_status.get(error.status_code) or by_class.get(Refused)
    else:
        handler = next((by_class[each] for each in type(denied).__mro__ if by_class.get(each, _deny) is not _deny), None)
    if handler is None:
        raise denied
    answer = handler(request, error) if iscoroutinefunction(handler) else await run_in_threadpool(handler, request, error)
    return cast(Response, await answer if isawaitable(answer) else answer)


class _Rest(APIRoute):
    """What is below the router's prefix and not in the table; without a prefix it matches nothing, so it never hides the host's routes."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match only where a prefix stands before the rest."""
        match, child = super().matches(scope)
        rest = child.get("path_params", {}).get("rest", "")
        path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
        return (Match.NONE, {}) if match is Match.NONE or path == f"/{rest}" else (match, child)


class _Demanding:
    """A dependency behind `Guard.require`."""

    __slots__ = ("_guard", "demand")

    def __init__(self, guard: "Guard", demand: Demand) -> None:
        self._guard = guard
        self.demand = demand


class _Requirement(_Demanding):
    """The usual one: a callable that FastAPI calls with the request."""

    __slots__ = ()

    async def __call__(self, request: Request) -> Principal:
        """Return the principal, or raise Refused."""
        return await self._guard.judge(request, self.demand)


class _Reading(_Demanding):
    """That of a guard that declares a read: it goes on after the view, and costs more for it."""

    __slots__ = ()

    async def __call__(self, request: Request) -> AsyncIterator[Principal]:
        """Yield the principal, or raise Refused; afterwards write the read if no unit of work has."""
        yield await self._guard.judge(request, self.demand)
        await self._guard.record_reads(request)


class Guard:
    """Guards the routes of FastAPI applications with one `security`.

    `trusted_proxies` are networks (CIDR) whose `X-Forwarded-For` and `X-Request-ID` are believed, or a `TrustedProxies` that says how many
    proxies there are and which header they write. `operators` returns the `Operator` who makes a request (a `ctsec.web.WebRequest`), or
    None: the host authenticates them itself. Without it the routes of operators do not exist.
    """

    def __init__(
        self,
        security: AsyncSecurity,
        *,
        trusted_proxies: Iterable[str] | TrustedProxies = (),
        operators: AsyncOperators | None = None,
    ) -> None:
        self._security = security
        self._entry = AsyncEntry(security)
        self._api = AsyncApi(security, entry=self._entry, operators=operators)
        self._proxies = TrustedProxies.of(trusted_proxies)
        self._checked: WeakSet[FastAPI] = WeakSet()

    def router(self) -> APIRouter:
        """Return a router with the JSON routes of `ctsec.web`; include it under a prefix such as `/auth`."""
        router = APIRouter(lifespan=self._lifespan)
        for path in mounted():
            self._mount(router, path, template=path)
            self._mount(router, f"{path}/", template=None)
        router.add_api_route(
            "/{rest:path}", self._endpoint(None), methods=_METHODS, include_in_schema=False, response_model=None, route_class_override=_Rest
        )
        return router

    def require(
        self,
        permission: str,
        *,
        workspace: str | None = None,
        organization: str | None = None,
        aal: int = 1,
        within: timedelta | None = None,
        condition: Condition | None = None,
        reads: Read | None = None,
    ) -> Dependency:
        """Return a dependency that gives the principal if it may use `permission`, for `Annotated` and for `dependencies=[…]`.

        `workspace` and `organization` name path parameters; without one the session's active organization, or the key's, is meant.
        `aal` 2 asks for a second factor, `within` for how fresh its proof must be; `condition` must be met besides. `reads`
        makes each allowed request an event: in the `unit` of the request, or committed before the answer is sent. Raises
        UnknownPermission for a permission outside of the policy, and ValueError where its place is of the wrong level, or for an event
        that is not registered.
        """
        demand = Demand(
            permission=permission,
            workspace=workspace,
            organization=organization,
            aal=aal,
            within=within,
            condition=condition,
            reads=reads,
        ).against(self._security.parts.policy, events=self._security.parts.catalogue)
        return Dependency(_Requirement(self, demand)) if reads is None else Dependency(_Reading(self, demand), scope="function")

    @property
    def principal(self) -> Dependency:
        """A dependency that gives any authenticated principal."""
        return Dependency(_Requirement(self, Demand()))

    @property
    def unit(self) -> Dependency:
        """A dependency that gives a unit of work: committed when the route returns, before the response is sent, or rolled back."""
        return Dependency(self._unit, scope="function")

    @staticmethod
    def public(endpoint: F) -> F:
        """Mark a route's function as open to everybody on purpose, for `unguarded_routes`."""
        setattr(endpoint, PUBLIC, True)
        return endpoint

    def check(self, app: FastAPI) -> None:
        """Raise ConfigurationError if a guard of `app` names a path parameter that its route does not have."""
        for found in _walk(app.routes, prefix=""):
            for requirement in found.requirements:
                requirement.demand.refuse_route(found.path, parameters=parameters_of(found.path))
        self._checked.add(app)

    def request(self, request: Request) -> CallRequest:
        """Return what audit events say of a request, for `security.begin` and `security.join` in a route of the host's own."""
        return ambient_request(self._read(request), site=self._entry.site)

    async def judge(self, request: Request, demand: Demand) -> Principal:
        """Return the principal of a request that fulfils `demand`; raise Refused otherwise. What the dependencies call."""
        if request.app not in self._checked:
            self.check(request.app)
        demand.refuse_route(request.url.path, parameters=request.path_params)
        outcome = await self._entry.require(self._read(request), demand)
        if isinstance(outcome, Problem):
            raise _refused(request, outcome)
        request.scope[_GUARDED] = (self, outcome)
        _tables(request)[0].setdefault(AccessDenied, _deny)
        if demand.reads is not None:
            await self._tell(request, await self._entry.reading(self._read(request), demand, outcome))
        return outcome

    async def record_reads(self, request: Request) -> None:
        """Write the reads of a request that no unit of work holds; raise Refused if that fails. What the dependencies call."""
        problem = await self._entry.record_reads(request.scope.pop(_READS, ()))
        if problem is not None:
            raise _refused(request, problem)

    async def _tell(self, request: Request, events: tuple[Event, ...]) -> None:
        unit: AsyncUnit | None = request.scope.get(_UNIT)
        if unit is None:
            request.scope[_READS] = (*request.scope.get(_READS, ()), *events)
            return
        for event in events:
            await unit.audit.record(event)

    async def refused(self, request: Request, denied: AccessDenied, *, principal: Principal | None = None) -> Refused:
        """Return the refusal that `denied` stands for, after recording it; None as principal: whoever makes the request."""
        return _refused(request, await self._entry.denied(self._read(request), denied, principal=principal))

    async def _unit(self, request: Request) -> AsyncIterator[AsyncUnit]:
        try:
            async with self._security.begin(ambient_request(self._read(request), site=self._entry.site)) as unit:
                request.scope[_UNIT] = unit
                await self._tell(request, request.scope.pop(_READS, ()))
                yield unit
        except AccessDenied as error:
            raise await self.refused(request, error) from error
        except CtsecError as error:
            raise _refused(request, of_error(error)) from error

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncGenerator[None, None]:
        self.check(app)
        yield

    def _mount(self, router: APIRouter, path: str, *, template: str | None) -> None:
        router.add_api_route(path, self._endpoint(template), methods=_METHODS, include_in_schema=False, response_model=None)

    def _endpoint(self, template: str | None) -> Callable[..., Any]:
        async def answer(request: Request) -> Response:
            body = await body_of(request, template=template)
            return response(await self._api.answer(template, self._read(request, body=body)), request.method)

        return self.public(answer)

    def _read(self, request: Request, *, body: bytes = b"") -> WebRequest:
        return read(request, proxies=self._proxies, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A route of an application, with its guards."""

    path: str
    methods: str
    requirements: tuple[_Demanding, ...] = ()
    public: bool = False


def _calls(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _walk(routes: Sequence[BaseRoute], *, prefix: str) -> Iterator[_Found]:
    """Yield every route, through included routers and mounts."""
    for context in iter_route_contexts(routes):
        path = prefix + (context.path or "")
        original = context.original_route
        if isinstance(original, (Mount, Host)):
            below = original.routes or []
            if below:
                yield from _walk(below, prefix=path)
            else:
                yield _Found(path=f"{path}/*", methods="*")
            continue
        dependant = getattr(context, "dependant", None)
        calls = tuple(_calls(dependant)) if isinstance(dependant, Dependant) else ()
        yield _Found(
            path=path,
            methods=",".join(sorted(context.methods or ())) or "*",
            requirements=tuple(call for call in calls if isinstance(call, _Demanding)),
            public=getattr(context.endpoint, PUBLIC, False) is True,
        )


def unguarded_routes(app: FastAPI) -> tuple[str, ...]:
    """Return the routes of `app` that no guard protects and that `Guard.public` does not mark, as `METHODS path`; for a host's tests.

    Routes of included routers and of mounted applications count; FastAPI's own pages of the API description are routes like others.
    """
    return tuple(f"{found.methods} {found.path}" for found in _walk(app.routes, prefix="") if not found.requirements and not found.public)

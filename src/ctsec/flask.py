"""Flask: guards as decorators, the JSON routes as a blueprint, and https only as middleware.

    guard = Guard(security)
    app.register_blueprint(guard.blueprint(), url_prefix="/auth")
    app.wsgi_app = HttpsOnly(app.wsgi_app, hosts=["app.example.com"])

    @app.post("/workspaces/<workspace_id>/dashboards")
    @guard.require(May.EDIT, workspace="workspace_id", aal=2)
    def create_dashboard(workspace_id: str) -> dict[str, str]: ...

Rules that this module keeps:

- a guard's refusal is `application/problem+json`, and no error page of the host replaces it;
- a guard that names a path parameter which its route does not have refuses the application's first guarded request, or earlier where the
  host calls `Guard.check(app)`;
- what a guarded view or the code in `Guard.unit` requires itself, with `Access.require`, is answered and recorded as the guard would do
  it; elsewhere `AccessDenied` is an exception like others;
- the principal of a guarded view is `flask.g.principal`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar, cast
from weakref import WeakSet

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ctsec.ambient import Request as CallRequest
from ctsec.audit.event import Event
from ctsec.errors import AccessDenied, CtsecError
from ctsec.principal import Principal
from ctsec.rbac.condition import Condition
from ctsec.security import Security, Unit
from ctsec.web._sync_api import Api
from ctsec.web._sync_entry import Entry, ambient_request
from ctsec.web._sync_operators import Operators
from ctsec.web.address import TrustedProxies
from ctsec.web.bodies import longest_body
from ctsec.web.guarding import PUBLIC, Demand
from ctsec.web.http import WebRequest, WebResponse
from ctsec.web.https import WsgiHttpsOnly as HttpsOnly
from ctsec.web.problem import Problem, of_error
from ctsec.web.reading import Read
from ctsec.web.scim_paths import mounted

__all__ = ["Guard", "HttpsOnly", "Read", "Refused", "TrustedProxies", "unguarded_routes"]

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])
_GUARD: Final = "__ctsec_guard__"
_READS: Final = "_ctsec_reads"
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Refused(HTTPException):
    """A guard's refusal on its way to the client; `problem` is what it says."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(description=problem.detail, response=_response(problem.response()))
        self.problem = problem


def _response(answer: WebResponse) -> Response:
    status, headers, body = answer.wire(request.method)
    # In this host a stream is of its colour: the operations are the sync twins.
    chunks = cast("Iterator[bytes] | None", answer.stream) if request.method != "HEAD" else None
    response = Response([body] if chunks is None else chunks, status=status)
    response.headers = Headers(list(headers))
    return response


class Guard:
    """Guards the views of Flask applications with one `security`.

    `trusted_proxies` are networks (CIDR) whose `X-Forwarded-For` and `X-Request-ID` are believed, or a `TrustedProxies` that says how many
    proxies there are and which header they write. `operators` returns the `Operator` who makes a request (a `ctsec.web.WebRequest`), or
    None: the host authenticates them itself. Without it the routes of operators do not exist.
    """

    def __init__(
        self,
        security: Security,
        *,
        trusted_proxies: Iterable[str] | TrustedProxies = (),
        operators: Operators | None = None,
    ) -> None:
        self._security = security
        self._entry = Entry(security)
        self._api = Api(security, entry=self._entry, operators=operators)
        self._proxies = TrustedProxies.of(trusted_proxies)
        self._checked: WeakSet[Flask] = WeakSet()

    def blueprint(self, name: str = "ctsec") -> Blueprint:
        """Return a blueprint with the JSON routes of `ctsec.web`; register it under a prefix such as `/auth`."""
        blueprint = Blueprint(name, __name__)
        for number, path in enumerate(mounted()):
            rule = path.replace("{", "<").replace("}", ">")
            for suffix, template in (("", path), ("/", None)):
                blueprint.add_url_rule(
                    rule + suffix,
                    endpoint=f"route{number}{'_slash' if suffix else ''}",
                    view_func=self._view(template),
                    methods=_METHODS,
                    provide_automatic_options=False,
                    merge_slashes=False,
                )
        blueprint.record(self._rest)
        return blueprint

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
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Return a decorator that lets a view run only if the caller may use `permission`, and sets `flask.g.principal`.

        `workspace` and `organization` name path parameters; without one the session's active organization, or the key's, is meant.
        `aal` 2 asks for a second factor, `within` for how fresh its proof must be; `condition` must be met besides. `reads`
        makes each allowed request an event: in the first `unit` of the request, or committed before the answer is sent. Raises
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

        def decorate(view: Callable[P, R]) -> Callable[P, R]:
            return self._guarded(view, demand)

        return decorate

    def principal(self, view: Callable[P, R]) -> Callable[P, R]:
        """Let a view run for any authenticated principal, and set `flask.g.principal`."""
        return self._guarded(view, Demand())

    @contextmanager
    def unit(self) -> Generator[Unit, None, None]:
        """Open a unit of work of this request: committed when the block ends, rolled back if it raises."""
        reads: tuple[Event, ...] = g.pop(_READS, ())
        try:
            with self._security.begin(ambient_request(self._read(), site=self._entry.site)) as unit:
                for event in reads:
                    unit.audit.record(event)
                yield unit
            reads = ()
        except AccessDenied as error:
            raise self.refused(error) from error
        except CtsecError as error:
            raise Refused(of_error(error)) from error
        finally:
            if reads:
                # Rolled back, and the view may go on all the same.
                setattr(g, _READS, reads)

    def request(self) -> CallRequest:
        """Return what audit events say of the current request, for `security.begin` and `security.join` in a view of the host's own."""
        return ambient_request(self._read(), site=self._entry.site)

    @staticmethod
    def public(view: F) -> F:
        """Mark a view as open to everybody on purpose, for `unguarded_routes`."""
        setattr(view, PUBLIC, True)
        return view

    def check(self, app: Flask) -> None:
        """Raise ConfigurationError if a guard of `app` names a path parameter that its route does not have."""
        for found in _walk(app, prefix=""):
            for demand in found.demands:
                demand.refuse_route(found.path, parameters=found.parameters)
        self._checked.add(app)

    def judge(self, demand: Demand) -> Principal:
        """Return the principal of the current request if it fulfils `demand`; raise Refused otherwise. What the decorators call."""
        app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined] # noqa: SLF001
        if app not in self._checked:
            self.check(app)
        demand.refuse_route(request.path, parameters=request.view_args or {})
        outcome = self._entry.require(self._read(), demand)
        if isinstance(outcome, Problem):
            raise Refused(outcome)
        return outcome

    def refused(self, denied: AccessDenied, *, principal: Principal | None = None) -> Refused:
        """Return the refusal that `denied` stands for, after recording it; None as principal: whoever makes the current request."""
        return Refused(self._entry.denied(self._read(), denied, principal=principal))

    def _guarded(self, view: Callable[P, R], demand: Demand) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            g.principal = principal = self.judge(demand)
            if demand.reads is not None:
                setattr(g, _READS, (*g.get(_READS, ()), *self._entry.reading(self._read(), demand, principal)))
            try:
                answer: R = current_app.ensure_sync(view)(*args, **kwargs)
            except AccessDenied as error:
                raise self.refused(error, principal=principal) from error
            problem = self._entry.record_reads(g.pop(_READS, ())) if demand.reads is not None else None
            if problem is not None:
                raise Refused(problem)
            return answer

        setattr(guarded, _GUARD, (*_demands(view), demand))
        return guarded

    def _rest(self, state: BlueprintSetupState) -> None:
        """Answer what is below the prefix and not in the table; without a prefix that would be the host's own business."""
        if state.url_prefix and state.url_prefix != "/":
            for rule, endpoint in (("/", "rest_root"), ("/<path:rest>", "rest")):
                state.add_url_rule(rule, endpoint, self._view(None), methods=_METHODS, provide_automatic_options=False, merge_slashes=False)

    def _view(self, template: str | None) -> Callable[..., Response]:
        def answer(**_params: str) -> Response:
            body = request.stream.read(longest_body(template) + 1)
            return _response(self._api.answer(template, self._read(body=body)))

        return self.public(answer)

    def _read(self, *, body: bytes = b"") -> WebRequest:
        peer = request.remote_addr or ""
        headers = tuple((name.lower(), value) for name, value in request.headers)
        return WebRequest(
            method=request.method,
            path=request.path,
            params={name: str(value) for name, value in (request.view_args or {}).items()},
            query=request.query_string.decode("latin-1"),
            headers=headers,
            body=body,
            address=self._proxies.client(peer, headers=headers),
            id=self._proxies.request_id(peer, given=request.headers.get("X-Request-ID")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A route of an application, with what its guards demand."""

    path: str
    methods: str
    parameters: frozenset[str] = frozenset()
    demands: tuple[Demand, ...] = ()
    public: bool = False


def _demands(view: object) -> tuple[Demand, ...]:
    demands: tuple[Demand, ...] = getattr(view, _GUARD, ())
    return demands


def _walk(app: Flask, *, prefix: str) -> Iterator[_Found]:
    """Yield every route, of applications that werkzeug's DispatcherMiddleware mounts too."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        yield _Found(
            path=prefix + rule.rule,
            methods=",".join(sorted(rule.methods or ())) or "*",
            parameters=frozenset(rule.arguments),  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            demands=_demands(view),
            public=getattr(view, PUBLIC, False) is True,
        )
    wrapped: object = app.wsgi_app
    if isinstance(wrapped, HttpsOnly):
        wrapped = wrapped.app
    if isinstance(wrapped, DispatcherMiddleware):
        for path, mounted in wrapped.mounts.items():
            if isinstance(mounted, Flask):
                yield from _walk(mounted, prefix=prefix + path)
            else:
                yield _Found(path=f"{prefix}{path}/*", methods="*")


def unguarded_routes(app: Flask) -> tuple[str, ...]:
    """Return the routes of `app` that no guard protects and that `Guard.public` does not mark, as `METHODS path`; for a host's tests.

    Routes of blueprints and of mounted applications count; Flask's own route of static files is a route like others.
    """
    return tuple(f"{found.methods} {found.path}" for found in _walk(app, prefix="") if not found.demands and not found.public)

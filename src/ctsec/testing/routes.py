"""Every route of a host is behind a guard, or open on purpose: one assertion for a host's own tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def assert_routes_guarded(app: object, *, public: Iterable[str] = ()) -> None:
    """Return if every route of a FastAPI or Flask application is guarded, marked with `Guard.public`, or named in `public`.

    A route is named as `METHODS path`, as the failure and `unguarded_routes` name it; routes of included routers, blueprints and mounted
    applications count. A name in `public` that no open route has is a failure too, so the list can not outlive what it excuses. Raises
    AssertionError that names the routes, TypeError for something that is no such application.
    """
    found, excused = _unguarded(app), frozenset(public)
    problems = [f"{route} is open to everybody" for route in sorted(found - excused)]
    problems += [f"{route} is named as public and is no open route" for route in sorted(excused - found)]
    if problems:
        raise AssertionError("expected every route to be behind a guard: " + "; ".join(problems))


def _unguarded(app: Any) -> frozenset[str]:
    # By the names of the classes: a host has one of the two frameworks installed, seldom both.
    kinds = {f"{each.__module__.partition('.')[0]}.{each.__name__}" for each in type(app).__mro__}
    if "fastapi.FastAPI" in kinds:
        from ctsec import fastapi

        return frozenset(fastapi.unguarded_routes(app))
    if "flask.Flask" in kinds:
        from ctsec import flask

        return frozenset(flask.unguarded_routes(app))
    raise TypeError(f"expected a FastAPI or Flask application, found {type(app).__name__}")

"""The OpenAPI 3.1 document of the table of routes."""

from __future__ import annotations

import re
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from ctsec.web.route import Needs, Route
from ctsec.web.table import ROUTES

_FORMATS: Final = {"date-time"}
_SECURITY: Final[dict[Needs, list[dict[str, list[str]]]]] = {
    Needs.NOTHING: [],
    Needs.SESSION: [{"cookie": [], "csrf": []}, {"session": []}],
    Needs.PRINCIPAL: [{"cookie": [], "csrf": []}, {"session": []}, {"apiKey": []}],
    Needs.OPERATOR: [{"operator": []}],
}
_SCHEMES: Final = {
    "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-ctsec_session"},
    "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
    "session": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Session <token>`, for clients without cookies"},
    "apiKey": {"type": "http", "scheme": "bearer"},
    "operator": {"type": "http", "scheme": "bearer", "description": "The application's own way to know who runs the deployment"},
}
_CHALLENGE: Final = {
    "description": "With 401, and where a second factor, or a fresher proof of it, is missing (RFC 9470)",
    "schema": {"type": "string"},
}
_RATE: Final = {
    "Retry-After": {"description": "With 429: seconds after which to try again", "schema": {"type": "integer"}},
    "RateLimit-Policy": {"description": "The rate of the API key: q requests in w seconds", "schema": {"type": "string"}},
    "RateLimit": {"description": "What is left of it: r requests, and all of them after t seconds", "schema": {"type": "string"}},
}
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "reason"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "reason": {"type": "string"},
        "detail": {"type": "string"},
        "retry_after": {"type": "integer", "description": "Seconds after which to try again"},
        "max_age": {"type": "integer", "description": "Seconds: how old the proof of a second factor may be (RFC 9470)"},
        "hint": {"type": "string", "enum": ["step_up", "enrol", "sign_in", "sso"], "description": "What helps"},
        "ways": {"type": "array", "items": {"type": "object"}, "description": "The providers to sign in through"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


def document(title: str) -> dict[str, Any]:
    """Return the document; `title` is the product's name."""
    bodies = [(route.body, "validation") for route in ROUTES if route.body is not None]
    _, schemas = models_json_schema(list(dict.fromkeys(bodies)), ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{title}: sign-in and access", "version": "1"},
        "paths": paths,
        "components": {"schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM}, "securitySchemes": _SCHEMES},
    }


def _operation(route: Route) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    parameters += [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in route.query]
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "parameters": parameters,
        "security": _SECURITY[route.needs],
        "responses": {
            **_answers(route),
            "default": {
                "description": "What went wrong",
                "headers": {"WWW-Authenticate": _CHALLENGE, **_RATE},
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
    if route.body is not None:
        schema = {"$ref": f"#/components/schemas/{route.body.__name__}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _answers(route: Route) -> dict[str, Any]:
    """Return each answer to a request that went well: one that may have something to say answers 200 then, and 204 otherwise."""
    if route.status != 204:
        return {str(route.status): _answer(route)}
    return {"204": {"description": "Done"}, **({"200": _answer(route)} if route.returns else {})}


def _answer(route: Route) -> dict[str, Any]:
    if route.streams:
        return {"description": "A file", "content": {"application/octet-stream": {}}}
    properties: dict[str, Any] = {}
    for field in route.returns:
        name, _, kind = field.partition(":")
        properties[name] = {"type": "string", "format": kind} if kind in _FORMATS else {"type": kind or "string"}
    return {"description": "Done", "content": {"application/json": {"schema": {"type": "object", "properties": properties}}}}

"""What providers send otherwise than RFC 7643 and 7644 say, brought into their form before it is read.

Rules that this module keeps:

- it changes how something is said, and never what is said: nothing is guessed, dropped or added beyond the table below;
- what it does not know it leaves alone, and the models judge it.

| dialect | what comes | what it becomes |
|---|---|---|
| Entra | `"active": "False"`, `"primary": "True"` | booleans |
| Entra | `{"op": "Add", …}` | small letters |
| Entra | `manager` as a string, or without `$ref` | `{"value": …, "$ref": …}` |
| Entra (before 2020) | a value as `[{"$ref": null, "value": "Babs"}]` for what has one value | the value |
| Okta | `{"op": "replace", "value": {"id": …, "active": …}}` | without what is read-only |
| OneLogin, Google | an empty `externalId`, `null` in a list | not there |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

_BOOLEANS: Final = frozenset({"active", "primary"})
_WORDS: Final = {"true": True, "false": False}
_READ_ONLY: Final = frozenset({"id", "meta", "schemas", "groups"})
_ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user"
_MANAGER: Final = frozenset({"manager", f"{_ENTERPRISE}:manager"})
# What has one value, and is text: an old Entra wraps it into a list.
_SINGLE: Final = frozenset(
    {
        *("displayname", "username", "externalid", "nickname", "title", "usertype", "preferredlanguage", "locale", "timezone"),
        *("profileurl", "active", "name.givenname", "name.familyname", "name.formatted", "name.middlename"),
        *(f"{_ENTERPRISE}:{each}" for each in ("employeenumber", "costcenter", "organization", "division", "department")),
    }
)


def normalized(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body of a request as RFC 7644 has it: a resource, a PATCH, or a bulk request of these."""
    made: dict[str, Any] = {}
    for key, value in body.items():
        if key.lower() == "operations" and isinstance(value, list):
            made[key] = [_operation(cast(dict[str, Any], each)) if isinstance(each, dict) else each for each in cast(list[object], value)]
        else:
            made[key] = _attribute(key, value)
    return {key: value for key, value in made.items() if not (key.lower() == "externalid" and value == "")}


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(operation)
    if isinstance(made.get("op"), str):
        made["op"] = made["op"].lower()
    data: object = made.get("data")
    if isinstance(data, dict):
        made["data"] = normalized(cast(dict[str, Any], data))
    if "value" not in made:
        return made
    path, value = made.get("path"), made["value"]
    if isinstance(path, str) and path:
        made["value"] = _told(path, value)
    elif isinstance(value, dict):
        told = cast(dict[str, Any], value)
        made["value"] = {key: _told(key, each) for key, each in told.items() if key.lower() not in _READ_ONLY}
        made.pop("path", None)
    return made


def _told(path: str, value: Any) -> Any:
    """Return the value that a path of a PATCH is given."""
    name = path.lower()
    if name in _SINGLE and isinstance(value, list) and len(cast(list[object], value)) == 1:
        one: object = cast(list[object], value)[0]
        value = cast(dict[str, Any], one).get("value") if isinstance(one, dict) else one
    return _attribute(name if name in _MANAGER else name.rpartition(".")[2], value)


def _attribute(name: str, value: Any) -> Any:
    name = name.lower()
    if name in _BOOLEANS and isinstance(value, str):
        return _WORDS.get(value.lower(), value)
    if name in _MANAGER:
        return _superior(value)
    if isinstance(value, list):
        return [_inside(each) for each in cast(list[object], value) if each is not None]
    return _inside(value)


def _superior(value: Any) -> Any:
    """Return a manager as RFC 7643 has it; the models require the reference, which no provider sends."""
    told = {"value": value} if isinstance(value, str) else value
    if not isinstance(told, dict):
        return value
    one = cast(dict[str, Any], told)
    if not one.get("value"):
        return None
    return one if "$ref" in one else {**one, "$ref": f"Users/{one['value']}"}


def _inside(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _attribute(key, each) for key, each in cast(dict[str, Any], value).items()}

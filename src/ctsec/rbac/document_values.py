"""The tables of a policy document, each with its place: what is taken out is of the expected kind, or an error names the place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, cast

from ctsec.rbac.composition import list_mask
from ctsec.rbac.document_text import Repeated
from ctsec.rbac.errors import PolicyError, below, found
from ctsec.rbac.permission import PermissionIndex, Scope

ALL: Final = "all"


class Table:
    """A table at `place`, which may have the given `keys` only (None: any); raises PolicyError for anything else."""

    __slots__ = ("_values", "place")

    def __init__(self, value: object, *, place: str, keys: Collection[str] | None = None) -> None:
        if isinstance(value, Repeated):
            raise PolicyError("expected each key once", place=below(place, value.key))
        if not isinstance(value, dict):
            raise PolicyError(f"expected a table, found {found(value)}", place=place)
        self._values = cast(Mapping[str, Any], value)
        self.place = place
        for key in self._values:
            if keys is not None and key not in keys:
                raise PolicyError(f"expected one of the keys {', '.join(keys)}", place=self.at(key))

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def at(self, key: str) -> str:
        """Return the place of `key`."""
        return below(self.place, key)

    def get(self, key: str) -> object:
        """Return what stands under `key`, of any kind; None if there is nothing."""
        return self._values.get(key)

    def text(self, key: str) -> str | None:
        """Return the text under `key`, or None if there is none."""
        return cast(str | None, self._of_kind(key, str, "a text"))

    def number(self, key: str) -> int | None:
        """Return the whole number under `key`, or None if there is none."""
        if isinstance(self.get(key), bool):
            raise self._unexpected(key, "a whole number")
        return cast(int | None, self._of_kind(key, int, "a whole number"))

    def flag(self, key: str) -> bool | None:
        """Return the truth value under `key`, or None if there is none."""
        return cast(bool | None, self._of_kind(key, bool, "true or false"))

    def tables(self, keys: Collection[str]) -> dict[str, Table]:
        """Return the tables in this one by their names; each may have the given keys."""
        return {name: Table(value, place=self.at(name), keys=keys) for name, value in self._values.items()}

    def texts(self) -> dict[str, str]:
        """Return the texts in this table by their names."""
        return {name: self.text(name) or "" for name in self._values}

    def texts_of(self, key: str) -> list[tuple[str, str]]:
        """Return the text under `key`, or those of the list there, each with its place."""
        value = self.get(key)
        if isinstance(value, str):
            return [(self.at(key), value)]
        if not isinstance(value, list):
            raise self._unexpected(key, "a text or a list of texts")
        return _texts(cast(list[object], value), place=self.at(key))

    def lists_of_texts(self, key: str) -> list[list[str]]:
        """Return the lists of texts, no text twice in one, in the list under `key`; none if there is nothing."""
        if key not in self:
            return []
        value = self.get(key)
        if not isinstance(value, list):
            raise self._unexpected(key, "a list of lists")
        return [names(each, place=f"{self.at(key)}[{position}]") for position, each in enumerate(cast(list[object], value))]

    def mask(self, key: str, *, index: PermissionIndex, scope: Scope) -> int | None:
        """Return the set of permissions of `scope` under `key`, a list or "all", or None if there is none."""
        if key not in self:
            return None
        value = self.get(key)
        if value == ALL:
            return index.all_of(scope)
        if not isinstance(value, list):
            raise self._unexpected(key, 'a list of permissions or "all"')
        return list_mask(index, cast(list[object], value), scope=scope, place=self.at(key))

    def _of_kind(self, key: str, kind: type, name: str) -> object:
        if key not in self:
            return None
        value = self.get(key)
        if not isinstance(value, kind):
            raise self._unexpected(key, name)
        return value

    def _unexpected(self, key: str, wanted: str) -> PolicyError:
        return PolicyError(f"expected {wanted}, found {found(self.get(key))}", place=self.at(key))


def names(value: object, *, place: str) -> list[str]:
    """Return the list of texts, none of them twice, that `value` is."""
    if not isinstance(value, list):
        raise PolicyError(f"expected a list of texts, found {found(value)}", place=place)
    texts: list[str] = []
    for at, text in _texts(cast(list[object], value), place=place):
        if text in texts:
            raise PolicyError(f"expected each name once, found {found(text)} again", place=at)
        texts.append(text)
    return texts


def _texts(values: list[object], *, place: str) -> list[tuple[str, str]]:
    texts: list[tuple[str, str]] = []
    for position, value in enumerate(values):
        if not isinstance(value, str):
            raise PolicyError(f"expected a text, found {found(value)}", place=f"{place}[{position}]")
        texts.append((f"{place}[{position}]", value))
    return texts

"""What is made at its first use: names of a package's public face (PEP 562), and attributes of an object."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar, overload

Made = TypeVar("Made")


def face(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return the `__getattr__` of `package`: it loads a name from the module that `homes` gives for it, and keeps it."""

    def load(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(home), name)
        setattr(sys.modules[package], name, value)
        return value

    return load


class kept(Generic[Made]):  # noqa: N801  (it stands where `property` would)
    """An attribute that a method makes at its first use; from then on it lies in the object's `__dict__`, and no code runs for it.

    Two threads that ask at once may each make one; one of them is kept. So it is for what holds no state of its own.
    """

    def __init__(self, make: Callable[[Any], Made]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> kept[Made]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Made: ...

    def __get__(self, instance: object | None, owner: type) -> kept[Made] | Made:
        if instance is None:
            return self
        made = self.make(instance)
        instance.__dict__[self._name] = made
        return made

"""What is made at its first use: names of a package's public face (PEP 562), and attributes of an object."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

__all__ = ["face", "kept", "made"]

T = TypeVar("T")


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


if TYPE_CHECKING:
    from builtins import property as kept  # checkers know what a property is, and that is how it is used
else:

    class kept:  # noqa: N801  (it stands where `property` would)
        """An attribute that a method makes at its first use; from then on it lies in the object's `__dict__`, and no code runs for it.

        Two threads that ask at once may each make one; one of them is kept. So it is for what holds no state of its own.
        """

        def __init__(self, fget: Callable[[object], object]) -> None:
            self.fget = fget
            self.__doc__ = fget.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, instance: object | None, owner: type) -> object:
            if instance is None:
                return self
            made = instance.__dict__[self._name] = self.fget(instance)
            return made


if TYPE_CHECKING:

    def made(make: Callable[..., T]) -> T:
        """Return a part: checkers see what the object has."""
        ...

else:

    class made:  # noqa: N801  (as `kept`)
        """A part that an object makes at its first use, of the object's `made_of`; like `kept`, in one line.

        A store has sixty record families, and a transaction uses three.
        """

        def __init__(self, make: Callable[..., object]) -> None:
            self._make = make

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, instance: object | None, owner: type) -> object:
            if instance is None:
                return self
            part = instance.__dict__[self._name] = self._make(*instance.made_of)
            return part

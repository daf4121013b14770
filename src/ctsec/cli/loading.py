"""What a command takes from a host's code, named as `module:attribute`, with the current folder on the path."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from ctsec.errors import ConfigurationError


def host_attribute(name: str, *, such_as: str) -> Any:
    """Return what `module:attribute` names; raise ConfigurationError, which says what is missing, if there is none."""
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ConfigurationError(f"expected module:attribute, such as {such_as}")
    sys.path.insert(0, os.getcwd())
    try:
        found = import_module(module)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{name} could not be loaded ({type(error).__name__}){_missing(error, module)}") from None
    try:
        return getattr(found, attribute)
    except AttributeError:
        raise ConfigurationError(f"{name} could not be loaded (AttributeError): {module} has no {attribute!r}") from None


def _missing(error: Exception, module: str) -> str:
    """Say which module is not there: the one that was named, or one that it imports."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return ""
    if module == error.name or module.startswith(f"{error.name}."):
        return f": there is no module {error.name} in this folder or on PYTHONPATH; run the command in the folder where it is"
    return f": it imports {error.name}, which is not installed here"

"""What a command takes from a host's code, named as `module:attribute`, with the current folder on the path."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from ctsec.errors import ConfigurationError


def host_attribute(name: str, *, such_as: str) -> Any:
    """Return what `module:attribute` names; raise ConfigurationError if there is none."""
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ConfigurationError(f"expected module:attribute, such as {such_as}")
    sys.path.insert(0, os.getcwd())
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{name} could not be loaded ({type(error).__name__})") from None

"""The policy that a command is about: a document, the built-in one, or what a host has in its code."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ctsec.cli.loading import host_attribute
from ctsec.errors import ConfigurationError
from ctsec.rbac.errors import PolicyError
from ctsec.rbac.matrix import MAX_TEXT
from ctsec.rbac.policy import Policy
from ctsec.security import AsyncSecurity, Security

PRESET: Final = "preset"
HELP: Final = "a document (.toml, .json), module:attribute of a policy or a security bundle, or preset for the built-in policy"
_READERS: Final = {".toml": Policy.from_toml, ".json": Policy.from_json}


def load_policy(name: str) -> Policy:
    """Return the policy that `name` means; raise ConfigurationError that names the file and the place of a mistake."""
    if name == PRESET:
        return Policy.preset()
    if (read := _READERS.get(Path(name).suffix.lower())) is not None:
        try:
            return read(read_text(name, limit=MAX_TEXT))
        except PolicyError as error:
            raise ConfigurationError(f"{name}: {error}") from None
    return _attribute(name)


def read_text(name: str, *, limit: int) -> str:
    """Return the text of a file of at most `limit` bytes; raise ConfigurationError if there is none."""
    try:
        with Path(name).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise ConfigurationError(f"{name} could not be read ({error.strerror})") from None
    if len(data) > limit:
        raise ConfigurationError(f"{name}: expected at most {limit} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{name}: line {line}: expected UTF-8") from None


def _attribute(name: str) -> Policy:
    try:
        found = host_attribute(name, such_as="app.security:security, or a file that ends with .toml or .json")
    except PolicyError as error:  # the host's module builds its policy when it is imported
        raise ConfigurationError(f"{name}: {error}") from None
    if isinstance(found, Security | AsyncSecurity):
        return found.parts.policy
    if not isinstance(found, Policy):
        raise ConfigurationError(f"{name} is a {type(found).__name__}; expected a ctsec.rbac.Policy or a security bundle")
    return found

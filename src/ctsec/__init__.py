"""ctsec: the security layer that a Python SaaS imports.

This face is resolved lazily: `import ctsec` loads no third-party package and none of the features.
"""

from __future__ import annotations

# Not from typing, whose import costs more than everything else here together; type checkers know the name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ctsec.errors import CtsecError as CtsecError
    from ctsec.outcome import Outcome as Outcome
    from ctsec.outcome import Reason as Reason
    from ctsec.outcome import Refusal as Refusal
    from ctsec.principal import Principal as Principal
    from ctsec.secret import Secret as Secret
    from ctsec.secret import SecretText as SecretText
    from ctsec.security import AsyncSecurity as AsyncSecurity
    from ctsec.security import Security as Security

__version__ = "0.1.0"

_HOME = {
    "AsyncSecurity": "ctsec.security",
    "CtsecError": "ctsec.errors",
    "Outcome": "ctsec.outcome",
    "Principal": "ctsec.principal",
    "Reason": "ctsec.outcome",
    "Refusal": "ctsec.outcome",
    "Secret": "ctsec.secret",
    "SecretText": "ctsec.secret",
    "Security": "ctsec.security",
}
__all__ = ["AsyncSecurity", "CtsecError", "Outcome", "Principal", "Reason", "Refusal", "Secret", "SecretText", "Security"]


def __getattr__(name: str) -> object:
    """Load a public name from its module at first use (PEP 562); the machinery of imports is loaded here, not before."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'ctsec' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value

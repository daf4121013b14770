"""How a provider named somebody at a sign-in, kept to name them in the same way at the sign-out (SAML Core, 3.7.1).

Rules that this module keeps:

- the name goes back as it came, with its format and qualifiers: a provider compares all of it;
- a name that is too long to be kept is none: that session ends here alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from ctsec.sso.saml.assertion import NameId, VerifiedAssertion

MAX_KEPT: Final = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A person and a session in a provider's words."""

    name_id: NameId
    session_index: str | None = None


def kept_name(assertion: VerifiedAssertion) -> str:
    """Return the name of a sign-in as text, empty for one that is too long."""
    name = assertion.name_id
    told = {"name": name.value, "format": name.format, "index": assertion.session_index}
    told |= {"qualifier": name.name_qualifier, "sp_qualifier": name.sp_name_qualifier}
    text = json.dumps({key: value for key, value in told.items() if value is not None}, ensure_ascii=False)
    return text if len(text) <= MAX_KEPT else ""


def read_name(text: str) -> Named:
    """Return the name in a text of `kept_name`."""
    told: dict[str, Any] = json.loads(text)
    name = NameId(
        value=told["name"], format=told["format"], name_qualifier=told.get("qualifier"), sp_name_qualifier=told.get("sp_qualifier")
    )
    return Named(name_id=name, session_index=told.get("index"))

"""Who runs the deployment, named by the host for one piece of work.

Rules that this module keeps:

- an operator is a value that the host's code makes: no session, API key or request becomes one;
- it is nobody in every organization (`ctsec.rbac.subject`): what an operator may do is a method that takes an `Operator`, and no other is;
- who and why stand in each event of the work, the reason sealed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind

MAX_REASON: Final = 200
_ID: Final = re.compile(r"[a-z0-9._@-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody who runs the deployment: `id` says who, `reason` why.

    The id is 1 to 64 letters in lower case, digits and `. _ - @`, so that one person has one spelling; the reason is one line of 1 to 200
    characters. The host has authenticated its operators before it names them here. Raises ValueError for anything else.
    """

    id: str
    reason: str

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError("expected an operator id of 1 to 64 lower-case letters, digits and . _ - @")
        if not (self.reason.strip() and len(self.reason) <= MAX_REASON and self.reason.isprintable()):
            raise ValueError(f"expected a reason of one line with 1 to {MAX_REASON} characters")

    @property
    def principal(self) -> Principal:
        """The actor of the events of this work."""
        credential = Credential(kind=CredentialKind.INTERNAL, id="operator", aal=0)
        return Principal(id=self.id, kind=PrincipalKind.OPERATOR, credential=credential)

"""Bodies of the routes of operators."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctsec.recovery.record import MAX_NOTE, MAX_REFERENCE, EvidenceKind
from ctsec.web.models import Body, Email

MAX_PROOF = 200


class NewSupportCase(Body):
    """Whose second factors are to be reset, and how their identity was looked at; `reference` is where that is noted."""

    email: Email
    evidence: Annotated[EvidenceKind, Field(strict=False)]
    reference: Annotated[str, Field(min_length=1, max_length=MAX_REFERENCE)]
    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""


class DomainProof(Body):
    """How it was verified that the organization controls the domain, in one line."""

    proof: Annotated[str, Field(min_length=1, max_length=MAX_PROOF)]

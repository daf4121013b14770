"""What an answer of the DNS is for us: the values at exactly the name that was asked for, or why there are none.

Rules that this module keeps:

- only records at the very name count: where the name is an alias, others write what it leads to;
- an answer has at most 50 values of at most 1024 bytes; what is above is no answer, and nothing is cut off;
- the strings of a record are joined without anything between them (RFC 7208, section 3.3, as everybody does).
"""

from __future__ import annotations

from typing import Final, cast

from dns.exception import DNSException, Timeout
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, Answer

from ctsec.sso.domain_claim import DnsTrouble

MAX_VALUES: Final = 50
MAX_VALUE: Final = 1024


def values_of(answer: Answer) -> tuple[bytes, ...] | DnsTrouble:
    """Return the values of an answer to a question for TXT records."""
    if answer.canonical_name != answer.qname:
        return DnsTrouble.ALIAS
    records = cast("list[TXT]", list(answer.rrset or ()))
    found = [b"".join(each.strings) for each in records]
    if not found:
        return DnsTrouble.NOT_THERE
    if len(found) > MAX_VALUES:
        return DnsTrouble.TOO_MANY
    return DnsTrouble.TOO_LARGE if any(len(each) > MAX_VALUE for each in found) else tuple(found)


def trouble_of(error: DNSException) -> DnsTrouble:
    """Return what an error of the resolver says."""
    if isinstance(error, NXDOMAIN):
        return DnsTrouble.NOT_THERE
    return DnsTrouble.TIMEOUT if isinstance(error, Timeout) else DnsTrouble.FAILED

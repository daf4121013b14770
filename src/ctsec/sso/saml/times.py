"""Moments as SAML writes them (XML Schema Part 2, 3.2.7; SAML Core, 1.3.3), and how far clocks may differ.

Rules that this module keeps:

- a moment is a real one, in UTC, said with `Z` or with an offset of nothing: a time without a zone is nobody's time;
- a fraction of a second has 1 to 9 digits, and is cut to microseconds (Entra ID writes 7);
- the skew is added to what ends and taken from what begins, once.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from ctsec.jose.rejection import Unacceptable
from ctsec.sso.saml.reason import SamlReason

SKEW: Final = timedelta(seconds=60)
_MOMENT: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(?:Z|[+-]00:00)")


def read_time(text: str) -> datetime:
    """Return a moment; raise Unacceptable if the text is none."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise Unacceptable(SamlReason.BAD_TIME)
    try:
        whole = datetime.fromisoformat(f"{found[1]}+00:00")
    except ValueError:
        raise Unacceptable(SamlReason.BAD_TIME) from None
    if not 1970 < whole.year < 9990:
        raise Unacceptable(SamlReason.BAD_TIME)
    return whole + timedelta(microseconds=int(found[2].ljust(6, "0")[:6])) if found[2] else whole


def write_time(moment: datetime) -> str:
    """Return a moment in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

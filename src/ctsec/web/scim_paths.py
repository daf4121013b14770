"""Where SCIM is: its paths beside the table of routes, and how much a request to one of them may hold."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from ctsec.web.http import OverLimit, WebRequest, over_limit
from ctsec.web.table import by_path

ROOT: Final = "/scim/v2"
SCIM_PATHS: Final = (ROOT, f"{ROOT}/{{scim_endpoint}}", f"{ROOT}/{{scim_endpoint}}/{{scim_id}}")
MAX_SCIM_BODY: Final = 1_048_576


def mounted() -> tuple[str, ...]:
    """Return every path that hosts mount: those of the table, and those of SCIM."""
    return (*by_path(), *SCIM_PATHS)


def over_scim_limit(request: WebRequest) -> OverLimit | None:
    """Return the first limit that a SCIM request breaks, or None: those of every request, and a body of 1 MiB."""
    if len(request.body) > MAX_SCIM_BODY:
        return OverLimit(413, f"expected a body of at most {MAX_SCIM_BODY} bytes")
    return over_limit(replace(request, body=b""))


def root_url(base_url: str, *, path: str) -> str:
    """Return the address of SCIM as clients see it: on the site, below whatever prefix stands before a `path` of ours."""
    origin, before = urlsplit(base_url), re.split(r"/(?:scim/v2|organizations)(?:/|$)", path, maxsplit=1)[0]
    return f"{origin.scheme}://{origin.netloc}{before}{ROOT}"

"""Where the data lies, what the application's address is, and where its mail goes: told by the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ctsec.sso.policy import SsoPolicy

# Providers send browsers back to the page, which takes what came along to the route below /auth.
SINGLE_SIGN_ON = SsoPolicy(callback="/sso/{connection_id}", after_sign_out="/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What differs from one deployment to the next."""

    database: Path
    base_url: str
    mail: str | None


def read() -> Configuration:
    """Return what the environment says: CLOUDTHINKER_DATABASE, CLOUDTHINKER_BASE_URL and CLOUDTHINKER_MAIL."""
    return Configuration(
        database=Path(os.environ.get("CLOUDTHINKER_DATABASE", "cloudthinker.db")),
        base_url=os.environ.get("CLOUDTHINKER_BASE_URL", "http://localhost:8000"),
        mail=os.environ.get("CLOUDTHINKER_MAIL"),
    )

"""Where the data lies, what the application's address is, and where its mail goes: told by the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ctsec.sso import SsoPolicy
from ctsec.transport import Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What differs from one deployment to the next."""

    database: Path
    base_url: str
    mail: str | None
    reach: Reach = Reach.PUBLIC


def read() -> Configuration:
    """Return what the environment says: CLOUDTHINKER_DATABASE, CLOUDTHINKER_BASE_URL, CLOUDTHINKER_MAIL and CLOUDTHINKER_REACH.

    The last is how far connections to identity providers may lead: `loopback` is for providers on this machine, as tests have them.
    """
    return Configuration(
        database=Path(os.environ.get("CLOUDTHINKER_DATABASE", "cloudthinker.db")),
        base_url=os.environ.get("CLOUDTHINKER_BASE_URL", "http://localhost:8000"),
        mail=os.environ.get("CLOUDTHINKER_MAIL"),
        reach=Reach(os.environ.get("CLOUDTHINKER_REACH", Reach.PUBLIC)),
    )


def single_sign_on(reach: Reach) -> SsoPolicy:
    """Return how providers are asked; they send browsers back to the page, which takes what came along to the route below /auth."""
    return SsoPolicy(callback="/sso/{connection_id}", after_sign_out="/", reach=reach)

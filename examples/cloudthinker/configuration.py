"""Where the data lies, what the application's address is, and where its mail goes: told by the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ctsec.encryption import CustomerKeyPolicy
from ctsec.encryption.kms import AwsKeyServices
from ctsec.sso import SsoPolicy
from ctsec.transport import Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What differs from one deployment to the next."""

    database: Path
    base_url: str
    mail: str | None
    reach: Reach = Reach.PUBLIC
    kms: str | None = None


def read() -> Configuration:
    """Return what the environment says, in variables named CLOUDTHINKER_ and a field of `Configuration`.

    CLOUDTHINKER_REACH is how far connections to identity providers may lead: `loopback` is for providers on this machine, as tests have
    them. CLOUDTHINKER_KMS is where AWS KMS answers that has the keys of customers who bring their own; without it nobody can.
    """
    return Configuration(
        database=Path(os.environ.get("CLOUDTHINKER_DATABASE", "cloudthinker.db")),
        base_url=os.environ.get("CLOUDTHINKER_BASE_URL", "http://localhost:8000"),
        mail=os.environ.get("CLOUDTHINKER_MAIL"),
        reach=Reach(os.environ.get("CLOUDTHINKER_REACH", Reach.PUBLIC)),
        kms=os.environ.get("CLOUDTHINKER_KMS"),
    )


def single_sign_on(reach: Reach) -> SsoPolicy:
    """Return how providers are asked; they send browsers back to the page, which takes what came along to the route below /auth.

    A form of SAML is posted to that route itself, which sends the browser on to the page.
    """
    return SsoPolicy(callback="/sso/{connection_id}", after_sign_in="/", after_sign_out="/", reach=reach)


KEY_REGION: Final = "eu-central-1"


def customer_keys() -> CustomerKeyPolicy:
    """Return where customers' own keys may be."""
    return CustomerKeyPolicy(regions={"default": frozenset({KEY_REGION})})


def key_services(endpoint: str | None) -> AwsKeyServices | None:
    """Return what opens customers' own keys, with the credentials that boto3 finds; None where no endpoint is named."""
    if endpoint is None:
        return None
    from boto3.session import Session

    return AwsKeyServices(Session(region_name=KEY_REGION), regions=[KEY_REGION], endpoint=endpoint)

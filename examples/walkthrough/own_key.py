"""The chapter of a customer's own key: what Acme keeps with us opens while Acme's key says so."""

from __future__ import annotations

from functools import partial
from typing import Final

import httpx

from ctsec.testing.kms import FakeAwsKms, KeyState
from examples.cloudthinker.configuration import KEY_REGION
from examples.walkthrough.organizations import Place
from examples.walkthrough.people import Scene
from examples.walkthrough.transcript import answered, eventually, require

SECRET: Final = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def own_key(scene: Scene, acme: Place, kms: FakeAwsKms) -> None:
    """Keep a cloud credential of Acme's, move its data keys under Acme's own key, and let Acme say no."""
    scene.transcript.chapter("Acme brings its own key")
    say, olga = scene.transcript.say, scene.cast.olga
    home = f"/auth/organizations/{acme.organization}"
    limits = {"services": ["ce"], "regions": [KEY_REGION], "rotate_days": 90}
    kept = answered(olga.post(f"{home}/credentials", {"name": "billing reader", "kind": "aws", "secret": SECRET, **limits}), 201)
    require(SECRET not in str(answered(olga.get(f"{home}/credentials"), 200)), "that the list of credentials holds no secret")
    say("Olga keeps a credential for AWS in the vault: to read, in one region, of one service, to be rotated every 90 days")
    use = partial(olga.post, f"{home}/credentials/{kept['id']}/use")
    reading = {"access": "read_only", "service": "ce", "region": KEY_REGION}
    _disclosed(use(reading))
    for other in ({"access": "read_write"}, {"service": "ec2"}, {"region": "us-east-1"}):
        answered(use({**reading, **other}), 403)
    say("a use to read is disclosed and recorded; to write, of another service, or in another region: 403")

    arn = kms.keys.create(KEY_REGION)
    before = len(kms.journal)
    answered(olga.post(f"{home}/encryption/customer-keys/default", {"ref": arn}), 201)
    require(len(kms.journal) > before, "that the key was asked")
    say("she registers Acme's key at AWS KMS; it is tried first, and then Acme's data keys are wrapped under it")
    _disclosed(use(reading))
    kms.keys.set_state(arn, KeyState.DISABLED)
    answered(olga.post(f"{home}/encryption/customer-keys/default/forget"), 200)
    refused = answered(use(reading), 409)
    require("key_disabled" in refused["detail"], f"that the refusal says why, got {refused}")
    say("Acme disables its key: the credential does not open, and the answer says that the key is disabled")
    kms.keys.set_state(arn, KeyState.ENABLED)
    eventually(lambda: use(reading).status_code == 200, what="the key to be asked again", pause=1.0)
    say("Acme enables it, and within seconds the credential opens again")


def _disclosed(response: httpx.Response) -> None:
    require(answered(response, 200)["secret"] == SECRET, "the credential as it was kept")

"""A key service that is away while events are sealed: what can not be told of does not happen (async source of the twin)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ctsec.audit.event import EventName
from ctsec.authn.journey import SignedIn
from ctsec.directory.record import Organization
from ctsec.encryption.kms.local import LocalKms
from ctsec.errors import KmsUnavailable
from ctsec.ids import UserId
from tests.services._async_world import AsyncWorld


def away(*_: Any) -> Any:
    """Answer as a key service that is away."""
    raise KmsUnavailable("the key service does not answer")


async def test_what_can_not_be_sealed_does_not_happen() -> None:
    """Keys that a process holds go on for their time; after it no change and no sign-in goes without its event, and none is half there."""
    async with AsyncWorld.open() as world:
        ann = await world.person("ann@acme.example")
        with pytest.MonkeyPatch.context() as patch:
            for name in ("generate_data_key", "wrap", "unwrap"):
                patch.setattr(LocalKms, name, away)
            assert isinstance(await world.call("directory.create_organization", ann, name="While keys are held"), Organization)
            world.clock.advance(timedelta(hours=1))
            with pytest.raises(KmsUnavailable):
                await world.call("directory.create_organization", ann, name="Not to be")
            for password in ("correct horse battery", "not the password"):
                with pytest.raises(KmsUnavailable):
                    await world.step("ann@acme.example", password)
        async with world.storage.reading() as store:
            assert len(await store.roster.of_user(UserId(ann.id))) == 1
        assert isinstance(await world.call("directory.create_organization", ann, name="Again"), Organization)
        assert isinstance(await world.step("ann@acme.example"), SignedIn)
        assert await world.events(name=EventName.USER_SIGN_IN_REFUSED) == ()

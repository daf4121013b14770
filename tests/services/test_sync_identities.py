# Generated from tests/services/test_async_identities.py by tools/twin.py; edit that file.
"""Identities at providers, unlinked: what the routes can not show (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.outcome import Reason
from ctsec.principal import CredentialKind, Principal
from ctsec.sso.grant import NEVER
from ctsec.sso.record import LinkedBy, LinkedIdentity, identity_digest
from ctsec.testing.conformance.samples import ignore
from tests.services._sync_stage import HELD, Stage, identity, on_stage, with_connection
from tests.services.probing import reason


@pytest.fixture
def stage() -> Generator[Stage, None, None]:
    with on_stage() as made:
        yield with_connection(made, enabled=True)


def newcomer(stage: Stage) -> tuple[UserId, bytes]:
    """Have somebody come in whom the provider makes up: an account with nothing of its own to sign in with."""
    step: Any = stage.world.call("sso.arrive", stage.connection.id, identity(stage, "ivy@acme.example"), **HELD)
    user = UserId(step.user.id)
    (linked,) = stage.world.call("sso_identities.of_member", user, organization=stage.acme.id)
    return user, linked.digest


def account_session(stage: Stage, user: UserId) -> Principal:
    """Return somebody in a session of their account, as one that a mailed link began."""
    return replace(stage.bob, id=user, credential=replace(stage.bob.credential, kind=CredentialKind.SESSION))


@pytest.mark.proves("SEED-A3")
def test_the_last_way_in_stays(stage: Stage) -> None:
    """Whoever has neither password nor passkey keeps the identity; with a passkey it goes, and an administrator unlinks it in any case."""
    user, digest = newcomer(stage)
    own, world = account_session(stage, user), stage.world
    assert reason(world.call("sso_identities.unlink_own", own, identity=digest)) is Reason.CONFLICT
    assert reason(world.call("sso_identities.unlink_own", stage.bob, identity=digest)) is Reason.NOT_FOUND
    with world.storage.begin(after_commit=ignore) as store:
        (passkey,) = store.passkeys.of_user(UserId(stage.mia.id))
        assert store.passkeys.add(replace(passkey, user_id=user, credential_id=b"another", id=type(passkey.id)("pky_" + "0" * 26)))
    assert reason(world.call("sso_identities.unlink_own", own, identity=digest)) is Reason.STEP_UP_REQUIRED
    assert reason(world.call("sso_identities.unlink_own", world.sure(own), identity=digest)) is None
    assert world.call("sso_identities.of_member", user, organization=stage.acme.id) == ()


def test_an_administrator_takes_the_last_way_in(stage: Stage) -> None:
    """What a connection made up its administrators may take: the account itself can still have a password mailed."""
    user, digest = newcomer(stage)
    place = {"organization": stage.acme.id, "user": user, "identity": digest}
    assert reason(stage.world.call("sso_identities.unlink", stage.world.sure(stage.ann), **place)) is None
    assert reason(stage.world.call("sso_identities.unlink", stage.world.sure(stage.ann), **place)) is Reason.NOT_FOUND


def test_only_a_session_of_the_account_shows_and_unlinks_ones_own(stage: Stage) -> None:
    """An API key, and a session through a provider, is refused before anything is looked up."""
    _, digest = newcomer(stage)
    for kind in (CredentialKind.API_KEY, CredentialKind.SSO_SESSION):
        other = replace(stage.bob, credential=replace(stage.bob.credential, kind=kind))
        assert reason(stage.world.call("sso_identities.own", other)) is Reason.NOT_AUTHENTICATED
        assert reason(stage.world.call("sso_identities.unlink_own", other, identity=digest)) is Reason.NOT_AUTHENTICATED


def test_what_the_session_rests_on_is_void_and_its_token_goes_back(stage: Stage) -> None:
    """The grant counts for nothing from the transaction on, whether its session began or not, and is due for the worker."""
    user, digest = newcomer(stage)
    place = {"organization": stage.acme.id, "user": user, "identity": digest}
    assert reason(stage.world.call("sso_identities.unlink", stage.world.sure(stage.ann), **place)) is None
    with stage.world.security.begin() as unit:
        (after,) = unit._store.grants.of_identity(digest)
    assert (after.began_at, after.due_at <= stage.world.clock.now()) == (NEVER, True)
    assert not stage.connection.carries(after.began_at)


@pytest.mark.parametrize("left", ["disabled", "foreign", "enabled"])
def test_only_a_link_that_lets_in_keeps_an_owner_from_being_locked_out(stage: Stage, left: str) -> None:
    """Where the provider is required, an owner's other link counts if its connection is the organization's and enabled, and else not."""
    owner, now = UserId(stage.ann.id), stage.world.clock.now()
    ids = {"enabled": stage.connection.id, "disabled": ConnectionId("con_" + "0" * 26), "foreign": ConnectionId("con_" + "1" * 26)}
    where = OrganizationId("org_" + "1" * 26) if left == "foreign" else stage.acme.id
    with stage.world.storage.begin(after_commit=ignore) as store:
        for subject, through, of in (("boss", ids["enabled"], stage.acme.id), ("boss2", ids[left], where)):
            digest = identity_digest(through, "https://idp.example", subject)
            linked = LinkedIdentity(
                digest=digest, connection_id=through, organization_id=of, user_id=owner, issuer="https://idp.example", subject=subject,
                linked_by=LinkedBy.PERSON, linked_at=now,
            )  # fmt: skip
            assert store.identities.add(linked)
        store.entrances.require(stage.acme.id, now)
    mine = identity_digest(ids["enabled"], "https://idp.example", "boss")
    own = stage.world.sure(account_session(stage, owner))
    answer = reason(stage.world.call("sso_identities.unlink_own", own, identity=mine))
    assert answer is (None if left == "enabled" else Reason.CONFLICT)

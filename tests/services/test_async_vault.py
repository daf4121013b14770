"""Credentials of organizations, from being kept to being gone (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.encryption import Context
from ctsec.encryption.data_key import NoDataKey
from ctsec.errors import CtsecError, DecryptionFailed
from ctsec.ids import CredentialId, OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.secret import Secret
from ctsec.storage.memory import AsyncMemoryStorage
from ctsec.testing.conformance.samples import ignore
from ctsec.vault import AccessMode, VaultCredential, VaultKind, VaultWish
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason

DAY = timedelta(days=1)
WISH = VaultWish(name="billing bucket", kind=VaultKind.AWS, services=frozenset({"s3"}), regions=frozenset({"eu"}), rotate_every=90 * DAY)
HERE: dict[str, Any] = {"service": "s3", "region": "eu"}
READ, WRITE = AccessMode.READ_ONLY, AccessMode.READ_WRITE


@dataclass(frozen=True, slots=True)
class Scene:
    """Ann owns Acme, Bob is its member, Eve owns Globex; `kept` is a credential of Acme."""

    world: AsyncWorld
    ann: Principal
    bob: Principal
    eve: Principal
    acme: OrganizationId
    globex: OrganizationId
    kept: VaultCredential

    async def call(self, verb: str, *positional: Any, **named: Any) -> Any:
        """Call a verb of the vault of Acme, as Ann if nobody else is named."""
        actor = positional or (self.ann,)
        return await self.world.call(f"vault.{verb}", *actor, **{"organization": self.acme, **named})

    async def use(self, *positional: Any, **named: Any) -> Any:
        """Use the kept credential where it is for."""
        return await self.call("use", *positional, **{"credential": self.kept.id, **HERE, **named})

    async def now(self, credential: CredentialId | None = None) -> VaultCredential | None:
        """Return the record as it is stored."""
        found: VaultCredential | None = await self.world.call("vault.get", organization=self.acme, credential=credential or self.kept.id)
        return found

    async def named(self, name: str) -> list[Any]:
        """Return the events of Acme with a name."""
        return list(await self.world.events(self.acme, name))


@pytest.fixture
async def scene() -> AsyncGenerator[Scene, None]:
    async with AsyncWorld.open() as world:
        ann, eve = await world.person("ann@acme.example"), await world.person("eve@globex.example")
        acme, globex = await world.organization(ann), await world.organization(eve, "Globex")
        bob = await world.member(acme.id, "bob@acme.example")
        kept = await world.call("vault.store", ann, organization=acme.id, wish=WISH, secret=Secret(b"s3cret"))
        yield Scene(world, ann, bob, eve, acme.id, globex.id, kept)


@pytest.mark.proves("SEED-E3", "ASVS-13.3.2")
async def test_a_use_hands_the_secret_out_and_is_on_record_first(scene: Scene) -> None:
    """The secret comes back for a use within the credential, and its event is committed aside, with what it was for."""
    done = await scene.use()
    assert done.secret.reveal() == b"s3cret"
    (event,) = await scene.named("credential.disclosed")
    assert (event.actor_id, event.target_id) == (scene.ann.id, scene.kept.id)
    assert event.details()["details"] == {"access": "read_only", "service": "s3", "region": "eu", "kind": "aws"}


@pytest.mark.proves("SEED-E3")
async def test_a_disclosure_outlives_the_rollback_of_the_unit(scene: Scene) -> None:
    """A host that raises after it got the secret can not undo the record of it."""

    async def failing() -> None:
        async with scene.world.security.begin() as unit:
            await unit.vault.use(scene.ann, organization=scene.acme, credential=scene.kept.id, **HERE)
            raise RuntimeError("the host failed")

    with pytest.raises(RuntimeError, match="the host failed"):
        await failing()
    assert len(await scene.named("credential.disclosed")) == 1


@pytest.mark.proves("SEED-P6")
async def test_a_use_beyond_the_credential_is_refused_and_recorded(scene: Scene) -> None:
    """A write use of a read-only credential, another service and another region get no secret, and the log says what was tried."""
    for wrong in ({"access": WRITE}, {"service": "iam"}, {"region": "us"}, {"service": None}):
        assert reason(await scene.use(**wrong)) is Reason.DENIED
    refused = [event.details()["details"] for event in await scene.named("access.denied")]
    assert {each["attempted"] for each in refused} == {"credential.use"}
    assert sorted(each["access"] for each in refused) == ["read_only"] * 3 + ["read_write"]
    assert {(each["service"], each["region"]) for each in refused} == {("s3", "eu"), ("iam", "eu"), ("s3", "us"), (None, "eu")}
    assert await scene.named("credential.disclosed") == []
    await scene.call("change", credential=scene.kept.id, wish=replace(WISH, access=WRITE))
    assert (await scene.use(access=WRITE)).secret.reveal() == b"s3cret"


@pytest.mark.proves("ASVS-13.3.2")
async def test_who_may(scene: Scene) -> None:
    """A member may neither manage nor use, a stranger finds nothing, and of those who may use only the named ones do."""
    kept = {"credential": scene.kept.id}
    for actor, wanted in ((scene.bob, Reason.DENIED), (scene.eve, Reason.NOT_FOUND)):
        assert reason(await scene.use(actor)) is wanted
        assert reason(await scene.call("rotate", actor, **kept, secret=Secret(b"x"))) is wanted
        assert reason(await scene.call("change", actor, **kept, wish=WISH)) is wanted
        assert reason(await scene.call("remove", actor, **kept)) is wanted
        assert reason(await scene.call("store", actor, wish=replace(WISH, name="o"), secret=Secret(b"x"))) is wanted
    assert reason(await scene.use(scene.eve, organization=scene.globex)) is Reason.NOT_FOUND
    second = await scene.world.member(scene.acme, "cid@acme.example", role="admin")
    assert reason(await scene.use(second)) is None
    await scene.call("change", **kept, wish=replace(WISH, users=frozenset({UserId(second.id)})))
    assert reason(await scene.use(second)) is None
    assert reason(await scene.use()) is Reason.DENIED
    key = await scene.world.key(second, scene.acme, scopes=frozenset({"dashboards:view"}))
    narrowed = await scene.world.gate.api_key(key.token.reveal(), scene.world.request)
    assert reason(await scene.use(narrowed)) is Reason.DENIED


async def test_a_credential_of_a_workspace(scene: Scene) -> None:
    """It has its own names, the data key of its region, and its workspace in its events; a workspace of somebody else is not found."""
    space = await scene.world.workspace(scene.acme)
    theirs = await scene.world.workspace(scene.globex, "Theirs")
    made = await scene.call("store", wish=WISH, secret=Secret(b"in prod"), workspace=space.id)
    assert (made.name, made.workspace_id) == (WISH.name, space.id)
    assert (await scene.use(credential=made.id)).secret.reveal() == b"in prod"
    (event,) = await scene.named("credential.disclosed")
    assert event.workspace_id == space.id
    made = await scene.world.call("directory.create_workspace", scene.ann, organization=scene.acme, name="EU", region="eu")
    await scene.call("store", wish=WISH, secret=Secret(b"in eu"), workspace=made.id)
    keys = await scene.world.call("data_keys.of_organization", organization=scene.acme)
    assert {each.region for each in keys} == {"default", "eu"}
    for workspace in (theirs.id, WorkspaceId("wsp_00000000000000000000000000")):
        refused = await scene.call("store", wish=replace(WISH, name="o"), secret=Secret(b"x"), workspace=workspace)
        assert reason(refused) is Reason.NOT_FOUND


async def test_names_are_unique_and_versions_are_compared(scene: Scene) -> None:
    """A taken name, a stale version, an empty secret and a bad wish are refused, and nothing changes."""
    kept = {"credential": scene.kept.id}
    assert reason(await scene.call("store", wish=replace(WISH, name="BILLING bucket"), secret=Secret(b"x"))) is Reason.ALREADY_EXISTS
    assert reason(await scene.call("store", wish=replace(WISH, name="o"), secret=Secret(b""))) is Reason.INVALID_INPUT
    assert reason(await scene.call("store", wish=replace(WISH, name="o"), secret=Secret(bytes(65_537)))) is Reason.TOO_LARGE
    assert reason(await scene.call("store", wish=replace(WISH, services=frozenset()), secret=Secret(b"x"))) is Reason.INVALID_INPUT
    assert reason(await scene.call("change", **kept, wish=replace(WISH, name=""))) is Reason.INVALID_INPUT
    assert reason(await scene.call("rotate", **kept, secret=Secret(b""))) is Reason.INVALID_INPUT
    for verb, more in (("change", {"wish": WISH}), ("rotate", {"secret": Secret(b"y")}), ("remove", {})):
        assert reason(await scene.call(verb, **kept, **more, version=1)) is Reason.CONFLICT
    other = await scene.call("store", wish=replace(WISH, name="ledger"), secret=Secret(b"x"))
    assert reason(await scene.call("change", credential=other.id, wish=WISH)) is Reason.CONFLICT
    assert await scene.now() == scene.kept
    assert (await scene.call("change", **kept, wish=replace(WISH, label="main account"), version=0)).version == 1
    (event,) = await scene.named("credential.changed")
    assert event.details()["details"] == {"changed": ["label"], "access": "read_only"}


@pytest.mark.proves("SEED-P3", "ASVS-13.3.4")
async def test_rotation_is_due_reminded_of_once_and_done(scene: Scene) -> None:
    """Due credentials are listed in order; each due time is one event and one mail to each owner; a rotation starts the interval anew."""
    world = scene.world
    soon = await scene.call("store", wish=replace(WISH, name="token", rotate_every=30 * DAY), secret=Secret(b"t"))
    await scene.call("store", wish=replace(WISH, name="root", rotate_every=None), secret=Secret(b"r"))
    world.clock.advance(29 * DAY)
    assert await world.call("vault.due", organization=scene.acme) == ()
    assert await world.call("vault.due", organization=scene.acme, within=DAY) == (soon,)
    assert await world.security.jobs.vault.remind() == 0
    world.clock.advance(61 * DAY)
    assert await world.call("vault.due", organization=scene.acme) == (soon, scene.kept)
    assert await world.call("vault.due", organization=scene.globex) == ()
    assert [await world.security.jobs.vault.remind() for _ in range(2)] == [2, 0]
    assert await world.security.jobs.vault._remind(soon) is False  # another worker, which had read it before
    assert {event.target_id for event in await scene.named("credential.reminded")} == {soon.id, scene.kept.id}
    await world.mail()
    letters = [message for message in world.mailer.to("ann@acme.example") if message.kind == "rotation_due"]
    assert len(letters) == 2
    assert any("token" in message.text.reveal() for message in letters)
    assert [m for m in world.mailer.to("bob@acme.example") if m.kind == "rotation_due"] == []
    done = await scene.call("rotate", credential=soon.id, secret=Secret(b"t2"))
    assert (done.due_at, done.rotated_by) == (world.clock.now() + 30 * DAY, scene.ann.id)
    (event,) = await scene.named("credential.rotated")
    assert event.details()["details"] == {"overdue": True}
    assert (await scene.use(credential=soon.id)).secret.reveal() == b"t2"
    assert [each.id for each in await world.call("vault.due", organization=scene.acme)] == [scene.kept.id]
    world.clock.advance(30 * DAY)
    assert await world.security.jobs.vault.remind() == 1


async def test_last_uses_are_written_together(scene: Scene) -> None:
    """A use writes nothing to the record; the job of last uses writes the newest of each credential once."""
    for _ in range(3):
        scene.world.clock.advance(timedelta(seconds=1))
        await scene.use()
    assert (await scene.now()) == scene.kept
    assert await scene.world.security.jobs.write_uses() == 1
    found = await scene.now()
    assert found is not None
    assert (found.last_used_at, found.last_used_by, found.version) == (scene.world.clock.now(), scene.ann.id, 0)
    assert await scene.world.security.jobs.write_uses() == 0


@pytest.mark.proves("SEED-E2", "ASVS-13.3.1")
async def test_the_store_holds_no_plain_secret_and_nothing_is_left(scene: Scene) -> None:
    """Nothing that is stored contains the secret; the sealed bytes open in no other place, and are gone with the credential."""
    storage = scene.world.storage
    assert isinstance(storage, AsyncMemoryStorage)
    assert "s3cret" not in repr(storage.state.newest)
    async with storage.reading() as store:
        sealed = await store.credentials.sealed(scene.kept.id)
    assert sealed is not None
    other = await scene.call("store", wish=replace(WISH, name="other"), secret=Secret(b"mine"))
    async with storage.begin(after_commit=ignore) as store:
        stored = await store.credentials.get(scene.acme, other.id)
        assert stored is not None
        assert await store.credentials.replace(replace(stored, version=1), sealed=sealed)
    with pytest.raises(DecryptionFailed):
        await scene.use(credential=other.id)
    assert await scene.named("credential.disclosed") == []
    foreign = Context(organization=scene.globex, table="credential", row=scene.kept.id, field="secret", purpose="vault")
    with pytest.raises((DecryptionFailed, NoDataKey)):
        await scene.world.call("secrets.open", sealed, context=foreign)
    assert reason(await scene.call("remove", credential=scene.kept.id)) is None
    async with storage.reading() as store:
        assert await store.credentials.sealed(scene.kept.id) is None
    assert reason(await scene.use()) is Reason.NOT_FOUND
    assert len(await scene.named("credential.removed")) == 1


async def test_destroyed_data_keys_end_every_credential(scene: Scene) -> None:
    """After the organization's data keys are destroyed no secret opens, and no disclosure is claimed."""
    await scene.world.call("data_keys.destroy", scene.world.sure(scene.ann), organization=scene.acme)
    with pytest.raises(CtsecError):
        await scene.use()
    assert await scene.named("credential.disclosed") == []

# Generated from tests/services/test_async_customer_keys.py by tools/twin.py; edit that file.
"""Keys of organizations' own, at the strict stand-in for AWS KMS through boto3 (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.encryption import Context, KeyRing
from ctsec.encryption.customer_key import CustomerKeyPolicy
from ctsec.encryption.dek import dek_id_from_bytes
from ctsec.encryption.holding import HoldingPolicy, RingPolicy
from ctsec.encryption.kms.attempts import CallBounds
from ctsec.encryption.kms.aws import AwsKeyServices, AwsKms
from ctsec.errors import CtsecError, KeyDenied, KeyDisabled, KeyNotFound, KeyPendingDeletion, KmsUnavailable, StoreBusy
from ctsec.ids import OrganizationId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory import MemoryStorage
from ctsec.testing.kms import FakeAwsKms, Fault, KeyState
from tests.services._sync_world import World
from tests.services.probing import aws_session, reason

HOLDING = HoldingPolicy(ttl=timedelta(minutes=5), refusal=timedelta(seconds=5))
BOUND = HOLDING.bound
TICK = timedelta(seconds=1)
VERBS = ("register", "replace", "rotate", "withdraw")


@dataclass(frozen=True, slots=True)
class Scene:
    """Ann owns Acme, Eve owns Globex; `arn` is a key that Acme's people made at the service, `other` another one."""

    world: World
    service: FakeAwsKms
    ann: Principal
    eve: Principal
    acme: OrganizationId
    globex: OrganizationId
    arn: str
    other: str

    def seal(self, text: str = "a token", of: OrganizationId | None = None) -> bytes:
        """Seal a text of an organization in a unit of its own."""
        sealed: bytes = self.world.call("secrets.seal", text.encode(), context=place(of or self.acme))
        return sealed

    def open(self, blob: bytes, of: OrganizationId | None = None, world: World | None = None) -> str:
        """Open what `seal` gave, in a unit of its own."""
        plain: bytes = (world or self.world).call("secrets.open", blob, context=place(of or self.acme))
        return plain.decode()

    def change(self, verb: str, **named: Any) -> Any:
        """Change the key of Acme, as Ann right after another proof of her second factor."""
        return self.world.call(f"customer_keys.{verb}", self.world.sure(self.ann), organization=self.acme, **named)

    def keks(self) -> set[str]:
        """Return under which keys the data keys of Acme are wrapped."""
        return {each.kek for each in self.world.call("data_keys.of_organization", organization=self.acme)}

    def asked(self, operation: str) -> int:
        """Return how often the service was asked for something."""
        return sum(call.operation == operation for call in self.service.journal)


def place(of: OrganizationId) -> Context:
    """Return the context of one field."""
    return Context(organization=of, purpose="token", table="connection", row="1", field="secret")


def options(service: FakeAwsKms, holding: HoldingPolicy = HOLDING, **policy: frozenset[str]) -> EmbeddedOptions:
    """Return the options of a process that reaches the service."""
    services = AwsKeyServices(aws_session(), endpoint=service.url, bounds=CallBounds(attempts=1, read=2.0, total=5.0))
    return EmbeddedOptions(data_keys=RingPolicy(holding=holding), customer_keys=CustomerKeyPolicy(regions=policy), key_services=services)


@pytest.fixture
def scene() -> Generator[Scene, None, None]:
    with FakeAwsKms() as service:
        with World.open(options=options(service)) as world:
            ann, eve = world.person("ann@acme.example"), world.person("eve@globex.example")
            acme, globex = world.organization(ann), world.organization(eve, "Globex")
            arn, other = service.keys.create(), service.keys.create()
            yield Scene(world, service, ann, eve, acme.id, globex.id, arn, other)


def test_a_registered_key_wraps_what_was_and_what_comes(scene: Scene) -> None:
    """Every data key of the organization is wrapped under its own key, earlier data opens, and nobody else's keys move."""
    before, foreign = scene.seal(), scene.seal("theirs", of=scene.globex)
    key = scene.change("register", ref=scene.arn)
    assert (key.ref, key.problem, key.registered_by) == (scene.arn, "", scene.ann.id)
    assert scene.keks() == {scene.arn}
    after = scene.seal("later")
    assert [scene.open(each) for each in (before, after)] == ["a token", "later"]
    assert scene.open(foreign, of=scene.globex) == "theirs"
    made = scene.world.call("data_keys.rotate", scene.world.sure(scene.ann), organization=scene.acme)
    assert made.kek == scene.arn
    (event,) = scene.world.events(scene.acme, "customer_key.registered")
    assert (event.target_id, event.actor_id) == (scene.arn, scene.ann.id)


def test_an_organization_without_secrets_can_register_first(scene: Scene) -> None:
    """The first data key of an organization that has registered a key is made by that key's service."""
    scene.change("register", ref=scene.arn)
    blob = scene.seal()
    assert scene.keks() == {scene.arn}
    assert scene.open(blob) == "a token"


def test_ten_thousand_secrets_are_one_call(scene: Scene) -> None:
    """Within the bound a process asks for a data key once, however much it seals and opens under it, and whoever waits waits together."""
    scene.change("register", ref=scene.arn)
    blob = scene.seal()
    before = len(scene.service.journal)
    with World.over(scene.world.storage, keys=scene.world.keys, options=options(scene.service)) as process:
        with process.security.begin() as unit:
            for _ in range(10_000):
                unit.secrets.seal(b"x", context=place(scene.acme))
        assert scene.open(blob, world=process) == "a token"
    assert [call.operation for call in scene.service.journal[before:]] == ["Decrypt"]


@pytest.mark.parametrize(
    ("state", "error"), [(KeyState.DISABLED, KeyDisabled), (KeyState.PENDING_DELETION, KeyPendingDeletion), (None, KeyDenied)]
)
def test_access_ends_within_the_bound_and_comes_back(scene: Scene, state: KeyState | None, error: type[CtsecError]) -> None:
    """A second past the published bound after the customer says no, every read and write is refused and says why; a yes resumes."""
    scene.change("register", ref=scene.arn)
    blob, foreign = scene.seal(), scene.seal("theirs", of=scene.globex)
    assert scene.open(blob) == "a token"
    if state is None:
        scene.service.keys.deny(scene.arn, "Decrypt", "GenerateDataKey")
    else:
        scene.service.keys.set_state(scene.arn, state)
    assert scene.open(blob) == "a token"
    scene.world.clock.advance(BOUND + TICK)
    for _ in range(3):
        with pytest.raises(error) as caught:
            scene.open(blob)
        assert not caught.value.retryable
        with pytest.raises(error):
            scene.seal()
        scene.world.clock.advance(HOLDING.refusal)
    assert scene.open(foreign, of=scene.globex) == "theirs"
    if state is None:
        scene.service.keys.deny(scene.arn)
    else:
        scene.service.keys.set_state(scene.arn, KeyState.ENABLED)
    assert scene.open(blob) == "a token"
    assert scene.open(scene.seal("later")) == "later"


def test_a_refusal_is_not_asked_for_each_record(scene: Scene) -> None:
    """A dead key is asked once in a while, not for each message: a thousand reads are one call."""
    scene.change("register", ref=scene.arn)
    blob = scene.seal()
    scene.service.keys.set_state(scene.arn, KeyState.DISABLED)
    scene.world.clock.advance(BOUND + TICK)
    before = scene.asked("Decrypt")
    for _ in range(100):
        with pytest.raises(KeyDisabled):
            scene.open(blob)
    assert scene.asked("Decrypt") == before + 1


@pytest.mark.parametrize("step", [timedelta(seconds=-3600), timedelta(seconds=3600)])
def test_a_wall_clock_that_jumps_stretches_no_bound(scene: Scene, step: timedelta) -> None:
    """Whichever clock says that the bound is over is believed: a wall clock set back or forward keeps no key alive."""
    scene.change("register", ref=scene.arn)
    blob = scene.seal()
    scene.service.keys.set_state(scene.arn, KeyState.DISABLED)
    scene.world.clock.set(scene.world.clock.now() + step)
    scene.world.clock.advance(BOUND + TICK)
    with pytest.raises(KeyDisabled):
        scene.open(blob)


@pytest.mark.proves("ASVS-16.5.2")
def test_a_service_that_is_away_is_bridged_by_the_grace_only(scene: Scene) -> None:
    """With a grace, a service that does not answer is bridged until the bound; a refusal is obeyed whatever grace is left."""
    patient = HoldingPolicy(ttl=timedelta(minutes=1), grace=timedelta(minutes=2), refusal=timedelta(0))
    scene.change("register", ref=scene.arn)
    blob = scene.seal()
    with World.over(scene.world.storage, keys=scene.world.keys, options=options(scene.service, patient)) as process:
        assert scene.open(blob, world=process) == "a token"
        scene.service.faults.always(Fault.INTERNAL_ERROR)
        process.clock.advance(patient.ttl)
        assert scene.open(blob, world=process) == "a token"
        process.clock.advance(patient.grace - TICK)
        assert scene.open(blob, world=process) == "a token"
        process.clock.advance(TICK)
        with pytest.raises(KmsUnavailable):
            scene.open(blob, world=process)
        scene.service.faults.clear()
        assert scene.open(blob, world=process) == "a token"
        process.clock.advance(patient.ttl)
        scene.service.keys.set_state(scene.arn, KeyState.DISABLED)
        with pytest.raises(KeyDisabled):
            scene.open(blob, world=process)
        scene.service.faults.always(Fault.RESET)
        with pytest.raises(KmsUnavailable):
            scene.open(blob, world=process)


@pytest.mark.proves("ASVS-16.3.4")
def test_the_check_tells_and_cuts_off(scene: Scene) -> None:
    """The periodic check finds a key that says no before the bound ends: the log says so, and what was unwrapped is dropped."""
    scene.change("register", ref=scene.arn)
    blob = scene.seal()
    check = scene.world.security.jobs.keys.check_customer_keys
    assert check() == 1
    scene.service.keys.set_state(scene.arn, KeyState.DISABLED)
    scene.service.faults.always(Fault.THROTTLED)
    assert check() == 0
    scene.service.faults.clear()
    scene.world.clock.advance(TICK)
    assert check() == 1
    (key,) = scene.world.call("customer_keys.of_organization", organization=scene.acme)
    assert key.problem == "key_disabled"
    with pytest.raises(KeyDisabled):
        scene.open(blob)
    scene.service.keys.set_state(scene.arn, KeyState.ENABLED)
    scene.world.clock.advance(TICK)
    assert [check(), check()] == [1, 1]
    assert scene.open(blob) == "a token"
    told = [event.name for event in scene.world.events(scene.acme) if event.name.startswith("customer_key.")]
    assert told == ["customer_key.registered", "customer_key.failed", "customer_key.recovered"]


def test_forgetting_cuts_off_at_once(scene: Scene) -> None:
    """Whoever manages keys can have every process ask again at once, without waiting for the bound."""
    scene.change("register", ref=scene.arn)
    blob = scene.seal()
    assert scene.open(blob) == "a token"
    scene.service.keys.set_state(scene.arn, KeyState.DISABLED)
    assert scene.open(blob) == "a token"
    scene.change("forget")
    with pytest.raises(KeyDisabled):
        scene.open(blob)


def test_a_key_is_replaced_and_withdrawn(scene: Scene) -> None:
    """After a replacement the old key is not needed any more, after a withdrawal the new one is not: the customer may destroy them."""
    blob = scene.seal()
    scene.change("register", ref=scene.arn)
    assert reason(scene.change("register", ref=scene.other)) is Reason.CONFLICT
    replaced = scene.change("replace", ref=scene.other)
    assert (replaced.ref, replaced.version) == (scene.other, 1)
    scene.service.keys.delete(scene.arn)
    assert scene.open(blob) == "a token"
    scene.change("rotate")
    scene.change("withdraw")
    scene.service.keys.delete(scene.other)
    assert scene.open(blob) == "a token"
    assert scene.keks() == {scene.world.keys.kms.ref}
    for verb in ("withdraw", "rotate", "forget"):
        assert reason(scene.change(verb)) is Reason.NOT_FOUND
    assert reason(scene.change("replace", ref=scene.arn)) is Reason.NOT_FOUND


def test_destroying_the_key_shreds(scene: Scene) -> None:
    """Without the customer's key nothing of the organization can be read, whoever holds the store and the deployment's key."""
    scene.change("register", ref=scene.arn)
    blob = scene.seal()
    scene.service.keys.delete(scene.arn)
    scene.world.clock.advance(BOUND + TICK)
    for _ in range(2):
        with pytest.raises(KeyNotFound):
            scene.open(blob)
    with pytest.raises(CtsecError):
        scene.change("withdraw")
    assert scene.keks() == {scene.arn}


def test_what_can_not_be_a_key_is_refused(scene: Scene) -> None:
    """No ARN, an alias, the key of another organization or of the deployment, and a key in the wrong place are refused; nothing changes."""
    blob = scene.seal()
    eve = scene.world.sure(scene.eve)
    assert reason(scene.world.call("customer_keys.register", eve, organization=scene.globex, ref=scene.other)) is None
    alias = scene.arn.rpartition(":")[0] + ":alias/acme"
    for ref, wanted in (
        ("", Reason.INVALID_INPUT),
        ("x" * 513, Reason.INVALID_INPUT),
        ("pkcs11:kek", Reason.INVALID_INPUT),
        (alias, Reason.INVALID_INPUT),
        (scene.other, Reason.CONFLICT),
        (scene.world.keys.kms.ref, Reason.CONFLICT),
    ):
        assert reason(scene.change("register", ref=ref)) is wanted, ref
    assert reason(scene.change("register", ref=scene.arn, region="EU")) is Reason.INVALID_INPUT
    with pytest.raises(KeyNotFound):
        scene.change("register", ref=scene.arn[:-4] + "0000")
    assert scene.keks() == {scene.world.keys.kms.ref}
    assert scene.open(blob) == "a token"


def test_a_region_says_where_its_keys_may_be(scene: Scene) -> None:
    """Data of a region that is bound to a region of the service takes no key from elsewhere."""
    only = options(scene.service, eu=frozenset({"eu-central-1"}))
    far = scene.service.keys.create("us-east-1")
    with World.over(scene.world.storage, keys=scene.world.keys, options=only) as process:
        given: Any = {"organization": scene.acme, "region": "eu"}
        ann = process.sure(scene.ann)
        assert reason(process.call("customer_keys.register", ann, ref=far, **given)) is Reason.INVALID_INPUT
        assert reason(process.call("customer_keys.register", ann, ref=scene.arn, **given)) is None
        assert reason(process.call("customer_keys.register", ann, ref=far, organization=scene.acme)) is None


def test_who_may_change_keys(scene: Scene) -> None:
    """Keys are changed by who manages the organization, right after a second factor, with a whole credential; nothing is asked before."""
    bob = scene.world.member(scene.acme, "bob@acme.example")
    kim = scene.world.member(scene.acme, "kim@acme.example", role="admin")
    minted = scene.world.key(scene.ann, scene.acme, scopes=frozenset({"dashboards:view"}))
    key: Any = scene.world.gate.api_key(minted.token.reveal(), scene.world.request)
    sure = scene.world.sure
    given: Any = {"organization": scene.acme, "ref": scene.arn}
    for who, wanted in (
        (scene.ann, Reason.STEP_UP_REQUIRED),
        (sure(bob), Reason.DENIED),
        (sure(key), Reason.DENIED),
        (sure(scene.eve), Reason.NOT_FOUND),
    ):
        assert reason(scene.world.call("customer_keys.register", who, **given)) is wanted
    assert scene.service.journal == ()
    assert reason(scene.world.call("customer_keys.register", sure(kim), **given)) is None


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.GARBAGE, Fault.WRONG_KEY_ID, Fault.WRONG_LENGTH, Fault.RESET])
@pytest.mark.parametrize("verb", VERBS)
def test_a_fault_at_any_call_loses_nothing(scene: Scene, verb: str, fault: Fault) -> None:
    """Whichever call fails, and how: the data keys are all under the one key or all under the other, and everything opens."""
    blobs = [scene.seal()]
    scene.world.call("data_keys.rotate", scene.world.sure(scene.ann), organization=scene.acme)
    blobs.append(scene.seal())
    if verb != "register":
        scene.change("register", ref=scene.arn)
    given = {"register": {"ref": scene.arn}, "replace": {"ref": scene.other}}.get(verb, {})
    for nth in range(1, 40):
        before = scene.keks()
        scene.service.faults.at(nth, fault)
        try:
            done = scene.change(verb, **given)
        except CtsecError:
            assert scene.keks() == before
        scene.service.faults.clear()
        scene.world.parts.memory.data_keys.forget()
        assert len(scene.keks()) == 1
        assert [scene.open(blob) for blob in blobs] == ["a token", "a token"]
        if scene.keks() != before or (verb == "rotate" and nth > 8):
            break
    else:
        raise AssertionError("it never went through")
    assert reason(done) is None


def test_two_changes_at_once_leave_one_truth(scene: Scene) -> None:
    """Data keys that changed while the service was asked are not overwritten: the change is refused as busy, and everything opens."""
    blob = scene.seal()
    records = scene.world.call("data_keys.of_organization", organization=scene.acme)
    ring = scene.world.security._engines.secrets
    late = [ring.rewrap(each, kek=scene.arn) for each in records]
    scene.change("register", ref=scene.other)
    with scene.world.storage.begin(after_commit=lambda scopes: None) as store:
        assert [store.deks.change(each) for each in late] == [False]
    assert scene.keks() == {scene.other}
    assert scene.open(blob) == "a token"


def test_a_blob_names_a_data_key_and_no_more(scene: Scene) -> None:
    """What is stored holds no reference of the customer's key and nothing that another organization could ask its service with."""
    scene.change("register", ref=scene.arn)
    blob = scene.seal()
    (record,) = scene.world.call("data_keys.of_organization", organization=scene.acme)
    assert dek_id_from_bytes(blob[2:18]) == record.id
    assert scene.arn.encode() not in blob
    before = scene.asked("Decrypt")
    with pytest.raises(CtsecError):
        scene.open(blob, of=scene.globex)
    assert scene.asked("Decrypt") == before


def test_nothing_is_asked_of_memory_alone() -> None:
    """A world without key services has no customers' keys: the reference is refused, and says what to configure."""
    storage = MemoryStorage()
    with World.over(storage) as world:
        ann = world.person("ann@acme.example")
        acme = world.organization(ann)
        arn = "arn:aws:kms:eu-central-1:111122223333:key/0b7bcb2d-3b9e-4b7e-8d4d-111122223333"
        refused = world.call("customer_keys.register", world.sure(ann), organization=acme.id, ref=arn)
        assert reason(refused) is Reason.INVALID_INPUT


def test_a_key_is_known_by_one_reference(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference by which the service does not know the key itself is refused: a second name would be a way to somebody else's key."""
    described = AwsKms.describe
    monkeypatch.setattr(AwsKms, "describe", lambda kms: replace(described(kms), ref=scene.other))
    assert reason(scene.change("register", ref=scene.arn)) is Reason.INVALID_INPUT
    monkeypatch.undo()
    assert reason(scene.change("register", ref=scene.arn)) is None


@pytest.mark.parametrize("verb", ["seal", "rotate"])
def test_a_data_key_that_was_made_before_a_registration_is_not_written_after_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """A data key that the deployment's key wrapped while the organization registered its own is refused, and made anew under that one."""
    made = KeyRing.make_dek
    late: list[str] = [scene.arn]

    def slow(ring: KeyRing, *args: Any, **named: Any) -> Any:
        record = made(ring, *args, **named)
        if late:
            assert reason(scene.change("register", ref=late.pop())) is None
        return record

    def once() -> None:
        if verb == "seal":
            scene.seal()
        else:
            scene.world.call("data_keys.rotate", scene.world.sure(scene.ann), organization=scene.acme)

    monkeypatch.setattr(KeyRing, "make_dek", slow)
    with pytest.raises(StoreBusy):
        once()
    assert scene.keks() == set()
    once()
    assert scene.keks() == {scene.arn}

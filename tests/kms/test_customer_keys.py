"""Keys of organizations' own at every key service that runs here: the strict stand-in, moto, and a token of SoftHSM."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

import pkcs11
import pytest

from ctsec import Principal, Security
from ctsec.encryption import Context, CustomerKey
from ctsec.encryption.kms import CallBounds, TokenKey
from ctsec.encryption.ports import KeyServices, Kms
from ctsec.errors import CtsecError, KeyDisabled, KeyNotFound, KmsUnavailable
from ctsec.ids import OrganizationId
from ctsec.presets import in_memory
from ctsec.principal import Credential, CredentialKind, Factor, PrincipalKind
from ctsec.rbac.preset import POLICY
from ctsec.security import EmbeddedOptions
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import membership, organization, user
from ctsec.testing.kms import FakeAwsKms, KeyState
from tests.kms import tokens
from tests.kms.support import services, session
from tests.servers import server


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A key service: how a customer makes a key there, and (where it reports or loses keys) ends it, with the error that follows."""

    services: KeyServices
    make: Callable[[], str]
    end: Callable[[str], object] | None = None
    error: type[CtsecError] = KeyDisabled


@pytest.fixture
def stand_in() -> Iterator[Provider]:
    with FakeAwsKms() as fake, services(fake.url) as aws:
        yield Provider(services=aws, make=fake.keys.create, end=lambda arn: fake.keys.set_state(arn, KeyState.DISABLED))


@pytest.fixture
def moto() -> Iterator[Provider]:
    url = f"http://127.0.0.1:{server('moto').port}"
    client = session().client("kms", endpoint_url=url)
    with services(url, bounds=CallBounds(read=20.0, total=60.0)) as aws:
        yield Provider(services=aws, make=lambda: str(client.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]))
    client.close()


@pytest.fixture
def token(softhsm: tuple[str, ...]) -> Iterator[Provider]:
    services = tokens.services(softhsm[0])

    def end(ref: str) -> None:
        services.close()
        session = pkcs11.lib(tokens.module()).get_token(token_label=softhsm[0]).open(rw=True, user_pin=tokens.PIN)
        session.get_key(label=TokenKey.parse(ref).label).destroy()
        session.close()

    yield Provider(services=services, make=lambda: services.create_kek(f"kek {secrets.token_hex(4)}"), end=end, error=KeyNotFound)
    services.close()


@pytest.fixture(
    params=[
        "stand_in",
        pytest.param("moto", marks=pytest.mark.server("moto")),
        pytest.param("token", marks=pytest.mark.server("softhsm")),
    ]
)
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each key service in turn."""
    found: Provider = request.getfixturevalue(request.param)
    return found


class Failing:
    """A key whose `at`-th call from now on, over all keys of `services`, does not reach its service."""

    def __init__(self, services: FailingServices, kms: Kms) -> None:
        self._services, self._kms = services, kms

    @property
    def ref(self) -> str:
        """The reference, which asks nobody."""
        return self._kms.ref

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        return self._services.counted(getattr(self._kms, verb))


class FailingServices:
    """Key services of which one call fails."""

    def __init__(self, services: KeyServices) -> None:
        self._services, self.left, self.failed = services, 0, False

    def open(self, ref: str) -> Kms:
        """Return the key, counted."""
        return cast(Kms, Failing(self, self._services.open(ref)))

    def counted(self, verb: Callable[..., Any]) -> Callable[..., Any]:
        """Return a verb that counts."""

        def call(*arguments: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                self.failed = True
                raise KmsUnavailable("the key service does not answer")
            return verb(*arguments)

        return call


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A deployment whose customers use one key service, an organization in it, and its owner with a fresh second factor."""

    security: Security
    clock: FixedClock
    provider: Provider
    failing: FailingServices
    organization: OrganizationId

    @property
    def owner(self) -> Principal:
        """The owner, right after a proof of the second factor."""
        credential = Credential(kind=CredentialKind.SESSION, id="ses_1", aal=2, factors={Factor.TOTP: self.clock.now()})
        return Principal(id=OWNER, kind=PrincipalKind.USER, credential=credential)

    def change(self, verb: str, **named: str) -> CustomerKey:
        """Change the organization's key."""
        with self.security.begin() as unit:
            done = getattr(unit.customer_keys, verb)(self.owner, organization=self.organization, **named)
        assert isinstance(done, CustomerKey), done
        return done

    def seal(self, text: bytes) -> bytes:
        """Seal a secret of the organization."""
        with self.security.begin() as unit:
            return unit.secrets.seal(text, context=self._context)

    def open(self, blob: bytes) -> bytes:
        """Open it."""
        with self.security.begin() as unit:
            return unit.secrets.open(blob, context=self._context)

    def keks(self) -> set[str]:
        """Return under which keys the data keys are wrapped."""
        with self.security.begin() as unit:
            return {each.kek for each in unit.data_keys.of_organization(organization=self.organization)}

    @property
    def _context(self) -> Context:
        return Context(organization=self.organization, purpose="token")


OWNER = user(1).id


@pytest.fixture
def scene(provider: Provider) -> Iterator[Scene]:
    clock, failing = FixedClock(), FailingServices(provider.services)
    security = in_memory(policy=POLICY, options=EmbeddedOptions(clock=clock, key_services=failing))
    with security.begin() as unit:
        store = unit._store
        store.users.add(user(1))
        store.organizations.add(organization(1))
        store.memberships.add(replace(membership(1, of=1, role="owner"), starts_at=None))
    yield Scene(security=security, clock=clock, provider=provider, failing=failing, organization=organization(1).id)
    security.close()


@pytest.mark.proves("SEED-B1")
def test_a_key_is_taken_on_rotated_replaced_and_given_up(scene: Scene) -> None:
    """At every service: what was sealed before and under each key opens after every step, and only the present key is needed."""
    blobs = [scene.seal(b"before")]
    first, second = scene.provider.make(), scene.provider.make()
    scene.change("register", ref=first)
    assert scene.keks() == {first}
    blobs.append(scene.seal(b"under the first"))
    scene.change("rotate")
    scene.change("replace", ref=second)
    assert scene.keks() == {second}
    if scene.provider.end is not None:
        scene.provider.end(first)
    scene.security.parts.memory.data_keys.forget()
    blobs.append(scene.seal(b"under the second"))
    assert [scene.open(each) for each in blobs] == [b"before", b"under the first", b"under the second"]
    scene.change("withdraw")
    assert first not in scene.keks()
    assert second not in scene.keks()
    scene.security.parts.memory.data_keys.forget()
    assert [scene.open(each) for each in blobs] == [b"before", b"under the first", b"under the second"]


@pytest.mark.proves("SEED-B1")
def test_a_key_that_is_ended_ends_access(scene: Scene) -> None:
    """Where the service ends a key, every read and write is refused a second past the bound, and says why."""
    if scene.provider.end is None:
        scene.change("register", ref=scene.provider.make())
        assert scene.security.jobs.keys.check_customer_keys() == 1
        return
    ref = scene.provider.make()
    scene.change("register", ref=ref)
    blob = scene.seal(b"a token")
    assert scene.open(blob) == b"a token"
    scene.provider.end(ref)
    assert scene.open(blob) == b"a token"
    scene.clock.advance(scene.security.parts.settings.data_keys.holding.bound + timedelta(seconds=1))
    for call in (lambda: scene.open(blob), lambda: scene.seal(b"more")):
        with pytest.raises(scene.provider.error):
            call()


@pytest.mark.proves("SEED-B1")
def test_a_fault_at_any_call_loses_nothing_at_any_service(scene: Scene) -> None:
    """Whichever call of a change fails, for every one of them: all data keys are under one key, and what was sealed before opens."""
    failing = scene.failing
    first, second = scene.provider.make(), scene.provider.make()
    blobs = [scene.seal(b"before")]
    for verb, named in (("register", {"ref": first}), ("rotate", {}), ("replace", {"ref": second}), ("withdraw", {})):
        nth, done = 0, False
        while not done:
            nth, before = nth + 1, scene.keks()
            failing.left, failing.failed = nth, False
            try:
                scene.change(verb, **named)
                done = True
            except KmsUnavailable:
                assert scene.keks() == before
            # A change that went through had fewer calls than that.
            assert failing.failed is not done
            failing.left = 0
            assert len(scene.keks()) == 1
            scene.security.parts.memory.data_keys.forget()
            assert [scene.open(each) for each in blobs] == [b"before", *[b"later"] * (len(blobs) - 1)]
        assert nth > 1
        blobs.append(scene.seal(b"later"))

"""Keys of organizations' own over HTTP, in both hosts, at the strict stand-in for AWS KMS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ctsec.encryption.kms.attempts import CallBounds
from ctsec.encryption.kms.aws import AwsKeyServices
from ctsec.rbac.policy import Policy
from ctsec.testing.kms import FakeAwsKms, Fault, KeyState
from tests.hosts.harness import HOSTS, Browser, Host
from tests.services.probing import aws_session


@pytest.fixture
def service() -> Iterator[FakeAwsKms]:
    """The strict stand-in for AWS KMS."""
    with FakeAwsKms() as made:
        yield made


@pytest.fixture(params=sorted(HOSTS))
def host(request: pytest.FixtureRequest, service: FakeAwsKms) -> Iterator[Host]:
    """A host application of each framework that reaches the service."""
    bounds = CallBounds(attempts=1, read=2.0, total=5.0)
    services = AwsKeyServices(aws_session(), endpoint=service.url, bounds=bounds)
    made = HOSTS[request.param](Policy.preset(), key_services=services, shared=True)
    yield made
    made.close()


@pytest.fixture
def owner(host: Host) -> Browser:
    """A person who has just proved a second factor."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner").enrol()


def told(owner: Browser, home: str) -> tuple[list[tuple[str, str | None]], set[tuple[str, str]]]:
    """Return the organization's own keys with their problems, and under which key each data key is, in which state."""
    found = owner.ok(f"GET {home}/encryption")
    own: list[Any] = found["customer_keys"]
    return [(each["ref"], each["problem"]) for each in own], {(each["key"], each["state"]) for each in found["data_keys"]}


@pytest.mark.proves("SEED-B1")
def test_an_organization_brings_its_own_key(service: FakeAwsKms, owner: Browser) -> None:
    """A key ARN is registered, wraps the data keys, is rotated, replaced and withdrawn; what its service refuses is told with why."""
    home = f"/organizations/{owner.found('Acme')}"
    arn, other = service.keys.create(), service.keys.create()
    deployments = owner.ok(f"POST {home}/encryption/data-keys/default/rotate")["key"]
    own = f"{home}/encryption/customer-keys/default"
    made = owner.auth(f"POST {own}", {"ref": arn})
    assert (made.status, made.json["ref"], made.json["region"], made.json["problem"]) == (201, arn, "default", None)
    assert told(owner, home) == ([(arn, None)], {(arn, "active")})
    assert owner.auth(f"POST {own}", {"ref": other}).status == 409
    service.keys.set_state(arn, KeyState.DISABLED)
    refused = owner.auth(f"POST {own}/rotate")
    assert (refused.status, refused.json["reason"]) == (409, "conflict")
    assert "key_disabled" in refused.json["detail"]
    service.keys.set_state(arn, KeyState.ENABLED)
    service.faults.at(1, Fault.THROTTLED)
    assert owner.auth(f"POST {own}/rotate").status == 503
    owner.ok(f"POST {own}/rotate")
    owner.ok(f"POST {home}/encryption/data-keys/default/rotate")
    assert told(owner, home) == ([(arn, None)], {(arn, "active"), (arn, "decrypt_only")})
    assert owner.ok(f"PUT {own}", {"ref": other})["ref"] == other
    owner.ok(f"POST {own}/forget")
    assert owner.ok(f"DELETE {own}")["ref"] == other
    assert told(owner, home) == ([], {(deployments, "active"), (deployments, "decrypt_only")})
    assert owner.auth(f"DELETE {own}").status == 404


@pytest.mark.proves("SEED-B1")
def test_only_who_manages_the_organization_and_proves_it(service: FakeAwsKms, host: Host, owner: Browser) -> None:
    """Members see and change no keys, nobody does without a fresh second factor, and what is no reference is refused where it stands."""
    organization = owner.found("Acme")
    own = f"/organizations/{organization}/encryption/customer-keys"
    member = Browser(host).sign_up("member@example.com")
    owner.invite(organization, member)
    member.enrol()
    arn = service.keys.create()
    assert member.auth(f"GET /organizations/{organization}/encryption").json["reason"] == "denied"
    assert member.auth(f"POST {own}/default", {"ref": arn}).json["reason"] == "denied"
    second = Browser(host).sign_up("second@example.com")
    owner.invite(organization, second, role="admin")
    assert second.auth(f"POST {own}/default", {"ref": arn}).json["reason"] == "step_up_required"
    assert owner.auth(f"POST {own}/EU", {"ref": arn}).status == 404
    for ref, status in (("", 422), ("x" * 513, 422), ("alias/acme", 422), (arn.rpartition(":")[0] + ":alias/acme", 422), (None, 422)):
        assert owner.auth(f"POST {own}/default", {"ref": ref}).status == status
    assert service.journal == ()


def test_all_is_destroyed_only_on_purpose(owner: Browser, host: Host) -> None:
    """Data keys are destroyed by an owner who repeats the organization's id; an admin, and another id, destroy nothing."""
    organization = owner.found("Acme")
    home = f"/organizations/{organization}"
    owner.ok(f"POST {home}/encryption/data-keys/default/rotate")
    admin = Browser(host).sign_up("admin@example.com")
    owner.invite(organization, admin, role="admin")
    admin.enrol()
    wanted = {"organization_id": organization}
    assert admin.auth(f"POST {home}/encryption/destroy", wanted).json["reason"] == "denied"
    assert owner.auth(f"POST {home}/encryption/destroy", {"organization_id": organization[:-1] + "_"}).status == 422
    assert {state for _, state in told(owner, home)[1]} == {"active"}
    assert owner.ok(f"POST {home}/encryption/destroy", wanted) == {"destroyed": 1}
    assert {state for _, state in told(owner, home)[1]} == {"destroyed"}


def test_replaced_keys_are_destroyed_when_nothing_needs_them(owner: Browser, host: Host) -> None:
    """An admin destroys none; an owner none that something may need still, and the rest when the worker has counted that nothing does."""
    organization = owner.found("Acme")
    home = f"/organizations/{organization}"
    owner.ok(f"POST {home}/encryption/data-keys/default/rotate")
    owner.ok(f"POST {home}/encryption/data-keys/default/rotate")
    admin = Browser(host).sign_up("admin@example.com")
    owner.invite(organization, admin, role="admin")
    admin.enrol()
    retired = f"POST {home}/encryption/destroy-retired"
    assert admin.auth(retired).json["reason"] == "denied"
    assert owner.auth(retired).json["reason"] == "conflict"
    host.clock.advance(timedelta(hours=3))
    for _ in range(3):
        host.mails("nobody@example.com")
    owner.ok("POST /step-up", {"factor": "otp", "code": owner.code()})
    assert owner.ok(retired) == {"destroyed": 1}
    assert sorted(state for _, state in told(owner, home)[1]) == ["active", "destroyed"]

# Generated from tests/services/test_async_support.py by tools/twin.py; edit that file.
"""Cases of the support: two operators, evidence, a delay and a notice (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.authn._sync_accounts import Accepted
from ctsec.authn.journey import SignedIn
from ctsec.encryption.dek import dek_id_bytes
from ctsec.ids import RecoveryId, UserId
from ctsec.operators import Operator
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.recovery import Evidence, EvidenceKind, RecoveryState
from ctsec.testing.conformance.samples import ignore
from tests.services._sync_world import World
from tests.services.probing import OPERATOR, OTHER_PASSWORD, Device, reason
from tests.services.probing import SECOND_OPERATOR as SECOND

DAY = timedelta(days=1)
BOB = "bob@home.example"
EVIDENCE = Evidence(kind=EvidenceKind.VIDEO_CALL, reference="ticket 4711", note="named the last two invoices\nand the colour of her door")


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open() as made:
        yield made


@pytest.fixture
def bob(world: World) -> Principal:
    return world.person(BOB)


@pytest.fixture
def device(world: World, bob: Principal) -> Device:
    return world.enrol(bob)


def opened(world: World, bob: Principal, operator: Operator = OPERATOR) -> Any:
    return world.call("support.open", operator, email=BOB, evidence=EVIDENCE)


def enrolled(world: World, bob: Principal) -> bool:
    return bool((world.call("mfa.status", UserId(bob.id))).enrolled)


@pytest.mark.proves("SEED-M8", "NIST-4.2.3", "NIST-4.2.1")
def test_a_case_from_its_opening_to_its_end(world: World, bob: Principal, device: Device) -> None:
    """Opened by one operator, approved by another, told to the person at once, carried out after the delay; the password stays."""
    case = opened(world, bob)
    assert (case.state, case.organization_id, case.due_at - case.requested_at) == (RecoveryState.REQUESTED, None, DAY)
    world.mail()
    assert [message.kind for message in world.mailer.to(BOB)].count("mfa_reset_requested") == 1
    found, evidence = world.call("support.view", SECOND, case=case.id)
    assert (found, evidence) == (case, EVIDENCE)
    approved = world.call("support.approve", SECOND, case=case.id)
    assert (approved.state, approved.approved_by) == (RecoveryState.APPROVED, SECOND.id)
    assert reason(world.call("recovery.carry_out", case.id)) is Reason.ON_HOLD
    world.clock.advance(DAY)
    assert world.security.jobs.recoveries.carry_out_due() == 1
    assert not enrolled(world, bob)
    assert world.call("sessions.of", UserId(bob.id)) == ()
    assert isinstance(world.step(BOB), SignedIn)
    names = {each.name: each for each in world.events() if each.name.startswith(("support_case", "mfa.reset"))}
    assert set(names) == {"support_case.opened", "support_case.viewed", "support_case.approved", "mfa.reset"}
    assert {(each.actor_kind, each.actor_id) for name, each in names.items() if name != "mfa.reset"} == {
        ("operator", OPERATOR.id),
        ("operator", SECOND.id),
    }
    with world.security.begin() as unit:
        assert (unit.audit.personal(names["support_case.opened"]))["reference"] == "ticket 4711"
    assert not any(b"4711" in each.body for each in world.events())


def test_one_operator_alone_resets_nothing(world: World, bob: Principal, device: Device) -> None:
    """Who opened a case does not approve it, the person decides none of their own, and without approval it lapses."""
    case = opened(world, bob)
    assert reason(world.call("support.approve", OPERATOR, case=case.id)) is Reason.SELF_CHANGE
    again = Operator(id=OPERATOR.id, reason="another reason")
    assert reason(world.call("support.approve", again, case=case.id)) is Reason.SELF_CHANGE
    for own in (Operator(id=BOB, reason="mine"), Operator(id=bob.id, reason="mine")):
        assert reason(opened(world, bob, own)) is Reason.SELF_CHANGE
        assert reason(world.call("support.approve", own, case=case.id)) is Reason.SELF_CHANGE
    world.clock.advance(8 * DAY)
    assert reason(world.call("support.approve", SECOND, case=case.id)) is Reason.EXPIRED
    assert world.security.jobs.recoveries.carry_out_due() == 1
    assert world.security.jobs.recoveries.carry_out_due() == 0
    assert enrolled(world, bob)
    (found,) = world.call("support.cases")
    assert (found.state, found.ended_by) == (RecoveryState.CANCELED, "recovery")


def test_a_case_is_canceled_by_the_person_and_by_operators(world: World, bob: Principal, device: Device) -> None:
    """The mailed link ends an approved case too, and so does any operator; a case of nobody is not found."""
    case = opened(world, bob)
    world.call("support.approve", SECOND, case=case.id)
    token = world.token(BOB, "mfa_reset_requested")
    assert (world.call("recovery.cancel", token=token)).state is RecoveryState.CANCELED
    case = opened(world, bob)
    assert (world.call("support.cancel", SECOND, case=case.id)).ended_by == SECOND.id
    world.clock.advance(2 * DAY)
    assert world.security.jobs.recoveries.carry_out_due() == 0
    nothing = RecoveryId("rcv_00000000000000000000000000")
    for method in ("support.view", "support.approve", "support.cancel"):
        assert reason(world.call(method, SECOND, case=nothing)) is Reason.NOT_FOUND


def test_no_administrator_decides_a_case(world: World, bob: Principal, device: Device) -> None:
    """To an organization that its person belongs to there is no such reset: its owner neither approves nor ends it."""
    ann = world.person("ann@acme.example")
    acme = world.organization(ann)
    token = world.invite(acme.id, BOB)
    world.call("members.accept", bob, token=token)
    case = opened(world, bob)
    for method in ("mfa_resets.approve", "mfa_resets.cancel"):
        assert reason(world.call(method, world.sure(ann), organization=acme.id, recovery=case.id)) is Reason.NOT_FOUND
    assert (world.call("support.view", SECOND, case=case.id))[0].state is RecoveryState.REQUESTED


@pytest.mark.proves("NIST-4.2.2.2")
def test_the_same_separation_holds_for_the_support(world: World, bob: Principal, device: Device) -> None:
    """No case is opened shortly after a mailed reset; and after a case nothing is reset by mail for the separation, then it is."""
    world.call("accounts.request_password_reset", email=BOB)
    world.call("accounts.reset_password", token=world.token(BOB, "password_reset"), password=OTHER_PASSWORD)
    assert reason(opened(world, bob)) is Reason.ON_HOLD
    world.clock.advance(DAY)
    case = opened(world, bob)
    world.call("support.approve", SECOND, case=case.id)
    world.clock.advance(DAY)
    done = world.call("recovery.carry_out", case.id)
    assert done.state is RecoveryState.DONE
    world.clock.advance(DAY - timedelta(seconds=1))
    world.call("accounts.request_password_reset", email=BOB)
    world.mail()
    assert any(message.kind == "reset_held" for message in world.mailer.to(BOB))
    world.clock.advance(timedelta(seconds=1))
    world.call("accounts.request_password_reset", email=BOB)
    token = world.token(BOB, "password_reset")
    assert isinstance(world.call("accounts.reset_password", token=token, password="a third and quiet one"), Accepted)


def test_who_has_nothing_to_reset(world: World, bob: Principal) -> None:
    """No case is opened for an account without a second factor, for a disabled one, or beside another reset."""
    assert reason(opened(world, bob)) is Reason.MFA_NOT_ENROLLED
    world.enrol(bob)
    opened(world, bob)
    assert reason(opened(world, bob, SECOND)) is Reason.CONFLICT
    world.call("directory.disable_user", UserId(bob.id), reason="left")
    assert reason(opened(world, bob)) is Reason.NOT_FOUND
    for email, wanted in (("nobody@home.example", Reason.NOT_FOUND), ("no address", Reason.INVALID_INPUT)):
        assert reason(world.call("support.open", OPERATOR, email=email, evidence=EVIDENCE)) is wanted


def test_the_evidence_is_sealed_and_bound_to_its_case(world: World, bob: Principal, device: Device) -> None:
    """What was recorded of a person stands nowhere in plain text, and does not open as that of another case."""
    case = opened(world, bob)
    assert b"invoices" not in case.sealed
    with world.storage.begin(after_commit=ignore) as store:
        dek = store.deks.active("deployment", "default")
        assert dek is not None
        assert case.sealed[2:18] == dek_id_bytes(dek.id)
        store.recoveries.add(replace(case, id=RecoveryId("rcv_00000000000000000000000001")))
    with pytest.raises(Exception, match="does not open"):
        world.call("support.view", SECOND, case=RecoveryId("rcv_00000000000000000000000001"))


def test_an_operator_is_nobody_in_an_organization(world: World, bob: Principal) -> None:
    """The principal of an operator, though its id is an owner's, has no right in an organization and finds nothing there."""
    acme = world.organization(bob)
    named = Operator(id=bob.id, reason="curious").principal
    access = world.gate.access(named, acme.id)
    assert access.mask == 0
    assert reason(world.call("directory.rename_organization", named, organization=acme.id, name="X")) is Reason.NOT_FOUND
    assert reason(world.call("members.suspend", named, organization=acme.id, user=UserId(bob.id))) is Reason.NOT_FOUND

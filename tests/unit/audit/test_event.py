"""What an event says, and its stored form."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ambient import Ambient, Request
from ctsec.audit.canonical import leaf_hash
from ctsec.audit.event import DEPLOYMENT_LOG, Event, EventName, EventOutcome, Target, build
from ctsec.audit.record import StoredEvent, microseconds, store_form
from ctsec.errors import CorruptRecord
from ctsec.ids import EventId, OrganizationId, WorkspaceId, is_id
from ctsec.outcome import Reason
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind, anonymous
from ctsec.testing import FixedClock, UnsafeSeededRandom

ORG = OrganizationId("org_1")
ACTOR = Principal(id="usr_1", kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id="ses_1"))
REQUEST = Request(id="r" * 80, address="192.0.2.7", user_agent="Browser " + "x" * 300)


def ambient() -> Ambient:
    return Ambient(clock=FixedClock(), random=UnsafeSeededRandom(), request=REQUEST)


def full() -> Event:
    return build(
        EventName.ROLE_ASSIGNED,
        ambient=ambient(),
        actor=ACTOR,
        targets=(Target("workspace", "wsp_1"), Target("role", "admin")),
        subject="usr_2",
        organization=ORG,
        workspace=WorkspaceId("wsp_1"),
        details={"before": None, "after": "admin", "count": 2, "scopes": ("a:b", "c:d")},
        personal={"email": "ann@example.com", "name": ""},
    )


def test_names_are_resource_and_participle() -> None:
    """Every name of ours is `<resource>.<past participle>` and stands once."""
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]*(ed|reset|withdrawn|undone)(_[a-z]+)?", name.value) for name in EventName)
    assert all(name.value.replace(".", "_").upper() == name.name for name in EventName)


@pytest.mark.proves("ASVS-16.2.1")
def test_an_event_says_who_what_where_and_when() -> None:
    """Time, id and request come from the surroundings, the rest from the caller."""
    event = full()
    assert is_id(EventId, event.id)
    assert event.time == FixedClock().now()
    assert (event.actor_kind, event.actor_id, event.credential_kind, event.credential_id) == ("user", "usr_1", "session", "ses_1")
    assert (event.outcome, event.reason, event.request_id) == (EventOutcome.SUCCESS, None, "r" * 64)


def test_what_identifies_a_person_is_personal() -> None:
    """Address, user agent (cut to 256 characters) and what the caller names are personal; empty values are left out."""
    assert full().personal == {"address": "192.0.2.7", "user_agent": REQUEST.user_agent[:256], "email": "ann@example.com"}
    bare = build("x.done", ambient=Ambient(clock=FixedClock(), random=UnsafeSeededRandom()), actor=ACTOR)
    assert bare.personal == {}


def test_a_refusal_names_its_reason() -> None:
    """A refused event has the outcome and the reason of the refusal."""
    event = build("x.refused", ambient=ambient(), actor=ACTOR, refused=Reason.DENIED)
    assert (event.outcome, event.reason) == (EventOutcome.REFUSED, "denied")


def test_an_event_belongs_to_the_log_of_its_organization() -> None:
    """The organization's log if the event is about one, else the deployment's."""
    assert full().log == ORG
    assert replace(full(), organization=None).log == DEPLOYMENT_LOG


@pytest.mark.proves("ASVS-16.2.1")
def test_the_body_says_everything_and_nothing_personal() -> None:
    """The body holds every field but the personal part, of which only a digest of its ciphertext; its leaf is the hash of its bytes."""
    event = full()
    stored = store_form(event, personal=b"sealed")
    body = json.loads(stored.body)
    assert body == {
        "v": 1, "id": event.id, "log": ORG, "time": microseconds(event.time), "name": "role.assigned", "schema": 1,
        "actor": {"kind": "user", "id": "usr_1", "credential": {"kind": "session", "id": "ses_1"}},
        "targets": [{"kind": "workspace", "id": "wsp_1"}, {"kind": "role", "id": "admin"}],
        "subject": "usr_2", "outcome": "success", "reason": None, "organization": "org_1", "workspace": "wsp_1", "request": "r" * 64,
        "details": {"before": None, "after": "admin", "count": 2, "scopes": ["a:b", "c:d"]},
        "personal": hashlib.sha256(b"sealed").hexdigest(),
    }  # fmt: skip
    assert stored.leaf == leaf_hash(stored.body)
    assert stored.personal == b"sealed"
    for secret in (b"192.0.2.7", b"Browser", b"ann@example.com"):
        assert secret not in stored.body


def test_columns_repeat_the_body() -> None:
    """What queries use is what the body says; an absent text is an empty column."""
    stored = store_form(full(), personal=b"")
    assert (stored.target_kind, stored.target_id, stored.subject_id, stored.reason) == ("workspace", "wsp_1", "usr_2", "")
    assert (stored.log, stored.organization_id, stored.workspace_id, stored.outcome) == (ORG, ORG, "wsp_1", "success")
    assert json.loads(stored.body)["personal"] is None
    bare = store_form(replace(full(), targets=(), subject=None), personal=b"")
    assert (bare.target_kind, bare.target_id, bare.subject_id) == ("", "", "")


def test_a_detail_without_canonical_form_is_refused() -> None:
    """A float in the details is refused when the event is written."""
    with pytest.raises(ValueError, match=r"\$\.details\.amount"):
        store_form(replace(full(), details={"amount": 1.5}), personal=b"")  # type: ignore[dict-item]


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{", b"\xff", b'"x"'])
def test_a_broken_body_is_a_corrupt_record(body: bytes) -> None:
    """A stored body that is no JSON object raises CorruptRecord, which names the event and not its content."""
    stored: StoredEvent = replace(store_form(full(), personal=b""), body=body)
    with pytest.raises(CorruptRecord, match=stored.id):
        stored.details()


def test_details_are_the_parsed_body() -> None:
    """A reader gets what the writer said."""
    assert store_form(full(), personal=b"").details()["details"]["count"] == 2


@pytest.mark.proves("ASVS-16.2.2")
@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_microseconds_are_exact(moment: datetime) -> None:
    """The number of microseconds gives the moment back exactly, where a float of seconds would not; a time without zone has none."""
    assert datetime.fromtimestamp(0, tz=moment.tzinfo) + timedelta(microseconds=microseconds(moment)) == moment
    with pytest.raises(TypeError, match="naive"):
        microseconds(moment.replace(tzinfo=None))


@pytest.mark.parametrize("reason", list(Reason))
def test_a_stranger_writes_into_no_organizations_log(reason: Reason) -> None:
    """A refusal that says that nothing was found is told in the deployment's log; every other one in that of its organization."""
    home, place = OrganizationId("org_1"), WorkspaceId("wsp_1")
    told = build("access.denied", ambient=Ambient(), actor=anonymous(), refused=reason, organization=home, workspace=place)
    assert (told.log, told.workspace) == ((DEPLOYMENT_LOG, None) if reason is Reason.NOT_FOUND else (home, place))

"""What of an event a person gets, over random events of everybody."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.audit.canonical import leaf_hash
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.export.disclosure import disclosed
from ctsec.audit.export.jsonl import event_lines, masked_line, personal_line, purged_line
from ctsec.audit.export.writing import ReadEvent
from ctsec.audit.query import AuditQuery
from ctsec.ids import OrganizationId, UserId, new_id
from tests.audit.exported import exported, judged, log_of
from tests.audit.kept import drawn
from tests.unit.audit.export.test_verifying import LOGS, resealed

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
RANDOM: Final = drawn(5)
ANN, BOB = (new_id(UserId, now=NOW, random=RANDOM) for _ in range(2))
HOME, AWAY = (LogId(new_id(OrganizationId, now=NOW, random=RANDOM)) for _ in range(2))
TEXTS: Final = st.sampled_from((ANN, BOB, HOME, AWAY, f"of {BOB}, there", "editor", "sam"))
ACTORS: Final = st.sampled_from(
    (("user", ANN), ("user", BOB), ("operator", "sam"), ("service_account", "svc_1"), ("system", "purge"), ("anonymous", ""))
)


@st.composite
def events(draw: st.DrawFn) -> ReadEvent:
    """Draw an event whose actor or subject is Ann, and what its sealed part says."""
    kind, name = draw(ACTORS)
    said: dict[str, Any] = {
        "id": "evt_1",
        "time": 1,
        "name": "role.assigned",
        "actor": {"kind": kind, "id": name, "credential": {"kind": "session", "id": f"ses_{name}"}},
        "targets": [{"kind": "user", "id": draw(st.sampled_from((ANN, BOB)))}],
        "subject": draw(st.sampled_from((None, ANN, BOB))) if name == ANN else ANN,
        "outcome": "success",
        "reason": None,
        "organization": draw(st.sampled_from((HOME, AWAY))),
        "workspace": draw(st.sampled_from((None, "wsp_1"))),
        "request": "req_1",
        "details": draw(st.dictionaries(st.sampled_from(("role", "approved_by", "owner")), TEXTS)),
        "changes": draw(st.lists(st.fixed_dictionaries({"path": st.just("role"), "after": TEXTS}), max_size=2)),
    }
    return ReadEvent(
        index=3, leaf=bytes(32), said=said, personal=draw(st.dictionaries(st.sampled_from(("address", "why", "email")), TEXTS))
    )


@given(events())
@settings(max_examples=300, deadline=None)
def test_nobody_else_is_named_to_a_person(event: ReadEvent) -> None:
    """Whatever an event says, no other person's or organization's id goes out, nor who acted or approved; her own acts are whole."""
    made = disclosed(event, person=ANN, log=HOME)
    given_out = json.dumps([event.said if made.whole else made.shown, made.personal])
    assert set(re.findall(r"(?:usr|org)_[0-9a-z]{26}", given_out)) <= {ANN, HOME}
    kind, name = event.actor["kind"], event.actor["id"]
    if not made.whole:
        assert not made.shown.keys() & {"id", "actor", "targets", "subject", "request"}
        assert made.shown["by"] == ("you" if name == ANN else kind)
    if kind in {"operator", "service_account"} or name == BOB:
        assert not made.whole
        assert not made.personal.keys() & {"address", "why"}
    if event.said["subject"] == BOB:
        assert not made.whole
        assert not made.personal.keys() & {"why", "email"}
        assert not made.shown.keys() & {"details", "changes"}
    if "approved_by" in event.said["details"] and event.said["details"]["approved_by"] != ANN:
        assert not made.whole
        assert "approved_by" not in dict(made.shown.get("details", {}))  # type: ignore[call-overload]


def test_what_is_hers_goes_out() -> None:
    """Her own act is whole with all of its sealed part; what another did to her tells the role and the address, not who and why."""
    said: dict[str, Any] = {
        "id": "evt_1", "time": 1, "name": "role.assigned", "targets": [], "outcome": "success", "reason": None, "organization": HOME,
        "workspace": None, "details": {"role": "editor"}, "subject": ANN, "actor": {"kind": "user", "id": ANN},
    }  # fmt: skip
    sealed = {"email": "ann@example.com", "address": "198.51.100.7", "why": "asked for it"}
    event = ReadEvent(index=0, leaf=b"", said=said, personal=sealed)
    own = disclosed(event, person=ANN, log=HOME)
    assert (own.whole, dict(own.personal)) == (True, sealed)
    by_bob = disclosed(replace(event, said={**said, "actor": {"kind": "user", "id": BOB}}), person=ANN, log=HOME)
    assert (by_bob.whole, dict(by_bob.personal), by_bob.shown["details"]) == (False, {"email": "ann@example.com"}, {"role": "editor"})
    elsewhere = replace(event, said={**said, "organization": None, "targets": [{"kind": "organization", "id": AWAY}]})
    assert disclosed(elsewhere, person=ANN, log=DEPLOYMENT_LOG).whole
    assert not disclosed(elsewhere, person=ANN, log=HOME).whole
    approved = disclosed(replace(event, said={**said, "details": {"role": "editor", "approved_by": "sam"}}), person=ANN, log=HOME)
    assert (approved.whole, approved.shown["details"]) == (False, {"role": "editor"})
    stranger = replace(elsewhere, said={**elsewhere.said, "actor": {"kind": "anonymous", "id": ""}})
    assert not disclosed(stranger, person=ANN, log=DEPLOYMENT_LOG).whole


def test_masked_lines_are_judged_by_both_verifiers() -> None:
    """A masked line proves its place by its leaf; moved, with another leaf, or with what is no object, the file is refused."""
    lines = exported(LOGS, AuditQuery(log=log_of(3), target="usr_200")).splitlines(keepends=True)[:-1]
    lines[0] = lines[0].replace(b'"personal":false', b'"personal":true')
    at = next(number for number, line in enumerate(lines) if b'"event":' in line)
    body = lines[at][lines[at].index(b'"event":') + 8 : -2]
    leaf, shown = leaf_hash(body), {"name": 'a "}}', "by": "you"}
    masked = masked_line(200, leaf, shown)

    def verdict(*instead: bytes) -> tuple[bool, bool]:
        found = judged(resealed([*lines[:at], *instead, *lines[at + 1 :]]), log=log_of(3))
        return found.sound, "(1 masked" in found.told

    assert verdict(masked) == verdict(masked, personal_line(200, {"email": "a"})) == (True, True)
    assert verdict(event_lines([(200, leaf, body, b"")])) == (True, False)
    bad = (
        masked_line(201, leaf, shown), masked_line(200, bytes(32), shown), masked.replace(b'"you"', b'"you'), masked + masked,
        purged_line(200, leaf) + personal_line(200, {}), masked.replace(b'"shown"', b'"shows"'),
    )  # fmt: skip
    for each in bad:
        assert verdict(each) == (False, False), each


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_masked_file_is_of_a_person(form: str) -> None:
    """Without a person, or in a format that nobody verifies, nothing is masked: it is refused when it is asked for."""
    query = AuditQuery(log=HOME) if form == "jsonl" else AuditQuery(log=HOME, person=ANN)
    with pytest.raises(ValueError, match="expected a person"):
        exported(LOGS, query, form=form, masked=True)  # type: ignore[arg-type]

"""Which events are asked for, and where a page ends."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.query import MAX_CURSOR, AuditQuery, read_cursor, write_cursor
from ctsec.testing.conformance.samples import NOW, TICK, event, org_id, user_id, workspace_id

LOG = LogId(org_id(1))
EVENT = event(
    1, of=1, name="role.assigned", actor=1, subject_id=user_id(2), target_id="key_1", workspace_id=workspace_id(1), outcome="refused"
)
ALL = AuditQuery(log=LOG)


def test_a_query_without_filters_wants_its_log() -> None:
    """Every event of the log and none of another: that is the wall between organizations."""
    assert ALL.matches(EVENT)
    assert not AuditQuery(log=LogId(org_id(2))).matches(EVENT)
    assert not AuditQuery(log=DEPLOYMENT_LOG).matches(EVENT)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (replace(ALL, actor=user_id(1)), True), (replace(ALL, actor=user_id(2)), False),
        (replace(ALL, person=user_id(1)), True), (replace(ALL, person=user_id(2)), True), (replace(ALL, person=user_id(3)), False),
        (replace(ALL, name="role.assigned"), True), (replace(ALL, name="role.assign"), False), (replace(ALL, name="Role.assigned"), False),
        (replace(ALL, name="role.*"), True), (replace(ALL, name="rol.*"), False), (replace(ALL, name="role"), False),
        (replace(ALL, name="*"), False),
        (replace(ALL, target="key_1"), True), (replace(ALL, target="key_1 "), False),
        (replace(ALL, workspace=workspace_id(1)), True), (replace(ALL, workspace=workspace_id(2)), False),
        (replace(ALL, outcome="refused"), True), (replace(ALL, outcome="success"), False),
        (replace(ALL, since=NOW), True), (replace(ALL, since=NOW + TICK), False),
        (replace(ALL, until=NOW), False), (replace(ALL, until=NOW + TICK), True),
        (replace(ALL, actor=user_id(1), outcome="success"), False),
    ],
)  # fmt: skip
def test_each_filter(query: AuditQuery, wanted: bool) -> None:
    """A filter wants exactly what it names; the time range holds its start and not its end; filters together want what all of them want."""
    assert query.matches(EVENT) is wanted


def test_a_prefix_ends_with_its_dot() -> None:
    """`role.*` wants `role.assigned` and not `roles.exported`; a plain name is no prefix."""
    assert replace(ALL, name="role.*").name_prefix == "role."
    assert replace(ALL, name="role.assigned").name_prefix is None
    assert ALL.name_prefix is None
    assert not replace(ALL, name="role.*").matches(replace(EVENT, name="roles.exported"))


def test_the_clock_may_go_back_between_events() -> None:
    """An event is judged by its own time alone."""
    assert replace(ALL, until=NOW).matches(replace(EVENT, time=NOW - timedelta(days=1)))


@given(st.integers(0, 10**18 - 1), st.sampled_from([LOG, DEPLOYMENT_LOG, LogId("a.b.c")]))
def test_a_cursor_comes_back(before: int, log: LogId) -> None:
    """What was written is read, and fits the limit."""
    text = write_cursor(log=log, before=before)
    assert read_cursor(text, log=log) == before
    assert len(text) <= MAX_CURSOR


def test_a_cursor_of_another_log_is_refused() -> None:
    """One organization's cursor is worthless in another's log."""
    with pytest.raises(ValueError, match="same log"):
        read_cursor(write_cursor(log=LOG, before=5), log=LogId(org_id(2)))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.proves("CVE-2026-33504")
@pytest.mark.parametrize(
    "text",
    ["", "x", "é", "=" * 4, "A" * (MAX_CURSOR + 1), encoded(f"2.5.{LOG}"), encoded(f"1.-5.{LOG}"), encoded(f"1.+5.{LOG}"),
     encoded(f"1. 5.{LOG}"), encoded(f"1..{LOG}"), encoded("1.5"), encoded(f"1.5.{LOG} "), encoded(f"1.٣.{LOG}"),
     encoded(f"1.{10**18}.{LOG}"),
     encoded(f"1.1e3.{LOG}")],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    """A cursor is data of a stranger: whatever is not one of ours raises ValueError and nothing else."""
    with pytest.raises(ValueError, match="expected a cursor"):
        read_cursor(text, log=LOG)


@pytest.mark.proves("CVE-2026-33504")
@given(st.text(max_size=MAX_CURSOR + 5))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    """Any text is refused with ValueError, or is a cursor of the log."""
    try:
        assert read_cursor(text, log=LOG) >= 0
    except ValueError as refusal:
        assert "expected a cursor" in str(refusal)  # noqa: PT017

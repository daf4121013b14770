"""Exports for spreadsheets and SIEMs: every event has its class, nothing is lost, and no value breaks out of its place."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from io import BytesIO, StringIO
from types import MappingProxyType
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.audit.event import EventName
from ctsec.audit.export import comma
from ctsec.audit.export.cef import CefWriter
from ctsec.audit.export.coding import ways
from ctsec.audit.export.comma import COLUMNS, CommaWriter
from ctsec.audit.export.jsonl import ExportHead
from ctsec.audit.export.ocsf import OcsfWriter
from ctsec.audit.export.ocsf_classes import ACTIVITIES, activity_of
from ctsec.audit.export.parquet import GROUP, ParquetWriter
from ctsec.audit.export.request import ExportFormat, ExportRequest, OcsfVersion
from ctsec.audit.export.writing import ReadEvent
from ctsec.audit.query import AuditQuery
from tests.audit.exported import exported, filled, log_of

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
HEAD: Final = ExportHead(
    log="org_1", origin="acme.example/default/org_1", first=0, end=1, size=1, filters={}, personal=True,
    created_at=datetime(2026, 1, 1, tzinfo=UTC), note=b"",
)  # fmt: skip
# What each class requires of an event beside what all do (schema 1.8.0 and 1.9.0), as paths.
REQUIRED: Final = {
    3001: {"user.uid"}, 3002: {"user.uid", "service.name"}, 3003: {"user.uid", "privileges"}, 3004: {"entity.uid"},
    3005: {"user.uid", "privileges"}, 3006: {"group.uid", "user.uid"}, 3007: {"user.uid"}, 3008: {"iam_role.uid"},
    2004: {"finding_info.uid", "finding_info.title"}, 6003: {"actor.user", "api.operation", "src_endpoint"},
}  # fmt: skip
BASE: Final = {
    "activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "time", "metadata.version", "metadata.product.name",
}  # fmt: skip
# The activities that the schema has names for, Unknown (0) and Other (99) aside.
KNOWN: Final = {
    ("1.8.0", 3001): 12, ("1.8.0", 3002): 7, ("1.8.0", 3003): 2, ("1.8.0", 3004): 13, ("1.8.0", 3005): 2, ("1.8.0", 3006): 6,
    ("1.9.0", 3002): 7, ("1.9.0", 3003): 3, ("1.9.0", 3004): 13, ("1.9.0", 3006): 13, ("1.9.0", 3007): 19, ("1.9.0", 3008): 11,
    ("1.8.0", 2004): 3, ("1.9.0", 2004): 3, ("1.8.0", 6003): 4, ("1.9.0", 6003): 4,
}  # fmt: skip


def event(name: str, **said: Any) -> ReadEvent:
    """Return an event as its bytes would say it."""
    whole = {
        "v": 1, "id": "evt_1", "log": "org_1", "time": 1767225600123456, "name": name,
        "actor": {"kind": "user", "id": "usr_1", "credential": {"kind": "session", "id": "ses_1"}},
        "targets": [{"kind": "user", "id": "usr_2"}], "subject": None, "outcome": "success", "reason": None, "organization": "org_1",
        "workspace": "wsp_1", "request": "req_1", "details": {"role": "editor"}, "personal": None,
    }  # fmt: skip
    return ReadEvent(index=7, leaf=bytes(32), said={**whole, **said}, personal={"address": "198.51.100.7", "user_agent": "agent"})


def at(value: Any, path: str) -> Any:
    """Return what stands at a path, None where nothing does."""
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


CELLS: Final = st.text(
    st.sampled_from("aé漢\U0001f600\u2028\x7f\x01\t\r\n\"',;=+-@\\") | st.characters(exclude_categories=["Cs"]), max_size=9
)
TREES: Final = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELLS, inner, max_size=3),
    max_leaves=9,
)


@settings(max_examples=1000 if SOAK else 60)
@given(st.dictionaries(CELLS, TREES, max_size=3))
def test_either_encoder_reads_and_writes_the_same(tree: dict[str, object]) -> None:
    """With orjson or without it a body is read to the same values and written to the same bytes, those of Python's `json`."""
    body = json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()
    assert [(read(body), write(MappingProxyType(tree))) for read, write in ways()] == [(tree, body)] * len(ways())


def test_what_one_encoder_refuses_is_left_to_the_other() -> None:
    """What is no JSON to orjson is read as Python's `json` reads it; a text that has no bytes is refused by both."""
    for read, write in ways():
        assert read(b'{"a":Infinity}') == {"a": float("inf")}
        with pytest.raises(ValueError, match="Expecting"):
            read(b'{"a":')
        with pytest.raises(UnicodeEncodeError):
            write({"a": "\ud800"})


@settings(max_examples=1000 if SOAK else 60)
@given(st.lists(CELLS, min_size=1, max_size=5))
def test_a_row_is_what_a_csv_writer_writes(texts: list[str]) -> None:
    """To the byte, with every cell quoted; but that what a spreadsheet would take for a formula has an apostrophe in front."""
    file = StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(texts)
    assert comma._row(texts) == file.getvalue()
    assert [comma.defused(each) for each in texts] == [f"'{each}" if each.startswith(tuple("=+-@\t\r")) else each for each in texts]


def test_every_event_name_has_its_class() -> None:
    """The table names exactly the events that ctsec can write: a new one needs its line."""
    assert sorted(ACTIVITIES) == sorted(EventName)


@pytest.mark.proves("ASVS-16.2.4")
@pytest.mark.parametrize("version", OcsfVersion)
def test_ocsf_has_what_each_class_requires(version: OcsfVersion) -> None:
    """Every event of every class, with targets or without, has the required fields, and an activity of its class or a name for it."""
    writer = OcsfWriter(version, head=HEAD)
    seen = set()
    for name in (*EventName, "dashboard.deleted"):
        sayings: tuple[dict[str, Any], ...] = (
            {},
            {"targets": [], "workspace": None, "organization": None},
            {"outcome": "refused", "reason": "denied"},
        )
        for said in sayings:
            made = writer.object(event(name, **said))
            seen.add(made["class_uid"])
            for path in {*BASE, *REQUIRED[made["class_uid"]]}:
                assert at(made, path) is not None, (name, path)
            assert made["type_uid"] == made["class_uid"] * 100 + made["activity_id"]
            assert made["category_uid"] == made["class_uid"] // 1000
            known = KNOWN[version.value, made["class_uid"]]
            assert 1 <= made["activity_id"] <= known or made.get("activity_name") == name
    old = {3001, 3002, 3003, 3004, 3005, 3006, 6003, 2004}
    assert seen == (old if version is OcsfVersion.V1_8 else (old - {3001, 3005}) | {3007, 3008})


def test_ocsf_says_where_an_event_stands_and_loses_nothing() -> None:
    """Id, index, log and origin are the metadata; whatever the body says is somewhere in the object."""
    made = OcsfWriter(OcsfVersion.V1_8, head=HEAD).object(event("role.assigned", reason="why", outcome="failed", changes=[{"path": "x"}]))
    metadata = {name: made["metadata"][name] for name in ("uid", "sequence", "tenant_uid", "log_name", "version")}
    assert metadata == {"uid": "evt_1", "sequence": 7, "tenant_uid": "org_1", "log_name": HEAD.origin, "version": "1.8.0"}
    assert (made["time"], made["metadata"]["original_time"]) == (1767225600123, "1767225600123456")
    assert (made["status_id"], made["status_code"], made["privileges"]) == (2, "why", ["editor"])
    assert (made["src_endpoint"], made["http_request"]) == ({"ip": "198.51.100.7"}, {"user_agent": "agent"})
    text = json.dumps(made)
    for value in ("usr_1", "usr_2", "ses_1", "wsp_1", "req_1", "editor", "changes", "session"):
        assert f'"{value}"' in text, value


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("user.signed_in", 300201, 300201), ("session.revoked", 300202, 300202), ("password.changed", 300103, 300708),
        ("user.disabled", 300105, 300705), ("mfa.enrolled", 300110, 300712), ("role.assigned", 300501, 300716),
        ("role.revoked", 300502, 300717), ("custom_role.removed", 300404, 300803), ("invitation.accepted", 300603, 300603),
        ("member.removed", 300604, 300604), ("api_key.minted", 300401, 300401), ("access.denied", 600399, 600399),
        ("passkey.clone_suspected", 200401, 200401), ("audit.exported", 600302, 600302), ("elevation.started", 300301, 300301),
    ],
)  # fmt: skip
def test_ocsf_types_are_those_of_the_schema(name: str, old: int, new: int) -> None:
    """Class and activity of well-known events, written down by hand for both versions."""
    assert [activity_of(name, version=version).type_uid for version in OcsfVersion] == [old, new]


TEXTS: Final = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", 'a"b', "a,b", "a\nb", "a|b", "a\\b", "a=b c=d", "\\", "a\r\nCEF:0|x", "\u2028"]
)


@pytest.mark.proves("ASVS-1.2.10", "ASVS-1.3.3", "ASVS-16.4.1")
@given(TEXTS, TEXTS)
@settings(max_examples=60, deadline=None)
def test_no_cell_is_a_formula(one: str, other: str) -> None:
    """Whatever a value is, a spreadsheet sees text: one row an event, the columns of the header, and no cell begins as a formula does."""
    writer = CommaWriter()
    odd = event(one, subject=other, actor={"kind": one, "id": other, "credential": {"kind": "k", "id": "i"}})
    text = (writer.start() + writer.page([odd, odd]) + writer.end(2)).decode()
    rows = list(csv.reader(StringIO(text, newline="")))
    assert [len(row) for row in rows] == [len(COLUMNS)] * 4
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert rows[1][COLUMNS.index("subject")].removeprefix("'") == (other.removeprefix("'"))
    assert rows[3][:2] == ["# end", "2"]


def read_cef(line: str) -> tuple[list[str], dict[str, str]]:
    """Return header and extensions of a line, as a reader of the format takes them apart."""
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", line)[:7]
    rest = line[len("|".join(parts)) :]
    found = re.findall(r"(?:^|\s)(\w+)=((?:\\.|[^\\=])*?)(?=\s\w+=|$)", rest.lstrip("|"), re.DOTALL)
    return parts, {key: re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), value, flags=re.DOTALL) for key, value in found}


@pytest.mark.proves("ASVS-16.4.1")
@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_no_value_breaks_out_of_cef(value: str) -> None:
    """A bar, an equals sign, a backslash or a line end in a value makes no field, no extension and no line of its own."""
    lines = CefWriter().page([event("role.assigned", reason=value or None, subject="usr_3")]).decode()
    assert len(lines.splitlines()) == 1
    head, said = read_cef(lines[:-1])
    assert head[:5] == ["CEF:0", "ctsec", "ctsec", "1", "role.assigned"]
    assert said["externalId"] == "evt_1"
    assert said["duid"] == "usr_3"
    breaks = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
    assert said.get("reason", "") == breaks.sub(" ", value)
    assert len(CefWriter().page([event("a|b\nc")]).decode().splitlines()) == 1


@pytest.mark.parametrize("form", [ExportFormat.CSV, ExportFormat.OCSF, ExportFormat.CEF])
def test_a_file_that_was_broken_off_is_told(form: ExportFormat) -> None:
    """The last line says how many events there were; a file without it is not whole."""
    logs = filled((3,))
    lines = exported(logs, AuditQuery(log=log_of(1)), form=form).decode().splitlines()
    assert lines[-1].startswith(
        {"csv": '"# end","3"', "ocsf": '{"ctsec_export_end":{"events":3}}', "cef": "CEF:0|ctsec|ctsec|1|export.ended"}[form]
    )
    assert len(lines) == 4 + (form == "csv")


@pytest.mark.program("pyarrow")
def test_parquet_has_every_event_with_its_types() -> None:
    """What pyarrow reads is every event in its order, typed, in row groups that are full before the next begins, with nulls."""
    arrow: Any = import_module("pyarrow.parquet")
    sayings: tuple[dict[str, Any], ...] = ({"name": "role.assigned"}, {"name": "=cmd", "workspace": None, "targets": [], "details": {}})
    events = [replace(event(**sayings[at % 2]), index=at) for at in range(GROUP + 700)]
    writer = ParquetWriter()
    pieces = [writer.start(), *(writer.page(events[at : at + 1000]) for at in range(0, len(events), 1000)), writer.end(len(events))]
    assert [len(piece) > 0 for piece in pieces] == [at in {0, 10, 12} for at in range(13)]
    file = arrow.ParquetFile(BytesIO(b"".join(pieces)))
    assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [GROUP, 700]
    rows = file.read().to_pylist()
    assert [row["index"] for row in rows] == list(range(len(events)))
    assert (rows[0]["time"], rows[0]["leaf"]) == (datetime.fromtimestamp(1767225600, UTC).replace(microsecond=123456), bytes(32))
    assert [row["workspace"] for row in rows[:2]] == ["wsp_1", None]
    assert [row["name"] for row in rows[:2]] == ["role.assigned", "=cmd"]
    assert json.loads(rows[0]["details"]) == {"details": {"role": "editor"}}
    assert rows[1]["details"] is None
    with pytest.raises(Exception, match="Parquet"):
        arrow.ParquetFile(BytesIO(b"".join(pieces[:-1])))


@pytest.mark.program("pyarrow")
def test_a_log_is_exported_as_parquet() -> None:
    """An export of a whole log, and one of nothing, are files that pyarrow reads."""
    arrow: Any = import_module("pyarrow.parquet")
    logs = filled([5])
    whole = exported(logs, AuditQuery(log=log_of(1)), form=ExportFormat.PARQUET)
    assert arrow.read_table(BytesIO(whole)).column("index").to_pylist() == [0, 1, 2, 3, 4]
    assert arrow.read_table(BytesIO(exported(logs, AuditQuery(log=log_of(1)), form=ExportFormat.PARQUET, end=0))).num_rows == 0


def test_parquet_without_pyarrow_is_refused_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyarrow is not there, the request itself says what to install."""
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=r"install ctsec\[parquet\]"):
        ExportRequest(query=AuditQuery(log=log_of(1)), format=ExportFormat.PARQUET)

"""What an event may say: declared fields of declared types, secrets masked, personal values sealed, everything bounded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ambient import Ambient, Request
from ctsec.audit import Change, Event, EventCatalogue, EventName, EventSchema, build, diff, personal, public, secret
from ctsec.audit._async_subjects import MAX_PERSONAL
from ctsec.audit.canonical import MAX_BODY
from ctsec.audit.catalogue import OWN, SCHEMAS
from ctsec.audit.event import Detail
from ctsec.audit.record import departures, store_form
from ctsec.principal import anonymous
from ctsec.secret import Secret, SecretText
from ctsec.testing import FixedClock, UnsafeSeededRandom

FIELDS = {
    "agent": public(),
    "steps": public(int),
    "dry": public(bool),
    "tools": public(tuple),
    "note": public(optional=True),
    "question": personal(),
    "age": personal(int),
    "token": secret(),
    "shape": public(object),
}
RUN = EventSchema("agent.run_started", FIELDS, FIELDS, version=3)
CATALOGUE = EventCatalogue(SCHEMAS, host=(RUN,))


def told(name: str = RUN.name, *, changes: tuple[Change, ...] = (), details: dict[str, Any] | None = None, **more: Any) -> Event:
    """Return an event as a caller tells it."""
    ambient = Ambient(clock=FixedClock(), random=UnsafeSeededRandom(), request=Request(address="192.0.2.7"))
    return build(name, ambient=ambient, actor=anonymous(), changes=changes, details=details or {}, **more)


def kept(event: Event) -> dict[str, Any]:
    """Return the body that is stored of an event."""
    stored = store_form(CATALOGUE.applied(event), personal=b"")
    assert departures(stored) == ()
    return dict(stored.details())


def test_the_catalogue_is_wide() -> None:
    """A host finds at least ninety of ctsec's actions in the log, each with a name of its own."""
    assert len({each.value for each in EventName}) == len(EventName) >= 90


def test_every_event_of_ours_has_its_schema() -> None:
    """The catalogue has exactly the names of `EventName`, and a host's beside them; each body says the version it was written with."""
    assert set(OWN.schemas) == set(EventName)
    assert set(CATALOGUE.schemas) == {*EventName, "agent.run_started"}
    assert kept(told())["schema"] == 3


def test_each_field_goes_where_its_class_says() -> None:
    """Public fields are in the body, personal ones only in the personal part, and of a secret the body says that it is set."""
    details = {"agent": "alex", "steps": 2, "dry": True, "tools": ("a",), "note": None, "question": "who is ann?", "age": 7}
    event = CATALOGUE.applied(told(details={**details, "token": Secret(b"hush"), "shape": {"x": [1]}}))
    body = dict(store_form(event, personal=b"").details())
    assert body["details"] == {
        "agent": "alex",
        "steps": 2,
        "dry": True,
        "tools": ["a"],
        "note": None,
        "token": "set",
        "shape": {"x": [1]},
    }
    assert event.personal == {"address": "192.0.2.7", "question": "who is ann?", "age": "7"}


class Shown(dict[str, Any]):
    """A mapping that shows something else than it holds, as those of forms do, which hold lists and show the first of each."""

    def items(self) -> Any:
        return {"agent": "alex"}.items()


def test_what_is_judged_is_what_is_written() -> None:
    """Details in a mapping of a class of its own are judged as they are written, in a built event and in one that was made by hand."""
    for held in ({"agent": ["alex", "hush"]}, {"agent": "alex", "password": "hush"}):
        for details in (Shown(held), MappingProxyType(Shown(held))):
            for event in (told(details=cast(Any, details)), replace(told(), details=details)):
                with pytest.raises(ValueError, match=r"expected text|not declared"):
                    CATALOGUE.applied(event)


def test_a_schema_keeps_the_fields_that_it_was_made_with() -> None:
    """A mapping that changes after a schema was made of it changes nothing there."""
    fields = {"role": public()}
    schema = EventSchema("report.viewed", fields, changes=fields)
    fields["else"] = public()
    assert schema == EventSchema("report.viewed", {"role": public()}, changes={"role": public()})


def test_an_event_that_only_tells_what_stands_is_left_as_it_is() -> None:
    """Public texts, numbers and truth values under the version of the schema are not made anew; a wrong count of changes is.

    One field beside them that is personal, or secret, goes where its class says.
    """
    plain: dict[str, Any] = {"agent": "alex", "steps": 2, "dry": True}
    event = replace(told(details=plain), schema=RUN.version)
    assert CATALOGUE.applied(event) is event
    counted = CATALOGUE.applied(replace(event, more_changes=3))
    assert (counted.more_changes, counted.details, counted.personal) == (0, event.details, event.personal)
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"question": "who is ann?"}, {}),
        ({"age": 7}, {}),
        ({"token": "hush"}, {"token": "set"}),
    ]
    for beside, said in cases:
        assert CATALOGUE.applied(replace(event, details={**plain, **beside})).details == {**plain, **said}
    wrongs: list[dict[str, Any]] = [{"steps": True}, {"agent": 1}, {"dry": 1}, {"agent": None}, {"else": "x"}, {"agent": Secret(b"x")}]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"expected|not declared|got a Secret"):
            CATALOGUE.applied(replace(event, details={**plain, **wrong}))
    with pytest.raises(ValueError, match="not declared as personal"):
        CATALOGUE.applied(replace(event, personal={"agent": "x"}))


@pytest.mark.proves("ASVS-16.2.5")
@pytest.mark.parametrize("value", ["hush", b"hush", Secret(b"hush"), SecretText("hush"), 4711, {"inner": "hush"}, ["hush"]])
def test_nothing_of_a_secret_is_stored(value: object) -> None:
    """Whatever is given as a secret, in the details or in a change, neither body nor personal part holds it or says how long it is."""
    changes = (Change(path="token", before=value, after=value), Change(path="agent", before="a", after="b"))
    event = CATALOGUE.applied(told(details={"token": value}, changes=changes))
    body = kept(told(details={"token": value}, changes=changes))
    assert body["details"] == {"token": "set"}
    assert body["changes"][1] == {"path": "token", "before": "set", "after": "changed", "class": "secret"}
    everything = json.dumps(body["details"]) + json.dumps(body["changes"]) + json.dumps(dict(event.personal))
    assert "hush" not in everything
    assert "4711" not in everything


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, "x", ("unset", "set")),
        ("x", None, ("set", "unset")),
        ("", Secret(b"y"), ("unset", "set")),
        ("x", Secret(b""), ("set", "unset")),
    ],
)
def test_a_change_of_a_secret_says_whether_it_was_there(before: object, after: object, said: tuple[str, str]) -> None:
    """A secret that comes or goes is told as set and unset; what is empty is not set."""
    (change,) = kept(told(changes=(Change(path="token", before=before, after=after),)))["changes"]
    assert (change["before"], change["after"]) == said


def test_a_change_of_a_personal_field_is_sealed() -> None:
    """The body says only that a personal field changed; both values are in the personal part, an absent one is not."""
    changes = (Change(path="question", before="who is ann?", after="who is bob?"), Change(path="age", after=7))
    event = CATALOGUE.applied(told(changes=changes))
    assert kept(told(changes=changes))["changes"] == [{"path": "age", "class": "personal"}, {"path": "question", "class": "personal"}]
    sealed = {name: value for name, value in event.personal.items() if name != "address"}
    assert sealed == {"question.before": "who is ann?", "question.after": "who is bob?", "age.after": "7"}


@pytest.mark.parametrize(
    ("details", "why"),
    [
        ({"colour": "red"}, "'colour' is not declared"),
        ({"agent": 7}, "expected text for 'agent', not int"),
        ({"agent": None}, "expected text for 'agent', not NoneType"),
        ({"steps": "7"}, "expected a whole number for 'steps', not str"),
        ({"steps": True}, "expected a whole number for 'steps', not bool"),
        ({"dry": 1}, "expected true or false for 'dry', not int"),
        ({"tools": ["a"]}, "expected a tuple of texts for 'tools', not list"),
        ({"tools": (1,)}, "expected a tuple of texts for 'tools', not tuple"),
        ({"note": 1}, "expected text or None for 'note', not int"),
        ({"agent": SecretText("hush")}, "'agent' got a Secret and is declared public; declare it secret"),
        ({"question": Secret(b"hush")}, "'question' got a Secret and is declared personal; declare it secret"),
        ({"shape": Secret(b"hush")}, "'shape' got a Secret"),
    ],
)
def test_what_is_not_declared_so_is_refused(details: dict[str, Detail], why: str) -> None:
    """A field that no schema declares, or of another type, is an error that names the event and the field, in details and in changes."""
    with pytest.raises(ValueError, match=f"agent.run_started: .*{why}") as caught:
        CATALOGUE.applied(told(details=details))
    assert "hush" not in str(caught.value)
    ((path, value),) = details.items()
    if value is not None:
        with pytest.raises(ValueError, match=path):
            CATALOGUE.applied(told(changes=(Change(path=path, before=None, after=value),)))


def test_ours_are_held_to_their_schemas_too() -> None:
    """An event of ctsec's own with a field that its schema lacks is refused, and a personal field only as one."""
    with pytest.raises(ValueError, match=r"user\.signed_in: the field 'colour' is not declared"):
        OWN.applied(told("user.signed_in", details={"colour": "red"}))
    with pytest.raises(ValueError, match=r"user\.imported: the field 'scheme' is not declared as personal"):
        OWN.applied(told("user.imported", personal={"scheme": "bcrypt"}))
    with pytest.raises(ValueError, match="changes of 'role' are not declared"):
        OWN.applied(told("user.signed_in", changes=diff({"role": 1}, {"role": 2})))


def test_a_name_is_registered_once_and_never_ours() -> None:
    """An unregistered name is refused with the way to register it; a name twice, one of ours, and one that is no event name too."""
    with pytest.raises(ValueError, match=r"'agent.run_ended' is not registered: give the bundle its schema, events=\(EventSchema"):
        CATALOGUE.applied(told("agent.run_ended"))
    for taken in ("agent.run_started", "role.assigned"):
        with pytest.raises(ValueError, match=f"the event {taken} is registered already"):
            EventCatalogue(SCHEMAS, host=(RUN, EventSchema(taken)))


@pytest.mark.parametrize(
    "name", ["", "report", "report.view", "Report.viewed", "report.viewed ", "report.viewing", "a.b.viewed", "x" * 60 + ".sent"]
)
def test_a_name_is_resource_and_participle(name: str) -> None:
    """What is not `<resource>.<past participle>` is no name of an event."""
    with pytest.raises(ValueError, match="expected an event name"):
        EventSchema(name)


@pytest.mark.parametrize(
    "name", ["report.viewed", "agent.message_sent", "invoice.paid", "agent.run", "door.shut", "user.logged_in", "job.begun"]
)
def test_a_host_names_its_events(name: str) -> None:
    """Regular and irregular participles are taken, with a particle too."""
    assert EventSchema(name).name == name


@pytest.mark.parametrize("field", ["Agent", "", "a b", "a.b", "address", "user_agent", "_x", "x" * 64])
def test_a_field_has_a_plain_name(field: str) -> None:
    """A field has small letters, digits and underscores, and not a name that every event has; a path of a change may have one dot."""
    with pytest.raises(ValueError, match="expected a field"):
        EventSchema("report.viewed", {field: public()})
    assert EventSchema("report.changed", changes={"place.X1": public()}).changes["place.X1"] == public()
    for path in ("", "a b", "a.b.c", "user_agent"):
        with pytest.raises(ValueError, match="expected a field"):
            EventSchema("report.changed", changes={path: public()})


def test_a_schema_has_a_version_and_known_types() -> None:
    """A version below 1 and a type that no event has are refused where they are written."""
    with pytest.raises(ValueError, match="from 1 on"):
        EventSchema("report.viewed", version=0)
    with pytest.raises(ValueError, match="as the type of a field"):
        public(float)


@given(st.dictionaries(st.integers(0, 99), st.tuples(st.text(max_size=3000), st.text(max_size=3000)), max_size=80))
def test_changes_fit_into_an_event(texts: dict[int, tuple[str, str]]) -> None:
    """However many and long the changes are, the first 50 are told, cut where they are long, and the rest is counted."""
    schema = EventSchema("report.changed", changes={f"{'p' * 50}.{'f' * 40}{at}": public() for at in range(100)})
    # A lone surrogate has no canonical form: it is refused as everywhere.
    clean = {at: [text.encode("utf-8", "replace").decode() for text in pair] for at, pair in texts.items()}
    changes = [Change(path=f"{'p' * 50}.{'f' * 40}{at}", before=one, after=two) for at, (one, two) in clean.items()]
    event = replace(schema.applied(told("report.changed", changes=tuple(changes))), targets=())
    stored = store_form(event, personal=b"")
    body = stored.details()
    assert len(body.get("changes", [])) == min(len(changes), 50)
    assert body.get("more_changes", 0) == max(0, len(changes) - 50)
    for change in body.get("changes", []):
        at = int(change["path"].rpartition("f")[2])
        for value, whole in zip((change["before"], change["after"]), clean[at], strict=True):
            assert value == whole or (value["bytes"] == len(whole.encode()) and whole.startswith(value["start"]))
    assert len(stored.body) <= MAX_BODY


def test_what_is_too_long_is_cut_and_what_is_too_much_is_counted() -> None:
    """A long value says its first 64 characters, its size and its hash; of 60 changes the first 50 are told, and that there are 10 more."""
    paths = [f"f{at:02}" for at in range(60)]
    schema = EventSchema("report.changed", changes=dict.fromkeys(paths, public(object)))
    long = "x" * 5000
    event = schema.applied(told("report.changed", changes=tuple(Change(path=path, before=long, after=[long]) for path in paths)))
    body = store_form(event, personal=b"").details()
    assert [change["path"] for change in body["changes"]] == paths[:50]
    assert body["more_changes"] == 10
    first = body["changes"][0]
    assert first["before"] == {"start": "x" * 64, "bytes": 5000, "sha256": hashlib.sha256(long.encode()).hexdigest()}
    assert first["after"]["bytes"] == 5004


def test_the_longest_changes_fit() -> None:
    """Fifty changes with the longest values that are not cut, under the longest paths, stay below 64 KiB, sealed or not."""
    paths = [f"{'p' * 61}{at:02}.{'f' * 63}" for at in range(50)]
    for declare in (public(), personal()):
        schema = EventSchema("report.changed", changes=dict.fromkeys(paths, declare))
        changes = tuple(Change(path=path, before="\N{SNOWMAN}" * 66, after="x" * 398) for path in paths)
        event = schema.applied(told("report.changed", changes=changes))
        assert len(store_form(event, personal=b"").body) <= MAX_BODY
        assert len(json.dumps(dict(event.personal))) < MAX_PERSONAL
        assert "sha256" not in json.dumps(dict(event.personal)) + store_form(event, personal=b"").body.decode()


def test_diff_tells_what_differs() -> None:
    """Equal fields are left out, and a field on one side only comes from or goes to None, in the order of paths."""
    assert diff({"a": 1, "b": 2, "c": 3}, {"b": 2, "c": 4, "d": 5}) == (
        Change(path="a", before=1),
        Change(path="c", before=3, after=4),
        Change(path="d", after=5),
    )

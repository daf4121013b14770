"""What a declaration of recorded models must say, and what values become in an event."""

from __future__ import annotations

import enum
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func

from ctsec.audit import FieldClass
from ctsec.audit.change import UNKNOWN
from ctsec.storage.sql import Recorded, RecordedModels
from ctsec.storage.sql.recording import _plain
from tests.storage.sql.orders import FIELDS, ORDER, RECORDED, Customer, Order, Point


def without(*names: str, **more: str) -> dict[str, str]:
    """Return the fields of an order but for some, and with others."""
    return {name: kept for name, kept in FIELDS.items() if name not in names} | more


@pytest.mark.parametrize(
    ("recorded", "why"),
    [
        (replace(ORDER, fields=without("title")), r"expected Order.title to be declared public, personal or secret, or ignored"),
        (replace(ORDER, fields=without("tags")), r"expected Order.tags to be declared"),
        (replace(ORDER, fields=without("place")), r"expected Order.x to be declared"),
        (replace(ORDER, ignored=("seen",)), r"expected Order.version to be declared"),
        (replace(ORDER, fields=without(colour="public")), r"Order has no column or collection 'colour' to record"),
        (
            replace(ORDER, fields=without(note_sealed="public")),
            r"Order.note_sealed is encrypted; expected it declared secret",
        ),
        (replace(ORDER, fields=without(title="open")), r"'open' is not a valid FieldClass"),
        (
            replace(ORDER, organization="tenant", ignored=("seen", "version", "organization_id")),
            r"Order has no column or collection 'tenant' to record",
        ),
        (Recorded(Customer, kind="customer", fields={"orders": "public", "name": "public"}), r"has no column or collection 'orders'"),
    ],
)
def test_every_field_is_declared(recorded: Recorded, why: str) -> None:
    """A field that is not declared, one that is none, and an encrypted one that would be told stop the start."""
    with pytest.raises(ValueError, match=why):
        RecordedModels(recorded)


def test_encrypted_columns_are_secret() -> None:
    """Without any word on it, a column of ctsec's own encryption is a secret in the schemas of its model."""
    schemas = {schema.name: schema for schema in RECORDED.schemas}
    assert set(schemas) == {f"{kind}.{what}" for kind in ("order", "customer") for what in ("created", "changed", "removed")}
    kept = {path: declared.kept for path, declared in schemas["order.changed"].changes.items()}
    assert kept["note_sealed"] is kept["card"] is FieldClass.SECRET
    assert kept["contact"] is FieldClass.PERSONAL
    assert {"seen", "version", "place"}.isdisjoint(kept)
    assert {"place.x", "place.y", "tags", "organization_id"} <= set(kept)
    assert RECORDED.models[Order] is ORDER


class Colour(enum.Enum):
    """An enum of a host."""

    RED = 1


@pytest.mark.parametrize(
    ("value", "told"),
    [
        *((each, each) for each in (None, True, "x", 7, -1)),
        (1 << 53, "9007199254740992"),
        (1.5, "1.5"),
        (Decimal("9.50"), "9.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (timedelta(seconds=1), "0:00:01"),
        (Colour.RED, 1),
        (b"\x00\xff", {"bytes": 2}),
        ({"k": [1.5, {"b", "a"}]}, {"k": ["1.5", ["a", "b"]]}),
        (Point(1, 2), {"x": 1, "y": 2}),
        (func.now(), UNKNOWN),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_values_of_columns_have_a_form(value: Any, told: Any) -> None:
    """What columns hold becomes JSON without floats; of bytes only their number is told."""
    assert _plain(value, ("field", FieldClass.PUBLIC)) == told


def test_what_has_no_form_is_refused() -> None:
    """An object that JSON does not know is refused with the field and what to do; as a secret it is taken, for it is told nowhere."""
    with pytest.raises(ValueError, match="field: expected a value with a form in JSON, not a object; declare it secret, or ignore it"):
        _plain(object(), ("field", FieldClass.PUBLIC))
    thing = object()
    assert _plain(thing, ("field", FieldClass.SECRET)) is thing

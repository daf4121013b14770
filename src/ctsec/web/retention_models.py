"""What the bodies of requests about retention and legal holds hold, and how plans, holds and previews are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import MAX_CLASSES, MAX_DAYS, Plans, RetentionPlan
from ctsec.audit.retention.preview import PrunePreview, PurgePreview
from ctsec.audit.retention.standing import StoreStanding
from ctsec.web.models import Body
from ctsec.web.moments import Moment
from ctsec.web.views import View, moment

Days = Annotated[int, Field(ge=1, le=MAX_DAYS)]
Short = Annotated[str, Field(max_length=256)]


class PlanChoice(Body):
    """How long events are kept, in days, those of classes (the beginning of a name up to a dot) for other days."""

    days: Days
    classes: Annotated[dict[Annotated[str, Field(max_length=200)], Days], Field(max_length=MAX_CLASSES, default_factory=dict)]


class NewHold(Body):
    """A legal hold: for which matter, and on what; what is left out is any."""

    matter: Annotated[str, Field(max_length=100)]
    person: Short | None = None
    name: Short | None = None
    since: Moment | None = None
    until: Moment | None = None


def _plan(plan: RetentionPlan | None) -> View | None:
    return None if plan is None else {"days": plan.days, "classes": dict(plan.classes)}


def plans(found: Plans, *, floor: int, regions: Sequence[StoreStanding] = ()) -> View:
    """Return the plan in force and the one that follows, and both as the logs in regions were told of them."""
    there = [{"store": each.store, **_plans(each.heard.plans), "problem": each.problem or None} for each in regions]
    return {**_plans(found), "floor": floor, "regions": there}


def _plans(found: Plans) -> View:
    shown = _plan(found.plan) or {"days": None, "classes": {}}
    return {**shown, "following": _plan(found.following), "starts_at": moment(found.starts)}


def hold(found: LegalHold, regions: Sequence[StoreStanding] = ()) -> View:
    """Return a hold, and where it stands in the logs in regions; its extent is for the log alone."""
    there = [(each, each.state_of(found)) for each in regions]
    return {
        "id": found.id,
        "matter": found.matter,
        "state": found.state.value,
        "person": found.person,
        "name": found.name,
        "since": moment(found.since),
        "until": moment(found.until),
        "placed_by": found.placed_by,
        "placed_at": moment(found.placed_at),
        "asked_by": found.asked_by,
        "released_by": found.released_by,
        "released_at": moment(found.released_at),
        "regions": [
            {
                "store": each.store,
                "state": None if state is None else state.value,
                "pending": each.is_pending(found),
                "problem": each.problem or None,
            }
            for each, state in there
        ],
    }


def preview(found: PurgePreview, regions: Mapping[str, PurgePreview], silent: Mapping[str, str]) -> View:
    """Return what a purge would do, in the home store and in those of regions, and which of these can not say, with a code."""
    there = [{"store": store, **_preview(each)} for store, each in regions.items()]
    return {**_preview(found), "regions": there, "silent": dict(silent)}


def _preview(found: PurgePreview) -> View:
    return {
        "plan": _plan(found.plan),
        "count": len(found.ranges),
        "ranges": found.ranges.text(),
        "names": dict(found.names),
        "held": found.held,
        "holds": list(found.holds),
    }


def pruned(found: PrunePreview) -> View:
    """Return what a prune would do."""
    return {"minimum": found.minimum, "following": found.following, "tiles": found.tiles}

"""In the store of a region goes what the plan lets go and no hold keeps, as far as its log was told; and nothing unheard of home."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any, cast

import pytest

from ctsec.audit.event import LogId, build
from ctsec.audit.record import store_form
from ctsec.audit.retention._sync_telling import Teller
from ctsec.audit.retention.hold import HoldState
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.audit.retention.ranges import Ranges
from ctsec.audit.retention.told import Told
from ctsec.errors import ConfigurationError, CorruptRecord, LogInconsistent, StoreBusy, StoreError
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.security._sync_logs import Logs
from ctsec.security.patience import PAUSE, SECONDS
from ctsec.storage.memory import MemoryRegionStorage, MemoryStorage
from ctsec.testing import FailAt, ProbedStorage
from tests.audit.archive import POLICY
from tests.audit.kept import ONE, TWO
from tests.audit.naive import Hold, Naive, Row
from tests.audit.regional import RegionalArchive

SOAK = bool(os.environ.get("CTSEC_SOAK"))
NAMES = ("user.signed_in", "role.assigned")
HOLD = ["retention.changed", "legal_hold.placed"]


def archive_of() -> RegionalArchive:
    """Return an archive whose first organization keeps events for 90 days, and has ten in the region, signed."""
    archive = RegionalArchive(MemoryStorage(), MemoryRegionStorage(region="eu"))
    archive.plan(ONE, RetentionPlan(90))
    archive.write(ONE, "user.signed_in")
    archive.write_there(ONE, *NAMES * 5)
    archive.logs.flush()
    return archive


def purge(archive: RegionalArchive, log: LogId = ONE) -> int:
    """Purge a log of the region, and sign it."""
    count = archive.jobs.regions.purge(log, store="eu")
    archive.logs.flush()
    return count


@pytest.mark.proves("SEED-L4", "ASVS-16.4.2")
def test_eight_years_in_a_region_keep_what_plan_and_hold_say() -> None:
    """Each quarter exactly those events are in the region that plan, classes and hold keep; both logs verify, the home log's too."""
    archive, model = archive_of(), Naive(90, {"role.": 365})
    archive.plan(ONE, RetentionPlan(90, {"role.": 365}))
    model.rows += [Row(name, archive.clock.now(), "usr_anna") for name in NAMES * 5]
    hold = None
    archive.purge()
    for quarter in range(33):
        archive.pass_days(91)
        now, who = archive.clock.now(), "usr_carl" if quarter % 2 else "usr_anna"
        archive.write_there(ONE, *NAMES * 5, actor=who)
        archive.write(ONE, *NAMES)
        model.rows += [Row(name, now, who) for name in NAMES * 5]
        if quarter == 9:
            hold = archive.hold(ONE, person="usr_carl")
            model.holds.append(Hold(person="usr_carl"))
        if quarter == 20 and hold is not None:
            archive.release(hold)
            model.holds[0].released = now
        archive.purge()
        model.purge(archive.clock.now())
        assert [len(archive.there(ONE, name)) for name in NAMES] == [model.there(name) for name in NAMES], quarter
    assert archive.findings() == []
    (report,) = [each for each in archive.logs.verify().logs if (each.store, each.log) == ("eu", ONE)]
    assert report.purged == sum(row.gone for row in model.rows) > 100
    assert len(archive.told(ONE)) == 5


def test_a_purge_tells_first_and_a_plan_takes_its_delay_from_then_on() -> None:
    """A region's log that hears of a shorter plan keeps to it a delay later, however old the decision is; of a longer one at once."""
    archive = archive_of()
    archive.pass_days(100)
    assert purge(archive) == 0
    assert archive.told_names(ONE) == ["retention.changed"]
    archive.pass_days(6)
    assert purge(archive) == 0
    archive.plan(ONE, RetentionPlan(365))
    archive.pass_days(2)
    assert (purge(archive), archive.told_names(ONE)) == (0, ["retention.changed"] * 2)
    archive.plan(ONE, RetentionPlan(90))
    archive.pass_days(30)
    assert purge(archive) == 0
    archive.pass_days(7)
    assert purge(archive) == 10
    assert archive.findings() == []


def test_a_hold_is_in_force_in_a_region_from_the_moment_it_is_told() -> None:
    """It is placed while the region is silent, pending there, and told once it answers; then it stands in its log with its extent there."""
    archive = archive_of()
    assert purge(archive) == 0
    covered = archive.there(ONE, "role.")
    with archive.silence():
        hold = archive.hold(ONE, name="role.*")
        (silent,) = archive.jobs.regions.tell(ONE)
        assert (silent.store, silent.problem, silent.state_of(hold), silent.is_pending(hold)) == ("eu", "store", None, True)
        with pytest.raises(StoreError):
            archive.jobs.regions.tell_holds()
    (before,) = archive.jobs.regions.standing(ONE)
    assert (before.problem, before.state_of(hold), before.is_pending(hold)) == ("", None, True)
    assert [archive.jobs.regions.tell_holds() for _ in range(2)] == [1, 0]
    (after,) = archive.jobs.regions.standing(ONE)
    assert (after.state_of(hold), after.is_pending(hold)) == (HoldState.ACTIVE, False)
    told = archive.told(ONE)[-1]
    assert (told.decision.by, told.decision.said["hold"], told.extent, told.index) == ("usr_olga", hold.id, Ranges.of(covered).text(), 11)
    archive.pass_days(200)
    assert purge(archive) == 5
    assert (archive.there(ONE, "role."), len(covered)) == (covered, 5)
    archive.release(hold)
    assert [each.state_of(hold) for each in archive.jobs.regions.tell(ONE)] == [HoldState.RELEASED]
    assert purge(archive) == 0
    archive.pass_days(1)
    assert purge(archive) == 5
    assert archive.findings() == []


@pytest.mark.parametrize("seed", range(4))
def test_a_hold_that_came_and_went_unheard_binds_for_a_day(seed: int) -> None:
    """Placed, asked for and released at one moment, in whatever order the home log has that: a day after it was told it keeps nothing."""
    archive = RegionalArchive(MemoryStorage(), MemoryRegionStorage(region="eu"), seed=seed)
    archive.plan(ONE, RetentionPlan(90))
    archive.write_there(ONE, "user.signed_in")
    archive.purge()
    archive.pass_days(100)
    with archive.silence():
        hold = archive.hold(ONE, person="usr_anna")
        archive.release(hold)
    assert [each.state_of(hold) for each in archive.jobs.regions.tell(ONE)] == [HoldState.RELEASED]
    assert purge(archive) == 0
    archive.pass_days(1)
    assert purge(archive) == 1
    assert archive.findings() == []


def test_nothing_goes_where_home_can_not_be_read() -> None:
    """A purge in a region whose home store does not answer fails, and takes and tells nothing."""
    archive = archive_of()
    archive.purge()
    archive.pass_days(100)
    archive.hold(ONE, person="usr_anna")
    before = archive.there(ONE)
    broken = RegionalArchive(cast(Any, ProbedStorage(archive.storage, probe=Unread())), archive.region, clock=archive.clock)
    with pytest.raises(StoreError):
        broken.jobs.regions.purge(ONE, store="eu")
    assert archive.there(ONE) == before


class Unread:
    """What lets nobody read the log at home."""

    def before(self, call: str) -> None:
        """Fail where the log is read."""
        if call == "log.search":
            raise StoreError("the database can not be reached")

    def after(self, call: str, result: object) -> None:
        """Do nothing."""


def test_a_hold_without_an_index_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hold that is committed at home and has no index yet keeps a purge from going on; if it never gets one, the purge fails."""
    archive = archive_of()
    archive.purge()
    archive.pass_days(100)
    real = Logs.place
    archive.hold(ONE, person="usr_anna")

    def never(logs: Logs) -> int:
        return 0

    monkeypatch.setattr(Logs, "place", never)
    with pytest.raises(LogInconsistent, match="in force at home and stands not in its log"):
        archive.jobs.regions.purge(ONE, store="eu")
    calls: list[int] = []

    def late(logs: Logs) -> int:
        calls.append(1)
        return real(logs) if len(calls) > 1 else 0

    monkeypatch.setattr(Logs, "place", late)
    assert archive.jobs.regions.purge(ONE, store="eu") == 0
    assert (len(calls), archive.told_names(ONE)) == (2, HOLD)


class Meanwhile:
    """What places a hold and tells the region of it, right after somebody else read home."""

    def __init__(self, archive: RegionalArchive) -> None:
        self.archive = archive
        self.placed = 0

    def before(self, call: str) -> None:
        """Do nothing."""

    def after(self, call: str, result: object) -> None:
        """Place a hold, once."""
        if call == "retention.holds" and not self.placed:
            self.placed += 1
            self.archive.hold(ONE, person="usr_anna")
            self.archive.jobs.regions.tell(ONE)


def test_a_hold_that_is_told_while_a_purge_runs_is_not_passed() -> None:
    """Telling and purging are serialized by the leader's lock: a purge that read before a hold was told takes nothing that it covers."""
    archive = archive_of()
    archive.purge()
    archive.pass_days(100)
    between = RegionalArchive(cast(Any, ProbedStorage(archive.storage, probe=Meanwhile(archive))), archive.region, clock=archive.clock)
    with pytest.raises(StoreBusy):
        between.jobs.regions.purge(ONE, store="eu")
    assert archive.told_names(ONE) == HOLD
    assert purge(archive) == 0
    assert len(archive.there(ONE, "user.") + archive.there(ONE, "role.")) == 10


def test_a_preview_says_what_would_go_and_writes_nothing() -> None:
    """What was decided and not told yet counts in it as if it had been: a hold keeps, and a plan takes its delay."""
    archive = archive_of()
    archive.purge()
    archive.pass_days(100)
    preview = archive.jobs.regions.preview
    assert len(preview(ONE, store="eu").ranges) == 10
    hold = archive.hold(ONE, name="role.*")
    for _ in range(2):
        found = preview(ONE, store="eu")
        assert (len(found.ranges), found.held, found.holds, found.plan) == (5, 5, (hold.id,), RetentionPlan(90))
        archive.logs.flush()
    archive.plan(ONE, RetentionPlan(365))
    archive.logs.flush()
    assert (preview(ONE, store="eu").plan, len(preview(ONE, store="eu").ranges)) == (RetentionPlan(365), 0)
    assert archive.told_names(ONE) == ["retention.changed"]
    with pytest.raises(ConfigurationError, match="no store of a region"):
        preview(ONE, store="us")


def test_a_region_that_is_silent_stops_no_other_log() -> None:
    """The job purges the home store and says what kept it from the region; organizations without events there are told nothing."""
    archive = archive_of()
    archive.plan(TWO, RetentionPlan(90))
    archive.write(TWO, "user.signed_in")
    archive.purge()
    assert archive.there(TWO) == []
    archive.pass_days(100)
    with archive.silence(), pytest.raises(StoreError):
        archive.jobs.run_due()
    assert archive.indexes(ONE, "user.") == archive.indexes(TWO, "user.") == []
    assert archive.purge() == 10
    assert archive.findings() == []


def test_a_purge_in_a_region_that_fails_at_any_call_leaves_whole_steps() -> None:
    """Whichever call to the region's store fails: what went has its record, both logs verify, and the next run takes the rest."""
    failed, nth, gone = True, 0, set[int]()
    while failed:
        # Here each third call, in the long run every one.
        nth += 1 if SOAK else 3
        archive = archive_of()
        archive.purge()
        archive.pass_days(100)
        archive.hold(ONE, name="role.*")
        broken = RegionalArchive(archive.storage, archive.region, batch=2, clock=archive.clock, seed=9)
        broken.eu.storage = ProbedStorage(broken.eu.storage, probe=FailAt(nth))
        try:
            broken.jobs.regions.purge(ONE, store="eu")
            failed = False
        except StoreError:
            archive.logs.flush()
            assert archive.findings() == [], nth
            gone.add(len(archive.there(ONE, "user.")))
        purge(archive)
        assert (archive.there(ONE, "user."), len(archive.there(ONE, "role."))) == ([], 5), nth
        assert archive.findings() == [], nth
    assert nth > 30
    assert {0, 5} < gone


def test_a_plan_of_the_deployment_is_told_too() -> None:
    """An organization that chose no plan takes on the deployment's, and its region's log is told of that."""
    archive = RegionalArchive(MemoryStorage(), MemoryRegionStorage(region="eu"))
    archive.write(ONE, "user.signed_in")
    archive.write_there(ONE, "user.signed_in")
    archive.purge()
    archive.pass_days(8)
    assert archive.jobs.regions.preview(ONE, store="eu").plan == POLICY.default
    assert [each.decision.by for each in archive.told(ONE)] == ["retention"]
    archive.clock.advance(timedelta(days=360))
    assert archive.purge() == 2


def test_a_region_that_hangs_keeps_no_request_waiting() -> None:
    """A decision is answered with `pending` in time where a connection to the region hangs, and the next one at once."""
    archive, hang = archive_of(), Event()
    archive.jobs.regions.patience.seconds = 0.02
    archive.eu.hang, archive.eu.opened = hang, []
    hold = archive.hold(ONE, name="role.*")
    for ask in (archive.jobs.regions.tell, archive.jobs.regions.standing):
        (silent,) = ask(ONE)
        assert (silent.problem, silent.is_pending(hold)) == ("store", True)
    assert archive.jobs.regions.previews(ONE) == ({}, {"eu": "store"})
    assert archive.eu.opened == ["reading"]
    archive.eu.hang = None
    hang.set()
    archive.clock.advance(timedelta(seconds=PAUSE))
    archive.jobs.regions.patience.seconds = SECONDS
    (told,) = archive.jobs.regions.tell(ONE)
    assert told.state_of(hold) is HoldState.ACTIVE
    assert list(archive.jobs.regions.previews(ONE)[0]) == ["eu"]


@pytest.mark.parametrize("broken", [LogInconsistent, CorruptRecord])
def test_a_log_that_is_damaged_stops_no_other(monkeypatch: pytest.MonkeyPatch, broken: type[StoreError]) -> None:
    """Another organization's log in the same store is told of its hold and purged, whatever the first one's is; the problem is raised."""
    archive = archive_of()
    archive.plan(TWO, RetentionPlan(90))
    archive.write(TWO, "user.signed_in")
    archive.write_there(TWO, "user.signed_in")
    archive.purge()
    archive.pass_days(100)
    tell = Teller.tell

    def damaged(self: Any, log: LogId, decided: Any, *, there: Any) -> Any:
        if log == ONE:
            raise broken("damaged")
        return tell(self, log, decided, there=there)

    monkeypatch.setattr(Teller, "tell", damaged)
    for log in (ONE, TWO):
        archive.hold(log, name="role.*")
    with pytest.raises(broken, match="damaged"):
        archive.jobs.regions.tell_holds()
    assert archive.told_names(TWO) == HOLD
    with pytest.raises(broken, match="damaged"):
        archive.jobs.run_due()
    assert (len(archive.there(ONE, "user.")), archive.there(TWO, "user.")) == (5, [])


def test_a_log_that_was_told_something_else_says_so() -> None:
    """Where a region's log was told of a hold that does not stand at home, no hold is shown as in force there."""
    archive = archive_of()
    hold = archive.hold(ONE, name="role.*")
    (before,) = archive.jobs.regions.tell(ONE)
    assert before.state_of(hold) is HoldState.ACTIVE
    forged = replace(archive.told(ONE)[-1].decision, index=3, said={**archive.told(ONE)[-1].decision.said, "hold": "hld_x"})
    with archive.region.begin() as store:
        event = build(
            "retention.relayed",
            ambient=archive.ambient,
            actor=system("retention"),
            organization=OrganizationId(ONE),
            details=Told(decision=forged, index=0, time=0).details(),
        )
        store.inbox.append(store_form(replace(event, region="eu"), personal=b""))
    archive.logs.flush()
    (after,) = archive.jobs.regions.tell(ONE)
    assert (after.problem, after.state_of(hold), after.is_pending(hold)) == (LogInconsistent.code, None, True)

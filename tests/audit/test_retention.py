"""What must be gone is gone, what must stay stays, and the log says so of itself."""

from __future__ import annotations

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.storage.memory import MemoryStorage
from tests.audit.archive import Archive
from tests.audit.kept import ONE, TWO
from tests.audit.naive import Hold, Naive, Row

NAMES = ("user.signed_in", "role.assigned")


def test_three_plans_over_eight_years_keep_what_they_say_and_holds_keep_more() -> None:
    """Each quarter, of each log, exactly those events are there that its plan, its classes and its holds keep; the log verifies."""
    archive = Archive(MemoryStorage())
    archive.plan(ONE, RetentionPlan(90, {"role.": 365}))
    archive.plan(TWO, RetentionPlan(365))
    models: dict[LogId, Naive] = {ONE: Naive(90, {"role.": 365}), TWO: Naive(365), DEPLOYMENT_LOG: Naive(2557)}
    person: LegalHold | None = None
    names: LegalHold | None = None
    for quarter in range(33):
        archive.pass_days(91)
        now, who = archive.clock.now(), "usr_carl" if quarter % 2 else "usr_anna"
        for log, model in models.items():
            archive.write(log, *NAMES * 5, actor=who)
            model.rows += [Row(name, now, who) for name in NAMES * 5]
        if quarter == 9:
            person, names = archive.hold(ONE, person="usr_carl"), archive.hold(TWO, name="role.*", until=now)
            models[ONE].holds.append(Hold(person="usr_carl"))
            models[TWO].holds.append(Hold(name="role.*", until=now))
        if quarter == 20 and person is not None and names is not None:
            archive.release(person)
            archive.release(names)
            models[ONE].holds[0].released = models[TWO].holds[0].released = archive.clock.now()
        archive.purge()
        for log, model in models.items():
            model.purge(archive.clock.now())
            assert [len(archive.indexes(log, name)) for name in NAMES] == [model.there(name) for name in NAMES], (quarter, log)
    assert archive.findings() == []
    purged = {log: sum(row.gone for row in model.rows) for log, model in models.items()}
    assert {each.log: each.purged for each in archive.logs.verify().logs if each.purged} == purged
    assert min(purged.values()) > 30

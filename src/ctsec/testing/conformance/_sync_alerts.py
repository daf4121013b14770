# Generated from src/ctsec/testing/conformance/_async_alerts.py by tools/twin.py; edit that file.
"""What every store of alerts does (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.audit.alerts.record import Alert, AlertPosition, AlertStatus, Mute
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.ids import AlertId
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, event, ignore, number, org_id, user_id

_ONE = LogId(org_id(1))


def _alert(n: int, *, log: LogId = _ONE, occasion: str | None = None) -> Alert:
    return Alert(
        id=AlertId(number("alr", n)),
        log=log,
        rule="owner_added",
        key=user_id(1),
        occasion=occasion or number("evt", n),
        severity="high",
        source=log,
        index=n,
        happened_at=NOW,
        fired_at=NOW + TICK,
    )


class AlertConformance:
    """Alerts, positions and mutes."""

    def test_an_alert_fires_once_for_an_occasion(self, storage: Storage) -> None:
        """A second one of the same log, rule, key and occasion is not written and disturbs nothing; another log's is another one."""
        with storage.begin(after_commit=ignore) as store:
            equal(store.alerts.add(_alert(1)), True)
            equal(store.alerts.add(_alert(2, occasion=number("evt", 1))), False)
            equal(store.alerts.add(_alert(3, log=DEPLOYMENT_LOG, occasion=number("evt", 1))), True)
        with storage.begin(after_commit=ignore) as store:
            equal(store.alerts.add(_alert(4, occasion=number("evt", 1))), False)
            equal(store.alerts.add(replace(_alert(4, occasion=number("evt", 1)), key="")), True)
        with storage.reading() as store:
            equal(store.alerts.get(AlertId(number("alr", 1))), _alert(1))
            equal(store.alerts.get(AlertId(number("alr", 2))), None)

    def test_alerts_are_pages_of_their_log_newest_first(self, storage: Storage) -> None:
        """Pages go on below an id, of one log and, where asked for, one state; a change is compared and set."""
        read = _alert(2).acknowledged(by=user_id(2), now=NOW + HOUR)
        with storage.begin(after_commit=ignore) as store:
            for each in (_alert(1), _alert(2), _alert(3), _alert(4, log=DEPLOYMENT_LOG)):
                store.alerts.add(each)
            equal(store.alerts.replace(read), True)
            equal(store.alerts.replace(read), False)
            equal(store.alerts.replace(_alert(9).acknowledged(by="x", now=NOW)), False)
        with storage.reading() as store:
            equal(store.alerts.page(_ONE, after="", limit=2), (_alert(3), read))
            equal(store.alerts.page(_ONE, after=_alert(2).id, limit=2), (_alert(1),))
            equal(store.alerts.page(_ONE, after="", limit=9, state=AlertStatus.OPEN), (_alert(3), _alert(1)))

    def test_what_the_receiver_is_to_be_told_comes_in_order(self, storage: Storage) -> None:
        """What is due by now, the longest first; what was told or is nobody's is not there."""
        late, soon, later = (replace(_alert(n), due_at=NOW + n * TICK) for n in (1, 2, 3))
        with storage.begin(after_commit=ignore) as store:
            for each in (later, soon, late, _alert(4)):
                store.alerts.add(each)
        with storage.begin(after_commit=ignore) as store:
            equal(store.alerts.untold(now=NOW + 2 * TICK, limit=9), (late, soon))
            equal(store.alerts.untold(now=NOW + HOUR, limit=1), (late,))
            store.alerts.replace(late.told(now=NOW + TICK, taken=True))
            equal(store.alerts.untold(now=NOW + HOUR, limit=9), (soon, later))

    def test_positions_are_compared_and_set_and_tell_what_is_behind(self, storage: Storage) -> None:
        """Of two that advance from the same version one does; a log is behind while it has events above its position."""
        with storage.sequencing() as store:
            for n, of in ((1, None), (2, 1), (3, 1)):
                store.inbox.append(event(n, of=of))
        with storage.sequencing() as store:
            store.log.place(limit=9)
        first = AlertPosition(log=_ONE, position=1, remembered=b"one")
        later = replace(first, position=2, remembered=b"two", version=2)
        with storage.begin(after_commit=ignore) as store:
            equal(set(store.alerts.behind(limit=9)), {DEPLOYMENT_LOG, _ONE})
            equal(len(store.alerts.behind(limit=1)), 1)
            equal(store.alerts.advance(later), False)
            equal(store.alerts.advance(first), True)
        with storage.begin(after_commit=ignore) as store:
            equal(store.alerts.advance(first), False)
            equal(_ONE in store.alerts.behind(limit=9), True)
            equal(store.alerts.advance(later), True)
            equal(store.alerts.advance(later), False)
        with storage.reading() as store:
            equal(store.alerts.behind(limit=9), (DEPLOYMENT_LOG,))
            equal(store.alerts.position(_ONE), later)
            equal(store.alerts.position(DEPLOYMENT_LOG), None)

    def test_positions_of_a_store_are_its_own(self, storage: Storage) -> None:
        """How far logs of a region's store were read comes by pages, without that of the home store and of stores with a like name."""
        logs = ("eu/deployment", f"eu/{_ONE}", f"eu-two/{_ONE}", f"eu0/{_ONE}", _ONE)
        with storage.begin(after_commit=ignore) as store:
            for n, log in enumerate(logs):
                equal(store.alerts.advance(AlertPosition(log=LogId(log), position=n, remembered=b"")), True)
        with storage.reading() as store:
            equal(store.alerts.positions("eu", after="", limit=9), ((DEPLOYMENT_LOG, 0), (_ONE, 1)))
            equal(store.alerts.positions("eu", after="", limit=1), ((DEPLOYMENT_LOG, 0),))
            equal(store.alerts.positions("eu", after=DEPLOYMENT_LOG, limit=9), ((_ONE, 1),))
            equal(store.alerts.positions("e", after="", limit=9), ())

    def test_a_mute_replaces_the_one_before(self, storage: Storage) -> None:
        """One for a log, a rule and a key, in that order, and none of another log."""
        whole = Mute(log=_ONE, rule="owner_added", key="", until=NOW + HOUR, muted_by=user_id(1), muted_at=NOW)
        keyed, longer = replace(whole, key=user_id(1)), replace(whole, until=NOW + 2 * HOUR, muted_by=user_id(2))
        with storage.begin(after_commit=ignore) as store:
            for each in (keyed, whole, longer, replace(whole, log=DEPLOYMENT_LOG)):
                store.alerts.mute(each)
        with storage.reading() as store:
            equal(store.alerts.mutes(_ONE), (longer, keyed))

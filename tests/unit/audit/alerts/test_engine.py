"""The engine of alert rules: what fires, what does not, and that batches and old events change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.audit.alerts import (
    DEFAULT_RULES,
    AlertPolicy,
    By,
    EngineState,
    Fired,
    FirstTime,
    Match,
    Mute,
    Occurrence,
    Place,
    Rule,
    Seen,
    Severity,
    Threshold,
    run,
    step,
)
from ctsec.audit.alerts.engine import MAX_KEYS
from ctsec.audit.alerts.rule import MAX_COUNT, Sequence, Signal, Travel
from ctsec.audit.alerts.seen import block_of, distance
from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.errors import CorruptRecord
from ctsec.ids import EventId

SECOND: Final = 1_000_000
RULES: Final = {rule.name: rule for rule in DEFAULT_RULES}
ZURICH, SYDNEY, BERN = Place("CH", 47.4, 8.5), Place("AU", -33.9, 151.2), Place("CH", 46.9, 7.4)


def seen(n: int, name: str, *, at: int = 0, person: str = "ann", details: Mapping[str, object] | None = None, **more: object) -> Seen:
    """Return the n-th event, `at` seconds after the start."""
    made = Seen(
        id=EventId(f"evt_{n}"),
        log=DEPLOYMENT_LOG,
        index=n,
        time=at * SECOND,
        name=name,
        outcome="success",
        reason="invalid_credentials",
        actor=person,
        person=person,
        credential_kind="session",
        credential="ses_1",
        target="",
        details=details or {},
        network="net-1",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def many(count: int, name: str, *, apart: int = 1, **more: object) -> list[Seen]:
    """Return that many events, `apart` seconds each."""
    return [seen(n, name, at=n * apart, **more) for n in range(count)]  # type: ignore[arg-type]


def each(count: int, name: str, field: str) -> list[Seen]:
    """Return that many events, each with another value of a field."""
    return [seen(n, name, at=n, **{field: f"x{n}"}) for n in range(count)]  # type: ignore[arg-type]


def key(n: int, network: str, *, at: int = 0) -> Seen:
    return seen(n, "credential.disclosed", at=at, credential_kind="api_key", credential="key_1", network=network)


REFUSED, IN = "user.sign_in_refused", "user.signed_in"
NEW = seen(9, IN, at=100, details={"new_device": True})
# Of each rule that is shipped: a history that fires it once, and one close to it that must not.
HISTORIES: Final[Mapping[str, tuple[list[Seen], list[Seen]]]] = {
    "many_refused_sign_ins": (many(8, REFUSED), many(40, REFUSED, apart=520)),
    "password_spraying": (
        each(20, REFUSED, "person"),
        [*many(30, REFUSED), *(replace(one, reason="throttled", person="") for one in many(60, REFUSED))],
    ),
    "second_factor_guessed": ([*many(5, "mfa.code_refused"), seen(9, IN, at=9)], [*many(4, "mfa.code_refused"), seen(9, IN, at=9)]),
    "reset_then_new_device": ([seen(1, "mfa.reset"), NEW], [NEW, seen(1, "mfa.reset", at=200)]),
    "password_reset_after_factors": (
        [seen(1, "mfa.reset"), seen(2, "password.reset", at=2 * 86_400 - 1)],
        [
            *(seen(1, "password.reset"), seen(2, "mfa.reset", at=1), seen(3, "password.reset", at=3 * 86_400)),
            *(seen(4, "mfa.reset", at=3 * 86_400 + 1, person="bob"), seen(5, "password.reset", at=3 * 86_400 + 2)),
        ],
    ),
    "factors_reset_after_password": (
        [seen(1, "password.reset"), seen(2, "mfa.reset", at=60)],
        [seen(1, "mfa.reset"), seen(2, "password.reset", at=60), seen(3, "mfa.reset", at=3 * 86_400)],
    ),
    "privileged_role_granted": (
        [seen(1, "role.assigned", details={"role.after": "admin"})],
        [seen(1, "role.assigned", details={"role.after": "editor"}), seen(2, "role.changed", details={"role.after": "owner"})],
    ),
    "owner_added": (
        [seen(1, "role.changed", details={"role.after": "owner"})],
        [seen(1, "role.changed", details={"role.after": "owner"}, outcome="refused")],
    ),
    "ownerless": ([seen(1, "organization.orphaned")], [seen(1, "organization.recovered")]),
    "owner_joined": (
        [seen(1, "invitation.accepted", details={"role": "owner"})],
        [seen(1, "invitation.accepted", details={"role": "member"})],
    ),
    "break_glass_refused": ([seen(1, "sso.break_glass_refused", outcome="refused")], [seen(1, "sso.break_glass_used")]),
    "break_glass_used": ([seen(1, "break_glass.used")], [seen(1, "break_glass.permitted"), seen(2, "break_glass.used", outcome="refused")]),
    "mass_export": (
        [seen(1, "audit.exported", details={"events": 10_000})],
        [seen(1, "audit.exported", details={"events": 9_999}), seen(2, "audit.exported", details={"events": "10000"})],
    ),
    "many_audit_searches": (many(60, "audit.searched"), many(100, "audit.searched", apart=62)),
    "many_disclosures": (each(10, "credential.disclosed", "target"), many(60, "credential.disclosed", target="crd_1")),
    "key_from_new_network": (
        [key(1, "net-1"), key(2, "net-1"), key(3, "net-2")],
        [
            *(key(1, "net-1"), key(2, "net-1", at=90 * 86_400), key(3, "net-2", at=200 * 86_400)),
            *(seen(n, IN, credential="ses_9", network=f"net-{n}") for n in range(3)),
        ],
    ),
    "new_country": (
        [seen(1, IN, place=ZURICH), seen(2, IN, at=1, place=SYDNEY)],
        [seen(1, IN, place=ZURICH), seen(2, IN, at=1, place=BERN), seen(3, IN, at=2)],
    ),
    "impossible_travel": (
        [seen(1, IN, place=ZURICH), seen(2, IN, at=3_600, place=SYDNEY)],
        [
            *(seen(1, IN, place=ZURICH), seen(2, IN, at=86_400, place=SYDNEY), seen(4, IN, at=86_401)),
            *(seen(3, IN, place=ZURICH, person="bob"), seen(5, IN, place=BERN, person="bob")),
        ],
    ),
    "key_leaked": ([seen(1, "api_key.leak_reported", target="key_1")], [seen(1, "api_key.revoked", target="key_1")]),
    "many_members_ended": (
        [*each(9, "member.removed", "target"), seen(9, "member.suspended", at=9, target="x9")],
        [*each(9, "member.removed", "target"), *many(20, "member.removed", target="x1"), seen(40, "member.removed", at=3_700, target="y")],
    ),
    "sso_trust_changed": (
        [seen(1, "sso_connection.metadata_trusted", target="con_1")],
        [
            seen(1, "sso_connection.metadata_changed", target="con_1"),
            seen(2, "sso_connection.metadata_trusted", outcome="refused", target="c"),
        ],
    ),
    "customer_key_failed": ([seen(1, "customer_key.failed", target="k")], [seen(1, "customer_key.recovered", target="k")]),
    "support_case_opened": ([seen(1, "support_case.opened")], [seen(1, "support_case.viewed")]),
    "recovery_disowned": (
        [seen(1, "support_case.canceled", details={"why": "link"})],
        [seen(1, "support_case.canceled", details={"why": "canceled"})],
    ),
    "passkey_cloned": ([seen(1, "passkey.clone_suspected", outcome="refused")], [seen(1, "mfa.code_refused")]),
    "many_denials": (many(30, "access.denied"), many(60, "access.denied", apart=130)),
}


def fired(history: list[Seen], rules: tuple[Rule, ...] = DEFAULT_RULES) -> list[tuple[str, str]]:
    return [(each.rule.name, each.seen.id) for each in run(rules, EngineState(), history)[1]]


@pytest.mark.parametrize("name", [rule.name for rule in DEFAULT_RULES if not isinstance(rule.kind, Signal)])
@pytest.mark.proves("SEED-P4")
def test_each_shipped_rule_has_a_history_that_fires_it_and_one_that_does_not(name: str) -> None:
    """The first history fires the rule exactly once, at its last event; the second, which is close to it, does not."""
    fires, quiet = HISTORIES[name]
    assert [at for rule, at in fired(fires) if rule == name] == [fires[-1].id]
    assert name not in {rule for rule, _ in fired(quiet)}


@st.composite
def histories(draw: st.DrawFn) -> list[Seen]:
    """Events of few persons, names and networks, mostly in the order of their times."""
    names = [REFUSED, IN, "mfa.code_refused", "mfa.reset", "role.changed", "credential.disclosed", "alert.fired"]
    made, at = list[Seen](), 0
    for n in range(draw(st.integers(0, 60))):
        at = max(0, at + draw(st.integers(-5, 300)))
        made.append(
            seen(
                n,
                draw(st.sampled_from(names)),
                at=at,
                person=draw(st.sampled_from(["ann", "bob", ""])),
                network=draw(st.sampled_from(["", "net-1", "net-2"])),
                details={"new_device": draw(st.booleans()), "role.after": draw(st.sampled_from(["owner", "member"]))},
                place=draw(st.sampled_from([None, ZURICH, SYDNEY])),
            )
        )
    return made


SMALL: Final = tuple(
    replace(rule, kind=replace(rule.kind, count=min(rule.kind.count, 3))) if isinstance(rule.kind, Threshold | Sequence) else rule
    for rule in DEFAULT_RULES
)


@given(histories(), st.lists(st.integers(0, 60), max_size=4))
def test_batches_and_storing_change_nothing(history: list[Seen], cuts: list[int]) -> None:
    """The same history fires the same alerts, cut anywhere and with the state stored and read back at each cut."""
    whole_state, whole = run(SMALL, EngineState(), history)
    state, found = EngineState(), list[Fired]()
    bounds = [0, *sorted(cuts), len(history)]
    for first, end in pairwise(bounds):
        state, some = run(SMALL, EngineState.from_bytes(state.to_bytes()), history[first:end])
        found += some
    assert found == list(whole)
    assert state.to_bytes() == whole_state.to_bytes()
    assert not any(each.seen.name.startswith("alert.") for each in whole)


def test_a_rule_is_quiet_after_it_fired_until_its_time_has_passed() -> None:
    """An hour of guessing is one alert, and guessing that goes on is another one after that."""
    first, last = many(60, REFUSED), [replace(each, time=each.time + 4_000 * SECOND) for each in many(8, REFUSED)]
    assert fired([*first, *last]) == [("many_refused_sign_ins", "evt_7"), ("many_refused_sign_ins", "evt_7")]


def test_a_sequence_does_not_depend_on_which_log_was_read_first() -> None:
    """What happened before counts as before, read later or not; the alert comes with the second one that is read."""
    reset = seen(1, "mfa.reset")
    assert [name for name, _ in fired([reset, NEW])] == [name for name, _ in fired([NEW, reset])] == ["reset_then_new_device"]


def test_what_is_remembered_is_bounded() -> None:
    """A rule remembers 1,000 keys, those that were heard of last, and 64 marks of each."""
    rule = Rule(
        name="any", reason="a test", severity=Severity.LOW, looks_at=Match(names=("*",)), by=By.PERSON,
        kind=FirstTime(value=By.NETWORK, within=timedelta(days=9)),
    )  # fmt: skip
    state, _ = run((rule,), EngineState(), each(MAX_KEYS + 5, IN, "person"))
    assert len(state.rules["any"]) == MAX_KEYS
    assert "x4" not in state.rules["any"]
    assert "x5" in state.rules["any"]
    state, _ = run((rule,), EngineState(), each(MAX_COUNT + 9, IN, "network"))
    assert len(state.rules["any"]["ann"].marks) == MAX_COUNT


GUESSED = Rule(
    name="guessed", reason="a test", severity=Severity.LOW, looks_at=Match(names=("*",)), by=By.ACTOR,
    kind=Threshold(count=3, within=timedelta(hours=1)),
)  # fmt: skip


def test_no_store_makes_forget_what_is_known_of_another_one() -> None:
    """Neither many keys, nor the erasure of a person, nor far times in a region's store take anything from what the home store did."""
    state, _ = run((GUESSED,), EngineState(), [seen(1, REFUSED), seen(2, REFUSED, store="eu")])
    flood = [replace(one, actor=f"x{one.index}", store="eu") for one in many(MAX_KEYS + 5, REFUSED)]
    erased = seen(4, "person.erased", store="eu")
    state, _ = run((GUESSED,), state, [*flood, replace(flood[0], time=10**15), erased])
    known = state.rules["guessed"]
    assert [mark[2] for mark in known["ann"].marks][:1] == [""]
    assert len(known) <= MAX_KEYS + 1
    assert [one.key for one in run((GUESSED,), state, [seen(5, REFUSED, at=9), seen(6, REFUSED, at=10)])[1]] == ["ann"]


def test_a_far_time_of_a_region_does_not_make_forget_values_of_the_home_store() -> None:
    """Of the credentials that somebody has used at home, none is new again because a region tells of a time that is yet to come."""
    rule = replace(GUESSED, kind=FirstTime(value=By.CREDENTIAL, within=timedelta(days=9)))
    at_home = [seen(1, IN), seen(2, IN, credential="ses_2", at=1)]
    far = seen(3, IN, credential="ses_3", at=10**10, store="eu")
    assert fired([*at_home, far, *at_home], (rule,)) == [("guessed", "evt_2")]


def test_what_can_not_count_any_more_is_forgotten_and_what_concerns_the_erased() -> None:
    """A key that nothing was heard of for the time of its rule goes with the next one, and a person's with the event of their erasure."""
    state, _ = run(DEFAULT_RULES, EngineState(), [seen(1, REFUSED), seen(2, REFUSED, at=60, person="bob")])
    assert set(state.rules["many_refused_sign_ins"]) == {"ann", "bob"}
    assert set(run(DEFAULT_RULES, state, [seen(3, "person.erased", at=61)])[0].rules["many_refused_sign_ins"]) == {"bob"}
    later, _ = run(DEFAULT_RULES, state, [seen(3, REFUSED, at=3_630, person="cid")])
    assert set(later.rules["many_refused_sign_ins"]) == {"bob", "cid"}


def test_events_of_alerts_never_fire() -> None:
    """Whatever a rule looks at, an alert's own event is not seen, and a rule that names one is refused."""
    rule = Rule(name="any", reason="a test", severity=Severity.LOW, looks_at=Match(names=("*",)), kind=Occurrence(), by=By.PERSON)
    assert fired([seen(1, "alert.fired"), seen(2, "alerts.looked_at")], (rule,)) == [("any", "evt_2")]
    with pytest.raises(ValueError, match="other than those of alerts"):
        Match(names=("alert.fired",))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Threshold(count=1, within=timedelta(1)), lambda: Threshold(count=65, within=timedelta(1)),
        lambda: Threshold(count=2, within=timedelta(0)), lambda: FirstTime(value=By.NETWORK, within=timedelta(400)),
        lambda: Travel(speed=0), lambda: Match(names=()), lambda: replace(DEFAULT_RULES[0], name="No"),
        lambda: replace(DEFAULT_RULES[0], reason=" "), lambda: Place("", 1, 1), lambda: Place("CH", 91, 1),
    ],
)  # fmt: skip
def test_rules_that_mean_nothing_are_refused(make: object) -> None:
    """A count, a time, a name, a reason or a place out of bounds is an error when it is made."""
    with pytest.raises(ValueError, match="expected"):
        make()  # type: ignore[operator]


def test_a_stored_state_that_is_none_is_refused() -> None:
    """What does not decode is damage, and not an empty memory."""
    for data in (b"", b"[]", b'{"rules":{"a":[1]},"salt":""}', b'{"rules":{},"salt":"x"}', b"{"):
        with pytest.raises(CorruptRecord):
            EngineState.from_bytes(data)


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.77", "192.0.2.0/24"), ("::ffff:192.0.2.77", "192.0.2.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("elsewhere", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_addresses_become_blocks(address: str, block: str) -> None:
    """An address is looked at as its block; what is none has no block."""
    assert block_of(address) == block


def test_places_are_coarse_and_distances_right() -> None:
    """Degrees are whole ones; from Zurich to Sydney it is about 16,600 km."""
    assert (ZURICH.latitude, ZURICH.longitude) == (47, 8)
    assert 16_400 < distance((47, 8), (-34, 151)) < 16_800
    assert distance((10, 10), (10, 10)) == 0
    assert not step(DEFAULT_RULES, EngineState(), seen(1, IN))[1]


def test_a_mute_covers_its_rule_and_its_key_until_its_end() -> None:
    """An empty key covers every key; another rule, another key and a later time are not covered."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    mute = Mute(log=DEPLOYMENT_LOG, rule="one", key="ann", until=now, muted_by="sam", muted_at=now - timedelta(1))
    before = now - timedelta(seconds=1)
    assert mute.covers(rule="one", key="ann", now=before)
    assert replace(mute, key="").covers(rule="one", key="bob", now=before)
    assert not any((mute.covers(rule="one", key="bob", now=before), mute.covers(rule="two", key="ann", now=before)))
    assert not mute.covers(rule="one", key="ann", now=now)


def test_a_policy_mails_from_a_severity_on() -> None:
    """What is below the chosen severity is mailed to nobody; an address that is none is refused."""
    assert [AlertPolicy(mailed=Severity.HIGH).mails(each) for each in Severity] == [False, False, True, True]
    for wrong in ({"operators": ("nobody",)}, {"operators": ("a@b.example\nBcc: c@d.example",)}, {"late": timedelta(0)}):
        with pytest.raises(ValueError, match="expected"):
            AlertPolicy(**wrong)


def test_a_time_is_over_at_its_end() -> None:
    """What was exactly `within` ago counts no more, what came at the same moment not before, and what came while it was quiet never."""
    minute, rest = timedelta(minutes=1), {"reason": "x", "severity": Severity.LOW, "by": By.PERSON}
    twice = Rule(name="twice", looks_at=Match(names=(IN,)), kind=Threshold(count=2, within=minute), **rest)  # type: ignore[arg-type]
    first = Rule(name="first", looks_at=Match(names=(IN,)), kind=FirstTime(value=By.NETWORK, within=minute), **rest)  # type: ignore[arg-type]
    reset = Sequence(first=Match(names=("mfa.reset",)), within=minute)
    after = Rule(name="after", looks_at=Match(names=(IN,)), kind=reset, **rest)  # type: ignore[arg-type]

    def fires(rule: Rule, *history: Seen) -> int:
        return len(run((rule,), EngineState(), history)[1])

    assert [fires(twice, seen(1, IN), seen(2, IN, at=at)) for at in (59, 60)] == [1, 0]
    assert [fires(first, seen(1, IN), seen(2, IN, at=at, network="net-2")) for at in (59, 60)] == [1, 0]
    assert [fires(after, seen(1, "mfa.reset"), seen(2, IN, at=at)) for at in (0, 1, 59, 60)] == [0, 1, 1, 0]
    while_quiet = [seen(n, IN, at=at) for n, at in enumerate((0, 1, 50, 51, 62))]
    assert fires(twice, *while_quiet) == 1
    assert fires(twice, *while_quiet, seen(6, IN, at=63)) == 2
    others = [seen(n, IN, at=1000 + n, person=person) for n, person in enumerate(("ann", "ann", "bob", "ann", "ann"))]
    assert fires(twice, *others) == 1
    often = [seen(0, IN, network="net-0"), *(seen(n, IN, at=n // 10) for n in range(1, MAX_COUNT + 9)), seen(99, IN, at=9, network="net-0")]
    assert fires(first, *often) == 1


def test_a_journey_is_as_long_whichever_end_was_read_first() -> None:
    """Events that come late are judged by the time between: a journey of days is possible in either order, one of an hour in neither."""
    (rule,) = [each for each in DEFAULT_RULES if isinstance(each.kind, Travel)]
    for hours, expected in ((100, 0), (1, 1)):
        ends = (seen(1, IN, place=ZURICH), seen(2, IN, at=hours * 3600, place=SYDNEY))
        assert [len(run((rule,), EngineState(), order)[1]) for order in (ends, ends[::-1])] == [expected, expected]

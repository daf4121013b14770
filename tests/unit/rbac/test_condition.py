"""Conditions: what each one lets through, at its very edges, and that none ever allows."""

from contextlib import suppress
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import ServiceAccountId, UserId, new_id
from ctsec.principal import Credential, CredentialKind, Factor, Principal, PrincipalKind, anonymous, system
from ctsec.rbac import AllOf, AnyOf, ByMethod, DecisionReason, During, FreshFactor, FromNetwork, Method, NotRequester, Situation, Weekday
from ctsec.rbac.condition import WORKDAYS, conditioned, conditioned_access
from ctsec.rbac.decision import DECISIONS
from ctsec.rbac.preset import POLICY
from tests.unit.rbac.reference import NOW, PLACES, standings

TICK = timedelta(microseconds=1)
ANN = new_id(UserId, now=NOW, random=bytes)
BEN = new_id(UserId, now=NOW, random=lambda n: b"b" * n)
ROBOT = new_id(ServiceAccountId, now=NOW, random=bytes)
STRONG = Credential(kind=CredentialKind.SESSION, id="ses_x", aal=2, factors={"pwd": NOW, "otp": NOW})
WEAK = Credential(kind=CredentialKind.SESSION, id="ses_x", factors={"pwd": NOW})
KEY = Credential(kind=CredentialKind.API_KEY, id="key_x")
HERE = Situation(principal=Principal(id=ANN, kind=PrincipalKind.USER, credential=STRONG), now=NOW, address="192.0.2.7", requester=BEN)
NOBODY = Situation(principal=anonymous(), now=NOW)
ALLOWING = DECISIONS[DecisionReason.ALLOWED_BY_WORKSPACE_ROLE]


def by(credential: Any, *, now: Any = NOW) -> Any:
    return replace(HERE, principal=replace(HERE.principal, credential=credential), now=now)


def reason(condition: Any, situation: Any) -> Any:
    """Return why an allowing decision is denied under a condition, or None."""
    decision = conditioned(ALLOWING, condition=condition, situation=situation)
    return None if decision is ALLOWING else decision.reason


ATOMS = (
    FreshFactor(),
    ByMethod(frozenset({Method.SESSION})),
    ByMethod(frozenset({Method.FRESH_SECOND_FACTOR})),
    ByMethod(frozenset({Method.API_KEY})),
    FromNetwork(("192.0.2.0/24",)),
    FromNetwork(("2001:db8::/32", "198.51.100.0/24")),
    During(zone="Europe/Vienna", start=time(8), end=time(18)),
    During(zone="UTC", weekdays=frozenset({Weekday.SUNDAY})),
    NotRequester(),
)


def combined(inner: Any) -> Any:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(parts.map(AllOf), parts.map(AnyOf))


conditions = st.recursive(st.sampled_from(ATOMS), combined, max_leaves=8)
situations = st.builds(
    Situation,
    principal=st.sampled_from([HERE.principal, by(WEAK).principal, by(KEY).principal, anonymous(), system("worker")]),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda moment: moment.replace(tzinfo=UTC)),  # noqa: DTZ001
    address=st.sampled_from(["", "192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "203.0.113.9", "nonsense"]),
    requester=st.sampled_from([None, ANN, BEN, ROBOT, ""]),
)


def truth(condition: Any, situation: Any) -> Any:
    """Say whether a composed condition is met, by the rules of logic over its parts."""
    if isinstance(condition, AllOf):
        return all(truth(each, situation) for each in condition.conditions)
    if isinstance(condition, AnyOf):
        return any(truth(each, situation) for each in condition.conditions)
    return condition.unmet(situation) is None


@given(condition=conditions, situation=situations)
def test_all_and_any_mean_what_they_say(condition: Any, situation: Any) -> None:
    """AllOf is met iff every part is, AnyOf iff one is, however deeply they are nested."""
    assert (reason(condition, situation) is None) == truth(condition, situation)


@pytest.mark.proves("CVE-2026-55866", "ASVS-8.4.2")
@given(condition=conditions, situation=situations, decision=st.sampled_from(list(DECISIONS.values())))
def test_a_condition_never_turns_a_denial_round(condition: Any, situation: Any, decision: Any) -> None:
    """Law 6: a denial stays the denial it was, and an allowing decision becomes nothing but a denial with a reason of the closed list."""
    after = conditioned(decision, condition=condition, situation=situation)
    assert after is decision if not decision.allowed else after in (decision, *(each for each in DECISIONS.values() if not each.allowed))


@given(condition=conditions, situation=situations, standing=standings(), place=st.sampled_from(PLACES))
def test_an_access_under_a_condition_is_its_decisions_under_it(condition: Any, situation: Any, standing: Any, place: Any) -> None:
    """Every permission of an access under a condition is decided as its decision would be under the condition."""
    access = POLICY.access(standing, now=NOW, **place)
    held = conditioned_access(access, condition=condition, situation=situation)
    for permission in POLICY.permissions:
        assert held.check(permission) is conditioned(access.check(permission), condition=condition, situation=situation)
    with pytest.raises(TypeError, match="expected a condition"):
        conditioned_access(access, condition=Agreeable(), situation=situation)


@given(condition=conditions, more=conditions, situation=situations)
def test_more_conditions_only_take_away(condition: Any, more: Any, situation: Any) -> None:
    """Law 6: what is refused under a condition is refused under it and another one."""
    if reason(condition, situation) is not None:
        assert reason(AllOf((condition, more)), situation) is not None
        assert reason(AllOf((more, condition)), situation) is not None


@given(condition=conditions, more=conditions, situation=situations)
def test_more_alternatives_only_add(condition: Any, more: Any, situation: Any) -> None:
    """Law 6: what meets a condition meets it or another one, in either order."""
    if reason(condition, situation) is None:
        assert reason(AnyOf((condition, more)), situation) is None
        assert reason(AnyOf((more, condition)), situation) is None


def test_nobody_steps_up_for_what_stays_refused() -> None:
    """AllOf asks for a step-up only if nothing else is in the way; AnyOf asks for it if that alone would do."""
    outside, fresh = FromNetwork(("198.51.100.0/24",)), FreshFactor()
    weak = by(WEAK)
    assert reason(AllOf((fresh, outside)), weak) == reason(AllOf((outside, fresh)), weak) == "outside_network"
    assert reason(AnyOf((outside, fresh)), weak) == reason(AnyOf((fresh, outside)), weak) == "step_up_required"
    assert reason(AllOf((AnyOf((outside, fresh)), NotRequester())), replace(weak, requester=ANN)) == "own_request"


class Exploding:
    """A fact whose source is broken: whatever is asked of it raises."""

    def __getattribute__(self, name: str) -> Any:
        if name in {"__class__", "__init__"}:
            return object.__getattribute__(self, name)
        raise OSError("down")


class BrokenClock(datetime):
    """A time whose zone data is broken."""

    def astimezone(self, tz: Any = None) -> Any:
        raise OSError("no zone data")


@pytest.mark.proves("CVE-2026-55866")
@given(condition=conditions, data=st.data())
def test_a_broken_fact_denies_or_raises(condition: Any, data: Any) -> None:
    """Law 22: with every source of facts broken no condition is met, and AnyOf does not get past a broken alternative by a good one."""
    broken: Any = Exploding()
    nothing = Situation(
        principal=broken, now=BrokenClock(2026, 1, 4, 12, tzinfo=UTC), address=data.draw(st.sampled_from(["", broken])), requester=None
    )
    with suppress(OSError, TypeError):
        assert reason(condition, nothing) is not None
    good = FromNetwork(("192.0.2.0/24",))
    with pytest.raises(OSError, match="down"):
        reason(AnyOf((good, FreshFactor())), replace(HERE, principal=broken))


@pytest.mark.proves("CVE-2026-55866", "ASVS-8.1.3")
def test_a_fact_that_nobody_told_is_not_met() -> None:
    """Law 22: without a credential, an address and a requester nothing but the time can be met."""
    reasons = {reason(each, NOBODY) for each in ATOMS if not isinstance(each, During)}
    assert reasons == {"credential_not_accepted", "unknown_fact"}


class Agreeable(FreshFactor):
    """A condition of a host's own that forgets to return anything."""

    def unmet(self, situation: Any) -> Any:
        """Return nothing."""


@pytest.mark.proves("ASVS-8.1.3")
@pytest.mark.parametrize("foreign", [Agreeable(), None, True, lambda situation: None, FreshFactor])
def test_the_kinds_of_conditions_are_closed(foreign: Any) -> None:
    """Law 22: an object of another kind is no condition, since what it forgets to refuse would be allowed."""
    denied = DECISIONS[DecisionReason.EXPIRED]
    for use in (
        lambda: AllOf((foreign,)),
        lambda: AnyOf((FreshFactor(), foreign)),
        lambda: reason(foreign, HERE),
        lambda: conditioned(denied, condition=foreign, situation=HERE),
    ):
        with pytest.raises(TypeError, match="expected a condition"):
            use()


@pytest.mark.parametrize(
    ("age", "expected"),
    [(timedelta(0), None), (timedelta(minutes=5), None), (timedelta(minutes=5) + TICK, "step_up_required"), (-TICK, "step_up_required")],
)
def test_a_factor_is_fresh_for_as_long_as_is_said(age: Any, expected: Any) -> None:
    """A second factor counts until its age is `within`, to the microsecond; a proof from the future, after a clock went back, is none."""
    assert reason(FreshFactor(timedelta(minutes=5)), by(STRONG, now=NOW + age)) == expected


@pytest.mark.proves("NIST-3.2.5")
def test_no_code_is_phishing_resistant() -> None:
    """Where phishing resistance is asked for, no password and no code that somebody types is enough, however fresh; a fresh passkey is."""
    strict = FreshFactor(timedelta(minutes=5), phishing_resistant=True)
    typed = {each.value: NOW for each in Factor if each is not Factor.PASSKEY}
    assert reason(strict, by(replace(STRONG, factors=typed))) == "step_up_required"
    assert reason(FreshFactor(timedelta(minutes=5)), by(replace(STRONG, factors=typed))) is None
    keyed = by(replace(STRONG, factors={"pwd": NOW, "passkey": NOW}))
    assert reason(strict, keyed) is None
    assert reason(strict, replace(keyed, now=NOW + timedelta(minutes=5) + TICK)) == "step_up_required"
    assert reason(strict, by(KEY)) == "credential_not_accepted"


def test_only_a_second_factor_in_a_session_is_fresh() -> None:
    """A password alone asks for a step-up; a key, an anonymous and an internal caller can not step up."""
    assert reason(FreshFactor(), by(WEAK)) == "step_up_required"
    for credential in (KEY, anonymous().credential, system("worker").credential):
        assert reason(FreshFactor(), by(credential)) == "credential_not_accepted"


@pytest.mark.parametrize(
    ("methods", "credential", "expected"),
    [
        ({Method.SESSION}, WEAK, None),
        ({Method.SESSION}, STRONG, None),
        ({Method.SESSION}, KEY, "credential_not_accepted"),
        ({Method.SECOND_FACTOR}, WEAK, "step_up_required"),
        ({Method.SECOND_FACTOR, Method.API_KEY}, KEY, None),
        ({Method.API_KEY}, STRONG, "credential_not_accepted"),
        ({Method.SESSION}, anonymous().credential, "credential_not_accepted"),
    ],
)
def test_by_method_asks_how_the_caller_authenticated(methods: Any, credential: Any, expected: Any) -> None:
    """The method must be among those named; a stronger session is a weaker one too, and a weaker one is told to step up."""
    assert reason(ByMethod(frozenset(methods)), by(credential)) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.0", None),
        ("192.0.2.255", None),
        ("192.0.1.255", "outside_network"),
        ("192.0.3.0", "outside_network"),
        ("::ffff:192.0.2.7", None),
        ("::FFFF:C000:0207", None),
        ("::ffff:192.0.3.7", "outside_network"),
        ("::192.0.2.7", "outside_network"),
        ("2001:db8::1", None),
        ("2001:db9::1", "outside_network"),
        ("", "unknown_fact"),
        ("192.0.2.7:443", "unknown_fact"),
        ("[2001:db8::1]", "unknown_fact"),
        ("2001:db8::1%eth0", "unknown_fact"),
        ("192.0.2.07", "unknown_fact"),
        (" 192.0.2.7", "unknown_fact"),
        ("192.0.2.7, 203.0.113.9", "unknown_fact"),
        ("3221226000", "unknown_fact"),
        ("192.0.2.7" + " " * 1_048_576, "unknown_fact"),
    ],
)
def test_a_network_holds_its_addresses(address: Any, expected: Any) -> None:
    """A network holds its first to its last address; v4 inside v6 is v4; what is no plain address is unknown and denied."""
    assert reason(FromNetwork(("192.0.2.0/24", "2001:db8::/32")), replace(HERE, address=address)) == expected


@given(
    moment=st.datetimes(datetime(2026, 3, 26), datetime(2026, 4, 2)) | st.datetimes(datetime(2026, 10, 22), datetime(2026, 10, 28)),  # noqa: DTZ001
    zone=st.sampled_from(["Europe/Vienna", "UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
    start=st.times(),
    end=st.none() | st.times(),
    weekdays=st.frozensets(st.sampled_from(Weekday), min_size=1),
    far=st.timezones(),
)
def test_a_window_is_its_days_on_the_wall_clock(moment: Any, zone: Any, start: Any, end: Any, weekdays: Any, far: Any) -> None:
    """A window is met iff the wall clock is in [start, end) of one of its days, also past midnight, whatever zone the moment is told in."""
    if start == end:
        return
    now = moment.replace(tzinfo=UTC)
    wall = moment + (ZoneInfo(zone).utcoffset(now.astimezone(ZoneInfo(zone))) or timedelta(0))
    expected = False
    for day in (wall.date(), wall.date() - timedelta(days=1)):
        last = time(0) if end is None else end
        closing = datetime.combine(day if last > start else day + timedelta(days=1), last)
        expected |= Weekday(day.weekday()) in weekdays and datetime.combine(day, start) <= wall < closing
    window = During(zone=zone, start=start, end=end, weekdays=weekdays)
    assert (reason(window, replace(HERE, now=now.astimezone(far))) is None) == expected


@pytest.mark.parametrize(
    ("window", "moment", "inside"),
    [
        # Summer time begins in Vienna on 29 March 2026: after 01:59:59 comes 03:00.
        ({"start": time(2), "end": time(3)}, "2026-03-29T01:00+00:00", False),
        ({"start": time(2), "end": time(3)}, "2026-03-29T00:59:59.999999+00:00", False),
        ({"start": time(1), "end": time(2, 30)}, "2026-03-29T00:59:59.999999+00:00", True),
        ({"start": time(1), "end": time(2, 30)}, "2026-03-29T01:00+00:00", False),
        ({"start": time(3), "end": time(4)}, "2026-03-29T01:00+00:00", True),
        # It ends on 25 October 2026: 02:00 to 02:59 come twice.
        ({"start": time(2), "end": time(3)}, "2026-10-25T00:30+00:00", True),
        ({"start": time(2), "end": time(3)}, "2026-10-25T01:30+00:00", True),
        ({"start": time(2), "end": time(3)}, "2026-10-25T02:00+00:00", False),
        ({"start": time(8), "end": time(18)}, "2026-07-01T05:59:59.999999+00:00", False),
        ({"start": time(8), "end": time(18)}, "2026-07-01T06:00+00:00", True),
        ({"start": time(8), "end": time(18)}, "2026-07-01T15:59:59.999999+00:00", True),
        ({"start": time(8), "end": time(18)}, "2026-07-01T16:00+00:00", False),
        # From Friday 22:00 to Saturday 06:00, though Saturday is not named.
        ({"start": time(22), "end": time(6), "weekdays": {Weekday.FRIDAY}}, "2026-07-04T03:59+00:00", True),
        ({"start": time(22), "end": time(6), "weekdays": {Weekday.FRIDAY}}, "2026-07-03T03:59+00:00", False),
        ({"start": time(22), "end": time(6), "weekdays": {Weekday.FRIDAY}}, "2026-07-04T20:30+00:00", False),
        ({"start": time(22), "end": time(0)}, "2026-07-04T21:59+00:00", True),
        ({"start": time(22), "end": time(0)}, "2026-07-04T22:00+00:00", False),
        ({"weekdays": WORKDAYS}, "2026-07-03T21:59:59+00:00", True),
        ({"weekdays": WORKDAYS}, "2026-07-03T22:00+00:00", False),
    ],
)
def test_the_hands_of_the_clock_decide(window: Any, moment: Any, inside: Any) -> None:
    """Law 21: edges are [start, end) on the wall clock, through both changes of summer time and over midnight."""
    situation = replace(HERE, now=datetime.fromisoformat(moment))
    assert reason(During(zone="Europe/Vienna", **window), situation) == (None if inside else "outside_hours")


@pytest.mark.parametrize(
    ("approver", "requester", "expected"),
    [
        (ANN, BEN, None),
        (ANN, ROBOT, None),
        (ANN, ANN, "own_request"),
        (ANN, None, "unknown_fact"),
        (ANN, "", "unknown_fact"),
        (ANN, ANN.upper(), "unknown_fact"),
        (ANN, f"{ANN} ", "unknown_fact"),
        (ANN, f"{ANN}\0", "unknown_fact"),
        (ANN, "ann@example.com", "unknown_fact"),
        ("anonymous", BEN, "unknown_fact"),
        ("worker", BEN, "unknown_fact"),
    ],
)
def test_nobody_approves_their_own_request(approver: Any, requester: Any, expected: Any) -> None:
    """Law 25: who asked can not approve; an id of another spelling may be the same person, so it is an unknown one and denied."""
    principal = replace(HERE.principal, id=approver)
    assert reason(NotRequester(), replace(HERE, principal=principal, requester=requester)) == expected


def test_a_key_is_its_owner() -> None:
    """Law 25: the requester does not get past the condition with an API key of their own."""
    assert reason(NotRequester(), replace(by(KEY), requester=ANN)) == "own_request"


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda: AllOf(()), "1 to 64 conditions"),
        (lambda: AnyOf(()), "1 to 64 conditions"),
        (lambda: AnyOf((FreshFactor(),) * 65), "1 to 64 conditions"),
        (lambda: FreshFactor(timedelta(0)), "positive"),
        (lambda: ByMethod(frozenset()), "at least one method"),
        (lambda: ByMethod(frozenset({"telepathy"})), "telepathy"),  # type: ignore[arg-type]
        (lambda: ByMethod(frozenset({Method.SESSION}), timedelta(0)), "positive"),
        (lambda: FromNetwork(()), "1 to 256 networks"),
        (lambda: FromNetwork(("192.0.2.0/24",) * 257), "1 to 256 networks"),
        (lambda: FromNetwork(("192.0.2.1/24",)), "without host bits, found '192.0.2.1/24'"),
        (lambda: FromNetwork(("::ffff:192.0.2.0/120",)), "expected a network"),
        (lambda: FromNetwork(("fe80::%eth0/64",)), "expected a network"),
        (lambda: FromNetwork("192.0.2.0/24"), "expected a network"),  # type: ignore[arg-type]
        (lambda: FromNetwork(("x" * 1_048_576,)), "found 'xxxx"),
        (lambda: During(zone="Europe/Atlantis"), "time zone such as"),
        (lambda: During(zone="../../etc/passwd"), "time zone such as"),
        (lambda: During(zone="x" * 1_048_576), "time zone such as"),
        (lambda: During(zone="UTC", weekdays=frozenset()), "at least one weekday"),
        (lambda: During(zone="UTC", weekdays=frozenset({7})), "7"),  # type: ignore[arg-type]
        (lambda: During(zone="UTC", start=time(8), end=time(8)), "not the start"),
        (lambda: During(zone="UTC", start=time(8, tzinfo=timezone.utc)), "without a zone"),  # noqa: UP017
        (lambda: Situation(principal=HERE.principal, now=datetime(2026, 1, 1)), "aware"),  # noqa: DTZ001
    ],
)
def test_what_can_not_be_meant_is_refused(build: Any, problem: Any) -> None:
    """An empty, over-long, ambiguous or malformed condition is refused when it is built, and the message stays short."""
    with pytest.raises(ValueError, match=problem) as caught:
        build()
    assert len(str(caught.value)) < 200


def test_conditions_are_values() -> None:
    """Two conditions of the same parts are equal and hash alike, can not be changed, and show what they ask."""
    assert len({AllOf((each, NotRequester())) for each in (*ATOMS, *ATOMS)}) == len(ATOMS)
    with pytest.raises(FrozenInstanceError):
        ATOMS[0].within = timedelta(days=1)  # type: ignore[misc]
    assert repr(FromNetwork(("192.0.2.0/24",))) == "FromNetwork(networks=('192.0.2.0/24',))"
    assert date(2026, 7, 3).weekday() == Weekday.FRIDAY

"""The rules of a credential: which wish is refused, which use, and when it is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ambient import Ambient
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Refusal
from ctsec.secret import Secret
from ctsec.testing import FixedClock
from ctsec.vault import AccessMode, VaultCredential, VaultKind, VaultWish
from ctsec.vault.change import MAX_SECRET, changed, checked, differences, fits, made_of, rotated
from ctsec.vault.record import Disclosure, name_digest, refuse_use

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANN, BOB = (UserId(f"usr_0000000000000000000000000{n}") for n in (1, 2))
ORG = OrganizationId("org_00000000000000000000000001")
SPACE = WorkspaceId("wsp_00000000000000000000000001")
WISH = VaultWish(name="prod", kind=VaultKind.AWS, services=frozenset({"s3", "ec2"}), regions=frozenset({"eu-central-1"}))
READ, WRITE = AccessMode.READ_ONLY, AccessMode.READ_WRITE


def made(workspace: WorkspaceId | None = None, **wish: Any) -> VaultCredential:
    """Return a credential that was made by Ann at NOW."""
    ambient = Ambient(clock=FixedClock(NOW), random=bytes)
    return made_of(checked(replace(WISH, **wish)), organization=ORG, workspace=workspace, by=ANN, ambient=ambient)


def detail(credential: VaultCredential, **use: Any) -> str | None:
    """Return why a use of Ann's is refused."""
    asked = {"user": ANN, "access": READ, "service": "s3", "region": "eu-central-1", **use}
    refusal = refuse_use(credential, **asked)
    return None if refusal is None else refusal.detail


@pytest.mark.proves("SEED-P6", "ASVS-13.3.2")
def test_a_use_stays_within_the_credential() -> None:
    """Writing with a read-only credential, another service, another region, none where it is narrowed, and another person are refused."""
    narrow, wide = made(users=frozenset({ANN})), made(services=None, regions=None, access=WRITE)
    assert detail(narrow) is None
    assert detail(narrow, access=WRITE) == "this credential is for reading only"
    for service in ("iam", "S3", "s3 ", "", None):
        assert detail(narrow, service=service) == "this credential is not for this service; name one that it is for"
    for region in ("us-east-1", "eu-central", None):
        assert detail(narrow, region=region) == "this credential is not for this region; name one that it is for"
    assert detail(narrow, user=BOB) == "you are not among the people who may use this credential"
    for access in AccessMode:
        assert detail(wide, user=BOB, access=access, service=None, region="anywhere") is None


@given(st.sets(st.sampled_from("abc"), min_size=1), st.sets(st.sampled_from("xyz"), min_size=1), st.booleans(), st.data())
def test_a_use_is_allowed_exactly_where_all_of_it_is(services: set[str], regions: set[str], writes: bool, data: st.DataObject) -> None:
    """For every credential and every use: allowed if and only if mode, service and region are all within."""
    credential = made(services=frozenset(services), regions=frozenset(regions), access=WRITE if writes else READ)
    access, service, region = data.draw(st.tuples(st.sampled_from(AccessMode), st.sampled_from("abcd"), st.sampled_from("xyzw")))
    within = (access is READ or writes) and service in services and region in regions
    assert (detail(credential, access=access, service=service, region=region) is None) == within


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"services": frozenset()}, "services"),
        ({"services": frozenset({"a b"})}, "services"),
        ({"services": frozenset({"x" * 65})}, "services"),
        ({"regions": frozenset({""})}, "regions"),
        ({"regions": frozenset(f"r{n}" for n in range(201))}, "regions"),
        ({"users": frozenset()}, "ids of people"),
        ({"users": frozenset({"ann"})}, "ids of people"),
        ({"rotate_every": timedelta(minutes=59)}, "rotation interval"),
        ({"rotate_every": timedelta(days=3651)}, "rotation interval"),
        ({"name": " "}, "name"),
        ({"label": "a\nb"}, "control characters"),
    ],
)
def test_a_bad_wish_says_what_was_expected(wish: dict[str, Any], expected: str) -> None:
    """Empty and endless narrowings, names that are none and intervals out of bounds are refused with the rule."""
    with pytest.raises(ValueError, match=expected):
        checked(replace(WISH, **wish))


def test_narrowing_is_said() -> None:
    """A wish without services and regions can not be made by leaving them out: all of them is a decision."""
    with pytest.raises(TypeError):
        VaultWish(name="prod", kind=VaultKind.AWS)  # type: ignore[call-arg]
    assert VaultWish(name="prod", kind=VaultKind.AWS, services=None, regions=None).access is READ


def test_a_secret_has_a_size() -> None:
    """One byte to 64 KiB are kept; nothing, and a byte more, are refused."""
    assert [fits(Secret(bytes(size))) is None for size in (0, 1, MAX_SECRET, MAX_SECRET + 1)] == [False, True, True, False]
    assert isinstance(fits(Secret(b"")), Refusal)


@pytest.mark.proves("SEED-P3")
def test_a_schedule_runs_from_the_last_rotation() -> None:
    """It is due at the very end of the interval; a change of the interval counts from the last rotation, any other change leaves it."""
    day = timedelta(days=1)
    credential = made(rotate_every=30 * day)
    tick = timedelta(microseconds=1)
    assert [credential.is_due(NOW + 30 * day + d) for d in (-tick, timedelta(0), tick)] == [False, True, True]
    renamed = changed(credential, replace(WISH, name="other", rotate_every=30 * day), by=BOB, now=NOW + 10 * day)
    assert (renamed.due_at, renamed.rotated_by, renamed.changed_by, renamed.version) == (NOW + 30 * day, ANN, BOB, 1)
    sooner = changed(credential, replace(WISH, rotate_every=7 * day), by=BOB, now=NOW + 10 * day)
    assert (sooner.due_at, sooner.is_due(NOW + 10 * day)) == (NOW + 7 * day, True)
    new = rotated(sooner, by=BOB, now=NOW + 10 * day)
    assert (new.due_at, new.rotated_by, new.version) == (NOW + 17 * day, BOB, 2)
    assert made().due_at is None
    assert not made().is_due(NOW + 9999 * day)
    assert differences(credential, sooner) == ("rotate_seconds",)
    assert differences(credential, changed(credential, replace(WISH, access=WRITE, regions=None), by=BOB, now=NOW)) == (
        "access",
        "regions",
        "rotate_seconds",
    )


def test_names_are_the_same_whatever_their_case_within_a_place() -> None:
    """Case and composition do not make another name; another place does."""
    assert name_digest("Straße é", workspace=None) == name_digest("STRASSE e\u0301", workspace=None)
    assert name_digest("prod", workspace=None) != name_digest("prod", workspace=SPACE)
    assert made(workspace=SPACE).name_digest == name_digest("PROD", workspace=SPACE)


def test_a_disclosure_hides_its_secret() -> None:
    """The secret is in no repr, of the record or of what carries it."""
    assert "s3cret" not in repr(Disclosure(made(), Secret(b"s3cret")))

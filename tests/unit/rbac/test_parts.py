"""The small parts: permission names, the index, standings and Access."""

from dataclasses import FrozenInstanceError
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ctsec.rbac
from ctsec.errors import AccessDenied, UnknownPermission
from ctsec.rbac import Assignment, MembershipStatus, PermissionIndex, Scope, Standing, parse_permission
from ctsec.rbac.preset import POLICY, Permission
from tests.unit.rbac.reference import ANN, DAYS, HERE, NOW, PLACES, WORKSPACES, member, standings

ONE: dict[str, Any] = {"workspace": WORKSPACES[0], "workspace_organization": HERE}


@pytest.mark.parametrize("name", ["a:b", "dashboards:view", "a" * 31 + ":" + "b" * 31, "a_1:b_2"])
def test_a_permission_is_two_words(name: Any) -> None:
    """Two lower-case words of at most 31 characters with a colon between them are a permission, unchanged."""
    assert parse_permission(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "a:",
        ":b",
        "a:b:c",
        "A:b",
        "a:B",
        "1a:b",
        "_a:b",
        "a b:c",
        "a:b\n",
        " a:b",
        "a-b:c",
        "ä:b",
        "a:*",
        "a" * 32 + ":b",
        "a:" + "b" * 32,
    ],
)
def test_anything_else_is_no_permission(name: Any) -> None:
    """Other alphabets, wildcards, further colons, surrounding space and longer words are refused and nothing is normalised."""
    with pytest.raises(ValueError, match="expected a permission as resource:action"):
        parse_permission(name)


@pytest.mark.parametrize("names", [[], ["a:b", "a:b"], ["a:b", "B:c"], [f"a{n}:b" for n in range(257)]])
def test_an_index_holds_1_to_256_different_permissions(names: Any) -> None:
    """No permissions, repeated ones, malformed ones and too many are refused."""
    with pytest.raises(ValueError, match="expected"):
        PermissionIndex.of(names)


@given(st.integers(0, (1 << len(Permission)) - 1))
def test_masks_and_names_are_inverse(mask: Any) -> None:
    """A mask and the names in it are two ways of writing one set, in the order of the host's enum."""
    index = POLICY.index
    names = index.names_of(mask)
    assert index.mask(names) == index.known(names) == mask
    assert list(names) == [name for name in Permission if index.bit(name) & mask]


def test_scopes_part_the_permissions() -> None:
    """Each permission has exactly one scope, and a name of no policy has none."""
    index = PermissionIndex.of(["a:x", "b:x"], organization_scope=["b:x"])
    assert (index.scope_of("a:x"), index.scope_of("b:x")) == (Scope.WORKSPACE, Scope.ORGANIZATION)
    assert (index.workspace_scope, index.organization_scope, index.everything) == (0b01, 0b10, 0b11)
    for ask in (
        lambda: index.scope_of("c:x"),
        lambda: index.mask(["c:x"]),
        lambda: PermissionIndex.of(["a:x"], organization_scope=["c:x"]),
    ):
        with pytest.raises(UnknownPermission):
            ask()
    assert index.known(["c:x", "a:x"]) == 0b01
    with pytest.raises(ValueError, match="of the index only"):
        PermissionIndex(("a:x",), 0b10)


def test_a_standing_can_not_be_changed_behind_its_back() -> None:
    """Neither the mapping that it was built from nor its own view changes a standing later."""
    mine = {WORKSPACES[0]: Assignment("viewer")}
    standing = Standing(user=ANN, organization=HERE, role="member", workspaces=mine)
    mine[WORKSPACES[0]] = Assignment("admin")
    assert standing.workspaces[WORKSPACES[0]].role == "viewer"
    with pytest.raises(TypeError):
        standing.workspaces[WORKSPACES[0]] = Assignment("admin")  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        standing.role = "owner"  # type: ignore[misc]
    assert "editor" not in repr(standing)


@pytest.mark.parametrize(
    "build", [lambda **p: Assignment("editor", **p), lambda **p: Standing(user=ANN, organization=HERE, role="member", **p)]
)
def test_periods_are_aware_and_not_empty(build: Any) -> None:
    """A naive time, an end before the start and an end at the start are refused."""
    with pytest.raises(ValueError, match="aware"):
        build(starts_at=datetime(2026, 1, 1))  # noqa: DTZ001
    for end in (DAYS[0], DAYS[1]):
        with pytest.raises(ValueError, match="end after it starts"):
            build(starts_at=DAYS[1], expires_at=end)
    assert build(starts_at=DAYS[1], expires_at=DAYS[2]).in_force(DAYS[1])
    assert not build(starts_at=DAYS[1], expires_at=DAYS[2]).in_force(DAYS[2])
    assert not build(starts_at=DAYS[1]).in_force(DAYS[0])


def test_a_membership_out_of_service_is_not_in_force() -> None:
    """Only an active membership is in force."""
    states = {status: Standing(user=ANN, organization=HERE, role="owner", status=status).in_force(NOW) for status in MembershipStatus}
    assert states == {MembershipStatus.ACTIVE: True, MembershipStatus.SUSPENDED: False, MembershipStatus.REMOVED: False}


def test_a_key_narrows_and_says_so() -> None:
    """Law 18: what the owner holds and the key does not is `outside_key_scope`; what the owner lacks keeps its own reason."""
    access = POLICY.access(
        member("member", one="operator"), now=NOW, scopes=frozenset({"agents:run", "operations:approve", "gone:view"}), **ONE
    )
    assert access.permissions == ("agents:run",)
    assert access.check("dashboards:view").reason == "outside_key_scope"
    assert access.check("operations:approve").reason == "role_lacks_permission"
    assert access.attenuate(Permission).permissions == ("agents:run",)
    assert access.attenuate(()).mask == 0
    assert repr(access) == "Access(agents:run)"


@given(standing=standings(), place=st.sampled_from(PLACES), workspaces=st.sampled_from([None, frozenset(), frozenset(WORKSPACES)]))
def test_requiring_is_checking_or_raising(standing: Any, place: Any, workspaces: Any) -> None:
    """`require` returns exactly where `check` allows; else it raises with the permission and the reason, and for an unknown name always."""
    access = POLICY.access(standing, now=NOW, workspaces=workspaces, **place)
    for permission in Permission:
        if access.check(permission).allowed:
            access.require(permission)
            continue
        with pytest.raises(AccessDenied) as caught:
            access.require(permission)
        assert (caught.value.permission, caught.value.reason) == (permission, access.check(permission).reason)
        assert (caught.value.code, caught.value.retryable) == ("access_denied", False)
    for ask in (access.require, access.check, access.can):
        with pytest.raises(UnknownPermission):
            ask("agents:dance")


def test_a_key_for_workspaces_stays_in_them() -> None:
    """A key that is narrowed to workspaces opens these only: no other one, and nothing of the organization's scope."""
    owner, pinned = member("owner"), frozenset(WORKSPACES[:1])
    assert POLICY.access(owner, now=NOW, workspaces=pinned, **ONE).can("agents:run")
    two = POLICY.access(owner, now=NOW, workspaces=pinned, workspace=WORKSPACES[1], workspace_organization=HERE)
    whole = POLICY.access(owner, now=NOW, workspaces=pinned)
    assert [each.check(Permission.BILLING_MANAGE).reason for each in (two, whole)] == ["outside_key_workspaces"] * 2
    assert two.mask == whole.mask == POLICY.access(owner, now=NOW, workspaces=frozenset(), **ONE).mask == 0


def test_the_face_names_what_it_has() -> None:
    """Each public name of `ctsec.rbac` resolves, and a name that it has not is an AttributeError."""
    assert [name for name in ctsec.rbac.__all__ if getattr(ctsec.rbac, name, None) is None] == []
    assert set(ctsec.rbac.__all__) <= set(dir(ctsec.rbac))
    with pytest.raises(AttributeError, match="has no attribute 'Managers'"):
        _ = ctsec.rbac.Managers

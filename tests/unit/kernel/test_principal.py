"""The principal: who acts, through which credential; never what it may do."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta

import pytest

from ctsec.principal import Credential, CredentialKind, Factor, Principal, PrincipalKind, system

SESSION = Credential(kind=CredentialKind.SESSION, id="ses_1")


def test_a_credential_is_weak_until_said_otherwise() -> None:
    """Without proofs the assurance level is 1 and no factor counts; None narrows nothing."""
    assert (SESSION.aal, dict(SESSION.factors), SESSION.scopes, SESSION.workspaces) == (1, {}, None, None)
    with pytest.raises(TypeError):
        SESSION.factors["pwd"] = datetime.now(UTC)  # type: ignore[index]


def test_a_principal_is_closed_and_carries_no_rights() -> None:
    """Nobody raises a principal's organization later, and no field of it says what it may do."""
    principal = Principal(id="usr_1", kind=PrincipalKind.USER, credential=SESSION)
    assert principal.organization is None
    with pytest.raises(FrozenInstanceError):
        principal.organization = "org_1"  # type: ignore[misc, assignment]
    assert {each.name for each in fields(principal)} == {"id", "kind", "credential", "organization"}


def test_the_system_principal_names_its_component() -> None:
    """Work of ctsec itself appears under its component's name, and under no user's kind."""
    worker = system("worker")
    assert (worker.id, worker.kind, worker.credential.kind) == ("worker", PrincipalKind.SYSTEM, CredentialKind.INTERNAL)
    assert worker.organization is None


def test_factors_are_named_as_in_rfc_8176() -> None:
    """The values that are stored are the `amr` values of RFC 8176 where it has one."""
    assert (Factor.PASSWORD.value, Factor.TOTP.value) == ("pwd", "otp")


@pytest.mark.proves("GHSA-hp74-gm6m-2qm5")
@pytest.mark.parametrize(
    ("factor", "age", "fresh"),
    [
        (Factor.TOTP, timedelta(0), True),
        (Factor.BACKUP_CODE, timedelta(minutes=10), True),
        (Factor.TOTP, timedelta(minutes=10, microseconds=1), False),
        (Factor.TOTP, timedelta(microseconds=-1), False),
        (Factor.PASSWORD, timedelta(0), False),
    ],
)
def test_a_second_factor_is_fresh_for_ten_minutes(factor: Factor, age: timedelta, fresh: bool) -> None:
    """A second factor counts up to ten minutes after its proof; a password, and a proof from the future, never do."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    credential = Credential(kind=CredentialKind.SESSION, id="ses_1", factors={factor.value: now - age})
    assert credential.second_factor_fresh(now=now) is fresh

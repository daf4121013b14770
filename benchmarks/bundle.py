"""A bundle in memory with somebody in it: an editor of one workspace, signed in, with an API key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from ctsec import AsyncSecurity, Security
from ctsec.ids import UserId, WorkspaceId, new_id
from ctsec.keys.policy import KeyRequest
from ctsec.outcome import Outcome, Refusal
from ctsec.principal import Credential, CredentialKind, Factor, Principal, PrincipalKind
from ctsec.user import User, UserStatus

V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What requests of that person are made with; `session` and `key` are the texts of the credentials."""

    workspace: WorkspaceId
    session: str
    key: str


def _forget(_scopes: frozenset[str]) -> None:
    """Nothing is cached yet."""


def _got(outcome: Outcome[V]) -> V:
    if isinstance(outcome, Refusal):
        raise RuntimeError(f"the bundle refused its own set-up: {outcome.reason}")  # noqa: TRY004
    return outcome


def _person(random: Callable[[int], bytes]) -> tuple[User, Principal]:
    now = datetime.now(UTC)
    user = User(
        id=new_id(UserId, now=now, random=random),
        email="owner@example.com",
        email_key="owner@example.com",
        name="Owner",
        status=UserStatus.ACTIVE,
        email_verified_at=now,
        created_at=now,
    )
    return user, Principal(id=user.id, kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id=""))


def settled(security: Security) -> Settled:
    """Fill a bundle and return the credentials."""
    user, actor = _person(security._ambient.random)
    with security._storage.begin(after_commit=_forget) as store:
        store.users.add(user)
    with security.begin() as unit:
        home = _got(unit.directory.create_organization(actor, name="Acme"))
        workspace = _got(unit.directory.create_workspace(actor, organization=home.id, name="Production"))
        _, session = unit.sessions.start(user, factors={Factor.PASSWORD: datetime.now(UTC)})
        minted = _got(unit.api_keys.mint(actor, organization=home.id, request=KeyRequest(name="benchmark", rate=60_000)))
    return Settled(workspace=workspace.id, session=session.reveal(), key=minted.token.reveal())


async def async_settled(security: AsyncSecurity) -> Settled:
    """Fill an async bundle and return the credentials."""
    user, actor = _person(security._ambient.random)
    async with security._storage.begin(after_commit=_forget) as store:
        await store.users.add(user)
    async with security.begin() as unit:
        home = _got(await unit.directory.create_organization(actor, name="Acme"))
        workspace = _got(await unit.directory.create_workspace(actor, organization=home.id, name="Production"))
        _, session = await unit.sessions.start(user, factors={Factor.PASSWORD: datetime.now(UTC)})
        minted = _got(await unit.api_keys.mint(actor, organization=home.id, request=KeyRequest(name="benchmark", rate=60_000)))
    return Settled(workspace=workspace.id, session=session.reveal(), key=minted.token.reveal())

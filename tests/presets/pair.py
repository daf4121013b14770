"""Two processes on one store, each with its own memory, and what can be changed in one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ctsec import Principal, Refusal, Security
from ctsec.ambient import Request
from ctsec.authn import Argon2Parameters, SignedIn
from ctsec.directory import Organization, Workspace
from ctsec.guard.proof import token_digest
from ctsec.ids import UserId
from ctsec.keys import KeyRequest, MintedKey
from ctsec.rbac.preset import POLICY, Permission
from ctsec.security import EmbeddedOptions
from ctsec.testing import FixedClock
from ctsec.testing.clock import START

ANN, BOB, PASSWORD = "ann@acme.example", "bob@acme.example", "nine quiet rivers run north"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two bundles with memories of their own, the clock that both see, and an owner, a member and a key in one organization."""

    here: Security
    there: Security
    clock: FixedClock
    owner: Principal
    member: SignedIn
    organization: Organization
    workspace: Workspace
    key: MintedKey

    @property
    def sure(self) -> Principal:
        """The owner, right after a proof of a second factor."""
        return replace(self.owner, credential=replace(self.owner.credential, aal=2, factors={"otp": self.clock.now()}))

    def session(self, process: Security) -> bool:
        """Tell whether the member's session opens in a process."""
        return isinstance(process.gate.session(self.member.token.reveal()), Principal)

    def api_key(self, process: Security) -> bool:
        """Tell whether the key opens in a process."""
        return isinstance(process.gate.api_key(self.key.token.reveal(), Request()), Principal)

    def role(self, process: Security) -> bool:
        """Tell whether the member may run agents in a process."""
        who = Principal(id=self.member.user.id, kind=self.owner.kind, credential=self.owner.credential)
        return process.gate.access(who, self.organization.id, workspace=self.workspace.id).can(Permission.AGENTS_RUN)


def person(security: Security, email: str, *, clock: FixedClock) -> SignedIn:
    """Sign a person up and in; the address is confirmed by way of the mail that waits in the outbox."""
    clock.advance(timedelta(seconds=1))
    with security.begin() as unit:
        unit.accounts.sign_up(email=email, password=PASSWORD, name=email.partition("@")[0])
        token = mailed(security, unit)
    with security.begin() as unit:
        unit.accounts.verify_email(token=token)
    with security.begin() as unit:
        step = unit.sign_in.password(email=email, password=PASSWORD)
    assert isinstance(step, SignedIn)
    return step


def mailed(security: Security, unit: Any) -> str:
    """Return the token of the newest letter in the outbox."""
    from ctsec.mail._sync import payload_context
    from ctsec.mail.message import Message

    entry = unit._store.outbox.due(now=security.parts.clock.now(), limit=100)[-1]
    text = Message.from_bytes(unit.secrets.open(entry.payload, context=payload_context(entry.id))).text.reveal()
    token = text.partition("token=")[2].split()[0]
    assert not isinstance(token_digest(token), Refusal)
    return token


@contextmanager
def opened(folder: Path, *, changes: str | None = None, starts: datetime = START, roles_in_memory: bool = False) -> Iterator[Pair]:
    """Open a pair on one SQLite file, with everything cached in both."""
    clock = FixedClock(starts)
    options = EmbeddedOptions(
        password_hash=Argon2Parameters.for_tests(), clock=clock, worker=False, changes=changes, roles_in_memory=roles_in_memory
    )
    here, there = (Security.embedded(str(folder / "app.db"), policy=POLICY, issuer="Acme", options=options) for _ in range(2))
    owner_step, member = person(here, ANN, clock=clock), person(here, BOB, clock=clock)
    owner = here.gate.session(owner_step.token.reveal())
    assert isinstance(owner, Principal)
    clock.advance(timedelta(seconds=1))
    with here.begin() as unit:
        organization = unit.directory.create_organization(owner, name="Acme")
        assert isinstance(organization, Organization)
        workspace = unit.directory.create_workspace(owner, organization=organization.id, name="Production")
        assert isinstance(workspace, Workspace)
        unit.members.invite(owner, organization=organization.id, email=BOB, workspace=workspace.id, workspace_role="operator")
        token = mailed(here, unit)
    bob = here.gate.session(member.token.reveal())
    assert isinstance(bob, Principal)
    with here.begin() as unit:
        unit.members.accept(bob, token=token)
    with here.begin() as unit:
        key = unit.api_keys.mint(bob, organization=organization.id, request=KeyRequest(name="nightly"))
    assert isinstance(key, MintedKey)
    made = Pair(here=here, there=there, clock=clock, owner=owner, member=member, organization=organization, workspace=workspace, key=key)
    for process in (here, there):
        assert made.session(process)
        assert made.api_key(process)
        assert made.role(process)
    yield made
    here.close()
    there.close()


Change = Callable[[Pair, Any], object]
CHANGES: dict[str, tuple[Change, Callable[[Pair, Security], bool]]] = {
    "session revoked": (lambda p, unit: unit.sessions.revoke_others(p.member.user.id, keep=None), Pair.session),
    "account disabled": (lambda p, unit: unit.directory.disable_user(p.member.user.id, reason="left"), Pair.session),
    "owner of a key disabled": (lambda p, unit: unit.directory.disable_user(p.member.user.id, reason="left"), Pair.api_key),
    "role revoked": (
        lambda p, unit: unit.roles.revoke(p.owner, organization=p.organization.id, workspace=p.workspace.id, user=UserId(p.member.user.id)),
        Pair.role,
    ),
    "member removed": (
        lambda p, unit: unit.members.remove(p.owner, organization=p.organization.id, user=UserId(p.member.user.id)),
        Pair.role,
    ),
    "second factor required": (lambda p, unit: unit.requirements.require_mfa(p.sure, organization=p.organization.id), Pair.role),
    "key revoked": (
        lambda p, unit: unit.api_keys.revoke(
            Principal(id=p.member.user.id, kind=p.owner.kind, credential=p.owner.credential),
            organization=p.organization.id,
            key_id=p.key.key.id,
        ),
        Pair.api_key,
    ),
}

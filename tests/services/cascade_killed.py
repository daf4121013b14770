"""A removal that is killed at a statement, and the next one, until one ends: prints what each left, as JSON. Run in a process of its own.

Over SQLite, or what `CTSEC_KILLED_ON` says. Each eleventh step is one, on a server each thirty-seventh (`CTSEC_SOAK`: each).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import NullPool, create_engine, text

from ctsec.directory.lifecycle import Presence
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.keys.policy import KeyRequest
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.storage.sql import SqlStorage
from ctsec.storage.sql.schema import create
from ctsec.testing.clock import FixedClock
from ctsec.testing.conformance._sync_apps import app
from ctsec.testing.conformance.samples import ignore
from ctsec.testing.conformance.scim_samples import scim, scim_token
from ctsec.testing.conformance.sso_samples import connection, glass_codes
from tests.servers import fresh_database
from tests.services._sync_world import World
from tests.services.probing import DATABASE, empty_sqlite
from tests.victim import Steps, settle

LONG: Final = timedelta(days=300)
KIND: Final = os.environ.get("CTSEC_KILLED_ON", "sqlite")
STRIDE: Final = 1 if os.environ.get("CTSEC_SOAK") else 11 if KIND == "sqlite" else 37


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Ann owns Acme; Bob, an admin of it and operator in a workspace, has one of everything that hangs on a membership."""

    ann: Principal
    bob: Principal
    acme: OrganizationId
    prod: WorkspaceId
    robot: Any


def laden(world: World) -> Scene:
    """Play what a removal ends."""
    ann = world.person("ann@acme.example")
    acme = world.organization(ann).id
    prod = world.workspace(acme).id
    person = world.member(acme, "bob@acme.example", workspace=prod, wrole="operator")
    org, bob = {"organization": acme}, UserId(person.id)
    world.call("roles.change_organization_role", ann, **org, user=bob, role="admin")
    asked = {"workspace": prod, "role": "editor", "reason": "the night shift", "duration": timedelta(hours=1)}
    world.call("elevations.request", person, **org, **asked)
    world.key(person, acme)
    world.call("members.invite", person, **org, email="eve@acme.example")
    world.call("break_glass.permit", ann, **org, user=bob, workspace=prod, role="admin", longest=timedelta(hours=1))
    now = world.clock.now()
    with world.storage.begin(after_commit=ignore) as store:
        (session, *_) = store.sessions.of_user(bob)
        through = connection(1, of=1).id
        store.sessions.replace(replace(session, connection_id=through, organization_id=acme, version=session.version + 1))
        store.apps.add(replace(app(1, of=1, person=1), organization_id=acme, user_id=bob))
        store.scim_connections.add(replace(scim(1, of=1), organization_id=acme))
        store.scim_connections.add_token(
            replace(scim_token(1, of=1), organization_id=acme, created_by=bob, created_at=now, expires_at=now + LONG)
        )
        store.glass_codes.put(replace(glass_codes(1, of=1, owner=1), organization_id=acme, user_id=bob))
        store.lifecycle.put_presence(Presence(organization_id=acme, user_id=bob, used_at=now, warned_at=now))
    owner = world.call("service_accounts.create", person, **org, name="Deployer", role="member").account.id
    robot = world.call("api_keys.mint", person, **org, request=KeyRequest(name="ci"), owner=owner)
    return Scene(ann=ann, bob=person, acme=acme, prod=prod, robot=robot)


def clean() -> str:
    """Return the address of a database with our tables."""
    if KIND == "sqlite":
        shutil.copytree(empty_sqlite(), "clean")
        return f"sqlite:///{Path('clean').absolute() / DATABASE}"
    made = fresh_database(KIND, folder=Path())
    create(made.sync_url)
    return made.sync_url


@contextmanager
def copied(url: str, number: int) -> Generator[str, None, None]:
    """Return the address of a copy of a database, to which nobody is connected."""
    if KIND == "sqlite":
        folder = Path(f"round-{number}").absolute()
        shutil.copytree("clean", folder)
        yield f"sqlite:///{folder / DATABASE}"
        shutil.rmtree(folder)
        return
    place, _, name = url.rpartition("/")
    _done(f"{place}/postgres", f"CREATE DATABASE {name}_{number} TEMPLATE {name}")
    yield f"{place}/{name}_{number}"
    _done(f"{place}/postgres", f"DROP DATABASE {name}_{number} WITH (FORCE)")


def _done(url: str, statement: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def left(url: str, organization: OrganizationId, user: UserId) -> str:
    """Return `whole` or `gone`, or what is half."""
    storage = SqlStorage.from_url(url)
    with storage.reading() as store:
        facts = {
            "membership": store.memberships.get(organization, user) is not None,
            "no departure": store.memberships.departure(organization, user) is None,
            "roles": store.assignments.of_user(organization, user) != (),
            "session": store.sessions.of_user(user) != (),
            "keys": all(each.revoked_at is None for each in store.api_keys.of_owner(organization, user)),
            "permits": store.break_glass.of_user(organization, user) != (),
            "presence": store.lifecycle.presence(organization, user) is not None,
            "codes": store.glass_codes.get(organization, user) is not None,
            "apps": any(each.user_id == user for each in store.apps.of_organization(organization)),
            "seen keys": store.key_lists.minted_by(organization, user, now=FixedClock().now() + timedelta(days=1)) != (),
            "pushing": all(each.expires_at == each.created_at + LONG for each in store.scim_connections.tokens(scim(1, of=1).id)),
            "no event": all(each.name != "member.removed" for each in store.inbox.pending(limit=500)),
        }
    storage.close()
    return "whole" if all(facts.values()) else "gone" if not any(facts.values()) else f"half: {facts}"


def main() -> None:
    """Kill a removal at one step after the other."""
    url, told = clean(), list[str]()
    storage = SqlStorage.from_url(url)
    with World.over(storage) as world:
        scene = laden(world)
        world.drain()
    storage.close()
    bob = UserId(scene.bob.id)
    for last in range(1, 10_000, STRIDE):
        with copied(url, last) as place:
            child = os.fork()
            if child == 0:
                with World.over(SqlStorage.from_url(place), keys=world.keys) as again:
                    Steps(last)
                    done = again.call("members.remove", scene.ann, organization=scene.acme, user=bob)
                    os._exit(1 if isinstance(done, Refusal) else 0)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if code not in {0, -signal.SIGKILL}:
                sys.exit(f"step {last} ended with {code}")
            settle(place)
            told.append(left(place, scene.acme, bob))
        if code == 0:
            break
    if KIND != "sqlite":
        place, _, name = url.rpartition("/")
        _done(f"{place}/postgres", f"DROP DATABASE {name} WITH (FORCE)")
    print(json.dumps(told))


if __name__ == "__main__":
    main()

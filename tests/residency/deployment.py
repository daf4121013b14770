"""A deployment with regions on real databases: an owner, workspaces, and what is in each store, read raw."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, insert, select

from ctsec.audit import EventSchema, personal, public
from ctsec.audit.alerts import AlertPolicy
from ctsec.audit.event import LogId
from ctsec.audit.query import MAX_PAGE, AuditQuery
from ctsec.audit.record import StoredEvent
from ctsec.audit.signing import KEY_LABEL
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.argon2_pool import Argon2Hasher
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.holding import RingPolicy
from ctsec.encryption.kms import LocalKeyServices, LocalKms
from ctsec.encryption.ports import SealedTable
from ctsec.ids import WorkspaceId
from ctsec.outcome import Refusal
from ctsec.presets import parts_of, settings_of
from ctsec.principal import Credential, CredentialKind, Factor, Principal, PrincipalKind
from ctsec.rbac.preset import POLICY
from ctsec.residency import Region, Regions, Replica
from ctsec.residency.ports import RegionalTables
from ctsec.security import Security
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.sql import SqlRegionStorage, SqlStorage, Tables
from ctsec.storage.sql.schema import create, create_region
from ctsec.testing.conformance.samples import ignore, membership, org_id, organization, user, user_id, workspace, workspace_id

TABLES = Tables()
ORG = org_id(1)
NOTED = EventSchema("note.written", {"key": public(), "reader": personal()})


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is: the URLs of the home store and of each store of a region, and the folder of the key files."""

    home: str
    stores: Mapping[str, str]
    folder: Path
    replicas: Mapping[str, tuple[str, ...]]

    def key(self, region: str) -> LocalKms:
        """Return the key of a region, or (home) the deployment's own."""
        path = self.folder / f"{region}-key"
        return LocalKms.load(path) if path.exists() else LocalKms.create(path)

    @property
    def regions(self) -> Regions:
        """The configuration."""
        standby = {name for names in self.replicas.values() for name in names}
        return Regions(
            regions=tuple(
                Region(
                    name=name,
                    store=url,
                    key=self.key(name).ref,
                    replicas=tuple(Replica(name=each, store=self.stores[each]) for each in self.replicas.get(name, ())),
                )
                for name, url in self.stores.items()
                if name not in standby
            ),
            default="eu",
        )


def prepare(places: Places, *, workspaces: Mapping[int, str]) -> None:
    """Make every table, an organization with its owner, and its workspaces: the number of each, and its region."""
    create(places.home)
    for name, (region, url) in places.regions.stores.items():
        create_region(url, region=region, store=name)
    with closing(SqlStorage.from_url(places.home)) as home, home.begin(after_commit=ignore) as store:
        store.users.add(user(1))
        store.organizations.add(organization(1))
        store.memberships.add(replace(membership(1, of=1, role="owner"), starts_at=None))
        for n, region in workspaces.items():
            store.workspaces.add(replace(workspace(n, of=1), region=region))


def open_security(
    places: Places,
    *,
    tables: tuple[RegionalTables, ...] = (),
    sealed: tuple[SealedTable, ...] = (),
    data_keys: RingPolicy = RingPolicy(),  # noqa: B008 - it is frozen
    alerts: AlertPolicy | None = None,
) -> Security:
    """Return a process of the deployment."""
    options = EmbeddedOptions(
        regions=places.regions, password_hash=Argon2Parameters.for_tests(), data_keys=data_keys, events=(NOTED,),
        alerts=AlertPolicy() if alerts is None else alerts,
    )  # fmt: skip
    kms = places.key("home")
    security = Security(
        storage=SqlStorage.from_url(places.home, tables=TABLES),
        kms=kms,
        slow_hash=Argon2Hasher(options.password_hash),
        parts=parts_of(kms, policy=POLICY, settings=settings_of("Acme", options), options=options),
        random=os.urandom,
        key_services=LocalKeyServices(kms, *(places.key(each.name) for each in places.regions.regions)),
        region_stores={name: SqlRegionStorage.from_url(url, tables=TABLES) for name, url in places.stores.items()},
        regional_tables=tables,
        sealed_tables=sealed,
        log_signer=Signer(kms.derive(KEY_LABEL)),
    )
    security.prepare()
    return security


def owner() -> Principal:
    """Return the owner, who has just proved a second factor."""
    credential = Credential(kind=CredentialKind.SESSION, id="ses_1", aal=2, factors={Factor.TOTP: datetime.now(UTC)})
    return Principal(id=user_id(1), kind=PrincipalKind.USER, credential=credential)


def start(security: Security, n: int, region: str) -> Any:
    """Start a move, and return it."""
    with security.begin() as unit:
        move = unit.residency.start(owner(), organization=ORG, workspace=workspace_id(n), region=region)
    assert not isinstance(move, Refusal), move
    return move


def move(security: Security, n: int, region: str) -> Any:
    """Move a workspace."""
    return security.regional.moves.run(start(security, n, region).id)


def write(security: Security, n: int, **pieces: str) -> None:
    """Write pieces of content into a workspace, each by its key."""
    with security.region(workspace_id(n)) as content:
        for key, text in pieces.items():
            content.put("note", key, text.encode())
            content.note("note.written", actor=owner(), details={"key": key}, personal={"reader": "bob@example.org"})


def logged(url: str, *, regional: bool) -> list[dict[str, Any]]:
    """Return what the events say that are in a database, read raw, whether they have their index or not."""
    log = TABLES.regional.log if regional else TABLES.log
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        bodies = [row.body for table in (log.event, log.inbox) for row in connection.execute(select(table.c.body))]
    engine.dispose()
    return [json.loads(body) for body in bodies]


def read(security: Security, n: int) -> dict[str, str]:
    """Return every note of a workspace, by its key."""
    with security.regional.router.reading(workspace_id(n)) as content:
        found = {key: content.get(kind, key) for kind, key in content.list(limit=1000)}
    return {key: piece.decode() for key, piece in found.items() if piece is not None}


def raw(url: str) -> list[tuple[str, str, bytes]]:
    """Return the workspace, the key and the bytes of every row of content in a database, past everything of ctsec but its tables."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(select(TABLES.content.c.workspace_id, TABLES.content.c.key, TABLES.content.c.sealed)).all()
    engine.dispose()
    return [(row.workspace_id, row.key, row.sealed) for row in rows]


def smuggle(places: Places, name: str, n: int, sealed: bytes, *, key: str = "k") -> None:
    """Write a row of content into a store, past everything."""
    row = {"workspace_id": workspace_id(n), "kind": "note", "key": key, "organization_id": ORG, "sealed": sealed}
    engine = create_engine(places.stores[name], poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(insert(TABLES.content).values(**row, changed_at=datetime.now(UTC)))
    engine.dispose()


def pin(security: Security, n: int) -> str:
    """Return where a workspace is pinned."""
    with security.reading() as unit:
        found = unit.directory.workspace(WorkspaceId(workspace_id(n)))
    assert found is not None
    return found.region


def data_keys(security: Security) -> tuple[WrappedDek, ...]:
    """Return the records of the organization's data keys."""
    with security.reading() as unit:
        return unit.data_keys.of_organization(organization=ORG)


def events(security: Security, log: str = ORG) -> tuple[StoredEvent, ...]:
    """Return the events of a log, oldest first."""
    while security.jobs.place_events():
        pass
    with security.begin() as unit:
        page: Any = unit.audit.search(AuditQuery(log=LogId(log)), limit=MAX_PAGE)
    return tuple(each.event for each in reversed(page.events))


def closing_all(stack: ExitStack, security: Security) -> Security:
    """Close a bundle with the stack."""
    stack.callback(security.close)
    return security

"""`ctsec residency`: make the store of a region, keep and promote replicas, and report where the bytes of workspaces are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ctsec.cli.reaching import add_transport, transport_of
from ctsec.cli.work import load_bundle
from ctsec.errors import ConfigurationError
from ctsec.ids import OrganizationId, parse_id
from ctsec.outcome import Refusal
from ctsec.principal import system

if TYPE_CHECKING:
    import argparse


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("residency", help="regions: their stores, and where workspaces are")
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    prepare = kinds.add_parser("prepare", help="make or upgrade the tables of a region's store, and give it its name for ever")
    prepare.add_argument("--url", required=True, help="an SQLAlchemy URL of the region's database")
    prepare.add_argument("--region", required=True, help="the name of the region")
    prepare.add_argument("--replica", help="the name of the replica, if the database is one of the region")
    prepare.add_argument("--prefix", default="ctsec_", help="the prefix of the tables (ctsec_)")
    prepare.add_argument("--schema", help="the database schema of the tables")
    add_transport(prepare)
    prepare.set_defaults(run=_prepare)
    report = kinds.add_parser(
        "report", help="count in every store where the workspaces of an organization are; exit 1 if anything disagrees"
    )
    report.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    report.add_argument("--organization", required=True, help="the id of the organization")
    report.add_argument("--format", choices=("text", "json"), default="text", help="how to write it (text)")
    report.set_defaults(run=_report)
    replicate = kinds.add_parser("replicate", help="make a declared replica like the store that serves its region, and verify that it is")
    promote = kinds.add_parser("promote", help="have a declared replica serve its region from now on; exit 1 if it would lose too much")
    for each, run in ((replicate, _replicate), (promote, _promote)):
        each.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
        each.add_argument("--region", required=True, help="the name of the region")
        each.add_argument("--store", required=True, help="the name of the replica, or of the region for its own store")
        each.set_defaults(run=run)
    promote.add_argument("--accept-loss", type=int, default=0, metavar="ROWS", help="how many rows may be lost (0)")
    promote.add_argument("--accept-other-log", action="store_true", help="promote though the sealed log has another root than was kept")


def _prepare(chosen: argparse.Namespace) -> int:
    from ctsec.residency.region import Region
    from ctsec.storage.sql.schema import upgrade_region
    from ctsec.storage.sql.tables import Tables

    try:
        region = Region(name=chosen.region, store=chosen.url, key="deployment")
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    tables = Tables(chosen.prefix, schema=chosen.schema)
    upgrade_region(chosen.url, region=region.name, store=chosen.replica, tables=tables, transport=transport_of(chosen))
    print(f"the store of region {region.name} is ready")
    return 0


def _report(chosen: argparse.Namespace) -> int:
    try:
        organization = parse_id(OrganizationId, chosen.organization)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    made = load_bundle(chosen.bundle).regional.reporter.report(system("cli"), organization=organization)
    print(made.as_json() if chosen.format == "json" else made.as_text())
    return 0 if made.agrees else 1


def _replicate(chosen: argparse.Namespace) -> int:
    done = load_bundle(chosen.bundle).regional.replicas.replicate(chosen.region, chosen.store)
    print(f"{done.store}: {done.written} rows written, {done.removed} removed; {done.rows} rows verified, sha256 {done.digest}")
    return 0


def _promote(chosen: argparse.Namespace) -> int:
    if chosen.accept_loss < 0:
        raise ConfigurationError("expected a number of rows that may be lost")
    accepted = {"accept_loss": chosen.accept_loss, "accept_other_log": chosen.accept_other_log}
    done = load_bundle(chosen.bundle).regional.replicas.promote(system("cli"), region=chosen.region, store=chosen.store, **accepted)
    if isinstance(done, Refusal):
        print(f"refused: {done.detail} [{done.reason.value}]", file=sys.stderr)
        return 1
    print(f"{done.store} serves region {done.region}")
    return 0

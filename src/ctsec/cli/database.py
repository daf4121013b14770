"""`ctsec db`: bring the tables up to date, and check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ctsec.cli.reaching import add_transport, transport_of

if TYPE_CHECKING:
    import argparse


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("db", help="the tables of ctsec")
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    for name, text, run in (
        ("upgrade", "make the tables, or bring them to this version", _upgrade),
        ("check", "compare version and tables with what this version expects; exit 1 if they differ", _check),
    ):
        command = kinds.add_parser(name, help=text)
        command.add_argument("--url", required=True, help="an SQLAlchemy URL, such as sqlite:///app.db")
        command.add_argument("--guard-url", help="where the guard store is, if not beside the database")
        command.add_argument("--prefix", default="ctsec_", help="the prefix of the tables (ctsec_)")
        command.add_argument("--schema", help="the database schema of the tables")
        add_transport(command)
        command.set_defaults(run=run)


def _upgrade(chosen: argparse.Namespace) -> int:
    from ctsec.storage.sql import Tables
    from ctsec.storage.sql.schema import upgrade

    tables = Tables(chosen.prefix, schema=chosen.schema)
    upgrade(chosen.url, guard=chosen.guard_url, tables=tables, transport=transport_of(chosen))
    print("the tables are up to date")
    return 0


def _check(chosen: argparse.Namespace) -> int:
    from ctsec.storage.sql import Tables
    from ctsec.storage.sql.schema import check

    tables = Tables(chosen.prefix, schema=chosen.schema)
    differences = check(chosen.url, guard=chosen.guard_url, tables=tables, transport=transport_of(chosen))
    for difference in differences:
        print(difference)
    print("the tables differ" if differences else "the tables are as expected")
    return 1 if differences else 0

# Generated from src/ctsec/storage/sql/_async_connections.py by tools/twin.py; edit that file.
"""What the connection of an engine speaks (async source), for `ctsec doctor`."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ctsec.errors import CtsecError
from ctsec.storage.sql.transport import address_of, problem, report
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import Transport


def reported(what: str, engine: Engine, *, transport: Transport) -> ConnectionReport:
    """Connect, and return what is spoken; a connection that fails is a report with a problem."""
    try:
        with engine.connect() as connection:
            asked = partial(report, what=what, transport=transport)
            return asked(connection)
    except (SQLAlchemyError, CtsecError, OSError) as error:
        return ConnectionReport(what=what, address=address_of(engine.url), problem=problem(error), excuse=transport.excuse)

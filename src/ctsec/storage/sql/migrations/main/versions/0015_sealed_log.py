"""The trees over the logs, and their checkpoints; what the logs hold already becomes the first of it."""

from alembic import context, op
from sqlalchemy import BigInteger, insert, select, update

from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.tiles import TILE_WIDTH, Tile, full_tiles
from ctsec.storage.sql.log_tables import LogTables
from ctsec.storage.sql.migrations.first import add_column, add_index, add_number, drop, drop_column, drop_index, nullable, table
from ctsec.storage.sql.parts import Part
from ctsec.storage.sql.types import Blob, Digest, Ident, Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_PAGE = 64 * TILE_WIDTH


def upgrade() -> None:
    """Make the tables, and grow the trees of the events that are there."""
    add_number("audit_head", "signed")
    add_column("audit_head", "signed_at", nullable(Instant()))
    add_index("audit_inbox", "by_time", ("time", "id"))
    table(
        "audit_tile",
        {"log": Ident(64), "level": BigInteger(), "number": BigInteger(), "root": Digest(32), "hashes": Blob()},
        key=("log", "level", "number"),
        indexes={},
    )
    table(
        "audit_checkpoint",
        {
            "log": Ident(64),
            "size": BigInteger(),
            "number": nullable(BigInteger()),
            "root": Digest(32),
            "note": Blob(),
            "signed_at": Instant(),
        },
        key=("log", "size"),
        indexes={"one_number": ("number",)},
    )
    part: Part = context.config.attributes["part"]
    head = part.tables.log.head
    for row in op.get_bind().execute(select(head.c.log, head.c.size)).all():
        _grow(part.tables.log, row.log, row.size)


def downgrade() -> None:
    """Take everything away again."""
    drop("audit_tile", "audit_checkpoint")
    drop_index("audit_inbox", "by_time")
    drop_column("audit_head", "signed_at")
    drop_column("audit_head", "signed")


def _grow(tables: LogTables, log: str, size: int) -> None:
    """Write the tiles and the frontier of a log, page by page of its leaves."""
    connection, event, frontier = op.get_bind(), tables.event, Frontier()
    made: list[Tile] = []
    while frontier.size < size:
        page = select(event.c.leaf).where(event.c.log == log, event.c.index >= frontier.size).order_by(event.c.index).limit(_PAGE)
        leaves = [row.leaf for row in connection.execute(page)]
        made += full_tiles(leaves, level=0, first=frontier.size)
        frontier = frontier.extended(leaves)
        if len(leaves) < _PAGE:
            break
    below = made
    while below:
        below = list(full_tiles([tile.root for tile in below], level=below[0].level + 1, first=0))
        made += below
    for tile in made:
        row = {"log": log, "level": tile.level, "number": tile.number, "root": tile.root, "hashes": tile.hashes}
        connection.execute(insert(tables.tile).values(row))
    connection.execute(update(tables.head).where(tables.head.c.log == log).values(frontier=frontier.stored()))

"""Database servers of one test that crash, and start again on what they left: what they acknowledged may not be gone.

The shared servers of `tests.servers` are told to forgo durability; these have the settings of theirs that make a commit durable. A crash is
a kill of every process of the server, by their ids.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests import servers
from tests.servers import Database, Server
from tests.victim import crash

# What the shared servers forgo, by what an argument has in it.
_FORGONE: Final = MappingProxyType(
    {
        "postgresql": ("fsync=", "synchronous_commit=", "full_page_writes="),
        "mariadb": ("innodb-flush-log-at-trx-commit=", "innodb-flush-method=", "innodb-doublewrite=", "sync-frm="),
    }
)


class OwnServer:
    """A server of a kind, with one empty database."""

    def __init__(self, kind: str) -> None:
        self._folder = Path(os.environ[servers.FOLDER_VARIABLE]) / f"{kind}-own-{secrets.token_hex(4)}"
        self._launch = servers.prepared(kind, self._folder, without=_FORGONE[kind])
        self._process = self._launch()
        self._kind = kind
        running = Server(kind=kind, pid=self.pid, port=self._launch.port, folder=str(self._folder))
        self.database: Database = servers.fresh_database(kind, folder=self._folder, on=running)

    @property
    def pid(self) -> int:
        """The id of its first process."""
        return self._process.pid

    def start_again(self) -> None:
        """Start a server that crashed on its folder, as soon as that is free."""
        self._process.wait()
        self._process = self._launch()

    def close(self) -> None:
        """End it."""
        crash(self.pid)
        self._process.wait()

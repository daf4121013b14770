"""Which log a name on the command line stands for: `REGION/LOG` in the store of a region, `LOG` in the home store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.audit.event import LogId
from ctsec.errors import ConfigurationError

if TYPE_CHECKING:
    from ctsec.security import Security
    from ctsec.security._sync_sealed_logs import SealedLogs


def parted(bundle: Security, name: str) -> tuple[str | None, LogId]:
    """Return the store of a region, None for the home store, and the log that `name` stands for."""
    store, slash, log = name.rpartition("/")
    if slash and store not in bundle.logs.regions.stores:
        raise ConfigurationError(f"expected one of the regions {', '.join(bundle.logs.regions.stores) or '(there is none)'} before the /")
    return store or None, LogId(log)


def logs_in(bundle: Security, name: str) -> tuple[SealedLogs, LogId]:
    """Return the logs of the store that `name` is in, and the log."""
    store, log = parted(bundle, name)
    return bundle.logs if store is None else bundle.logs.regions.stores[store].logs, log

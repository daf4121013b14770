"""What operators are shown."""

from __future__ import annotations

from ctsec.audit.erasure.record import Erasure
from ctsec.storage.backup.stored import StoredBackup
from ctsec.web.views import View, moment


def backup(stored: StoredBackup) -> View:
    """Return a backup that is kept; what it holds is told where it was read."""
    return {
        "id": stored.id,
        "size": stored.size,
        "created_at": moment(stored.created_at),
        "rows": stored.rows,
        "kek": stored.kek,
        "signed_by": stored.signed_by,
    }


def erasure(record: Erasure) -> View:
    """Return the erasure of a person."""
    return {
        "id": record.id,
        "user_id": record.user_id,
        "state": record.state.value,
        "requested_by": record.requested_by,
        "requested_at": moment(record.requested_at),
        "done_at": moment(record.done_at),
        "keys": record.keys,
    }

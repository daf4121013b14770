"""How what is to be rotated is shown: one shape for keys, credentials and consents."""

from __future__ import annotations

from datetime import datetime

from ctsec.connections.health import DueApp
from ctsec.keys.due import DueKey
from ctsec.vault.record import VaultCredential
from ctsec.web.views import View, moment


def key(found: DueKey) -> View:
    """Return an API key that is due."""
    one = found.key
    return _due("api_key", one.id, one.name, one.owner_id, since=found.secret_made_at, at=found.due_at, ends=one.expires_at)


def credential(found: VaultCredential) -> View:
    """Return a credential of the vault that is due."""
    return _due("credential", found.id, found.name, found.created_by, since=found.rotated_at, at=found.due_at, ends=None)


def app(found: DueApp) -> View:
    """Return a connected app whose person is to consent again."""
    one = found.status.app
    ends = found.status.consent_by
    return _due("connected_app", one.id, one.provider, one.connected_by, since=one.connected_at, at=found.due_at, ends=ends)


def order(view: View) -> tuple[str, str]:
    """Return the place of one in the report: what has been due for longest comes first."""
    return str(view["due_at"]), str(view["id"])


def _due(kind: str, one: str, name: str, owner: str, *, since: datetime, at: datetime | None, ends: datetime | None) -> View:
    return {
        "kind": kind,
        "id": one,
        "name": name,
        "owner_id": owner,
        "since": moment(since),
        "due_at": moment(at),
        "ends_at": moment(ends),
    }

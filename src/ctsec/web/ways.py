"""The ways into an organization through providers, as answers tell them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ctsec.sso.record import Connection, ConnectionState


def ways(connections: Iterable[Connection]) -> tuple[Mapping[str, str], ...]:
    """Return the connections that sign people in, each with its id, its name and the kind of its provider."""
    enabled = (each for each in connections if each.state is ConnectionState.ENABLED)
    return tuple({"connection_id": each.id, "name": each.name, "provider": each.provider.value} for each in enabled)

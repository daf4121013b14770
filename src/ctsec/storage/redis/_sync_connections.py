# Generated from src/ctsec/storage/redis/_async_connections.py by tools/twin.py; edit that file.
"""What a client's connection to Redis speaks (async source)."""

from __future__ import annotations

from typing import Any

from redis.exceptions import RedisError

from ctsec.storage.redis.transport import address_of, report
from ctsec.transport.report import ConnectionReport, reason_of
from ctsec.transport.tls import Transport


def connections(client: Any, *, what: str, transport: Transport) -> tuple[ConnectionReport, ...]:
    """Connect to Redis, and return what the connection speaks; `what` says what it is for."""
    connection = client.connection_pool.make_connection()
    try:
        connection.connect()
        # With TLS 1.3 a server tells only now that it does not take this side's certificate.
        connection.send_command("PING")
        connection.read_response()
        return (report(client, connection, transport=transport, what=what),)
    except (RedisError, OSError) as error:
        found = reason_of(error.__cause__ or error.__context__ or error)
        return (ConnectionReport(what=what, address=address_of(client), problem=found, excuse=transport.excuse),)
    finally:
        connection.disconnect()

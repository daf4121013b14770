"""WebSockets: ctsec has none, and a guard opens none."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket

import ctsec.fastapi
from ctsec.rbac.policy import Policy
from tests.hosts.harness import Browser, FastapiHost


def opened(app: FastAPI, headers: list[tuple[bytes, bytes]], path: str) -> list[str]:
    """Return what an application answers to somebody who opens a socket."""
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope = {"type": "websocket", "scheme": "wss", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
    with suppress(Exception):
        asyncio.run(app({**scope, "client": ("198.51.100.7", 1), "subprotocols": [], "root_path": ""}, receive, send))
    return sent


@pytest.mark.host("fastapi")
def test_a_guarded_socket_does_not_open() -> None:
    """Whoever hangs a guard on a socket gets none that opens, for its owner neither: no session stands behind a socket by mistake."""
    host = FastapiHost(Policy.preset(), shared=True)
    try:
        owner = Browser(host).sign_up("olga@acme.example")
        organization = owner.found("Acme")
        guard, app = ctsec.fastapi.Guard(host.security), FastAPI(openapi_url=None)
        guards = {"principal": guard.principal, "require": guard.require("members:manage", organization="organization_id")}
        for name, dependency in {**guards, "open": None}.items():

            async def talk(socket: WebSocket) -> None:
                await socket.accept()

            app.websocket(f"/{name}/{{organization_id}}", dependencies=[dependency] if dependency is not None else [])(talk)
        cookie = [(b"host", b"localhost"), (b"authorization", f"Session {owner.cookie}".encode()), (b"origin", b"https://localhost")]
        for headers in (cookie, []):
            for name in guards:
                assert "websocket.accept" not in opened(app, headers, f"/{name}/{organization}"), name
        assert "websocket.accept" in opened(app, [], f"/open/{organization}")
    finally:
        host.close()

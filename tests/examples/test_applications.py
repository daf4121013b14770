"""The example applications: every route is guarded or open on purpose, and the page lets nothing in from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.examples.pages import ran

# Each runs in a process of its own: the applications are configured by the environment when they are imported.
ROUTES = """
import json
from {guards} import unguarded_routes
from examples.cloudthinker_{host}.app import app
print(json.dumps(unguarded_routes(app)))
"""
HEADERS = {
    "flask": "answer = app.test_client().get('/verify-email')\n",
    "fastapi": "import asyncio, httpx\n"
    "async def get():\n"
    "    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url='http://localhost:8000') as client:\n"
    "        return await client.get('/verify-email')\n"
    "answer = asyncio.run(get())\n",
}


@pytest.mark.parametrize("host", ["fastapi", "flask"])
def test_every_route_is_guarded(host: str, tmp_path: Path) -> None:
    """Every route of the example is guarded or marked public, but for FastAPI's own pages that describe the API."""
    done = ran(ROUTES.format(guards=f"ctsec.{host}", host=host), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [route for route in json.loads(done.stdout) if "docs" not in route and "openapi" not in route and "redoc" not in route] == []


@pytest.mark.parametrize("host", ["fastapi", "flask"])
def test_page_is_closed(host: str, tmp_path: Path) -> None:
    """The page comes with a policy that forbids scripts from elsewhere, inline ones and framing."""
    code = f"from examples.cloudthinker_{host}.app import app\n{HEADERS[host]}print(answer.headers['Content-Security-Policy'])"
    done = ran(code, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    policy = done.stdout.strip().split("; ")
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in done.stdout

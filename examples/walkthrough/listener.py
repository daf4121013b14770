"""Serve an example over TLS 1.3 and nothing less: `python -m examples.walkthrough.listener fastapi --certificate … --key … --port …`."""

from __future__ import annotations

import argparse
import ssl
from importlib import import_module

from ctsec.transport import server_context

PLACE = "127.0.0.1"


def fastapi(context: ssl.SSLContext, *, port: int) -> None:
    """Serve the FastAPI example by uvicorn."""
    import uvicorn

    uvicorn.run("examples.cloudthinker_fastapi.app:app", host=PLACE, port=port, ssl_context_factory=lambda *_: context)


def flask(context: ssl.SSLContext, *, port: int) -> None:
    """Serve the Flask example by werkzeug."""
    from werkzeug.serving import run_simple

    run_simple(PLACE, port, import_module("examples.cloudthinker_flask.app").app, ssl_context=context, threaded=True)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Serve an example over TLS 1.3.")
    parser.add_argument("host", choices=("fastapi", "flask"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", required=True, help="the listener's chain, a PEM file")
    parser.add_argument("--key", required=True, help="its private key, a PEM file without a password")
    chosen = parser.parse_args()
    context = server_context(certificate=chosen.certificate, key=chosen.key)
    {"fastapi": fastapi, "flask": flask}[chosen.host](context, port=chosen.port)


if __name__ == "__main__":
    main()

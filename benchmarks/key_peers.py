"""Another library's credential of a program, verified in this process: `python -P -m benchmarks.key_peers NAME`.

Prints the version that it has, then for each line on its input the CPU seconds of one call, as a slice of a race. Ends with 3 if the
library is not installed. Each is driven in the fastest way that we know, with its key and its record in memory.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.measure import Slice, code
from benchmarks.peer_process import NOT_INSTALLED


def _hasher() -> Slice:
    from django.conf import settings

    settings.configure(INSTALLED_APPS=[])
    from rest_framework_api_key.crypto import KeyGenerator

    generator = KeyGenerator()
    key, _, hashed = generator.generate()
    return _timed("verify(key, hashed)", {"verify": generator.verify, "key": key, "hashed": hashed})


def _jwt() -> Slice:
    import jwt

    secret = os.urandom(32)
    claims = {"sub": "usr_1", "scope": "dashboards:view", "exp": datetime.now(UTC) + timedelta(days=90)}
    token = jwt.encode(claims, secret, algorithm="HS256")
    return _timed("decode(token, secret, algorithms=only)", {"decode": jwt.decode, "token": token, "secret": secret, "only": ["HS256"]})


def _biscuit() -> Slice:
    import biscuit_auth as b

    pair: Any = b.KeyPair()
    token = b.BiscuitBuilder('user("usr_1"); right("dashboards", "view")').build(pair.private_key).to_base64()

    def verify() -> object:
        read = b.Biscuit.from_base64(token, pair.public_key)
        return b.AuthorizerBuilder('allow if right("dashboards", "view")').build(read).authorize()

    return _timed("verify() is not None", {"verify": verify})


def _timed(statement: str, names: dict[str, object]) -> Slice:
    if not eval(statement, names):
        raise RuntimeError("expected the credential to be accepted")
    return code("", statement, names).slice


# name -> (distribution, what makes its slice)
PEERS: dict[str, tuple[str, Callable[[], Slice]]] = {
    "djangorestframework-api-key, hasher alone": ("djangorestframework-api-key", _hasher),
    "PyJWT, HS256": ("pyjwt", _jwt),
    "biscuit-python": ("biscuit-python", _biscuit),
}


def main(name: str) -> int:
    """Answer until the input ends."""
    distribution, make = PEERS[name]
    try:
        version, timed = importlib.metadata.version(distribution), make()
    except (importlib.metadata.PackageNotFoundError, ModuleNotFoundError):
        return NOT_INSTALLED
    print(version, flush=True)
    for _ in sys.stdin:
        print(timed(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

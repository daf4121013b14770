"""Programs, each in a process of its own that was forked from one which has imported what most of them import.

A second of every program's time went into imports. The server imports and does nothing else: it opens nothing and starts no thread, so
what is forked from it is as good as new. It is started by the first program of a test process and ends when that closes its input.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
IMPORTED: Final = (
    *("aiosqlite", "alembic.command", "argon2", "asyncio", "cryptography.hazmat.primitives.asymmetric.ed25519", "pydantic", "sqlalchemy"),
    *("sqlalchemy.dialects.sqlite.aiosqlite", "sqlalchemy.ext.asyncio", "ctsec.cli.main", "ctsec.presets", "ctsec.rbac"),
    *("ctsec.security._async", "ctsec.security._sync", "ctsec.storage.sql", "ctsec.encryption.kms.local", "ctsec.mail.smtp"),
    *("ctsec.storage.sql.schema", "ctsec.storage.sql._async", "ctsec.storage.sql._sync", "ctsec.security._async_jobs"),
    *("ctsec.fastapi", "ctsec.flask", "httpx", "uvicorn"),
)


def script(path: str, *arguments: str, folder: Path, strict: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder; `strict` makes an error of every warning. The checkout is on its path, the folder is not."""
    return _ran({"script": path, "arguments": [path, *arguments], "folder": str(folder), "strict": strict, "path": str(ROOT), "text": ""})


def command(*arguments: str, folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run `ctsec` in a folder, with `text` as its input."""
    given = ["ctsec", *arguments]
    return _ran({"script": None, "arguments": given, "folder": str(folder), "strict": False, "path": str(folder), "text": text})


def _ran(asked: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as kept:
        names = {name: str(Path(kept) / name) for name in ("stdin", "stdout", "stderr")}
        Path(names["stdin"]).write_text(asked["text"], "utf-8")
        server.stdin.write(json.dumps({**asked, **names, "environment": dict(os.environ)}) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        told = {name: Path(names[name]).read_text("utf-8") for name in ("stdout", "stderr")}
    return subprocess.CompletedProcess(asked["arguments"], code, **told)


@cache
def _server() -> subprocess.Popen[str]:
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), str(ROOT)]))
    return subprocess.Popen(
        [sys.executable, "-P", "-c", "from tests.fresh import serve; serve()"],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def close() -> None:
    """End the server of this process, if it has one: a process that outlives its Popen is warned of."""
    if _server.cache_info().currsize:
        _server().communicate()
        _server.cache_clear()


def serve() -> None:
    """Fork a process for each line of the input, and answer with its exit code; a process returns from here when it is done."""
    for name in IMPORTED:
        importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            answers.close()
            _become(asked)
            return
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        answers.flush()


def _become(asked: dict[str, Any]) -> None:
    """Be the program, for two minutes at most."""
    signal.alarm(120)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        descriptor = os.open(asked[name], os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv[:] = asked["arguments"]
    sys.path.insert(0, asked["path"])
    if asked["strict"]:
        warnings.simplefilter("error")
    if asked["script"] is not None:
        runpy.run_path(asked["script"], run_name="__main__")
        return
    from ctsec.cli import main

    sys.exit(main())

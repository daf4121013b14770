"""Real servers for the tests: found on the machine, started once for all workers, stopped by process id.

A server starts when the first test asks for it, under a file lock in a folder that the controller made; every worker then reads its
port from that folder. Every database comes with the defaults that bite: a linguistic collation in PostgreSQL, a case-insensitive one
in MariaDB.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import psycopg
import pymysql
import redis

from tests.certificates import with_tls

MEMORY: Final = Path("/dev/shm")
ROOM: Final = 4 << 30
FOLDER_VARIABLE: Final = "CTSEC_TEST_SERVERS_FOLDER"
KINDS: Final = ("postgresql", "mariadb", "redis", "moto", "softhsm", "chromium")
START_SECONDS: Final = 30.0
SOFTHSM: Final = ("usr/lib/softhsm/libsofthsm2.so", "usr/lib/*/softhsm/libsofthsm2.so", "usr/local/lib/softhsm/libsofthsm2.so")
_children: Final[list[subprocess.Popen[bytes]]] = []  # held, for a dropped Popen warns about the process that goes on


@dataclass(frozen=True, slots=True)
class Server:
    """A running server on loopback."""

    kind: str
    pid: int
    port: int
    folder: str


@dataclass(frozen=True, slots=True)
class TlsServer:
    """A server that speaks TLS: its port, the CA that issued its certificate, and a certificate with its key for a client."""

    port: int
    ca_file: str
    certificate: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An empty database of its own, and how to reach it in both colours.

    `guard_*` is where the guard store belongs: the same database on a server, the file beside it for SQLite.
    """

    kind: str
    name: str
    sync_url: str
    async_url: str
    guard_sync_url: str
    guard_async_url: str
    isolation_levels: tuple[str, ...]


@cache
def find(kind: str) -> str | None:
    """Return the path of a server's program (or of a token's library) on this machine, or None."""
    if kind == "moto":
        return shutil.which("moto_server", path=str(Path(sys.executable).parent))
    if kind == "softhsm":
        libraries = [path for pattern in SOFTHSM for path in sorted(Path("/").glob(pattern))]
        return str(libraries[0]) if libraries and shutil.which("softhsm2-util") else None
    if kind == "chromium":
        return shutil.which("chromium") if shutil.which("chromedriver") else None
    program = {"postgresql": "postgres", "mariadb": "mariadbd", "redis": "redis-server"}[kind]
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    places = [*(str(p) for p in newest_first if kind == "postgresql"), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
    found = shutil.which(program, path=os.pathsep.join(places))
    return found if found is None or kind != "postgresql" else str(Path(found).resolve())  # initdb lies beside the real file


def available_databases() -> list[str]:
    """Return the kinds of database that tests run on here, for the `params` of fixtures."""
    return ["sqlite", *(kind for kind in ("postgresql", "mariadb") if find(kind))]


def describe(kind: str) -> str:
    """Return one line on a server: its version, or that it is missing."""
    program = find(kind)
    if program is None:
        return f"{kind}: not found"
    if kind == "moto":
        return f"moto: {metadata.version('moto')}"
    command = ["softhsm2-util" if kind == "softhsm" else program, "--version"]
    version = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return f"{kind}: {version.splitlines()[0] if version else program}"


def make_folder() -> Path:
    """Create the folder that the workers share and name it in the environment; temporary files are in memory where it has room for them.

    What is killed here is a process and never the machine: nothing is proved by waiting for a disk at each of tens of thousands of commits.
    """
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"], tempfile.tempdir = str(MEMORY), None
    folder = Path(tempfile.mkdtemp(prefix="ctsec-servers-"))
    folder.chmod(0o755)
    os.environ[FOLDER_VARIABLE] = str(folder)
    return folder


def server(kind: str) -> Server:
    """Return the one running server of a kind, starting it if this worker is the first to ask."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    record = folder / f"{kind}.json"
    with _locked(folder / f"{kind}.lock"):
        if not record.exists():
            record.write_text(json.dumps(asdict(_start(kind, folder / kind))), "utf-8")
        return Server(**json.loads(record.read_text("utf-8")))


def tls_server(kind: str, maximum: str) -> TlsServer:
    """Return the one server of a kind that speaks TLS up to `maximum` (`TLSv1.2` or `TLSv1.3`), with a certificate of the tests' own CA.

    Its certificate is for 127.0.0.1 and for `certificates.NAME`. PostgreSQL looks at a client's certificate, and Redis asks for one.
    """
    folder = Path(os.environ[FOLDER_VARIABLE])
    record = folder / f"{kind}-{maximum}.json"
    with _locked(folder / f"{kind}-{maximum}.lock"):
        if not record.exists():
            record.write_text(json.dumps(asdict(_start(kind, folder / f"{kind}-{maximum}", maximum=maximum))), "utf-8")
        running = Server(**json.loads(record.read_text("utf-8")))
        place = f"{running.folder}/tls"
        return TlsServer(running.port, f"{place}/ca.pem", f"{place}/client.crt", f"{place}/client.key")


@cache
def lacks_tls() -> bool:
    """Say whether Redis was built without TLS: it then does not know the first of these settings, and no build takes the second."""
    program = find("redis")
    command = [str(program), "--tls-port", "0", "--port", "none"]
    return program is not None and "tls-port" in subprocess.run(command, capture_output=True, text=True, check=False).stdout


def stop_all() -> None:
    """Stop every server that was started for this run, by process id, and remove the folder."""
    folder = Path(os.environ.pop(FOLDER_VARIABLE))
    for record in folder.glob("*.json"):
        _stop(Server(**json.loads(record.read_text("utf-8"))))
    while _children:
        _children.pop().wait(5)  # a server of several threads is a zombie before it can be waited for
    shutil.rmtree(folder, ignore_errors=True)


def leave() -> None:
    """Let go of the servers that this worker started: the controller stops them when every worker has ended."""
    while _children:
        _children.pop().returncode = 0  # or Python warns of a process that goes on, which it is meant to


def fresh_database(kind: str, *, folder: Path, on: Server | None = None) -> Database:
    """Create an empty database; `folder` holds it if it is a file; `on` is a server other than the shared one."""
    name = f"ctsec_{secrets.token_hex(6)}"
    if kind == "sqlite":
        path = folder / f"{name}.db"
        urls = (f"sqlite:///{path}", f"sqlite+aiosqlite:///{path}", f"sqlite:///{path}-guard", f"sqlite+aiosqlite:///{path}-guard")
        levels: tuple[str, ...] = ("SERIALIZABLE",)
    else:
        port = (on or server(kind)).port
        _administer(kind, f"CREATE DATABASE {name}" + (" CHARACTER SET utf8mb4" if kind == "mariadb" else ""), port=port)
        sync, other = {"postgresql": ("psycopg", "psycopg"), "mariadb": ("pymysql", "asyncmy")}[kind]
        place = f"ctsec@127.0.0.1:{port}/{name}" + ("?charset=utf8mb4" if kind == "mariadb" else "")
        # Unless it is told not to, pymysql reads every certificate of the machine for each connection, which takes longer than most tests.
        plain = "&ssl_disabled=1" if kind == "mariadb" else ""
        urls = (f"{kind}+{sync}://{place}{plain}", f"{kind}+{other}://{place}") * 2
        levels = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
    return Database(
        kind=kind,
        name=name,
        sync_url=urls[0],
        async_url=urls[1],
        guard_sync_url=urls[2],
        guard_async_url=urls[3],
        isolation_levels=levels,
    )


def drop_database(database: Database) -> None:
    """Remove a database, whoever is still connected to it."""
    if database.kind == "sqlite":
        path = Path(database.sync_url.removeprefix("sqlite:///"))
        for part in path.parent.glob(f"{path.name}*"):
            part.unlink()
    else:
        forced = " WITH (FORCE)" if database.kind == "postgresql" else ""
        _administer(database.kind, f"DROP DATABASE {database.name}{forced}", port=server(database.kind).port)


def fresh_redis() -> str:
    """Return the URL of a Redis database that no other test of this run has."""
    port = server("redis").port
    with redis.Redis(port=port) as client:
        return f"redis://127.0.0.1:{port}/{client.incr('databases')}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _administer(kind: str, statement: str, *, port: int) -> None:
    if kind == "postgresql":
        with psycopg.connect(host="127.0.0.1", port=port, user="ctsec", dbname="postgres", autocommit=True) as postgresql:
            postgresql.execute(statement.encode())
    else:
        place: dict[str, Any] = {"host": "127.0.0.1", "port": port, "user": "ctsec", "ssl_disabled": True}
        with pymysql.connect(autocommit=True, **place) as mariadb, mariadb.cursor() as cursor:
            cursor.execute(statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a server is started on its folder, again and again; calling it returns the process once it answers."""

    kind: str
    folder: Path
    port: int
    command: list[str]
    ready: Callable[[], object]

    def __call__(self) -> subprocess.Popen[bytes]:
        deadline = time.monotonic() + START_SECONDS
        process = self._begin()
        while True:
            try:
                self.ready()
            except (psycopg.Error, pymysql.Error, redis.RedisError, OSError) as error:
                if time.monotonic() > deadline:
                    process.kill()
                    log = (self.folder / "log").read_text("utf-8", "replace")[-2000:]
                    raise RuntimeError(f"{self.kind} did not start: {error}\n{log}") from error
                time.sleep(0.05)
                process = process if process.poll() is None else self._begin()
            else:
                return process

    def _begin(self) -> subprocess.Popen[bytes]:
        process = _as(_account(self.kind), self.command, folder=self.folder)
        _children.append(process)
        return process


def prepared(kind: str, folder: Path, *, maximum: str | None = None, without: tuple[str, ...] = ()) -> Launch:
    """Return how a server is started, once its folder is there; `without` are pieces of settings to leave at what the server has."""
    program = find(kind)
    if program is None:
        raise RuntimeError(f"{kind} is not installed here; parametrize with available_databases()")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    account = _account(kind)
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    port = _free_port()
    prepare, command, ready = _plan(kind, Path(program), folder=folder, port=port)
    command = [part for at, part in enumerate(command) if not _names(without, command[at : at + 2])]
    if maximum is not None:
        command = with_tls(kind, command, folder=folder, maximum=maximum, account=account)
        ready = partial(_knock, port) if kind == "redis" else ready
    if prepare:
        _as(account, prepare, folder=folder).wait()
    return Launch(kind=kind, folder=folder, port=port, command=command, ready=ready)


def _names(pieces: tuple[str, ...], pair: list[str]) -> bool:
    """Tell whether an argument, or a `-c` with what follows it, is a setting of these."""
    return any(piece in part for piece in pieces for part in (pair if pair[0] == "-c" else pair[:1]))


def _start(kind: str, folder: Path, *, maximum: str | None = None) -> Server:
    launch = prepared(kind, folder, maximum=maximum)
    return Server(kind=kind, pid=launch().pid, port=launch.port, folder=str(folder))


def _plan(kind: str, program: Path, *, folder: Path, port: int) -> tuple[list[str], list[str], Callable[[], object]]:
    """Return how a server is prepared, started (its port comes last) and asked whether it is ready."""
    data = str(folder / "data")
    if kind == "postgresql":
        init = [str(program.with_name("initdb")), "-D", data, "-U", "ctsec", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        init += ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]
        fast = [
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "autovacuum=off",
            "jit=off",  # the queries of a reflection cost so much by their estimate that each was compiled
            "max_connections=300",
            "listen_addresses=127.0.0.1",
        ]
        settings = [part for setting in (*fast, f"unix_socket_directories={folder}") for part in ("-c", setting)]
        run = [str(program), "-D", data, *settings, "-p", str(port)]
        return init, run, lambda: psycopg.connect(host="127.0.0.1", port=port, user="ctsec", dbname="postgres").close()
    if kind == "mariadb":
        install = shutil.which("mariadb-install-db") or "mariadb-install-db"
        accounts = folder / "accounts.sql"
        accounts.write_text(
            "".join(
                f"CREATE USER IF NOT EXISTS ctsec@'{host}';\nGRANT ALL ON *.* TO ctsec@'{host}' WITH GRANT OPTION;\n"
                for host in ("localhost", "127.0.0.1")
            )
        )
        init = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"]
        run = [str(program), "--no-defaults", f"--datadir={data}", f"--socket={folder / 'sock'}", f"--init-file={accounts}"]
        run += ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--sync-frm=0"]
        run += ["--innodb-buffer-pool-size=64M", "--max-connections=300"]
        run += [f"--pid-file={folder / 'pid'}", "--bind-address=127.0.0.1", "--port", str(port)]
        return init, run, lambda: pymysql.connect(host="127.0.0.1", port=port, user="ctsec").close()
    if kind == "moto":
        run = [str(program), "--host", "127.0.0.1", "--port", str(port)]
        return [], run, lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close()
    run = [str(program), "--bind", "127.0.0.1", "--save", "", "--databases", "10000", "--dir", str(folder), "--port", str(port)]
    return [], run, lambda: redis.Redis(port=port).ping()


def _knock(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=1).close()


def _account(kind: str) -> pwd.struct_passwd | None:
    """Return who runs a server if we are root: PostgreSQL and MariaDB refuse root."""
    if os.geteuid() != 0 or kind == "moto":  # moto runs in our own interpreter, which another account may not be able to read
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get({"postgresql": "postgres", "mariadb": "mysql", "redis": "redis"}[kind]) or known["nobody"]


def _as(account: pwd.struct_passwd | None, command: list[str], *, folder: Path) -> subprocess.Popen[bytes]:
    log = (folder / "log").open("ab")
    environment: Mapping[str, str] = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(folder), "TMPDIR": str(folder)}
    with log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def _stop(running: Server) -> None:
    """End a server by its process id; its data are thrown away, so a slow shutdown is cut short."""
    polite = signal.SIGINT if running.kind == "postgresql" else signal.SIGTERM
    for number, seconds in ((polite, 10.0), (signal.SIGKILL, 5.0)):
        if not _alive(running.pid):
            return
        os.kill(running.pid, number)
        deadline = time.monotonic() + seconds
        while _alive(running.pid) and time.monotonic() < deadline:
            time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass  # another worker started it
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""What every test shares: the servers of this machine, databases, vectors, and the record of which rows a run proved."""

from __future__ import annotations

import gc
import importlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import scim2_server.service  # noqa: F401 (first, since its models look through every module that is there: two seconds after the tests')
from hypothesis import HealthCheck, settings

import ctsec
from tests import compiled, fresh, programs, servers
from tests.servers import Database, available_databases, drop_database, fresh_database, fresh_redis
from tests.victim import Victim

ROOT = Path(__file__).resolve().parents[1]
VECTORS = Path(os.environ.get("CTSEC_VECTORS", ROOT.parent / "shared" / "vectors"))
DESIGN = Path(os.environ.get("CTSEC_DESIGN", ROOT.parent / "shared" / "design"))
REQUIRE_ALL = os.environ.get("CTSEC_TEST_REQUIRE") == "all"
ROWS_FILE = Path(".rows.json")

TOGETHER = {"tests/architecture/": "source", "tests/peers/": "peers", "tests/browser/test_provider.py": "peers"}

ran: dict[str, dict[str, object]] = {}

compiled.share()

# What a collection makes lives to the end: looking it over for garbage was half of its time.
gc.set_threshold(20_000, 20, 50)

# A property holds on a busy machine too: no test fails by the clock. Where everything is required, searches are the same in every run, as
# Hypothesis itself has it for CI: what fails there fails again. Chance is given its turn on developers' machines and in `make soak`.
PROFILE = "ci" if REQUIRE_ALL and not os.environ.get("CTSEC_SOAK") else settings.get_current_profile_name()
settings.register_profile("ctsec", parent=settings.get_profile(PROFILE), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ctsec")


def missing() -> dict[str, str]:
    """Return what this machine lacks, each with the tests that therefore do not run."""
    lacking = {kind: f"tests on {kind}" for kind in servers.KINDS if servers.find(kind) is None}
    lacking |= {kind: f"tests with {kind}" for kind in programs.KINDS if programs.find(kind) is None}
    if servers.lacks_tls():
        lacking["redis-tls"] = "tests of TLS to redis, which was built without it"
    if not VECTORS.is_dir():
        lacking["vectors"] = "tests marked `vectors` (set CTSEC_VECTORS)"
    if not (DESIGN / "rbac-semantics.json").is_file():
        lacking["design"] = "tests marked `design` (set CTSEC_DESIGN)"
    return lacking


def is_worker(config: pytest.Config) -> bool:
    """Tell whether this process is a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a run that would prove less than it was asked to; make the folder that the servers live in."""
    if is_worker(config):
        return
    if REQUIRE_ALL and missing():
        pytest.exit(f"CTSEC_TEST_REQUIRE=all, and this machine lacks: {', '.join(missing())}", returncode=1)
    if os.environ.get("CTSEC_TEST_INSTALLED") and Path(ctsec.__file__).is_relative_to(ROOT / "src"):
        pytest.exit("the tests must see the built wheel, and ctsec came from src", returncode=1)
    servers.make_folder()


def pytest_report_header() -> list[str]:
    """Say which real servers take part and what is left out."""
    lines = [f"ctsec {ctsec.__version__} from {Path(ctsec.__file__).parent}"]
    lines += [f"real {servers.describe(kind)}" for kind in servers.KINDS if servers.find(kind)]
    lines += [f"real {programs.describe(kind)}" for kind in programs.KINDS if programs.find(kind)]
    lines += [f"NOT RUN, {name} not found: {tests}" for name, tests in missing().items()]
    return lines


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests whose server or data this machine lacks; the header names them."""
    lacking = missing()
    left_out = [item for item in items if needs(item) & lacking.keys()]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        rows = [row for mark in item.iter_markers("proves") for row in mark.args]
        if rows:
            item.user_properties += [("proves", rows), ("host", host_of(item))]


def pytest_collection(session: pytest.Session) -> None:
    """Let each worker begin with another part of the tests' modules: what one has compiled, the others read."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1 or session.config.rootpath != ROOT:
        return
    places = [session.startpath / argument for argument in session.config.args]
    paths = sorted({path.relative_to(ROOT) for place in places if place.is_dir() for path in place.rglob("test_*.py")})
    first = len(paths) * int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) // workers
    with suppress(Exception):  # the collection tells of it
        for path in paths[first:] + paths[:first]:
            importlib.import_module(".".join(path.with_suffix("").parts))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give one worker what shares something dear: the package as syntax trees, and the programs of others that peers are.

    The marks of pytest-xdist 3.8 for this do nothing since pytest 9.2, which keeps the name of a test elsewhere.
    """
    from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]

    if config.getoption("dist") != "loadgroup":
        return None
    made: Any = LoadScopeScheduling(config, log)
    made._split_scope = lambda nodeid: next((group for place, group in TOGETHER.items() if nodeid.startswith(place)), nodeid)
    return made


def pytest_collection_finish() -> None:
    """Take what was collected out of the collector's sight: twelve thousand tests live to the end, and were an eighth of the time."""
    gc.collect()
    gc.freeze()


def needs(item: pytest.Item) -> set[str]:
    """Return what a test cannot run without, told by its marks and fixtures."""
    named = {"vectors", "design", "redis_url", "postgresql", "mariadb"}
    wanted = {mark.name for mark in item.iter_markers()} | set(getattr(item, "fixturenames", ()))
    wanted |= {kind for mark in item.iter_markers("server") for kind in mark.args}
    run = {kind for mark in item.iter_markers("program") for kind in mark.args}
    return run | {"redis" if name == "redis_url" else name for name in wanted & (named | {"redis"})}


def host_of(item: pytest.Item) -> str | None:
    """Return the host framework that a test drives, told by a mark, a parameter or the file's name."""
    words = [str(word) for mark in item.iter_markers("host") for word in mark.args]
    callspec = getattr(item, "callspec", None)
    words += callspec.id.split("-") if callspec is not None else []
    words += item.path.stem.split("_")
    return next((word for word in words if word in {"fastapi", "flask"}), None)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the outcome of each test that proves a row; a failure in any phase is a failure."""
    properties = dict(report.user_properties)
    if "proves" in properties:
        passed = report.passed and bool(ran.get(report.nodeid, {}).get("passed", True))
        ran[report.nodeid] = {"rows": properties["proves"], "host": properties["host"], "passed": passed}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write which rows were proved, and stop the servers."""
    fresh.close()
    if is_worker(session.config):
        servers.leave()
        return
    before = json.loads(ROWS_FILE.read_text("utf-8")) if ROWS_FILE.exists() else {}
    if ran:
        ROWS_FILE.write_text(json.dumps(before | ran, indent=1, sort_keys=True) + "\n", "utf-8")
    servers.stop_all()


@pytest.fixture(scope="module", params=available_databases())
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An empty database for the tests of one module, on each kind that this machine has."""
    made = fresh_database(request.param, folder=tmp_path_factory.mktemp("database"))
    yield made
    drop_database(made)


@pytest.fixture
def redis_url() -> str:
    """The URL of an empty Redis database."""
    return fresh_redis()


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of published test vectors."""
    return VECTORS


@pytest.fixture(scope="session")
def design() -> Path:
    """The folder of the design's machine-readable tables."""
    return DESIGN


@pytest.fixture(scope="session")
def victim() -> Iterator[Victim]:
    """Return the process whose children kill themselves at a counted step."""
    made = Victim()
    yield made
    made.close()

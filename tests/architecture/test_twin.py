"""The sync twins are what the generator makes of the async sources, and the generator keeps its rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tools.twin import main, twin, twins

HEADER = "# Generated from a.py by tools/twin.py; edit that file.\n"


def made(source: str) -> str:
    """Return the twin of a sample without its first line."""
    text = twin(source, name="a.py")
    assert text.startswith(HEADER)
    return text.removeprefix(HEADER)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("async def f() -> None:\n    await g()\n", "def f() -> None:\n    g()\n"),
        ("async def f(x):\n    return (await x.load()).name\n", "def f(x):\n    return (x.load()).name\n"),
        (
            "async def f(x):\n    async with x as y:\n        async for z in y:\n            pass\n",
            "def f(x):\n    with x as y:\n        for z in y:\n            pass\n",
        ),
        ("async def f(x):\n    return [await y async for y in x]\n", "def f(x):\n    return [y for y in x]\n"),
        ("class AsyncKeys(AsyncBase): ...\n", "class Keys(Base): ...\n"),
        ("class _AsyncKeys: ...\n", "class _Keys: ...\n"),
        ("x = database.guard_async_url or database.async_url\n", "x = database.guard_sync_url or database.sync_url\n"),
        ("class Asynchrony: ...\n", "class Asynchrony: ...\n"),
        ("from ctsec.keys._async import AsyncKeys\n", "from ctsec.keys._sync import Keys\n"),
        ("from tests.keys.test_async_keys import f\n", "from tests.keys.test_sync_keys import f\n"),
        ("from ctsec.keys._async_ports import AsyncKeyRecords as K\n", "from ctsec.keys._sync_ports import KeyRecords as K\n"),
        ("f: AsyncIterator[int]\n", "f: Iterator[int]\n"),
        ("f: AsyncGenerator[dict[str, int], None]\n", "f: Generator[dict[str, int], None, None]\n"),
        ("f: AbstractAsyncContextManager[int]\n", "f: AbstractContextManager[int]\n"),
        ("from contextlib import asynccontextmanager\n", "from contextlib import contextmanager\n"),
        ("async def f(x):\n    return await anext(aiter(x))\n", "def f(x):\n    return next(iter(x))\n"),
        ("raise StopAsyncIteration\n", "raise StopIteration\n"),
        ("class C:\n    async def __aenter__(self): ...\n", "class C:\n    def __enter__(self): ...\n"),
        ("async def f(x):\n    await x.aclose()\n", "def f(x):\n    x.close()\n"),
        ('"""What AsyncKeys of `_async` do."""\n', '"""What Keys of `_sync` do."""\n'),
        ("x = 1  # as AsyncKeys does\n", "x = 1  # as Keys does\n"),
        ('x = "asynchronous, await, async def"\n', 'x = "asynchronous, await, async def"\n'),
        ("from sqlalchemy.ext.asyncio import AsyncConnection\n", "from sqlalchemy import Connection\n"),
        ("from sqlalchemy.ext.asyncio import AsyncSession as S\n", "from sqlalchemy.orm import Session as S\n"),
        (
            "if x:\n    from sqlalchemy.ext.asyncio import (\n        AsyncEngine,  # why\n        AsyncSession,\n    )\n",
            "if x:\n    from sqlalchemy import Engine\n    from sqlalchemy.orm import Session\n",
        ),
        ("    \nx = y  # sync: x = z\n", "    \nx = z\n"),
        ("def f():\n    await_me = 1  # sync: wait_me = AsyncLeft\n", "def f():\n    wait_me = AsyncLeft\n"),
    ],
)
def test_rules(source: str, expected: str) -> None:
    """Each rule changes what it names, keeps the layout of the line, and leaves other text alone."""
    assert made(source) == expected


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("import asyncio\n", "a.py:1: asyncio"),
        ("\n\nasync def f():\n    await asyncio.sleep(1)\n", "a.py:4: asyncio"),
        ("from collections.abc import Awaitable\n", "a.py:1: Awaitable"),
        ("x: 'int'\ny: Coroutine[int, int, int]\n", "a.py:2: Coroutine"),
        ("import asyncio  # sync: import time\n", "a.py:1: asyncio"),
    ],
)
def test_refusals(source: str, place: str) -> None:
    """A source that names what has no sync twin is refused with file and line."""
    with pytest.raises(SyntaxError, match=place):
        twin(source, name="a.py")


def test_a_twin_that_is_no_python_is_refused() -> None:
    """What does not compile as sync code, such as an `await` inside an f-string, is refused."""
    with pytest.raises(SyntaxError):
        twin('async def f(x):\n    return f"{await x}"\n', name="a.py")


def tree(root: Path) -> Path:
    """Write a small tree with one source in the package and one among the tests; return the package's folder."""
    (root / "src" / "p").mkdir(parents=True)
    (root / "tests" / "p").mkdir(parents=True)
    (root / "src" / "p" / "_async_ports.py").write_text(
        "from collections.abc import AsyncIterator, Iterator\nimport abc\n\nx: AsyncIterator[int]\n"
    )
    (root / "tests" / "p" / "test_async_p.py").write_text("async def test_it(database):\n    assert await database.async_url\n")
    return root / "src" / "p"


def test_written_twins_are_sorted_and_named_after_their_source(tmp_path: Path) -> None:
    """A twin starts by naming its source; its imports are sorted and free of what renaming doubled."""
    package = tree(tmp_path)
    assert main([], root=tmp_path) == 0
    first = "# Generated from src/p/_async_ports.py by tools/twin.py; edit that file.\n"
    assert (package / "_sync_ports.py").read_text() == first + "import abc\nfrom collections.abc import Iterator\n\nx: Iterator[int]\n"
    assert "    assert database.sync_url\n" in (tmp_path / "tests" / "p" / "test_sync_p.py").read_text()
    assert main(["--check"], root=tmp_path) == 0


def test_check_lists_drift_orphans_and_missing_twins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` fails on a twin that differs anywhere, is missing, or has lost its source, and changes nothing."""
    package = tree(tmp_path)
    main([], root=tmp_path)
    (package / "_sync_ports.py").write_text((package / "_sync_ports.py").read_text() + "\n")
    (package / "_sync_lost.py").write_text("")
    (tmp_path / "tests" / "p" / "test_sync_p.py").unlink()
    capsys.readouterr()
    assert main(["--check"], root=tmp_path) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed == ["drifted: src/p/_sync_ports.py", "drifted: tests/p/test_sync_p.py", "orphaned: src/p/_sync_lost.py"]
    assert (package / "_sync_lost.py").exists()


def test_refused_source_fails_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused source ends the run with status 1 and the place on the error stream; no twin is written."""
    package = tree(tmp_path)
    (package / "_async.py").write_text("import asyncio\n")
    assert main([], root=tmp_path) == 1
    assert "src/p/_async.py:1" in capsys.readouterr().err
    assert not (package / "_sync_ports.py").exists()


def test_committed_twins_are_the_generated_ones() -> None:
    """Every twin in the repository equals, as a whole file, what the generator makes now, and none is left over."""
    wanted = twins(ROOT)
    there = {
        p.relative_to(ROOT)
        for start in ("src", "tests")
        for p in (ROOT / start).rglob("*.py")
        if p.name.startswith(("_sync", "test_sync_"))
    }
    assert there == set(wanted)
    assert [str(path) for path, text in wanted.items() if (ROOT / path).read_text("utf-8") != text] == []

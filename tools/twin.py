"""Write the sync twins of the async sources: `python tools/twin.py` writes them, `--check` compares whole files and lists drift.

Sources are `_async*.py` (src, tests) and `test_async_*.py` (tests). Names are renamed by the table and the patterns below, `async` and
`await` go, words in strings and comments follow their names. `code  # sync: other code` replaces one line where no rule fits.
"""

import re
import subprocess
import sys
import tempfile
import tokenize
from io import StringIO
from pathlib import Path

NAMES = {
    "__aenter__": "__enter__", "__aexit__": "__exit__", "__aiter__": "__iter__", "__anext__": "__next__", "aclose": "close",
    "aiter": "iter", "anext": "next", "aclosing": "closing", "enter_async_context": "enter_context", "StopAsyncIteration": "StopIteration",
    "asynccontextmanager": "contextmanager", "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncContextManager": "AbstractContextManager", "create_async_engine": "create_engine", "async_sessionmaker": "sessionmaker",
}  # fmt: skip
IN_ORM = {"AsyncSession", "AsyncSessionTransaction", "async_sessionmaker"}  # the twins of the rest are in `sqlalchemy` itself
REFUSED = {"asyncio", "Awaitable", "Coroutine"}
STYLE = ["--isolated", "--no-cache", "--quiet", "--config", "line-length=140", "--config", "target-version='py311'"]
SORT = ["check", "--select", "I", "--fix", "--config", "lint.isort.known-first-party=['ctsec','tests']"]


def rename(name: str) -> str:
    """Return the sync form of one identifier."""
    return NAMES.get(name, re.sub(r"^(_*)Async(?=[A-Z])", r"\1", re.sub(r"^(_|test_|guard_|)async(?=_|$)", r"\1sync", name)))


def prose(text: str) -> str:
    """Return a string or comment with the names in it renamed."""
    return re.sub(r"\bAsync(?=[A-Z])", "", text).replace("_async", "_sync")


def sqlalchemy_import(tokens: list[tokenize.TokenInfo]) -> str:
    """Rewrite the tokens of one `from sqlalchemy.ext.asyncio import …` statement."""
    after = " ".join(t.string for t in tokens[7:] if t.type not in {tokenize.NL, tokenize.COMMENT} and t.string not in {"(", ")"})
    parts = [part.strip() for part in after.split(",") if part.strip()]
    in_orm = [p for p in parts if p.split()[0] in IN_ORM]
    homes = {"sqlalchemy": [p for p in parts if p not in in_orm], "sqlalchemy.orm": in_orm}
    lines = [f"from {home} import " + ", ".join(" ".join(map(rename, p.split())) for p in names) for home, names in homes.items() if names]
    return ("\n" + " " * tokens[0].start[1]).join(lines)


def twin(source: str, *, name: str) -> str:
    """Return the sync twin of a source text; raise SyntaxError with the line of what has no twin."""
    source = source.replace("from redis.asyncio", "from redis")  # redis-py has both colours under the same names
    source = source.replace("from limits.aio.", "from limits.")  # and so has limits
    tokens = list(tokenize.generate_tokens(StringIO(source).readline))
    lines = StringIO(source).readlines()
    edits: dict[tuple[int, int], tuple[tuple[int, int], str]] = {}
    skip = 0
    for at, token in enumerate(tokens):
        if at < skip:
            continue
        text, ahead = token.string, tokens[min(at + 1, len(tokens) - 1)]
        if text == "from" and [t.string for t in tokens[at + 1 : at + 7]] == ["sqlalchemy", ".", "ext", ".", "asyncio", "import"]:
            skip = next(i for i in range(at, len(tokens)) if tokens[i].type == tokenize.NEWLINE)
            edits[token.start] = (tokens[skip - 1].end, sqlalchemy_import(tokens[at:skip]))
        elif token.type == tokenize.NAME and text in REFUSED:
            raise SyntaxError(f"{name}:{token.start[0]}: {text} has no sync twin")
        elif token.type == tokenize.NAME and text in {"async", "await"}:
            edits[token.start] = (ahead.start, "")
        elif token.type == tokenize.NAME and rename(text) != text:
            edits[token.start] = (token.end, rename(text))
            if text == "AsyncGenerator" and ahead.string == "[":
                depth, close = 1, at + 2
                while depth := depth + (tokens[close].string == "[") - (tokens[close].string == "]"):
                    close += 1
                edits[tokens[close].start] = (tokens[close].start, ", None")
        elif token.type == tokenize.COMMENT and text.startswith("# sync:"):
            row, indent = token.start[0], len(token.line) - len(token.line.lstrip())
            edits = {start: edit for start, edit in edits.items() if start[0] != row}
            edits[(row, indent)] = (token.end, text.removeprefix("# sync:").strip())
        elif token.type not in {tokenize.NAME, tokenize.OP} and prose(text) != text:
            edits[token.start] = (token.end, prose(text))
    for (row, column), ((end_row, end_column), new) in sorted(edits.items(), reverse=True):
        lines[row - 1 : end_row] = [lines[row - 1][:column] + new + lines[end_row - 1][end_column:]]
    compile("".join(lines), name, "exec", dont_inherit=True)
    return f"# Generated from {name} by tools/twin.py; edit that file.\n" + "".join(lines)


def twins(root: Path) -> dict[Path, str]:
    """Return every twin that the sources under a root ask for, imports sorted and formatted."""
    sources = [*root.glob("src/**/_async*.py"), *root.glob("tests/**/_async*.py"), *root.glob("tests/**/test_async_*.py")]
    target = {p: p.relative_to(root).with_name(p.name.replace("async", "sync", 1)) for p in sorted(sources)}
    wanted = {target[p]: twin(p.read_text("utf-8"), name=p.relative_to(root).as_posix()) for p in target}
    with tempfile.TemporaryDirectory() as folder:
        for path, text in wanted.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_text(text, "utf-8")
        for command in (SORT, ["format"]):
            subprocess.run([sys.executable, "-m", "ruff", *command, *STYLE, folder], check=True)
        return {path: (Path(folder) / path).read_text("utf-8") for path in wanted}


def main(arguments: list[str], *, root: Path) -> int:
    """Write or check the twins under a root; return the exit status."""
    try:
        wanted = twins(root)
    except SyntaxError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    there = {p.relative_to(root) for glob in ("src/**/_sync*.py", "tests/**/_sync*.py", "tests/**/test_sync_*.py") for p in root.glob(glob)}
    drifted = [path for path, text in wanted.items() if path not in there or (root / path).read_text("utf-8") != text]
    orphaned = sorted(there - wanted.keys())
    if "--check" in arguments:
        print("".join(f"drifted: {p}\n" for p in drifted) + "".join(f"orphaned: {p}\n" for p in orphaned), end="")
        return int(bool(drifted or orphaned))
    for path in drifted:
        (root / path).write_text(wanted[path], "utf-8")
    for path in (p for p in orphaned if (root / p).read_text("utf-8").startswith("# Generated from")):
        (root / path).unlink()
    print(f"{len(wanted)} twins, {len(drifted)} written, {len(orphaned)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], root=Path(__file__).resolve().parents[1]))

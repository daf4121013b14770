"""A report as text, JSON or HTML: the same tables in each, written as they come, so that a long one takes no memory."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final, Protocol

FORMATS: Final = ("text", "json", "html")
_STYLE: Final = (
    "body{font-family:system-ui,sans-serif;margin:2rem}table{border-collapse:collapse;margin:1rem 0}"
    "caption{text-align:left;font-weight:bold;padding:.25rem 0}th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left}"
)


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, the names of the columns, and rows whose first cell is the name of the row."""

    caption: str
    columns: tuple[str, ...]
    rows: Iterable[Sequence[str]]


class Report(Protocol):
    """What a command has to say."""

    @property
    @abstractmethod
    def title(self) -> str:
        """Return what it is about."""
        ...

    def text(self) -> Iterator[str]:
        """Yield the lines for a terminal."""
        ...

    def data(self) -> Iterator[Any]:
        """Yield plain values, each of which becomes a line of JSON."""
        ...

    def tables(self) -> Iterator[Table]:
        """Yield the tables of the page."""
        ...


def write(report: Report, form: str) -> None:
    """Print `report` in one of FORMATS."""
    match form:
        case "json":
            for each in report.data():
                print(json.dumps(each))
        case "html":
            for line in _page(report):
                print(line)
        case _:
            for line in report.text():
                print(line)


def aligned(table: Table) -> Iterator[str]:
    """Yield a table as aligned lines under its caption."""
    rows = [table.columns, *table.rows]
    widths = [max(len(row[position]) for row in rows) for position in range(len(table.columns))]
    yield table.caption
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _page(report: Report) -> Iterator[str]:
    title = escape(report.title)
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>"
    empty = True
    for table in report.tables():
        empty = False
        yield f"<table>\n<caption>{escape(table.caption)}</caption>\n<thead>\n<tr>"
        yield "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
        yield "</tr>\n</thead>\n<tbody>"
        for first, *others in table.rows:
            cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
            yield f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>'
        yield "</tbody>\n</table>"
    if empty:
        yield "<p>nothing to tell</p>"
    yield "</main>\n</body>\n</html>"

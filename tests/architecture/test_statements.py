"""Data never becomes a statement or a module: what writes SQL by hand, and what imports by a name, is found in the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.source import Module, imports, last_name, modules, nodes, written

# Ways from a name to a module: what the package itself lists, a module of Alembic, and what an operator types at the command line.
IMPORTING: Final = {
    "ctsec",
    "ctsec.lazy",
    "ctsec.storage.sql.schema",
    "ctsec.cli.loading",
    "ctsec.audit.canonical",
    "ctsec.audit.export.coding",
    "ctsec.audit.record",
    "ctsec.audit.export.parquet",
}
# Places that write SQL as text, each with what can stand in it.
WRITTEN_SQL: Final = {
    "storage.sql.transport": "a constant",
    "storage.sql.engines": "constants",
    "storage.sql.schema": "constants, and the schema's name, which is checked when it is configured",
    "storage.sql._async_executor": "constants of two transactions",
    "storage.sql._sync_executor": "the same",
    "storage.sql.statements.access": "a number of ours",
    "storage.sql.statements.work": "constants",
    "storage.sql.migrations.main.versions.0007_passwords": "constants of the three dialects, and the configured names",
    "storage.backup.snapshot": "constants, and the names of our tables",
}
SQL_CALLS: Final = {"text", "literal_column", "exec_driver_sql", "TextClause", "DDL"}


def written_sql(module: Module) -> Iterator[ast.Call]:
    """Yield the calls of a module that take SQL as text."""
    speaks = any(target.partition(".")[0] == "sqlalchemy" for target, _ in imports(module.name))
    for node in nodes(module.tree) if speaks or "execute" in module.text or "exec_driver_sql" in module.text else ():
        if isinstance(node, ast.Call) and node.args:
            name = last_name(node.func)
            cursor = name in {"execute", "executemany"} and isinstance(node.args[0], ast.Constant | ast.JoinedStr | ast.BinOp)
            if cursor or name == "exec_driver_sql" or (speaks and name in SQL_CALLS and isinstance(node.func, ast.Name)):
                yield node


@pytest.mark.proves("ASVS-1.3.2")
def test_modules_are_named_by_ourselves() -> None:
    """Only the modules of the table turn a name into a module, and none of them takes the name from a request."""
    found = {module.name for module in modules().values() if "import_module" in module.text or "__import__" in module.text}
    assert found == IMPORTING


@pytest.mark.proves("ASVS-1.2.4")
def test_statements_are_built_and_not_written() -> None:
    """SQL as text stands in the places of the table only; what is put into such a text is a constant, or a name that we checked."""
    found = {".".join(module.parts): list(written_sql(module)) for module in modules().values()}
    assert {name for name, calls in found.items() if calls} == WRITTEN_SQL.keys()
    for name, calls in found.items():
        for call in calls:
            for value in (each for each in ast.walk(call.args[0]) if isinstance(each, ast.FormattedValue)):
                assert ast.unparse(value.value) in PUT_IN, (name, ast.unparse(call))


# What is put into a text: names of tables and schemas, seconds to wait, constants by dialect.
PUT_IN: Final = {
    "schema", "part.tables.prefix", "part.tables.schema", "_NAME[op.get_context().dialect.name]", "WAIT_SECONDS", "name",
    "', '.join(names)",
    "', '.join((f'{name} READ' for name in names))",
}  # fmt: skip


def test_the_scan_sees_a_statement() -> None:
    """Each way to hand SQL over as text is found."""
    for line in ('text("a")', 'exec_driver_sql("a")', "connection.exec_driver_sql(a)", 'cursor.execute(f"{a}")', 'cursor.execute("a" + b)'):
        source = f"from sqlalchemy import text\n{line}\n"
        module = Module("ctsec.lazy", written()[0].path, source, ast.parse(source))
        speaking = Module("ctsec.storage.sql.engines", module.path, source, module.tree)
        assert len(list(written_sql(speaking))) == 1, line

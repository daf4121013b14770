"""The page about cryptography says what the code does: every use, label, key, state and format stands on it."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from ctsec.authn.journey import RESET_LIFE, TICKET_LIFE, VERIFICATION_LIFE
from ctsec.authn.record import SessionPolicy
from ctsec.directory._sync_members import INVITATION_LIFE
from ctsec.encryption.dek import DekState, WrappedDek
from ctsec.encryption.holding import RingPolicy
from ctsec.ids import DekId
from ctsec.keys.policy import DEFAULT_LIFE, DEFAULT_OVERLAP, KeyPolicy
from tests.architecture.cryptographic import LIBRARIES, found
from tests.architecture.source import ROOT, modules, nodes

PAGES: Final = ROOT / "docs" / "reference"
WHOLE: Final = ("argon2", "bcrypt", "pkcs11", "ssl")  # of these the page names the library only


def table(heading: str, page: Path = PAGES / "cryptography.md") -> dict[str, list[str]]:
    """Return the rows of the first table below a heading: the cells behind the first one, by its word."""
    part = page.read_text("utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("| `")]
    return {line[0].strip("`"): line[1:] for line in lines}


@pytest.mark.proves("ASVS-11.1.2", "ASVS-11.1.3")
def test_every_use_is_on_the_page() -> None:
    """The scan of the package's source finds exactly the uses of cryptography that the page lists, module by module."""
    told = {name: set(re.findall(r"`([\w.]+)`", cells[0])) for name, cells in table("Where it is").items()}
    scanned = {name: {use.split(".")[0] if use.split(".")[0] in WHOLE else use for use in uses} for name, uses in found().items()}
    assert told == scanned
    assert all(cells[1] for cells in table("Where it is").values())


def test_the_scan_sees_each_way_of_importing() -> None:
    """Nothing that could be asked of a cryptographic library is imported by a module that the scan finds nothing in."""
    named = {
        (".".join(module.parts), root)
        for module in modules().values()
        if not module.generated and module.parts[:1] != ("testing",)
        for node in nodes(module.tree)
        for root in (
            [alias.name.split(".")[0] for alias in node.names]
            if isinstance(node, ast.Import)
            else [(node.module or "").split(".")[0]]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if root in LIBRARIES
    }
    uses = found()
    assert named
    assert {name for name, root in named if not any(use.split(".")[0] == root for use in uses.get(name, ()))} == set()


@pytest.mark.proves("ASVS-11.1.2")
def test_every_label_of_a_derived_key_is_on_a_page() -> None:
    """Whatever label a key is derived under, or a ciphertext bound to, stands in the reference."""
    text = "".join((PAGES / name).read_text("utf-8") for name in ("formats.md", "key-services.md", "passwords.md", "cryptography.md"))
    labels = {
        node.value.decode("ascii").rstrip("\0")
        for module in modules().values()
        for node in nodes(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes) and node.value.startswith(b"ctsec/")
    }
    assert len(labels) > 8
    assert {label for label in labels if label not in text} == set()


@pytest.mark.proves("ASVS-11.1.2", "ASVS-13.1.4")
def test_every_secret_has_its_schedule() -> None:
    """Each key has what it protects, what it is not for and how it is replaced; the times on the page are those of the code."""
    told = table("Keys and secrets")
    assert all(len(cells) == 4 and all(cells) for cells in told.values())
    assert {"key-encryption key", "data key", "password pepper", "API key pepper", "backup signing key"} <= set(told)
    ring, sessions = RingPolicy(), SessionPolicy()
    times = {
        "data key": (ring.rotate_after, ring.seals_for),
        "session token": (sessions.aal1, sessions.aal2),
        "API key": (DEFAULT_LIFE, KeyPolicy().longest_life, DEFAULT_OVERLAP),
        "one-time token": (RESET_LIFE, VERIFICATION_LIFE, INVITATION_LIFE),
    }
    assert TICKET_LIFE == RESET_LIFE
    for key, expected in times.items():
        units = re.findall(r"(\d+)(?: (days|hours|minutes))?", told[key][3])
        days = [timedelta(**{unit or "days": int(number)}) for number, unit in units]
        assert days == list(expected), key


def record(state: DekState) -> WrappedDek:
    """Return the record of a data key in a state."""
    wrapped = b"" if state is DekState.DESTROYED else b"w"
    made, dek_id = datetime(2026, 1, 1, tzinfo=UTC), DekId("dek_" + "0" * 26)
    return WrappedDek(
        id=dek_id,
        scope="deployment",
        region="eu",
        kek="k",
        wrapped=wrapped,
        commitment=b"c",
        state=state,
        created_at=made,
    )


@pytest.mark.proves("ASVS-11.1.1")
@pytest.mark.parametrize("state", list(DekState))
def test_the_states_of_a_data_key_are_those_of_the_page(state: DekState) -> None:
    """From each state exactly the changes of the page are made; nothing leads back, and nothing comes out of destroyed."""
    told = dict(zip(DekState, table("The life of a data key")[state.value][2:], strict=True))
    reached: set[DekState] = set()
    for change in (WrappedDek.retired, WrappedDek.destroyed, lambda each: each.rewrapped(b"x", kek="other")):
        try:
            after = change(record(state))
        except ValueError:
            continue
        assert after.version == 1
        reached.add(after.state)
    assert reached - {state} == {to for to, how in told.items() if how not in {"-", "never"}}
    if state is DekState.DESTROYED:
        for change in (WrappedDek.retired, lambda each: each.rewrapped(b"x", kek="other")):
            with pytest.raises(ValueError, match="stays destroyed"):
                change(record(state))
        assert replace(record(state).destroyed(), version=0) == record(state)

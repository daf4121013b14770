"""The chapter of the log that proves itself: a file that others verify, and a database that somebody edited."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from examples.walkthrough.application import ROOT
from examples.walkthrough.operations import Operations
from examples.walkthrough.organizations import Place
from examples.walkthrough.people import Scene
from examples.walkthrough.transcript import answered, require

VERIFIER: Final = ROOT / "docs" / "reference" / "verify_export.py"


def proofs(scene: Scene, acme: Place, operations: Operations, *, folder: Path) -> None:
    """Export Acme's log and verify the file elsewhere; edit a row of the log, and be found out."""
    scene.transcript.chapter("The log proves itself")
    say, olga = scene.transcript.say, scene.cast.olga
    home = f"/auth/organizations/{acme.organization}/audit"
    operations.seal()
    key = answered(olga.get(f"{home}/key"), 200)["keys"][0]
    exported = olga.get(f"{home}/export?format=jsonl")
    require(exported.status_code == 200, f"a file from {home}/export, got {exported.status_code}")
    file = folder / "acme.jsonl"
    file.write_bytes(exported.content)
    require(_verified(file, key), "that the file is sound")
    say("Olga exports the log; a program of 200 lines, which knows nothing of ctsec, verifies the file with the log's key")
    file.write_bytes(exported.content.replace(b'"access.denied"', b'"access.denies"', 1))
    require(not _verified(file, key), "that the edited file is not sound")
    say("one letter of the file changed: not sound")

    sound = operations.findings(acme.organization)
    require(not sound, f"a log without findings, got {sound}")
    index = operations.acquit(acme.organization)
    found = operations.findings(acme.organization)
    require(index in {each.at for each in found}, f"a finding at {index}, got {found}")
    say("somebody with the database's password turns a refusal in it into a success; verified, the log says:")
    scene.transcript.say(*sorted({f"  {each.kind.value}: {each.detail}" for each in found}))
    operations.restore()
    require(not operations.findings(acme.organization), "a log without findings again")
    say("the row is put back: nothing to find")


def _verified(file: Path, key: str) -> bool:
    ran = subprocess.run([sys.executable, "-P", str(VERIFIER), str(file), key], capture_output=True, timeout=60, check=False)
    require(ran.returncode in {0, 1}, f"a verdict, got {ran.stderr.decode()[-300:]}")
    return ran.returncode == 0

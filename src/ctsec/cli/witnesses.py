"""What commands say of witnesses, and `ctsec audit witnessed`: the proof that a log's checkpoint is covered by what they cosigned."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctsec.audit.anchors.witness import WitnessPolicy
from ctsec.audit.event import LogId
from ctsec.audit.tree.bundle import MAX_BUNDLE, ProofBundle
from ctsec.audit.tree.cosignature import CosignerKey
from ctsec.cli.work import load_bundle
from ctsec.clock import SystemClock
from ctsec.errors import ConfigurationError
from ctsec.outcome import Refusal

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ctsec.audit.anchors.witness import Cosigned, Witnessed
    from ctsec.audit.export.reading import ExportReport
    from ctsec.audit.tree.note import VerifierKey


def add_to(kinds: Any, *, bundle: str) -> None:
    """Add the command below `ctsec audit`."""
    parser = kinds.add_parser("witnessed", help="print the proof that the checkpoint of a log stands in what witnesses cosigned")
    parser.add_argument("bundle", help=bundle)
    parser.add_argument("--log", required=True, help="the log: an organization's id, or `deployment`")
    parser.add_argument("--size", type=int, help="the size of its checkpoint, such as that of an exported file (the last one)")
    parser.set_defaults(run=_witnessed)


def _witnessed(chosen: argparse.Namespace) -> int:
    found = load_bundle(chosen.bundle).anchors.witnessed(LogId(chosen.log), size=chosen.size)
    if isinstance(found, Refusal):
        print(f"refused: {found.detail} [{found.reason.value}]", file=sys.stderr)
        return 1
    print(found.stored().decode(), end="")
    return 0


def seen(each: Cosigned) -> str:
    """Return what a witness saw last, and when."""
    return f"{each.name} saw size {each.size} at {each.at:%Y-%m-%d %H:%M:%S} UTC" if each.at is not None else f"{each.name} saw nothing yet"


def told(found: Witnessed, *, size: int) -> str:
    """Return what witnesses have cosigned of a log of logs that is signed at `size`, and who is behind."""
    behind = "; behind: " + ", ".join(map(seen, found.behind(size))) if found.behind(size) else ""
    by = f" by {', '.join(found.by)}" if found.by else ""
    after = f", and nobody what came after it, up to size {size}" if found.size < size else ""
    return f"witnesses: {found.quorum} of {len(found.seen)} are needed; size {found.size} was cosigned{by}{after}{behind}"


def policy_of(chosen: argparse.Namespace) -> WitnessPolicy:
    """Return the policy that a command names; raise ConfigurationError for none that can be reached."""
    try:
        keys = tuple(CosignerKey.read(text.strip()) for text in chosen.witness)
        return WitnessPolicy(keys, len(keys) if chosen.quorum is None else chosen.quorum)
    except ValueError as error:
        raise ConfigurationError(f"the witnesses: {error}") from None


def proofs_of(names: Sequence[str]) -> list[ProofBundle]:
    """Return the proofs in files; raise ConfigurationError for what is none."""
    found: list[ProofBundle] = []
    for name in names:
        try:
            with Path(name).open("rb") as file:
                found.append(ProofBundle.read(file.read(MAX_BUNDLE + 1)))
        except OSError as error:
            raise ConfigurationError(f"{name} can not be read ({error.strerror})") from None
        except ValueError as error:
            raise ConfigurationError(f"{name} is no proof that `ctsec audit witnessed` prints: {error}") from None
    return found


def judged(report: ExportReport, proof: ProofBundle, *, keys: Sequence[VerifierKey], policy: WitnessPolicy) -> tuple[bool, str]:
    """Say whether a quorum saw the checkpoint of an exported file, in one line, as `proof` shows it."""
    said = proof.checkpoint.checkpoint
    mine = said.origin == f"{report.origin.rpartition('/')[0]}/logs"
    if not mine or not any(proof.shows(report.note.encode(), public=key.public) for key in keys if key.name == said.origin):
        return False, "the checkpoint of the file does not stand in the log of logs that the proof is of, by the keys that were named"
    try:
        times = policy.judged(proof.checkpoint, now=SystemClock().now())
    except ValueError as error:
        return False, str(error)
    by = ", ".join(f"{name} at {at:%Y-%m-%d %H:%M:%S} UTC" for name, at in times.items())
    count = f"{len(times)} of {len(policy.keys)} witnesses, {policy.quorum} are needed{': ' if by else ''}{by}"
    return len(times) >= policy.quorum, f"the log of logs at size {said.size}, which has the file's checkpoint, was cosigned by {count}"

"""The letter that takes a checkpoint of the audit log to somebody who keeps it."""

from __future__ import annotations

from collections.abc import Sequence

from ctsec.mail.lifecycle_letters import Said


def checkpoint_letter(*, deployment: str, size: int, lines: Sequence[str]) -> Said:
    """Give somebody a checkpoint to keep: the `lines` of its note, each a paragraph, so that no reader of mail joins them."""
    why = "Keep this mail: who has it can tell whether anything that was written until now was changed or taken out since."
    says = (
        f"This is a signed checkpoint of the audit log of {deployment}.",
        why,
        *lines,
        "To compare: save this mail as a file, and run `ctsec audit verify … --held FILE`.",
    )
    values = {"deployment": deployment, "size": str(size)}
    return Said(kind="checkpoint", subject=f"checkpoint {size} of the audit log of {deployment}", says=says, values=values)

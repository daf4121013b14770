"""Checkpoints by mail: who gets which, when, and that what comes back out of a mail is what was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import pytest

from ctsec.audit.anchors import Anchor, CheckpointMail
from ctsec.audit.anchors.mailed import checkpoint_in
from ctsec.audit.anchors.ports import Keeper
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.errors import ConfigurationError
from ctsec.mail.message import Message
from ctsec.presets import in_memory
from ctsec.rbac.preset import POLICY
from ctsec.security._sync_anchors import SHORTER
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing.conformance.samples import ignore
from tests.audit.kept import ONE
from tests.audit.test_anchors import Kept, Scene

DAY: Final = timedelta(days=1)
AUDITORS: Final = CheckpointMail(recipients=("ann@audit.example", "bob@audit.example"), every=DAY)


def sent(scene: Scene) -> list[Message]:
    """Send what is in the outbox, and return it."""
    scene.security.jobs.send_mail()
    found, scene.mailer.sent[:] = list(scene.mailer.sent), []
    return found


def newest(scene: Scene) -> SignedCheckpoint:
    found = scene.security.logs.checkpoint(LOG_OF_LOGS)
    assert found is not None
    return found


def test_each_address_gets_the_newest_checkpoint_once_a_day() -> None:
    """It is the newest one, to each address, once in the time between, and not at all while the log stands still."""
    scene = Scene(AUDITORS)
    assert scene.security.anchors.run_due() == 0
    scene.grow()
    assert scene.security.anchors.run_due() == 1
    mails = sent(scene)
    assert sorted(each.recipient for each in mails) == sorted(AUDITORS.recipients)
    assert {checkpoint_in(each.text.reveal().encode()) for each in mails} == {newest(scene)}
    for _ in range(3):
        scene.grow()
        assert scene.security.anchors.run_due() == 0
    assert sent(scene) == []
    scene.clock.advance(DAY)
    assert scene.security.anchors.run_due() == 1
    assert checkpoint_in(sent(scene)[0].text.reveal().encode()) == newest(scene)
    scene.clock.advance(DAY)
    assert scene.security.anchors.run_due() == 0
    ((name, held, problem),) = scene.security.anchors.held()
    assert (name, held, problem) == ("mail", None, "")
    (status,) = scene.security.anchors.status()
    assert (status.name, status.anchored, status.sound) == ("mail", newest(scene).checkpoint.size, True)


def test_mail_and_position_are_one_transaction() -> None:
    """Where the outbox does not take a letter nothing has moved, and the next run posts it; of two that run at once one does."""
    scene = Scene(AUDITORS)
    scene.grow()
    mails = scene.security.anchors._mails
    assert mails is not None
    position = scene.security.anchors._position("anchor:mail")
    mails.mail = replace(AUDITORS, recipients=("ann@audit.example", "a@b"))
    object.__setattr__(mails.mail, "recipients", ("ann@audit.example", "no\nline"))
    with pytest.raises(ValueError, match="line breaks"):
        scene.security.anchors.run_due()
    assert (sent(scene), scene.security.anchors._position("anchor:mail")) == ([], position)
    mails.mail = AUDITORS
    assert mails.post(newest(scene), position=position)
    assert not mails.post(newest(scene), position=position)
    assert len(sent(scene)) == 2


def test_what_a_reader_of_mail_saved_holds_the_checkpoint_all_the_same(tmp_path: Path) -> None:
    """As the bare note, as text with other ends of lines and words around it, and as a mail in any encoding; nothing else reads as one."""
    scene = Scene(AUDITORS)
    scene.grow()
    scene.security.anchors.run_due()
    text = sent(scene)[0].text.reveal()
    assert checkpoint_in(newest(scene).stored()) == newest(scene)
    assert checkpoint_in(("> quoted\r\n" + text.replace("\n", "\r\n") + "\r\nRegards").encode()) == newest(scene)
    for encoding in ("base64", "quoted-printable"):
        mail = EmailMessage()
        mail["Subject"] = "checkpoint"
        mail.set_content(text, charset="utf-8", cte=encoding)
        mail.add_alternative("<p>not this</p>", subtype="html")
        assert checkpoint_in(mail.as_bytes()) == newest(scene)
    for wrong in (
        b"",
        b"\xff\xfe",
        text.replace("\u2014", "-").encode(),
        b"\xe2\x80\x94 a AAAA\n",
        b"Content-Type: text/plain; charset=no\n\nx",
    ):
        with pytest.raises(ValueError, match="expected"):
            checkpoint_in(wrong)
    report = scene.security.logs.verify(held=(checkpoint_in(text.encode()),))
    assert {each.log: each.assurance.label for each in report.logs}[ONE] == "anchored"


def test_a_log_of_logs_that_became_shorter_is_told_and_not_mailed() -> None:
    """Nobody gets the checkpoint of a log that went back behind what was mailed, and the anchor fails."""
    scene = Scene(AUDITORS)
    scene.grow()
    scene.security.anchors.run_due()
    sent(scene)
    with scene.security._storage.begin(after_commit=ignore) as store:
        position = scene.security.anchors._position("anchor:mail")
        assert store.positions.put(replace(position, next=99, version=position.version + 1))
    scene.clock.advance(DAY)
    assert scene.security.anchors.run_due() == 0
    assert sent(scene) == []
    (status,) = scene.security.anchors.status()
    assert (status.problem, status.failures) == (SHORTER, 1)


@pytest.mark.parametrize(
    ("recipients", "every"),
    [
        ((), DAY),
        (("a@b",) * 2, DAY),
        (("nobody",), DAY),
        (("a\n@b",), DAY),
        (("a@b",), DAY / 48),
        (tuple(f"a{n}@b" for n in range(21)), DAY),
    ],
)
def test_who_gets_checkpoints_is_checked_when_it_is_built(recipients: tuple[str, ...], every: timedelta) -> None:
    """One to twenty different addresses on one line each, an hour apart or more."""
    with pytest.raises(ValueError, match="checkpoints"):
        CheckpointMail(recipients=recipients, every=every)


def test_no_anchor_has_the_name_of_the_mails() -> None:
    """Their positions would be one row; without mails the name is free."""
    anchors: tuple[Anchor[Keeper], ...] = (Anchor(name="mail", keeper=Kept()),)
    with pytest.raises(ConfigurationError, match="different names"):
        in_memory(policy=POLICY, options=EmbeddedOptions(anchors=anchors, checkpoint_mail=AUDITORS))
    in_memory(policy=POLICY, options=EmbeddedOptions(anchors=anchors)).close()

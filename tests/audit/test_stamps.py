"""Time stamps of checkpoints: an authority's word, judged by its roots, that something was there at a time."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from ctsec.audit.anchors import Anchor, StampedTimes, TimestampKeeper
from ctsec.audit.anchors.ports import Keeper
from ctsec.audit.anchors.stamps import Stamp
from ctsec.audit.anchors.timestamp import StampJudge
from ctsec.audit.assurance import FindingKind
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint
from ctsec.audit.tree.note import VerifierKey
from ctsec.encryption.ed25519 import Signer
from ctsec.errors import DeliveryFailed
from ctsec.secret import Secret
from ctsec.transport.reach import Reach
from tests.audit.kept import ONE
from tests.audit.test_anchors import MINUTE, Scene
from tests.audit.tsa import Authority, served

pytestmark = pytest.mark.program("openssl")
ROUNDS: Final = 20_000 if os.environ.get("CTSEC_SOAK") else 200
SIGNER: Final = Signer(Secret(bytes(32)))


def checkpoint(size: int = 1, origin: str = "acme.example/default/logs") -> SignedCheckpoint:
    """Return a signed checkpoint of a size."""
    made = Checkpoint(origin=origin, size=size, root=size.to_bytes(32, "big"))
    return SignedCheckpoint.made(made, key=VerifierKey(origin, SIGNER.public), signature=SIGNER.sign(made.text().encode()))


def forged(signed: SignedCheckpoint) -> SignedCheckpoint:
    """Return a checkpoint of the same size with another root."""
    return replace(signed, checkpoint=replace(signed.checkpoint, root=bytes(32)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority's root, and a certificate of each kind."""
    made = Authority(tmp_path_factory.mktemp("tsa")).found()
    for name in ("tsa", "mixed", "lenient", "other"):
        made.issue(name, name)
    made.issue("twin", "tsa", like="tsa")
    Authority(made.folder, name="stranger").found()
    return made.folder


@pytest.fixture
def authority(folder: Path) -> Authority:
    """An authority that does as it should."""
    return Authority(folder)


@pytest.fixture
def address(authority: Authority) -> Iterator[str]:
    with served(authority) as url:
        yield url


@pytest.fixture
def keeper(authority: Authority, address: str, tmp_path: Path) -> TimestampKeeper:
    return TimestampKeeper(tmp_path / "stamps.jsonl", url=address, roots=authority.roots, reach=Reach.LOOPBACK)


def test_a_checkpoint_is_stamped_and_given_back_with_the_authoritys_time(
    authority: Authority, keeper: TimestampKeeper, tmp_path: Path
) -> None:
    """What is kept is the note and the authority's answer, which openssl verifies as well; the time is the authority's."""
    assert keeper.held() is None
    before = datetime.now(UTC).replace(microsecond=0)
    for size in (2, 1):
        keeper.keep(checkpoint(size))
    found = keeper.held()
    assert found is not None
    assert found.checkpoint == checkpoint(2)
    assert [each.checkpoint for each in found.stamps] == [checkpoint(2), checkpoint(1)]
    assert all(before <= each.at <= datetime.now(UTC) for each in found.stamps)
    assert len({authority.questions[0], authority.questions[1]}) == 2
    line = json.loads((tmp_path / "stamps.jsonl").read_text().splitlines()[0])
    (tmp_path / "note").write_bytes(line["note"].encode())
    (tmp_path / "stamp").write_bytes(base64.b64decode(line["stamp"]))
    given = ["openssl", "ts", "-verify", "-data", "note", "-in", "stamp", "-CAfile", str(authority.folder / "root.pem")]
    assert b"Verification: OK" in subprocess.run(given, cwd=tmp_path, check=True, capture_output=True).stdout


def content_of(reply: bytes) -> bytes:
    """Return the TSTInfo in an answer: the octets behind its kind."""
    _, found, rest = reply.partition(bytes.fromhex("060b2a864886f70d0109100104"))
    assert found
    at = rest.index(b"\x04", 1)
    length, start = (rest[at + 1], at + 2) if rest[at + 1] < 0x80 else (rest[at + 2], at + 3)
    return rest[start : start + length]


def flipped(answer: bytes) -> bytes:
    """Return an answer whose signature has another last bit."""
    return answer[:-1] + bytes([answer[-1] ^ 1])


CHANGES: Final[dict[str, tuple[Callable[[bytes], bytes], str]]] = {
    "empty": (lambda _: b"", "no time stamp"),
    "too long": (lambda _: b"0" * 40_000, "at most"),
    "cut off": (lambda answer: answer[:-40], "no time stamp"),
    "signature": (flipped, "does not count"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_does_not_decode_or_verify_is_not_kept(kind: str, authority: Authority, keeper: TimestampKeeper) -> None:
    """An answer that was cut, changed or is none is a failed delivery, and no line of the file."""
    authority.change, says = CHANGES[kind]
    with pytest.raises(DeliveryFailed, match=says):
        keeper.keep(checkpoint())
    assert keeper.held() is None


def test_another_answer_of_the_same_authority_is_not_kept(authority: Authority, keeper: TimestampKeeper) -> None:
    """A sound stamp of other bytes, or an earlier one of the same bytes with another nonce, does not count for this request."""
    keeper.keep(checkpoint(1))
    first = authority.answers[0]
    authority.change = lambda answer: first
    with pytest.raises(DeliveryFailed, match="nonce"):
        keeper.keep(checkpoint(1))
    judge = StampJudge(authority.roots)
    assert judge.judge(first, data=checkpoint(1).stored()) <= datetime.now(UTC)
    with pytest.raises(DeliveryFailed, match="mismatch between messages"):
        judge.judge(first, data=checkpoint(2).stored())


@pytest.mark.parametrize(
    ("section", "roots", "says"),
    [
        ("ts_sha1", "root", "which certificate"),
        ("ts_refusing", "root", "no time stamp"),
        ("ts", "stranger", "does not count"),
    ],
    ids=["named by SHA-1", "rejected", "another root"],
)
def test_an_answer_that_is_not_signed_as_it_has_to_be_does_not_count(section: str, roots: str, says: str, authority: Authority) -> None:
    """The signer is named by the SHA-256 of its certificate, which leads to a given root; a rejection is no stamp."""
    authority.section = section
    judge = StampJudge((authority.folder / f"{roots}.pem").read_bytes())
    asked = judge.ask(b"data")
    with pytest.raises(DeliveryFailed, match=says):
        judge.judge(authority.answer(asked.body), data=b"data", nonce=asked.nonce)


@pytest.mark.parametrize(
    ("signer", "says"),
    [("tsa", ""), *((name, "is not for time stamps alone") for name in ("mixed", "lenient", "other"))],
)
def test_the_certificate_is_for_time_stamps_and_nothing_else(signer: str, says: str, authority: Authority) -> None:
    """The same TSTInfo counts under a certificate whose usage is critical and timeStamping alone, and under no other of the same root."""
    judge = StampJudge(authority.roots)
    asked = judge.ask(b"data")
    content = content_of(authority.answer(asked.body))
    reply = authority.signed(content, by=signer)
    if not says:
        assert judge.judge(reply, data=b"data", nonce=asked.nonce) <= datetime.now(UTC)
        return
    with pytest.raises(DeliveryFailed, match=says):
        judge.judge(reply, data=b"data", nonce=asked.nonce)


def test_a_certificate_of_the_same_name_key_and_number_can_not_be_put_in_its_place(authority: Authority) -> None:
    """The signature covers which certificate made it: with another one of the same issuer, key and serial number it does not count."""
    judge = StampJudge(authority.roots)
    asked = judge.ask(b"data")
    reply = authority.answer(asked.body)
    mine, other = authority.der("tsa"), authority.der("twin")
    assert (len(mine), reply.count(mine), mine != other) == (len(other), 1, True)
    with pytest.raises(DeliveryFailed, match="another certificate than it says"):
        judge.judge(reply.replace(mine, other), data=b"data", nonce=asked.nonce)


def test_a_stamp_that_was_changed_anywhere_counts_for_the_same_time_or_for_none(authority: Authority) -> None:
    """Whatever bit of an answer is another one: it is refused, or what it says is the same (what no signature covers may differ)."""
    judge, draw = StampJudge(authority.roots), random.Random(3161)
    reply = authority.answer(judge.ask(b"data").body)
    at, refused = judge.judge(reply, data=b"data"), 0
    for _ in range(ROUNDS):
        place = draw.randrange(len(reply))
        changed = reply[:place] + bytes([reply[place] ^ 1 << draw.randrange(8)]) + reply[place + 1 :]
        try:
            assert judge.judge(changed, data=b"data") == at
        except DeliveryFailed:
            refused += 1
    assert refused > ROUNDS * 0.8


def test_a_line_that_does_not_count_any_more_is_damage(keeper: TimestampKeeper, tmp_path: Path) -> None:
    """Every stamp is judged whenever the file is read: under another checkpoint, or changed, it ends the reading with an error."""
    keeper.keep(checkpoint(1))
    file = tmp_path / "stamps.jsonl"
    line = json.loads(file.read_text())
    for changed in ({"note": checkpoint(2).stored().decode()}, {"stamp": line["stamp"][:-8] + "AAAAAAA="}, {"stamp": "x"}, {"note": ""}):
        file.write_text(json.dumps(line | changed) + "\n")
        with pytest.raises(DeliveryFailed, match="line 1 of the time stamps does not count"):
            keeper.held()
    file.write_text(json.dumps(line) + "\n")
    assert keeper.held() is not None


def test_what_a_log_is_worth_says_when_it_was_stamped(keeper: TimestampKeeper) -> None:
    """Stamps hold a log as any anchor does, and the report says up to where and when; a rewritten log is found, and has no stamps."""
    scene = Scene(tsa=keeper)
    scene.grow()
    assert scene.security.anchors.run_due() == 1
    scene.grow()
    ((_, held, problem),) = scene.security.anchors.held()
    assert (held is not None, problem) == (True, "")
    assert held is not None
    report = scene.security.logs.verify(held=(held.checkpoint,), stamps=held.stamps)
    found = {each.log: (each.size, each.held, each.stamped, each.stamped_at, each.assurance.label) for each in report.logs}
    assert found[ONE] == (6, 3, 3, held.stamps[0].at, "anchored")
    assert found[LOG_OF_LOGS][1:] == (1, 1, held.stamps[0].at, "anchored")
    assert report.stamps == StampedTimes(count=1, first=held.stamps[0].at, last=held.stamps[0].at, longest=timedelta())
    scene.clock.advance(MINUTE)
    assert scene.security.anchors.run_due() == 1
    ((_, later, _),) = scene.security.anchors.held()
    assert later is not None
    assert len(later.stamps) == 2
    report = scene.security.logs.verify(stamps=later.stamps)
    again = {each.log: (each.held, each.stamped, each.stamped_at, each.assurance.label) for each in report.logs}
    assert again[ONE] == (6, 6, later.stamps[1].at, "anchored")
    wrong = (replace(later.stamps[0], checkpoint=forged(later.stamps[0].checkpoint)), later.stamps[1])
    assert [each.kind for each in scene.security.logs.verify(stamps=wrong).findings] == [FindingKind.HELD]
    other = Scene()
    other.seed = 7
    other.grow()
    report = other.security.logs.verify(stamps=held.stamps)
    assert FindingKind.HELD in {each.kind for each in report.findings}
    assert (report.stamps, {each.stamped for each in report.logs}) == (None, {0})


def test_times_of_stamps_say_first_last_and_the_longest_without_one() -> None:
    """In whatever order stamps come; who rewrote a log can have none from before that, and the gap or the first one shows it."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    stamps = [Stamp(checkpoint=checkpoint(), at=at + timedelta(hours=hours)) for hours in (30, 0, 1, 6)]
    assert StampedTimes.of(stamps) == StampedTimes(count=4, first=at, last=at + timedelta(hours=30), longest=timedelta(hours=24))
    assert StampedTimes.of(()) is None


def test_an_anchor_takes_one_so_often_and_no_more() -> None:
    """With `every` an hour the newest checkpoint is kept once an hour, whatever is signed between; less than a minute is refused."""

    class Kept:
        def __init__(self) -> None:
            self.sizes: list[int] = []

        def keep(self, checkpoint: SignedCheckpoint) -> None:
            self.sizes.append(checkpoint.checkpoint.size)

        def held(self) -> None:
            return None

    kept = Kept()
    scene = Scene()
    anchors: tuple[Anchor[Keeper], ...] = (Anchor(name="slow", keeper=kept, every=timedelta(hours=1)),)
    scene.security.anchors.all = anchors
    for _ in range(7):
        scene.clock.advance(timedelta(minutes=19))
        scene.grow(count=1)
        scene.security.anchors.run_due()
    assert kept.sizes == [1, 4, 7]
    with pytest.raises(ValueError, match="a minute or more"):
        Anchor(name="slow", keeper=kept, every=MINUTE / 2)

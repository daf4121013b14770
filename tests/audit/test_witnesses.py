"""Witnesses of the log of logs: what they cosign, what counts of it, and what is found when they saw another log."""

from __future__ import annotations

import base64
import json
import os
import random
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.alerts import signals
from ctsec.audit.anchors import Anchor, Cosigned, CosignerKey, FileKeeper, Held, Witness, Witnessed, WitnessKeeper, WitnessPolicy
from ctsec.audit.anchors.ports import Keeper, ProvenKeeper
from ctsec.audit.anchors.witness_client import request_body
from ctsec.audit.anchors.witnessed import OTHER, SHORTER
from ctsec.audit.assurance import Assurance, FindingKind, VerificationReport
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.tree.bundle import ProofBundle
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.audit.tree.cosignature import cosigned
from ctsec.encryption.ed25519 import Signer
from ctsec.errors import DeliveryFailed, LogInconsistent
from ctsec.outcome import Refusal
from ctsec.presets import async_in_memory
from ctsec.rbac.preset import POLICY
from ctsec.secret import Secret
from ctsec.security._sync_anchors import Anchors
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.blocking import AsyncBlockingKeeper, AsyncBlockingProvenKeeper, blocking_keeper
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import ignore
from ctsec.transport.reach import Reach
from tests.audit.kept import IDENTITY, ONE, SIGNER, STRANGER, TWO, drawn, events, logs_of
from tests.audit.test_stamps import checkpoint
from tests.audit.witness import Answer, Cosigner, served

ROUNDS: Final = 200 if os.environ.get("CTSEC_SOAK") else 25
MINUTE: Final = timedelta(minutes=1)
ORIGIN: Final = IDENTITY.origin(LOG_OF_LOGS)
Change = Callable[[Answer, Cosigner], Answer]


def cosigner(name: str, clock: FixedClock, *, seed: int = 0) -> Cosigner:
    """Return a witness that knows the log of the tests."""
    return Cosigner(name, bytes([seed or ord(name[-1])]) * 32, clock.now, logs={ORIGIN: SIGNER.public})


class History:
    """A log of its own, of the deployment and the key of all of these tests, and a keeper that has it witnessed."""

    def __init__(self, clock: FixedClock, keeper: Keeper) -> None:
        self.clock = clock
        self.storage = MemoryStorage()
        self.logs = logs_of(self.storage, clock=clock)
        anchors = (Anchor(name="seen", keeper=keeper),)
        self.anchors = Anchors(self.storage, anchors=anchors, logs=self.logs, ambient=Ambient(clock=clock, random=drawn(0)))

    def grow(self, seed: int, log: LogId = ONE) -> History:
        """Write three events, and sign them, a minute later."""
        with self.storage.begin(after_commit=ignore) as store:
            for each in events(log, count=3, seed=seed):
                store.inbox.append(each)
        self.clock.advance(MINUTE)
        self.logs.flush()
        return self

    def run(self) -> str:
        """Let the anchors run, however early; return the problem of ours, empty where there is none."""
        self.clock.advance(timedelta(minutes=10))
        self.anchors.run_due()
        return self.anchors.status()[0].problem

    def held(self) -> Held | None:
        """Return what the keeper gives back."""
        ((_, found, problem),) = self.anchors.held()
        assert problem == ""
        return found

    def report(self) -> VerificationReport:
        """Verify with what the witnesses cosigned, as `ctsec audit verify` does."""
        found = self.held()
        return self.logs.verify(witnessed=() if found is None or found.witnessed is None else (found.witnessed,))

    def level(self, log: LogId = ONE) -> Assurance:
        """Return what a log is worth."""
        return next(each.assurance for each in self.report().logs if each.log == log)


class Room:
    """Some witnesses on loopback, and a file."""

    def __init__(self, folder: Path, clock: FixedClock, cosigners: tuple[Cosigner, ...], urls: list[str]) -> None:
        self.clock = clock
        self.file = folder / "witnessed"
        self.cosigners = cosigners
        self.witnesses = tuple(Witness(CosignerKey.read(each.vkey), url, Reach.LOOPBACK) for each, url in zip(cosigners, urls, strict=True))

    def keeper(self, quorum: int, *, of: slice = slice(None), file: str = "", seconds: float = 10) -> WitnessKeeper:
        """Return a keeper that begins with what the file has."""
        path = self.file.with_name(file) if file else self.file
        return WitnessKeeper(path, witnesses=self.witnesses[of], quorum=quorum, seconds=seconds, clock=self.clock)


@contextmanager
def opened(folder: Path, *names: str) -> Generator[Room]:
    """Run witnesses of these names."""
    clock = FixedClock()
    cosigners = tuple(cosigner(name, clock) for name in names)
    with served(*cosigners) as urls:
        yield Room(folder, clock, cosigners, urls)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with opened(tmp_path, "example.com/a", "example.com/b", "example.com/c") as found:
        yield found


def away(_: Answer) -> Answer:
    return Answer(503)


def here(answer: Answer) -> Answer:
    return answer


def test_a_quorum_makes_a_log_witnessed_as_far_as_it_saw_it(room: Room) -> None:
    """Two of three cosigned: every log is witnessed up to there, what came later is not, and who is behind has a name and a time."""
    history = History(room.clock, room.keeper(2)).grow(1)
    assert history.level() is Assurance.SIGNED
    assert history.run() == ""
    first = room.clock.now().replace(microsecond=0)
    room.cosigners[2].change = away
    history.grow(2)
    assert history.run() == ""
    assert {history.level(LOG_OF_LOGS), history.level(ONE)} == {Assurance.WITNESSED}
    history.grow(3).grow(4, TWO)
    report = history.report()
    assert {each.log: (each.size, each.witnessed) for each in report.logs} == {LOG_OF_LOGS: (4, 2), ONE: (9, 6), TWO: (3, 0)}
    assert (history.level(TWO), report.assurance) == (Assurance.SIGNED, Assurance.SIGNED)
    (found,) = report.witnessed
    assert (found.size, found.quorum, found.by) == (2, 2, ("example.com/a", "example.com/b"))
    assert [(each.name, each.size, each.at) for each in found.behind(2)] == [("example.com/c", 1, first)]
    assert [each.name for each in report.behind] == ["example.com/a", "example.com/b", "example.com/c"]
    room.cosigners[2].change = here
    assert history.run() == ""
    assert history.report().behind == ()
    assert history.level(TWO) is Assurance.WITNESSED
    assert {each.seen[ORIGIN][0] for each in room.cosigners} == {4}


def test_below_the_quorum_a_log_is_worth_what_it_was_before(room: Room) -> None:
    """One of two that are needed raises nothing, and is asked no second time; when another one is back, both count."""
    history = History(room.clock, room.keeper(2)).grow(1)
    for each in room.cosigners[1:]:
        each.change = away
    problem = history.run()
    assert "the other side answered 503 (example.com/b)" in problem
    assert "1 witnesses cosigned, 2 are needed" in problem
    assert history.level() is Assurance.SIGNED
    found = history.held()
    assert found is not None
    assert found.witnessed is not None
    assert (found.witnessed.checkpoint, found.witnessed.size, found.witnessed.by) == (None, 0, ())
    assert [each.name for each in history.report().behind] == ["example.com/b", "example.com/c"]
    room.cosigners[1].change = here
    assert history.run() == ""
    assert history.level() is Assurance.WITNESSED
    assert [len(each.asked) for each in room.cosigners] == [1, 3, 2]  # the second had cosigned, and was not heard
    assert room.keeper(2).held() == history.held()
    room.cosigners[1].change = away
    history.grow(2)
    assert "1 witnesses cosigned" in history.run()
    report = history.report()
    assert [(each.size, each.by) for each in report.witnessed] == [(1, ("example.com/a", "example.com/b"))]
    assert [each.size for each in report.witnessed[0].seen] == [2, 1, 0]
    assert {each.log: (each.held, each.witnessed) for each in report.logs} == {LOG_OF_LOGS: (1, 1), ONE: (3, 3)}
    newest = history.logs.checkpoint(LOG_OF_LOGS)
    assert newest is not None
    beside = history.logs.verify(held=(newest,), witnessed=report.witnessed)
    assert {each.log: (each.held, each.witnessed) for each in beside.logs} == {LOG_OF_LOGS: (2, 1), ONE: (6, 3)}


def test_a_witness_that_has_another_size_is_asked_once_more(room: Room) -> None:
    """Without the file the sizes are asked for, and then proved; a witness that forgot what it saw begins anew."""
    history = History(room.clock, room.keeper(3)).grow(1)
    assert history.run() == ""
    room.file.unlink()
    del room.cosigners[2].seen[ORIGIN]
    anew = History(room.clock, room.keeper(3))
    anew.storage, anew.logs, anew.anchors = history.storage, history.logs, history.anchors
    anew.anchors.all = (Anchor(name="seen", keeper=room.keeper(3)),)
    anew.grow(2)
    assert anew.run() == ""
    assert [[each.partition(b"\n")[0] for each in one.asked] for one in room.cosigners] == [
        [b"old 0", b"old 0", b"old 1"],
        [b"old 0", b"old 0", b"old 1"],
        [b"old 0", b"old 0"],
    ]
    del room.cosigners[2].seen[ORIGIN]
    anew.grow(3)
    assert anew.run() == ""
    assert [each.partition(b"\n")[0] for each in room.cosigners[2].asked[2:]] == [b"old 2", b"old 0"]
    assert anew.level() is Assurance.WITNESSED


def test_a_witness_that_has_another_size_each_time_is_asked_twice(room: Room) -> None:
    """Whatever it says: a third question is left to the next minute."""
    sizes = iter((b"1\n", b"2\n", b"1\n", b"2\n"))
    room.cosigners[0].change = lambda _: Answer(409, next(sizes), "text/x.tlog.size")
    history = History(room.clock, room.keeper(1, of=slice(1))).grow(1).grow(2).grow(3)
    assert "another size each time that it is asked (example.com/a)" in history.run()
    assert [each.partition(b"\n")[0] for each in room.cosigners[0].asked] == [b"old 0", b"old 1"]


def other_key(answer: Answer, asked: Cosigner) -> Answer:
    """A cosignature under the witness's name and key id, by another key."""
    line = replace(asked, seed=bytes(32)).cosignature(text_of(asked))
    name, value = line.decode().split(" ")[1:]
    raw = asked.id + base64.b64decode(value)[4:]
    return replace(answer, body=f"\u2014 {name} {base64.b64encode(raw).decode()}\n".encode())


def broken_beside(answer: Answer, _: Cosigner) -> Answer:
    """A second line of the witness, with a bit of the signature changed."""
    start, value = answer.body.rstrip(b"\n").rsplit(b" ", 1)
    raw = bytearray(base64.b64decode(value))
    raw[-1] ^= 1
    return replace(answer, body=answer.body + start + b" " + base64.b64encode(raw) + b"\n")


def other_name(answer: Answer, asked: Cosigner) -> Answer:
    """A cosignature by the witness's key, under another name."""
    return replace(answer, body=replace(asked, name="x/y").cosignature(text_of(asked)))


def text_of(asked: Cosigner, *, size: int | None = None, root: bytes | None = None, origin: str | None = None) -> bytes:
    """Return the text of the checkpoint that was asked for last, or one with something else in it."""
    lines = asked.asked[-1].partition(b"\n\n")[2].split(b"\n")[:3]
    if size is not None:
        lines[1] = b"%d" % size
    if root is not None:
        lines[2] = root
    if origin is not None:
        lines[0] = origin.encode()
    return b"\n".join(lines) + b"\n"


def signs(**other: object) -> Change:
    """The witness cosigns another text."""
    return lambda answer, asked: replace(answer, body=asked.cosignature(text_of(asked, **other)))  # type: ignore[arg-type]


def says(*parts: bytes) -> Change:
    """The witness answers with a body, in which `{}` is its cosignature."""
    return lambda answer, asked: replace(answer, body=b"".join(answer.body if each == b"{}" else each for each in parts))


def ahead(answer: Answer, asked: Cosigner) -> Answer:
    return replace(answer, body=asked.cosignature(text_of(asked), at=int(asked.now().timestamp()) + 61))


def beyond(answer: Answer, asked: Cosigner) -> Answer:
    return replace(answer, body=asked.cosignature(text_of(asked), at=2**63 - 1))


def of(answer: Answer) -> Change:
    return lambda _, __: answer


STRANGE: Final = Cosigner("example.com/z", b"z" * 32, lambda: datetime.now().astimezone()).cosignature(b"x\n")
HOSTILE: Final[dict[str, tuple[Change, str]]] = {
    "another key": (other_key, "does not verify"),
    "another name": (other_name, "no cosignature of"),
    "another origin": (signs(origin="other.example/default/logs"), "does not verify"),
    "another size": (signs(size=7), "does not verify"),
    "another root": (signs(root=b"A" * 43 + b"="), "does not verify"),
    "no line": (says(b""), "expected 1 to 32"),
    "no end of line": (lambda answer, _: replace(answer, body=answer.body[:-1]), "expected 1 to 32"),
    "an empty line": (says(b"{}", b"\n"), "signature line"),
    "garbled": (says(b"{}", b"hello\n"), "signature line"),
    "control characters": (says(b"\x1b[2J", b"{}"), "signature line"),
    "no text": (says(b"{}", b"\xff\n"), "no text"),
    "a strange name": (says(b"\xe2\x80\x94 a+b AAAAAAAA\n", b"{}"), "printable characters"),
    "too many": (says(*[STRANGE] * 32, b"{}"), "expected 1 to 32"),
    "too long": (says(b"{}", b"x" * 65_536), "too_large"),
    "strangers alone": (says(STRANGE), "no cosignature of"),
    "a broken one beside": (broken_beside, "does not verify"),
    "ahead of time": (ahead, "still to come"),
    "beyond all time": (beyond, "does not verify"),
    "a redirect": (of(Answer(307, where="/w/1/add-checkpoint")), "redirected"),
    "a redirect elsewhere": (of(Answer(302, where="http://192.0.2.1/")), "redirected"),
    "another type": (lambda answer, _: replace(answer, media="text/html"), "wrong_type"),
    "accepted": (of(Answer(202)), "answered 202"),
    "malformed": (of(Answer(400)), "(400)"),
    "forbidden": (of(Answer(403, b"secret")), "(403)"),
    "unknown": (of(Answer(404)), "(404)"),
    "too often": (of(Answer(429)), "(429)"),
    "an error": (of(Answer(500)), "answered 500"),
    "a size in words": (of(Answer(409, b"one\n", "text/x.tlog.size")), "does not say which"),
    "a size of another type": (of(Answer(409, b"1\n")), "does not say which"),
    "its own size": (of(Answer(409, b"0\n", "text/x.tlog.size")), "refuses the size"),
}  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with opened(tmp_path_factory.mktemp("witness"), "example.com/a", "example.com/b") as found:
        yield found


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_a_witness_must_not_answer_counts_for_nothing(kind: str, hostile: Room, tmp_path: Path) -> None:
    """It is told in our own words, nothing is kept, and the log is worth what it was: nobody is redirected, and nobody is believed."""
    one, two = hostile.cosigners
    change, problem = HOSTILE[kind]
    one.seen, one.asked, two.asked = {}, [], []
    one.change = lambda answer: change(answer, one)
    keeper = WitnessKeeper(tmp_path / "file", witnesses=hostile.witnesses[:1], quorum=1, clock=hostile.clock)
    history = History(hostile.clock, keeper).grow(1)
    said = history.run()
    assert problem in said
    assert "secret" not in said
    assert (history.held(), history.level(), two.asked) == (None, Assurance.SIGNED, [])
    assert not (tmp_path / "file").exists()
    one.seen, one.change = {}, here
    assert history.run() == ""


def test_a_witness_that_never_answers_holds_up_nobody(room: Room) -> None:
    """It is too slow for its time, and the others, who are asked at the same time, have cosigned."""
    room.cosigners[0].change = lambda _: Answer(0)
    keeper = room.keeper(2)
    slow = room.keeper(1, of=slice(1), file="other", seconds=0.2)
    history = History(room.clock, slow).grow(1)
    assert "too_slow" in history.run()
    room.cosigners[0].released.set()
    history.anchors.all = (Anchor(name="seen", keeper=keeper),)
    assert history.run() == ""
    assert history.level() is Assurance.WITNESSED


def test_strangers_and_repetitions_beside_a_cosignature_change_nothing(room: Room) -> None:
    """Lines of unknown keys are passed over, and a witness that cosigns twice is one witness."""
    room.cosigners[0].change = lambda answer: replace(answer, body=STRANGE + answer.body * 3)
    history = History(room.clock, room.keeper(2, of=slice(2))).grow(1)
    room.cosigners[1].change = away
    assert "1 witnesses cosigned" in history.run()
    line = room.file.read_text("utf-8")
    note = str(json.loads(line)["note"])
    assert note.count("example.com/a") == 1
    assert "example.com/z" not in note
    twice = note + note.splitlines()[-1] + "\n"
    room.file.write_text(json.dumps({"note": twice}) + "\n", "utf-8")
    assert history.level() is Assurance.SIGNED
    assert room.keeper(1, of=slice(2)).held() is not None


def test_two_histories_that_are_shown_to_two_witnesses_are_found(room: Room) -> None:
    """Each saw another log of one size: neither history reaches both, and the first witness tells of the one that it did not see."""
    one = History(room.clock, room.keeper(1, of=slice(0, 1), file="one")).grow(1)
    two = History(room.clock, room.keeper(1, of=slice(1, 2), file="two")).grow(2)
    assert (one.run(), two.run()) == ("", "")
    two.anchors.all = (Anchor(name="both", keeper=room.keeper(2, of=slice(1, None, -1), file="both")),)
    for seed in (3, 4):
        problem = two.run()
        assert problem.startswith("delivery_failed: the log of logs is another one than what was witnessed (example.com/a)")
        assert two.level() is Assurance.SIGNED
        room.cosigners[1].change = away
        two.grow(seed)
    room.cosigners[1].change = here
    assert "1 witnesses cosigned, 2 are needed" in two.run()
    two.anchors.all = (Anchor(name="both", keeper=room.keeper(1, of=slice(2), file="both")),)
    two.grow(5)
    assert "another one than what was witnessed (example.com/a); 1 witnesses cosigned, 1 are needed" in two.run()
    assert two.level() is Assurance.WITNESSED
    with two.storage.reading() as store:
        position = store.positions.get("anchor:both", LOG_OF_LOGS)
    assert position is not None
    assert [each.rule for each in signals.of_follower("anchor:both", [position], now=room.clock.now())] == ["log_tampered"]


def test_a_log_that_was_rewritten_after_a_witness_saw_it_is_found(room: Room) -> None:
    """The file says what was seen: another or a shorter log is shown to nobody, and verification has a finding, quorum or not."""
    honest = History(room.clock, room.keeper(2)).grow(1).grow(2)
    room.cosigners[1].change = away
    assert "1 witnesses" not in honest.run()
    asked = [len(each.asked) for each in room.cosigners]
    for seeds, problem in (
        ((3, 4), "another one than what was"),
        ((3, 4, 5), "another one than what was"),
        ((3,), "shorter than what was"),
    ):
        other = History(room.clock, room.keeper(2))
        for seed in seeds:
            other.grow(seed)
        assert problem in other.run()
        assert [len(each.asked) for each in room.cosigners][::2] == asked[::2]
        report = other.report()
        assert {(each.log, each.kind) for each in report.findings} == {(LOG_OF_LOGS, FindingKind.HELD)}
        assert other.level(LOG_OF_LOGS) is Assurance.NONE
        assert {each.witnessed for each in report.logs} == {0}
        with pytest.raises(LogInconsistent, match="not the one that was witnessed"):
            other.anchors.witnessed(ONE, size=3)
    found = honest.held()
    assert found is not None
    assert found.witnessed is not None
    alone = replace(found.witnessed, checkpoint=None, by=())
    assert other.logs.verify(witnessed=(alone,)).findings
    assert not honest.logs.verify(witnessed=(alone,)).findings
    assert {each.witnessed for each in honest.logs.verify(witnessed=(alone,)).logs} == {0}


def test_a_witness_that_saw_more_than_there_is_is_told(room: Room) -> None:
    """Without the file it is the witness's word that the log was longer, and that is an alert; where it grew meanwhile it is none."""
    long = History(room.clock, room.keeper(1, of=slice(1), file="long")).grow(1).grow(2)
    assert long.run() == ""
    short = History(room.clock, room.keeper(1, of=slice(1))).grow(1)
    assert "shorter than what was witnessed (example.com/a)" in short.run()
    late = room.keeper(1, of=slice(1))
    older = History(room.clock, late)
    older.storage, older.logs, older.anchors = long.storage, long.logs, long.anchors
    newest = long.logs.checkpoint(LOG_OF_LOGS)
    with long.storage.reading() as store:
        (first, *_) = store.checkpoints.page(LOG_OF_LOGS, after=-1, limit=9)
    assert newest is not None
    with pytest.raises(DeliveryFailed, match="grew meanwhile"):
        long.anchors._vouched(late, SignedCheckpoint.read(first.note))


def test_only_what_verifies_now_counts_of_the_file(room: Room) -> None:
    """A changed line is damage; a cosignature of a later time, or of a witness that is configured no more, is none."""
    history = History(room.clock, room.keeper(2)).grow(1)
    assert history.run() == ""
    line = json.loads(room.file.read_text("utf-8"))
    start = room.clock.now()
    for by, level in ((timedelta(0), Assurance.WITNESSED), (-MINUTE, Assurance.WITNESSED), (timedelta(seconds=-61), Assurance.SIGNED)):
        room.clock.set(start + by)
        assert history.level() is level
    room.clock.set(start)
    text = str(line["note"])
    last = text.splitlines()[-1]
    for changed in (text.replace("\n1\n", "\n2\n"), text.replace(last, last[:-9] + "AAAAAAA="), text[:-1], "", text.replace("/b ", "/a ")):
        room.file.write_text(json.dumps({"note": changed}) + "\n", "utf-8")
        ((_, found, problem),) = history.anchors.held()
        if "/b " in changed or not changed.strip():
            assert (found, "damaged or changed" in problem) == (None, True)
        else:  # lines of a known name and another key id are a stranger's
            assert history.level() is Assurance.WITNESSED
    room.file.write_text("{}\n", "utf-8")
    assert "line 1 of the witnesses is no checkpoint" in history.anchors.held()[0][2]
    room.file.write_text(json.dumps(line) + "\n", "utf-8")
    history.anchors.all = (Anchor(name="seen", keeper=room.keeper(2, of=slice(1, 3))),)
    assert history.level() is Assurance.WITNESSED
    changed_key = Witness(CosignerKey("example.com/b", STRANGER.public), room.witnesses[1].url, Reach.LOOPBACK)
    fewer = WitnessKeeper(room.file, witnesses=(room.witnesses[0], changed_key), quorum=2, clock=room.clock)
    history.anchors.all = (Anchor(name="seen", keeper=fewer),)
    assert history.level() is Assurance.SIGNED


def test_a_file_of_another_deployment_witnesses_nothing(room: Room) -> None:
    """Whatever its size, a checkpoint of another origin is a finding of its own, and counts for no log of ours; so does a locked one."""
    history = History(room.clock, FileKeeper(room.file)).grow(1)
    other = checkpoint(1, origin="other.example/default/logs")
    held = history.logs.checkpoint(LOG_OF_LOGS)
    assert held is not None
    found = Witnessed(quorum=1, seen=(Cosigned("example.com/a", other, room.clock.now()),), checkpoint=other, by=("example.com/a",))
    for log in (None, LOG_OF_LOGS):
        for report in (
            history.logs.verify(log=log, held=(held,), witnessed=(found,)),
            history.logs.verify(log=log, held=(held,), locked=(other,)),
        ):
            assert {each.log: each.assurance.label for each in report.logs if each.log != ONE} == {
                "other.example/default/logs": "none", LOG_OF_LOGS: "anchored"
            }  # fmt: skip
            assert [each.source for each in signals.of_report(report)] == ["deployment"]


def test_a_policy_of_witnesses_can_be_reached_by_as_many_as_it_says() -> None:
    """No witness, too many, one of them twice by name or by key, and a quorum of none or of more than there are, are refused."""
    keys = [CosignerKey(f"example.com/{number}", bytes([number]) * 32) for number in range(17)]
    renamed = replace(keys[0], name="example.com/other")
    for chosen, quorum, says in (
        ([], 1, "1 to 16 witnesses"), (keys, 1, "1 to 16 witnesses"), ([keys[0], renamed], 1, "different"),
        ([keys[0], replace(keys[1], name=keys[0].name)], 1, "different"), (keys[:3], 0, "a quorum"), (keys[:3], 4, "a quorum"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=says):
            WitnessPolicy(tuple(chosen), quorum)
    assert WitnessPolicy(tuple(keys[:16]), 16).quorum == 16
    for url in ("", "ftp://a/", "https://a b/"):
        with pytest.raises(ValueError, match="expected"):
            Witness(keys[0], url)


def test_what_a_policy_counts() -> None:
    """Each witness once, by its own key over this text, and not ahead of time; one that does not verify is an error for the whole note."""
    clock, signed = FixedClock(), checkpoint(3)
    signers = [Signer(Secret(bytes([number]) * 32)) for number in (7, 8)]
    keys = tuple(CosignerKey(f"example.com/{number}", each.public) for number, each in enumerate(signers))
    policy = WitnessPolicy(keys, 2)
    assert policy.judged(signed, now=clock.now()) == {}
    note = cosigned(signed.note, name=keys[0].name, signer=signers[0], now=clock.now())
    twice = cosigned(note, name=keys[0].name, signer=signers[0], now=clock.now() - MINUTE)
    assert policy.judged(replace(signed, note=twice), now=clock.now()) == {keys[0].name: clock.now().replace(microsecond=0)}
    late = cosigned(note, name=keys[1].name, signer=signers[1], now=clock.now() + 2 * MINUTE)
    assert set(policy.judged(replace(signed, note=late), now=clock.now())) == {keys[0].name}
    assert set(policy.judged(replace(signed, note=late), now=clock.now() + MINUTE)) == {keys[0].name, keys[1].name}
    for other in (checkpoint(4), checkpoint(3, origin="other.example/default/logs")):
        with pytest.raises(ValueError, match="does not verify"):
            policy.judged(replace(other, note=replace(other.note, signatures=note.signatures)), now=clock.now())


def test_a_proof_that_is_too_long_is_not_sent() -> None:
    """A request has at most 63 hashes."""
    assert request_body(checkpoint(1), old=7, proof=(bytes(32),) * 63).startswith(b"old 7\nAAAA")
    with pytest.raises(DeliveryFailed, match="at most 63"):
        request_body(checkpoint(1), old=7, proof=(bytes(32),) * 64)


def test_whatever_fails_what_was_heard_counts_and_nobody_is_accused(room: Room) -> None:
    """Witnesses refuse, forget and answer into nothing, and processes begin anew: a naive count says the same, and there is no alarm."""
    draw, history, size, best = random.Random(75), History(room.clock, room.keeper(2)), 0, 0
    heard: set[str] = set()
    for _ in range(ROUNDS):
        if draw.random() < 0.7:
            size, heard = size + 1, set()
            history.grow(size)
        if draw.random() < 0.2:
            history.anchors.all = (Anchor(name="seen", keeper=room.keeper(2)),)
        modes = {each.name: draw.choice(("here", "here", "refuses", "lost", "forgets")) for each in room.cosigners}
        for each in room.cosigners:
            mode = modes[each.name]
            each.change = away if mode == "lost" else here
            each.logs = {} if mode == "refuses" else {ORIGIN: SIGNER.public}
            if mode == "forgets":
                each.seen.clear()
        asked = len(heard) < 2 and size > 0
        problem = history.run()
        heard |= {name for name, mode in modes.items() if asked and mode in {"here", "forgets"}}
        best = size if len(heard) >= 2 else best
        assert not any(each in problem for each in (SHORTER, OTHER))
        assert bool(problem) == (0 < len(heard) < 2 or (asked and not heard))
        report = history.report()
        assert report.findings == ()
        assert max((each.size for each in report.witnessed), default=0) == best
    assert size > best / 2 > 2


async def test_an_event_loop_waits_for_witnesses_in_a_thread(room: Room) -> None:
    """The async bundle has the same abilities, and a keeper without them is none that others vouch for."""
    keeper = room.keeper(1, of=slice(1))
    options = EmbeddedOptions(clock=room.clock, deployment="acme.example", anchors=(Anchor(name="seen", keeper=keeper),))
    bundle = await async_in_memory(policy=POLICY, options=options)
    assert isinstance(bundle.anchors.all[0].keeper, AsyncBlockingProvenKeeper)
    async with bundle.begin() as unit:
        await unit.accounts.sign_up(email="ann@acme.example", password="nine quiet rivers run north", name="Ann")
    await bundle.logs.flush()
    room.cosigners[0].logs[ORIGIN] = bundle.logs.identity.keys[0]
    assert await bundle.anchors.run_due() == 1
    ((_, found, _),) = await bundle.anchors.held()
    assert found is not None
    assert found.witnessed is not None
    report = await bundle.logs.verify(witnessed=(found.witnessed,))
    assert report.assurance is Assurance.WITNESSED
    proof = await bundle.anchors.witnessed(DEPLOYMENT_LOG)
    last = await bundle.logs.checkpoint(DEPLOYMENT_LOG)
    assert isinstance(proof, ProofBundle)
    assert last is not None
    assert proof.shows(last.stored(), public=bundle.logs.identity.keys[0])
    assert isinstance(await bundle.anchors.witnessed(DEPLOYMENT_LOG, size=9), Refusal)
    assert [each.what for each in await bundle.connections() if each.what == "witness"] == ["witness"]
    await bundle.aclose()
    plain = FileKeeper(room.file)
    assert not isinstance(plain, ProvenKeeper)
    assert type(blocking_keeper(plain)) is AsyncBlockingKeeper

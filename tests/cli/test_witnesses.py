"""What commands make of witnesses: verification of a bundle and of a file, anchors, the doctor, and the proof for an auditor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ctsec.audit.anchors import CosignerKey, WitnessPolicy
from ctsec.audit.assurance import WHAT_GOES_UNSEEN, Assurance
from ctsec.audit.canonical import leaf_hash
from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.export.reading import ExportReport
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.tree import Checkpoint, ProofBundle, SignedCheckpoint, VerifierKey
from ctsec.audit.tree.cosignature import cosigned
from ctsec.cli import main
from ctsec.cli.witnesses import judged
from ctsec.clock import SystemClock
from ctsec.encryption.ed25519 import Signer
from ctsec.secret import Secret
from ctsec.security import Security
from ctsec.testing.conformance.samples import ignore
from tests.audit.kept import SIGNER, events
from tests.audit.witness import Answer, Cosigner, served
from tests.cli.host import host

NAME = "witnessed_host"
HOST = """
import json
from pathlib import Path
from ctsec import Security
from ctsec.audit.anchors import Anchor, CosignerKey, Witness, WitnessKeeper
from ctsec.rbac import Policy
from ctsec.security import EmbeddedOptions
from ctsec.transport.reach import Reach

witnesses = tuple(Witness(CosignerKey.read(key), url, Reach.LOOPBACK) for key, url in json.loads(Path("witnesses").read_text()))
seen = Anchor(name="seen", keeper=WitnessKeeper("cosigned", witnesses=witnesses, quorum=2))
options = EmbeddedOptions(worker=False, deployment="acme.example", anchors=(seen,))
security = Security.embedded("app.db", policy=Policy.preset(), issuer="Acme", options=options)
"""
WHO = ("--operator", "olga", "--why", "ticket 7")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def cosigners() -> tuple[Cosigner, ...]:
    return tuple(Cosigner(f"example.com/{name}", name.encode() * 32, SystemClock().now) for name in "abc")


@pytest.fixture
def bundle(cosigners: tuple[Cosigner, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Security]:
    """Return a bundle whose log is shown to three witnesses, two of which have to cosign; the third is away."""
    with served(*cosigners) as urls:
        (tmp_path / "witnesses").write_text(json.dumps([(each.vkey, url) for each, url in zip(cosigners, urls, strict=True)]))
        with host(NAME, HOST, folder=tmp_path, monkeypatch=monkeypatch) as security:
            for each in cosigners:
                each.logs[security.logs.identity.origin(LOG_OF_LOGS)] = security.logs.identity.keys[0]
            cosigners[2].change = lambda _: Answer(503)
            yield security


@pytest.fixture
def ctsec(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return the command: exit code, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        return (code, *capsys.readouterr())

    return run


def grow(bundle: Security, seed: int) -> None:
    """Write five events, and sign them."""
    with bundle._storage.begin(after_commit=ignore) as store:
        for each in events(DEPLOYMENT_LOG, count=5, seed=seed):
            store.inbox.append(each)
    bundle.logs.flush()


def test_commands_say_what_witnesses_cosigned(bundle: Security, cosigners: tuple[Cosigner, ...], ctsec: Run, tmp_path: Path) -> None:
    """A live log is `witnessed`, who is behind has a name; a file is, too, with the proof and the witnesses' keys, and with no others."""
    at, files = f"{NAME}:security", ("export.jsonl", "proof")
    grow(bundle, 1)
    assert "assurance: signed" in ctsec("audit", "verify", at)[1]
    assert ctsec("audit", "witnessed", at, "--log", "deployment")[0] == 1
    assert bundle.anchors.run_due() == 1
    code, said, _ = ctsec("audit", "verify", at)
    assert code == 0
    assert "ok  deployment                       5 events, 5 signed for, 5 held outside (5 witnessed): witnessed" in said.splitlines()
    assert f"assurance: witnessed; {WHAT_GOES_UNSEEN[Assurance.WITNESSED]}\n" in said
    assert (
        "witnesses: 2 of 3 are needed; size 1 was cosigned by example.com/a, example.com/b; behind: example.com/c saw nothing yet\n" in said
    )
    assert "gives back: size 1\n    witnesses: 2 of 3 are needed; size 1 was" in ctsec("audit", "anchors", at)[1]
    doctor = ctsec("doctor", at)[1]
    assert doctor.count("ok  witness      http://127.0.0.1:") == 1  # the three are at one address
    assert "... witness      seen: example.com/c saw nothing yet, and is behind" in doctor

    assert ctsec("audit", "export", at, "--log", "deployment", "--to", files[0], *WHO)[0] == 0
    proof = ctsec("audit", "witnessed", at, "--log", "deployment", "--size", "5")
    assert proof[0] == 0
    (tmp_path / files[1]).write_text(proof[1], "utf-8")
    keys = [part for log in ("deployment", "logs") for part in ("--key", ctsec("audit", "key", at, "--log", log)[1].strip())]
    by = [part for each in cosigners for part in ("--witness", each.vkey)]
    verify = ("audit", "verify", files[0], "--held", files[1])
    code, said, _ = ctsec(*verify, *keys, *by, "--quorum", "2")
    assert code == 0
    assert "ok  the log of logs at size 1, which has the file's checkpoint, was cosigned by 2 of 3 witnesses, 2 are needed: exa" in said
    code, _, wrong = ctsec(*verify, *keys, *by)
    assert (code, wrong.startswith("BAD the log of logs at size 1")) == (1, True)
    strange = Cosigner("example.com/b", b"z" * 32, SystemClock().now).vkey
    assert ctsec(*verify, *keys, "--witness", cosigners[0].vkey, "--witness", strange)[0] == 1
    assert ctsec(*verify, *keys[:2], *by, "--quorum", "2")[2].startswith("BAD the checkpoint of the file does not stand")
    (tmp_path / files[1]).write_text(proof[1].replace("index 0", "index 1"), "utf-8")
    assert ctsec(*verify, *keys, *by, "--quorum", "2")[0] == 1
    for wrong_ones in (("--quorum", "4", *by), (), ("--witness", "x")):
        assert ctsec(*verify, *keys, *wrong_ones)[0] == 2
    assert ctsec("audit", "verify", at, *by)[0] == 2

    grow(bundle, 2)
    said = ctsec("audit", "verify", at)[1]
    assert "size 1 was cosigned by example.com/a, example.com/b, and nobody what came after it, up to size 2; behind: example.com/a" in said
    assert json.loads(ctsec("audit", "verify", at, "--log", "logs", "--json")[1])["witnessed"] == 1
    assert ctsec("audit", "witnessed", at, "--log", "deployment")[0] == 1


def test_a_proof_counts_for_the_file_that_it_is_of_and_in_the_log_of_logs_alone() -> None:
    """The same leaf, signed and cosigned, in a log of another name, deployment or region shows nothing; nor does another note."""
    clock, witness = SystemClock(), Signer(Secret(b"w" * 32))
    policy = WitnessPolicy((CosignerKey("example.com/w", witness.public),), 1)
    note = "a note\n"

    def told(origin: str, leaf: str = note, cosigner: Signer = witness) -> bool:
        made = Checkpoint(origin=origin, size=1, root=leaf_hash(leaf.encode()))
        key = VerifierKey(origin, SIGNER.public)
        signed = SignedCheckpoint.made(made, key=key, signature=SIGNER.sign(made.text().encode()))
        seen = replace(signed, note=cosigned(signed.note, name="example.com/w", signer=cosigner, now=clock.now()))
        report = ExportReport(origin="acme.example/default/org_1", note=note)
        return judged(report, ProofBundle(0, (), seen), keys=[key], policy=policy)[0]

    assert told("acme.example/default/logs")
    for origin in ("acme.example/default/other", "acme.example/eu/logs", "other.example/default/logs"):
        assert not told(origin)
    assert not told("acme.example/default/logs", "another note\n")
    assert not told("acme.example/default/logs", cosigner=SIGNER)

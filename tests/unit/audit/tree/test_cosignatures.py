"""Cosignatures as bytes: what is written, what is read, and what is refused; Go's package note reads them too."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.audit.tree.cosignature import CosignerKey, cosigned, cosigned_text
from ctsec.audit.tree.note import Note, Signature, VerifierKey, read_signature
from ctsec.encryption.ed25519 import Signer
from ctsec.secret import Secret
from tests import programs
from tests.audit.witness import Cosigner
from tests.unit.audit.tree.test_notes import KEY, OTHER, SIGNER, signed

AT = datetime(2026, 11, 29, 12, 30, 5, tzinfo=UTC)
SEED = bytes(range(1, 33))
WITNESS = Signer(Secret(SEED))
NAME = "witness.example/w1"
COSIGNER = CosignerKey(NAME, WITNESS.public)
NOTE = signed(7, bytes(32)).note


def test_what_we_cosign_is_what_a_witness_of_the_specification_does() -> None:
    """The line is byte for byte that of the second implementation, and so is the text of the key; both verify for their time."""
    second = Cosigner(NAME, SEED, lambda: AT)
    made = cosigned(NOTE, name=NAME, signer=WITNESS, now=AT)
    assert f"{made.signatures[1].line()}\n".encode() == second.cosignature(NOTE.text.encode())
    assert str(COSIGNER) == second.vkey
    assert CosignerKey.read(second.vkey) == COSIGNER
    assert COSIGNER.cosigned_at(made) == AT
    assert COSIGNER.cosigned_at(Note.read(made.stored())) == AT
    assert made.is_signed_by(KEY)
    assert cosigned_text("x\n", seconds=1679315147) == b"cosignature/v1\ntime 1679315147\nx\n"


def test_a_key_of_another_kind_is_none() -> None:
    """The key of a log is no key of a witness, nor the other way around, and one key has two ids; a wrong id is refused."""
    text = str(COSIGNER)
    for other in (str(KEY), str(VerifierKey(NAME, WITNESS.public)), text.replace("+", "+0", 1), text[:-4], text.replace("w1", "w2"), ""):
        with pytest.raises(ValueError, match=r"expected|the id"):
            CosignerKey.read(other)
    with pytest.raises(ValueError, match="expected"):
        VerifierKey.read(text)
    with pytest.raises(ValueError, match="32 bytes"):
        CosignerKey(NAME, b"short")
    assert COSIGNER.id != VerifierKey(NAME, WITNESS.public).id


def test_only_a_cosignature_of_this_key_over_this_text_counts() -> None:
    """A stranger's is passed over; under the name and id of the key, one that is of another text, time, key or length is an error."""
    made = cosigned(NOTE, name=NAME, signer=WITNESS, now=AT)
    (mine,) = made.signatures[1:]
    assert COSIGNER.cosigned_at(NOTE) is None
    assert COSIGNER.cosigned_at(cosigned(NOTE, name=NAME, signer=OTHER, now=AT)) is None
    assert COSIGNER.cosigned_at(cosigned(NOTE, name="witness.example/w2", signer=WITNESS, now=AT)) is None
    plain = Signature(NAME, COSIGNER.id, WITNESS.sign(NOTE.text.encode()))
    by_other = replace(cosigned(NOTE, name=NAME, signer=OTHER, now=AT).signatures[1], key_id=COSIGNER.id)
    as_log = Signature(KEY.name, KEY.id, mine.value)
    assert not Note(NOTE.text, (as_log,)).is_signed_by(KEY)
    assert not Note(NOTE.text, (Signature(KEY.name, KEY.id, mine.value[8:]),)).is_signed_by(VerifierKey(KEY.name, WITNESS.public))
    later = replace(mine, value=(int(AT.timestamp()) + 1).to_bytes(8, "big") + mine.value[8:])
    endless = (2**63 - 1).to_bytes(8, "big")
    far = replace(mine, value=endless + WITNESS.sign(cosigned_text(NOTE.text, seconds=2**63 - 1)))
    for wrong in (plain, by_other, later, far, replace(mine, value=mine.value[:-1]), replace(mine, value=mine.value + b"x")):
        for signatures in ((wrong,), (mine, wrong), (wrong, mine)):
            with pytest.raises(ValueError, match=f"a cosignature of {NAME} does not verify"):
                COSIGNER.cosigned_at(Note(NOTE.text, signatures))
    for text in (signed(8, bytes(32)).note.text, signed(7, bytes(31) + b"1").note.text, signed(7, bytes(32), name="a/b/c").note.text):
        with pytest.raises(ValueError, match="does not verify"):
            COSIGNER.cosigned_at(Note(text, (mine,)))


@given(st.text(max_size=60) | st.binary(max_size=90).map(lambda raw: f"\u2014 {NAME} {base64.b64encode(raw).decode()}"))
def test_a_line_is_a_signature_or_an_error(line: str) -> None:
    """Whatever stands in a line: it reads back as it was written, or it is refused."""
    try:
        found = read_signature(line)
    except ValueError:
        return
    assert found.line() == line


@pytest.mark.program("sumdb")
def test_gos_package_note_opens_what_witnesses_cosigned(tmp_path: Path) -> None:
    """With the log's key alone it passes over cosignatures, with a verifier of them it finds both, and none that was changed."""
    made = cosigned(NOTE, name=NAME, signer=WITNESS, now=AT)
    line = made.signatures[1]
    flipped = [replace(line, value=line.value[:at] + bytes([line.value[at] ^ 1]) + line.value[at + 1 :]) for at in (7, 8, 71)]
    log, witness = str(KEY), str(COSIGNER)
    asked: list[tuple[list[str], Note, str]] = [
        ([log], made, KEY.name),
        ([log, witness], made, f"{KEY.name} {NAME}"),
        ([witness], made, NAME),
        ([str(CosignerKey(NAME, OTHER.public)), log], made, KEY.name),
        *(([log, witness], Note(NOTE.text, (*NOTE.signatures, each)), "no: ") for each in flipped),
    ]
    lines = [json.dumps({"Keys": keys, "Note": base64.b64encode(note.stored()).decode()}) for keys, note, _ in asked]
    heard = programs.go(Path(__file__).parents[3] / "go" / "cosignature.go", into=tmp_path, given="\n".join(lines) + "\n")
    assert len(heard) == len(asked)
    for said, (_, _, wanted) in zip(heard, asked, strict=True):
        assert said == wanted or (wanted == "no: " and said.startswith("no: invalid signature"))
    assert SIGNER.public != WITNESS.public

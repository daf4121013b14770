"""What the page says of replacing algorithms: readers refuse what comes later, and what is old is read until it is sealed anew."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from ctsec.authn.argon2 import Argon2Parameters, hash_password, needs_rehash, verify_password
from ctsec.encryption import Context, StreamOpener, StreamSealer, open_blob, open_portable, read_portable, seal, seal_portable
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.dek import DekState, WrappedDek
from ctsec.encryption.kms import LocalKms
from ctsec.encryption.sealing import SealingRing
from ctsec.encryption.suites import Suite
from ctsec.errors import CorruptRecord, CtsecError
from ctsec.ids import DekId, OrganizationId, new_id
from ctsec.secret import Secret
from ctsec.storage.backup import SIGNING_LABEL, Signer, verify_backup, write_backup
from ctsec.testing import FixedClock
from ctsec.testing.conformance import samples as s
from tests.architecture.test_inventory import table
from tests.storage.backup.support import emptied, fill

CONTEXT: Final = Context(organization=OrganizationId("org_1"), purpose="test")
NOW: Final = FixedClock().now()
DEK: Final = new_id(DekId, now=NOW, random=os.urandom)
MATERIAL: Final = Secret(os.urandom(32))
EVERY: Final = DataKey(DEK, material=MATERIAL, also_opens=set(Suite))
LOCAL: Final = LocalKms(os.urandom(16), key=Secret(os.urandom(32)))
RING: Final = SealingRing(current="1", keys={"1": Secret(os.urandom(32))})
RECORD: Final = WrappedDek(
    id=DEK,
    scope="org_1",
    region="eu",
    kek=LOCAL.ref,
    wrapped=LOCAL.wrap(MATERIAL, b"c"),
    commitment=EVERY.commitment,
    state=DekState.ACTIVE,
    created_at=NOW,
)


def streamed() -> bytes:
    """Return a short stream."""
    sealer = StreamSealer(key=EVERY, context=CONTEXT, random=os.urandom)
    return bytes(sealer.update(b"x") + sealer.finish())


def read_stream(data: bytes) -> bytes:
    """Read a stream."""
    opener = StreamOpener(key=EVERY, context=CONTEXT)
    return bytes(opener.update(data) + opener.finish())


# What is written, the place of the byte that names its algorithms, and its reader.
Format = tuple[bytes, int, Callable[[bytes], object]]
FORMATS: Final[dict[str, tuple[Format, ...]]] = {
    "managed": tuple(
        (seal(b"x", key=key, context=CONTEXT, random=os.urandom), 1, lambda data: open_blob(data, key=EVERY, context=CONTEXT))
        for key in (EVERY, DataKey(DEK, material=MATERIAL, suite=Suite.STRICT))
    ),
    "portable": (
        (
            seal_portable(b"x", key=EVERY, dek=RECORD, context=CONTEXT, random=os.urandom),
            1,
            lambda data: open_portable(read_portable(data), key=EVERY, context=CONTEXT),
        ),
    ),
    "stream": ((streamed(), 1, read_stream),),
    "sealing": ((RING.seal(b"x", context=b"c", random=os.urandom), 0, lambda data: RING.open(data, context=b"c")),),
    "wrapped": ((LOCAL.wrap(MATERIAL, b"c"), 0, lambda data: LOCAL.unwrap(data, b"c")),),
}


def told(name: str) -> list[str]:
    """Return the bytes by which the page tells a format's algorithms."""
    return re.findall(r"`(0x[0-9a-f]{2})`", table("Replacing algorithms")[name][1])


@pytest.mark.proves("ASVS-11.1.4", "ASVS-11.2.2")
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_what_comes_later_is_refused(name: str) -> None:
    """The byte of the page stands at its place, and with any other value there a reader that knows every suite opens nothing."""
    assert [f"{data[place]:#04x}" for data, place, _ in FORMATS[name]] == told(name)
    for data, place, read in FORMATS[name]:
        read(data)
        for value in set(range(256)) - {data[place]}:
            with pytest.raises(CtsecError):
                read(data[:place] + bytes([value]) + data[place + 1 :])


@pytest.mark.proves("ASVS-11.1.4", "ASVS-11.2.2")
def test_a_later_backup_is_refused(tmp_path: Path) -> None:
    """A backup whose second byte is another one is refused before its key is asked for."""
    database = emptied("sqlite", "source")
    fill(database.sync_url, rows=1)
    kms = LocalKms.create(tmp_path / "key")
    signer = Signer(kms.derive(SIGNING_LABEL))
    write_backup(database.sync_url, to=tmp_path / "b", kms=kms, signer=signer, now=s.NOW)
    data = (tmp_path / "b").read_bytes()
    assert [f"{data[1]:#04x}"] == told("backup")
    verify_backup(tmp_path / "b", kms=kms, signed_by=signer.name)
    (tmp_path / "later").write_bytes(data[:1] + b"\x42" + data[2:])
    with pytest.raises(CtsecError):
        verify_backup(tmp_path / "later", kms=kms, signed_by=signer.name)


@pytest.mark.proves("ASVS-11.2.2")
def test_every_format_of_the_page_is_tried_here() -> None:
    """The page lists no format that these tests do not change, and a plan for each; a password says its own parameters."""
    rows = table("Replacing algorithms")
    assert set(rows) == {*FORMATS, "backup", "password"}
    assert all(len(cells) == 3 and all(cells) for cells in rows.values())
    quick = Argon2Parameters.for_tests()
    old = hash_password(b"a password", parameters=quick, salt=bytes(16))
    assert verify_password(old, b"a password")
    assert needs_rehash(old, parameters=replace(quick, time_cost=quick.time_cost + 1))
    assert not needs_rehash(old, parameters=quick)


@pytest.mark.proves("ASVS-11.2.2")
def test_a_key_turns_from_each_suite_to_each_other() -> None:
    """A key of another suite opens a blob if it may, and seals it anew in its own suite; without leave it does not open it."""
    for old in Suite:
        blob = seal(b"x", key=DataKey(DEK, material=MATERIAL, suite=old), context=CONTEXT, random=os.urandom)
        for new in Suite:
            turned = DataKey(DEK, material=MATERIAL, suite=new, also_opens=[old])
            anew = seal(open_blob(blob, key=turned, context=CONTEXT), key=turned, context=CONTEXT, random=os.urandom)
            assert (anew[1], open_blob(anew, key=turned, context=CONTEXT)) == (int(new), b"x")
            if old is not new:
                with pytest.raises(CtsecError):
                    open_blob(blob, key=DataKey(DEK, material=MATERIAL, suite=new), context=CONTEXT)
    with pytest.raises(CorruptRecord):
        open_blob(b"\xc7\x13" + bytes(100), key=EVERY, context=CONTEXT)

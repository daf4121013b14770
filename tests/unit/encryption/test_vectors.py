"""The published vectors of the formats: ctsec writes them, ctsec opens them, and a reader that has nothing of ctsec opens them."""

from __future__ import annotations

import ast
import base64
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption import (
    Context,
    DataKey,
    DekState,
    SealingRing,
    StreamOpener,
    StreamSealer,
    Suite,
    WrappedDek,
    open_blob,
    open_portable,
    read_portable,
    seal,
    seal_portable,
)
from ctsec.encryption.dek import dek_id_bytes, dek_id_from_bytes
from ctsec.encryption.kms import LocalKms
from ctsec.errors import CorruptRecord, CtsecError, DecryptionFailed, KeyNotFound
from ctsec.ids import DekId, OrganizationId, new_id
from ctsec.secret import Secret
from tests.conftest import ROOT
from tests.unit.encryption import decoder, make_vectors
from tests.unit.encryption.make_vectors import FOLDER, Case, context_of, data_key, plaintext
from tests.unit.encryption.test_context import TEXTS

KINDS = ("managed", "portable", "stream", "record")


def cases(name: str) -> list[Case]:
    found: list[Case] = json.loads((FOLDER / f"{name}.json").read_text("ascii"))["cases"]
    return found


def raw(value: object) -> bytes:
    return base64.urlsafe_b64decode(str(value))


def bad(case: Case) -> bytes:
    """Return the bytes of a case that must not open."""
    if "sealed" in case:
        return raw(case["sealed"])
    good, parts = raw(cases("refused")[0]["sealed"]), case["parts"]
    assert isinstance(parts, list)
    return b"".join(raw(part) if isinstance(part, str) else good[part[0] : part[1]] for part in parts)


def ours(kind: str, case: Case, sealed: bytes) -> bytes:
    """Open with ctsec."""
    if kind == "record":
        ring = SealingRing(current=str(case["name"]), keys={str(case["name"]): Secret(bytes.fromhex(str(case["key"])))})
        return ring.open(sealed, context=raw(case["context"]))
    key, context = data_key(case), context_of(case["context"])  # type: ignore[arg-type]
    if kind == "managed":
        return open_blob(sealed, key=key, context=context)
    if kind == "portable":
        return open_portable(read_portable(sealed), key=key, context=context)
    opener = StreamOpener(key=key, context=context)
    return bytes(opener.update(sealed) + opener.finish())


def theirs(kind: str, case: Case, sealed: bytes) -> bytes:
    """Open with the second reader."""
    if kind == "record":
        return decoder.open_sealed_record(sealed, {str(case["name"]): bytes.fromhex(str(case["key"]))}, raw(case["context"]))
    dek, dek_id, place = bytes.fromhex(str(case["dek"])), bytes.fromhex(str(case["dek_id"])), case["context"]
    assert isinstance(place, dict)
    if kind == "managed":
        return decoder.open_managed(sealed, dek, dek_id, decoder.context_bytes(**place))
    if kind == "portable":
        return decoder.open_portable(sealed, dek, dek_id, place)
    return decoder.open_stream(sealed, dek, dek_id, decoder.context_bytes(**place))


def test_ctsec_writes_exactly_the_published_bytes() -> None:
    """The same keys, randomness and plaintexts give the files byte by byte, and there are no other files."""
    assert {path.name: path.read_text("ascii") for path in FOLDER.iterdir()} == make_vectors.files()


@pytest.mark.parametrize("kind", KINDS)
def test_ctsec_and_the_second_reader_open_every_vector(kind: str) -> None:
    """Both readers give the published plaintext of every case; sizes are the edges of a chunk, and contexts have more than ASCII."""
    found = cases(kind)
    assert {case["size"] for case in found} >= {0, 1}
    for case in found:
        for reader in (ours, theirs):
            assert reader(kind, case, raw(case["sealed"])) == plaintext(int(str(case["size"]))), (reader.__name__, case["comment"])


def test_the_edges_are_there() -> None:
    """Managed blobs of both suites and streams have vectors at 0, 1, 16383, 16384 and 16385 bytes, and each kind has non-ASCII text."""
    for kind in KINDS[:3]:
        assert any(not str(case["context"]).isascii() for case in cases(kind))
    for suite in Suite:
        assert {case["size"] for case in cases("managed") if case["suite"] == suite} >= {0, 1, 16383, 16384, 16385}
    assert {case["size"] for case in cases("stream")} >= {0, 1, 16383, 16384, 16385, 32768}


def test_a_portable_blob_needs_nothing_but_the_key_file() -> None:
    """The second reader takes the data key out of a portable blob with the local key file alone."""
    for case in cases("portable"):
        dek_id, place = bytes.fromhex(str(case["dek_id"])), case["context"]
        assert isinstance(place, dict)
        opened = decoder.open_portable_with_file(raw(case["sealed"]), json.dumps(case["key_file"]), dek_id, place)
        assert opened == plaintext(int(str(case["size"])))


@pytest.mark.proves("ASVS-11.3.3")
@pytest.mark.parametrize("case", cases("refused")[1:], ids=lambda case: f"{case['id']}-{case['kind']}-{case['reason']}")
def test_what_must_not_open_is_refused_by_both(case: Case) -> None:
    """Both readers refuse every bad vector, ctsec with one of the errors of its page."""
    kind, sealed = str(case["kind"]), bad(case)
    with pytest.raises((DecryptionFailed, CorruptRecord, KeyNotFound)):
        ours(kind, case, sealed)
    with pytest.raises(decoder.Refused):
        theirs(kind, case, sealed)


def test_the_bad_streams_come_from_a_good_one() -> None:
    """The stream that the bad ones are put together from opens, so it is the change that is refused."""
    case, good = make_vectors.bad_stream()
    assert raw(cases("refused")[0]["sealed"]) == good
    assert theirs("stream", case, good) == ours("stream", case, good) == plaintext(2 * 16384 + 5)


def test_the_second_reader_is_independent() -> None:
    """It has at most 200 lines and imports nothing but `cryptography` and the standard library."""
    source = Path(decoder.__file__).read_text("utf-8")
    named = {node.module or "" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    named |= {alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for alias in node.names}
    assert {name.split(".")[0] for name in named} == {"__future__", "hmac", "json", "cryptography"}
    assert len(source.splitlines()) <= 200


def test_every_label_is_on_the_page() -> None:
    """The page of formats names every label that the readers need, so that another program can be written from it."""
    page = (ROOT / "docs" / "reference" / "formats.md").read_text("utf-8")
    for label in (
        "managed/v1/aes-256-gcm/",
        "managed/v1/commitment/",
        "managed/v1/strict/",
        "stream/v1/input-key/",
        "local-kms/v1/wrap",
        "sealing/v1",
    ):
        assert f"`ctsec/{label}`" in page
        assert f"ctsec/{label}" in Path(decoder.__file__).read_text("utf-8")


ORGANIZATIONS = st.one_of(st.none(), TEXTS.filter(bool))
WHEN = datetime(2026, 3, 1, tzinfo=UTC)


@given(
    material=st.binary(min_size=32, max_size=32),
    raw_id=st.binary(min_size=16, max_size=16),
    organization=ORGANIZATIONS,
    purpose=TEXTS.filter(bool),
    rest=st.fixed_dictionaries({"table": TEXTS, "row": TEXTS, "field": TEXTS}),
    message=st.one_of(st.binary(max_size=100), st.integers(0, 40_000).map(bytes)),
    suite=st.sampled_from(Suite),
    region=TEXTS.filter(lambda text: len(text.encode()) < 256),
)
def test_the_second_reader_opens_whatever_ctsec_seals(
    material: bytes,
    raw_id: bytes,
    organization: str | None,
    purpose: str,
    rest: dict[str, str],
    message: bytes,
    suite: Suite,
    region: str,
) -> None:
    """Any key, id, context, suite and plaintext: managed, portable and stream open in the second reader."""
    key = DataKey(dek_id_from_bytes(raw_id), material=Secret(material), suite=suite)
    context = Context(organization=None if organization is None else OrganizationId(organization), purpose=purpose, **rest)
    place = {"purpose": purpose, **rest} | ({} if organization is None else {"organization": organization})
    bound = decoder.context_bytes(**place)
    assert bound == context.encoded
    assert decoder.open_managed(seal(message, key=key, context=context, random=os.urandom), material, raw_id, bound) == message
    dek = WrappedDek(
        id=key.dek_id,
        scope=context.scope,
        region=region,
        kek="k",
        wrapped=b"w",
        commitment=key.commitment,
        state=DekState.ACTIVE,
        created_at=WHEN,
    )
    blob = seal_portable(message, key=key, dek=dek, context=context, random=os.urandom)
    assert decoder.open_portable(blob, material, raw_id, place) == message
    sealer = StreamSealer(key=key, context=context, random=os.urandom)
    assert decoder.open_stream(bytes(sealer.update(message) + sealer.finish()), material, raw_id, bound) == message


@given(junk=st.binary(max_size=300), start=st.sampled_from([b"", b"\xc7\x11", b"\xc7\x12", b"\xc7\x21", b"\xc7\x31"]))
def test_junk_is_refused_by_both(junk: bytes, start: bytes) -> None:
    """Any bytes, also such that start like a format, raise an error of the readers and no other."""
    case: Case = {"dek": bytes(32).hex(), "dek_id": bytes(16).hex(), "context": make_vectors.PLACES[0]}
    for kind in KINDS[:3]:
        with pytest.raises(CtsecError):
            ours(kind, case, start + junk)
        with pytest.raises(decoder.Refused):
            theirs(kind, case, start + junk)


def test_ids_are_the_documented_bits() -> None:
    """The 16 bytes of an id are what its 26 characters encode."""
    dek_id = new_id(DekId, now=WHEN, random=os.urandom)
    number = 0
    for character in dek_id.removeprefix("dek_"):
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(character)
    assert dek_id_bytes(dek_id) == number.to_bytes(16, "big")


def test_the_wrapped_key_of_a_key_file() -> None:
    """What a local key file wrapped, the second reader unwraps with the text of the file."""
    kms = LocalKms(b"i" * 16, key=Secret(b"k" * 32))
    secret, wrapped = kms.generate_data_key(b"context")
    file = json.dumps({"format": "ctsec-local-key/1", "id": (b"i" * 16).hex(), "key": (b"k" * 32).hex()})
    assert decoder.unwrap_local(wrapped, file, b"context") == secret.reveal()

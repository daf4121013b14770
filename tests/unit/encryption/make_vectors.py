"""Writes the vectors of the formats of encryption: `python -m tests.unit.encryption.make_vectors`, always the same bytes.

Keys and randomness come from SHA-256 of a name and a number. Byte i of a plaintext is (7 i + 13) mod 251.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ctsec.encryption import Context, DataKey, DekState, SealingRing, StreamSealer, Suite, WrappedDek, seal, seal_portable
from ctsec.encryption.context import wrap_context
from ctsec.encryption.dek import dek_id_from_bytes
from ctsec.encryption.kms import LocalKms
from ctsec.ids import OrganizationId, Random
from ctsec.secret import Secret
from tests.unit.encryption.two_keys import for_two_keys

FOLDER = Path(__file__).resolve().parent / "vectors"
SIZES = (0, 1, 16383, 16384, 16385)
WHEN = datetime(2026, 3, 1, tzinfo=UTC)
Place = dict[str, str]
PLACES: tuple[Place, ...] = (
    {"organization": "org_01kjs0000000000000000000ac", "purpose": "column", "table": "servers", "row": "42", "field": "password"},
    {"purpose": "totp", "table": "authenticators", "row": "aut_01kjs0000000000000000000zz", "field": "secret"},
    {"organization": "Zürich 株式会社", "purpose": "vault", "table": "", "row": "é / e\u0301", "field": "\U0001f511\0"},
)
Case = dict[str, object]


def drawn(name: str) -> Random:
    """Return a source of bytes that gives the same ones for the same name."""
    state = {"number": 0}

    def draw(size: int) -> bytes:
        out = b""
        while len(out) < size:
            out += hashlib.sha256(f"{name} {state['number']}".encode()).digest()
            state["number"] += 1
        return out[:size]

    return draw


def plaintext(size: int) -> bytes:
    """Return the plaintext of a size."""
    return bytes((7 * i + 13) % 251 for i in range(size))


def text(raw: bytes) -> str:
    """Return bytes as they stand in the files: base64url."""
    return base64.urlsafe_b64encode(raw).decode()


def context_of(place: Place) -> Context:
    """Return the context of a place."""
    fields = dict(place)
    organization = fields.pop("organization", None)
    return Context(organization=None if organization is None else OrganizationId(organization), **fields)


def data_key(case: Case, *, suite: Suite = Suite.DEFAULT) -> DataKey:
    """Return the data key of a case."""
    return DataKey(
        dek_id_from_bytes(bytes.fromhex(str(case["dek_id"]))),
        material=Secret(bytes.fromhex(str(case["dek"]))),
        suite=suite,
        also_opens=list(Suite),
    )


def _case(name: str, *, place: Place, size: int) -> Case:
    draw = drawn(f"key of {name}")
    return {"comment": name, "dek": draw(32).hex(), "dek_id": draw(16).hex(), "context": place, "size": size}


def _named(kind: str, sizes: tuple[int, ...]) -> Iterator[Case]:
    for size in sizes:
        yield _case(f"{kind}, {size} bytes", place=PLACES[0], size=size)
    for number, place in enumerate(PLACES[1:], 2):
        yield _case(f"{kind}, context {number}", place=place, size=33)


def managed() -> Iterator[Case]:
    """Yield managed blobs of both suites."""
    for suite in Suite:
        for case in _named(f"managed {suite.name.lower()}", SIZES):
            draw = drawn(str(case["comment"]))
            case["random"] = draw(12 if suite is Suite.DEFAULT else 24).hex()
            yield case | {"suite": int(suite), "sealed": text(seal_case(case, suite=suite))}


def seal_case(case: Case, *, suite: Suite) -> bytes:
    """Return the managed blob of a case."""
    source, size = bytes.fromhex(str(case["random"])), int(str(case["size"]))
    return seal(plaintext(size), key=data_key(case, suite=suite), context=context_of(case["context"]), random=lambda _: source)  # type: ignore[arg-type]


def _next(sources: Iterator[bytes], _size: int) -> bytes:
    return next(sources)


def portable() -> Iterator[Case]:
    """Yield portable blobs of both suites, each with a data key that the local key file of the case wrapped."""
    for suite in Suite:
        for case in _named(f"portable {suite.name.lower()}", (0, 1, 16385)):
            draw, place = drawn(str(case["comment"])), case["context"]
            assert isinstance(place, dict)
            file = {"format": "ctsec-local-key/1", "id": draw(16).hex(), "key": draw(32).hex()}
            region, scope = ("eu-central-1", context_of(place).scope) if len(place) == 5 else ("", "deployment")
            material = bytes.fromhex(str(case["dek"]))
            sources = iter((material, draw(12)))
            kms = LocalKms(bytes.fromhex(file["id"]), key=Secret(bytes.fromhex(file["key"])), random=partial(_next, sources))
            _, wrapped = kms.generate_data_key(wrap_context(scope, region))
            case["random"] = draw(12 if suite is Suite.DEFAULT else 24).hex()
            case |= {
                "suite": int(suite),
                "kek": kms.describe().ref,
                "scope": scope,
                "region": region,
                "wrapped": text(wrapped),
                "key_file": file,
            }
            yield case | {"sealed": text(portable_case(case))}


def portable_case(case: Case) -> bytes:
    """Return the portable blob of a case."""
    key, source = data_key(case, suite=Suite(int(str(case["suite"])))), bytes.fromhex(str(case["random"]))
    dek = WrappedDek(
        id=key.dek_id,
        scope=str(case["scope"]),
        region=str(case["region"]),
        kek=str(case["kek"]),
        wrapped=base64.urlsafe_b64decode(str(case["wrapped"])),
        commitment=key.commitment,
        state=DekState.ACTIVE,
        created_at=WHEN,
    )
    context = context_of(case["context"])  # type: ignore[arg-type]
    return seal_portable(plaintext(int(str(case["size"]))), key=key, dek=dek, context=context, random=lambda _: source)


def streams() -> Iterator[Case]:
    """Yield streams."""
    for case in _named("stream", (*SIZES, 32768)):
        case["random"] = drawn(str(case["comment"]))(24).hex()
        yield case | {"sealed": text(stream_case(case))}


def stream_case(case: Case) -> bytes:
    """Return the stream of a case."""
    source, context = bytes.fromhex(str(case["random"])), context_of(case["context"])  # type: ignore[arg-type]
    sealer = StreamSealer(key=data_key(case), context=context, random=lambda _: source)
    return bytes(sealer.update(plaintext(int(str(case["size"])))) + sealer.finish())


def records() -> Iterator[Case]:
    """Yield records of a sealing ring."""
    for name, size in (("1", 0), ("1", 1), ("mail-2026", 33)):
        draw = drawn(f"record {name} {size}")
        case: Case = {
            "comment": f"record under {name}, {size} bytes",
            "name": name,
            "key": draw(32).hex(),
            "context": text(draw(20)),
            "size": size,
        }
        case["random"] = draw(12).hex()
        yield case | {"sealed": text(record_case(case))}


def record_case(case: Case) -> bytes:
    """Return the record of a case."""
    name, source = str(case["name"]), bytes.fromhex(str(case["random"]))
    ring = SealingRing(current=name, keys={name: Secret(bytes.fromhex(str(case["key"])))})
    return ring.seal(plaintext(int(str(case["size"]))), context=base64.urlsafe_b64decode(str(case["context"])), random=lambda _: source)


def flipped(raw: bytes, place: int) -> bytes:
    """Return bytes with the lowest bit of one of them changed."""
    place %= len(raw)
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


def _bad_managed() -> Iterator[tuple[str, Case, bytes]]:
    elsewhere = {"context": PLACES[0] | {"row": "43"}}
    for suite, salt in ((Suite.DEFAULT, 12), (Suite.STRICT, 24)):
        case = _case(f"bad managed {suite.name.lower()}", place=PLACES[0], size=20) | {"random": drawn("bad managed")(salt).hex()}
        blob, other = seal_case(case, suite=suite), Suite.STRICT if suite is Suite.DEFAULT else Suite.DEFAULT
        for reason, place in (
            ("magic", 0),
            ("id of the DEK", 5),
            ("commitment or salt", 20),
            ("commitment", 45),
            ("body", -20),
            ("tag", -1),
        ):
            yield f"{reason} changed", case, flipped(blob, place)
        yield "unknown suite", case, blob[:1] + b"\x13" + blob[2:]
        yield "said to be of the other suite", case, blob[:1] + bytes([other]) + blob[2:]
        yield "said to be a stream", case, blob[:1] + b"\x31" + blob[2:]
        yield "nothing", case, b""
        yield "cut to its header", case, blob[:50]
        yield "cut by a byte", case, blob[:-1]
        yield "a byte more", case, blob + b"\0"
        yield "another row", case | elsewhere, blob
        yield "another organization", case | {"context": PLACES[2]}, blob
        yield "another DEK of the same id", case | {"dek": drawn("other")(32).hex()}, blob
        yield "the same DEK of another id", case | {"dek_id": drawn("other")(16).hex()}, blob
    case = _case("two keys", place=PLACES[0], size=32)
    yield "authentic under a second key, to which it is not committed", case, _two_keys(case, dek=drawn("second")(32))


def _two_keys(case: Case, *, dek: bytes) -> bytes:
    """Return a managed blob of `dek` whose body AES-GCM accepts under the key of the case's DEK too."""
    raw_id, nonce = bytes.fromhex(str(case["dek_id"])), drawn("nonce")(12)
    first = dek_id_from_bytes(raw_id)
    header = b"\xc7\x11" + raw_id + DataKey(first, material=Secret(dek)).commitment
    associated = header + context_of(case["context"]).encoded  # type: ignore[arg-type]
    keys = [_hkdf(each, b"ctsec/managed/v1/aes-256-gcm/" + raw_id) for each in (dek, bytes.fromhex(str(case["dek"])))]
    return header + nonce + for_two_keys((keys[0], nonce, associated), (keys[1], nonce, associated), filling=drawn("filling")(16))


def _hkdf(key: bytes, label: bytes) -> bytes:
    return hmac.digest(hmac.digest(bytes(32), key, "sha256"), label + b"\x01", "sha256")


def _bad_portable() -> Iterator[tuple[str, Case, bytes]]:
    case = next(case for case in portable() if case["size"] == 1)
    blob = base64.urlsafe_b64decode(str(case["sealed"]))
    kek, scope, region = (len(str(case[name]).encode()) for name in ("kek", "scope", "region"))
    places = {
        "magic": 0,
        "kind": 1,
        "KEK": 5,
        "scope": 4 + kek + 2,
        "region": 4 + kek + 2 + scope + 2,
        "wrapped DEK": 4 + kek + scope + region + 20,
    }
    for reason, place in places.items():
        yield f"{reason} changed", case, flipped(blob, place)
    header = 2 + 8 + kek + scope + region + 77
    yield "KEK left out", case, blob[:2] + b"\0\0" + blob[4 + kek :]
    yield "a length beyond the limit", case, blob[:2] + b"\x04\x01" + b"k" * 1025 + blob[4 + kek :]
    yield "a length beyond the end", case, blob[: header - 79] + b"\x17\xff" + blob[header - 77 :]
    yield "a KEK that is no text", case, blob[:4] + b"\xff" * kek + blob[4 + kek :]
    yield "header cut", case, blob[: header - 1]
    yield "nothing inside", case, blob[:header]
    yield "cut by a byte", case, blob[:-1]
    yield "a byte more", case, blob + b"\0"
    yield "a portable blob inside a portable blob", case, blob[:header] + blob
    managed_case = case | {"random": drawn("inside")(12).hex()}
    yield "a managed blob of the same context inside", case, blob[:header] + seal_case(managed_case, suite=Suite.DEFAULT)
    yield "a context of another scope", case | {"context": PLACES[1]}, blob
    yield "another row", case | {"context": PLACES[0] | {"row": "43"}}, blob


Parts = list[tuple[int, int] | bytes]


def bad_stream() -> tuple[Case, bytes]:
    """Return the case that the bad streams are cut from, and its good stream."""
    case = _case("bad stream", place=PLACES[0], size=2 * 16384 + 5) | {"random": drawn("bad stream")(24).hex()}
    return case, stream_case(case)


def _bad_streams() -> Iterator[tuple[str, Case, Parts]]:
    case, stream = bad_stream()
    borders = (0, 74, 74 + 16400, 74 + 2 * 16400, len(stream))
    head, first, second, last = itertools.pairwise(borders)
    whole = (0, len(stream))
    for reason, place in (("magic", 0), ("kind", 1), ("id of the DEK", 5), ("salt", 30), ("commitment", 60), ("first chunk", 80)):
        yield f"{reason} changed", case, [(0, place), flipped(stream, place)[place : place + 1], (place + 1, len(stream))]
    yield "last tag changed", case, [(0, len(stream) - 1), flipped(stream, -1)[-1:]]
    yield "the last chunk lost", case, [head, first, second]
    yield "cut inside a chunk", case, [(0, 74 + 16400 + 100)]
    yield "cut behind the header", case, [head]
    yield "cut inside the header", case, [(0, 50)]
    yield "the last tag cut", case, [(0, len(stream) - 1)]
    yield "two chunks in the other order", case, [head, second, first, last]
    yield "a chunk twice", case, [head, first, first, second, last]
    yield "a chunk in the place of another", case, [head, first, first, last]
    yield "a chunk left out", case, [head, second, last]
    yield "a byte more", case, [whole, b"\0"]
    yield "the last chunk twice", case, [whole, last]
    yield "another row", case | {"context": PLACES[0] | {"row": "43"}}, [whole]
    yield "another DEK of the same id", case | {"dek": drawn("other")(32).hex()}, [whole]


def _bad_records() -> Iterator[tuple[str, Case, bytes]]:
    case = list(records())[-1]
    record = base64.urlsafe_b64decode(str(case["sealed"]))
    for reason, place in (("version", 0), ("length of the name", 1), ("name", 3), ("nonce", 12), ("body", 25), ("tag", -1)):
        yield f"{reason} changed", case, flipped(record, place)
    yield "cut by a byte", case, record[:-1]
    yield "a byte more", case, record + b"\0"
    yield "another context", case | {"context": text(b"elsewhere")}, record


def refused() -> Iterator[Case]:
    """Yield what must not open, each with the reason; a bad stream is put together from parts of a good one, which stands first."""
    kept = {"dek", "dek_id", "context", "name", "key"}
    yield {"kind": "good stream", "sealed": text(bad_stream()[1])}
    for kind, bad in {"managed": _bad_managed, "portable": _bad_portable, "record": _bad_records}.items():
        for reason, case, sealed in bad():
            yield {"kind": kind, "reason": reason, **{name: case[name] for name in sorted(kept & case.keys())}, "sealed": text(sealed)}
    for reason, case, parts in _bad_streams():
        written = [text(part) if isinstance(part, bytes) else list(part) for part in parts]
        yield {"kind": "stream", "reason": reason, **{name: case[name] for name in sorted(kept & case.keys())}, "parts": written}


def files() -> dict[str, str]:
    """Return the text of every file."""
    made = {"managed": managed, "portable": portable, "stream": streams, "record": records, "refused": refused}
    return {
        f"{name}.json": json.dumps(
            {
                "about": f"ctsec {name}: see docs/reference/formats.md",
                "encoding": "sealed, wrapped and a record's context are base64url, the rest is hexadecimal",
                "parts": "base64url, or from and to in the good stream",
                "plaintext": "byte i is (7 i + 13) mod 251",
                "cases": [{"id": number, **case} for number, case in enumerate(cases(), 1)],
            },
            indent=1,
            ensure_ascii=True,
        )
        + "\n"
        for name, cases in made.items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file_name, content in files().items():
        (FOLDER / file_name).write_text(content, "ascii")

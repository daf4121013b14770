"""Another encryption library in this process: `python -P -m benchmarks.encryption_peers NAME JOB SIZE`.

Prints the version that it has, then for each line on its input the CPU seconds of one call, as a slice of a race. Ends with 3 if the
library is not installed. Each is driven in the fastest way that we know, with a context, and with a key that is in this process.
"""

from __future__ import annotations

import importlib.metadata
import io
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.measure import Slice, code
from benchmarks.peer_process import NOT_INSTALLED

CONTEXT = b"org_01kjs0000000000000000000ac/column/servers/42/password"
PIECE = 256 * 1024
Jobs = dict[str, Callable[[int], Slice]]


def once(work: Callable[[], object]) -> float:
    """Return the CPU seconds of this thread that one call takes."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def settle() -> None:
    """Let malloc keep large blocks, as it does in a process that has run for a while; before, each is mapped anew, at the cost of AES."""
    for _ in range(2):
        bytearray(24 * 1024 * 1024)  # beyond 32 MiB glibc learns nothing


def _tink(envelope: bool) -> Jobs:
    import tink
    from tink import aead

    aead.register()
    template = aead.aead_key_templates.AES256_GCM
    primitive = tink.new_keyset_handle(template).primitive(aead.Aead)
    chosen = aead.KmsEnvelopeAead(template, primitive) if envelope else primitive

    def round_trip(size: int) -> Slice:
        names: dict[str, object] = {"e": chosen.encrypt, "d": chosen.decrypt, "m": os.urandom(size), "c": CONTEXT}
        return code("", "d(e(m, c), c)", names).slice

    return {"round_trip": round_trip}


def _aws() -> Jobs:
    import aws_encryption_sdk as sdk
    from aws_encryption_sdk.identifiers import AlgorithmSuite, CommitmentPolicy, EncryptionKeyType, WrappingAlgorithm
    from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
    from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

    class Local(RawMasterKeyProvider):  # type: ignore[misc]
        provider_id = "local"

        def _get_raw_key(self, key_id: object) -> Any:  # noqa: ARG002
            return WrappingKey(WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING, bytes(32), EncryptionKeyType.SYMMETRIC)

    provider = Local()
    provider.add_master_key("key")
    client = sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    materials = sdk.CachingCryptoMaterialsManager(master_key_provider=provider, cache=sdk.LocalCryptoMaterialsCache(10), max_age=3600.0)
    suite, context = AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY, {"place": CONTEXT.decode()}

    def encrypt(message: bytes) -> bytes:
        sealed, _ = client.encrypt(source=message, materials_manager=materials, encryption_context=context, algorithm=suite)
        return bytes(sealed)

    def round_trip(size: int) -> Slice:
        names: dict[str, object] = {"e": encrypt, "d": client.decrypt, "m": os.urandom(size), "k": materials}
        return code("", "d(source=e(m), materials_manager=k)", names).slice

    def streamed(data: bytes, mode: str) -> None:
        given = {"encryption_context": context, "algorithm": suite, "source_length": len(data)} if mode == "e" else {}
        with client.stream(mode=mode, source=io.BytesIO(data), materials_manager=materials, **given) as stream:
            while stream.read(PIECE):
                pass

    def seal_stream(size: int) -> Slice:
        message = os.urandom(size)
        return lambda: once(lambda: streamed(message, "e"))

    def open_stream(size: int) -> Slice:
        sealed = encrypt(os.urandom(size))
        return lambda: once(lambda: streamed(sealed, "d"))

    return {"round_trip": round_trip, "seal_stream": seal_stream, "open_stream": open_stream}


# name -> (distribution, what makes its jobs)
PEERS: dict[str, tuple[str, Callable[[], Jobs]]] = {
    "tink AES256_GCM": ("tink", lambda: _tink(envelope=False)),
    "tink KmsEnvelopeAead, local key": ("tink", lambda: _tink(envelope=True)),
    "aws-encryption-sdk, cached, committing": ("aws-encryption-sdk", _aws),
}


def main(name: str, job: str, size: str) -> int:
    """Answer until the input ends."""
    distribution, make = PEERS[name]
    try:
        version, jobs = importlib.metadata.version(distribution), make()
    except (importlib.metadata.PackageNotFoundError, ModuleNotFoundError):
        return NOT_INSTALLED
    settle()
    timed = jobs[job](int(size))
    print(version, flush=True)
    for _ in sys.stdin:
        print(timed(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

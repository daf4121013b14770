"""What the tests of key services share: sessions of boto3, the owner of a key of the stand-in, and bounds that do not wait."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from boto3.session import Session

from ctsec.encryption.kms import AsyncBlockingKms, AwsKeyServices, CallBounds, KmsThreads
from ctsec.encryption.kms.attempts import Attempts
from ctsec.encryption.ports import Kms
from ctsec.testing.kms import FakeAwsKms, KeyState

QUICK = CallBounds(connect=1.0, read=0.3, attempts=3, total=60.0)


def session(access_key: str = "AKIDEXAMPLE") -> Session:
    """Return a session of boto3 with credentials that no service but a stand-in accepts."""
    return Session(aws_access_key_id=access_key, aws_secret_access_key="none", region_name="eu-central-1")


@contextmanager
def services(endpoint: str, *, bounds: CallBounds = QUICK, access_key: str = "AKIDEXAMPLE") -> Iterator[AwsKeyServices]:
    """Return AWS key services on a stand-in, which pause without waiting."""
    made = AwsKeyServices(session(access_key), endpoint=endpoint, bounds=bounds, attempts=Attempts(bounds, sleep=lambda _: None))
    try:
        yield made
    finally:
        made.close()


def in_threads(kms: Kms, threads: KmsThreads) -> AsyncBlockingKms:
    """Return the async colour of a blocking service."""
    return AsyncBlockingKms(kms, threads=threads)


class FakeOwner:
    """The owner of one key of the stand-in (a `KekOwner`)."""

    def __init__(self, fake: FakeAwsKms, arn: str) -> None:
        self._fake, self._arn = fake, arn

    def disable(self) -> None:
        self._fake.keys.set_state(self._arn, KeyState.DISABLED)

    def enable(self) -> None:
        self._fake.keys.set_state(self._arn, KeyState.ENABLED)

    def schedule_deletion(self) -> None:
        self._fake.keys.set_state(self._arn, KeyState.PENDING_DELETION)

    def cancel_deletion(self) -> None:
        self._fake.keys.set_state(self._arn, KeyState.DISABLED)

    def delete(self) -> None:
        self._fake.keys.delete(self._arn)


def in_a_child(work: object) -> bytes:
    """Run a callable in a forked child and return the bytes that it returns; whatever fails comes back as its repr."""
    assert callable(work)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = bytes(work())
        except BaseException as error:
            answer = repr(error).encode()
        os.write(write, answer)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return answer

"""The suite of key services notices services that are wrong: each mistake fails at least one of its tests."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ctsec.encryption import KekDescription
from ctsec.encryption.kms import LocalKms
from ctsec.errors import DecryptionFailed, KeyDisabled, KeyNotFound, KeyPendingDeletion, KmsError, KmsUnavailable
from ctsec.secret import Secret
from ctsec.testing.conformance import KmsConformance, KmsStateConformance, KmsTamperConformance, KmsThreadConformance


class Right:
    """A right service whose owner can change the state of its key; the mistakes are made on top of it."""

    def __init__(self, key_id: bytes = b"i" * 16) -> None:
        self.inner = LocalKms(key_id, key=Secret(key_id * 2))
        self.refusal: type[KmsError] | None = None

    def _ask(self) -> None:
        if self.refusal is not None:
            raise self.refusal("refused")

    def describe(self) -> KekDescription:
        self._ask()
        found = self.inner.describe()
        return replace(found, capabilities=replace(found.capabilities, reports_state=True))

    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        self._ask()
        return self.inner.generate_data_key(context)

    def wrap(self, key: Secret, context: bytes) -> bytes:
        self._ask()
        return self.inner.wrap(key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        self._ask()
        return self.inner.unwrap(wrapped, context)

    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        self._ask()
        return self.inner.rewrap(wrapped, old_context, new_context)


class Owner:
    """The owner of the key of a service above."""

    def __init__(self, kms: Right) -> None:
        self._kms = kms

    def disable(self) -> None:
        self._kms.refusal = KeyDisabled

    def enable(self) -> None:
        self._kms.refusal = None

    def schedule_deletion(self) -> None:
        self._kms.refusal = KeyPendingDeletion

    def cancel_deletion(self) -> None:
        self._kms.refusal = KeyDisabled

    def delete(self) -> None:
        self._kms.refusal = KeyNotFound


class IgnoresContext(Right):
    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        return self.inner.generate_data_key(context[:0] + b"x" if 1 <= len(context) <= 4096 else context)

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        return self.inner.unwrap(wrapped, b"x" if 1 <= len(context) <= 4096 else context)


class RunsContextsTogether(Right):
    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        return self.inner.generate_data_key(context.replace(b"=", b""))

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        return self.inner.unwrap(wrapped, context.replace(b"=", b""))


class OneKeyForAll(Right):
    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        _, wrapped = super().generate_data_key(context)
        return Secret(b"k" * 32), wrapped

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        super().unwrap(wrapped, context)
        return Secret(b"k" * 32)


class WrapsInTheOpen(Right):
    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        plaintext, wrapped = super().generate_data_key(context)
        return plaintext, wrapped + plaintext.reveal()

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        return super().unwrap(wrapped[:-32], context)


class WrapsAnotherKey(Right):
    def wrap(self, key: Secret, context: bytes) -> bytes:
        super().wrap(key, context)
        return super().generate_data_key(context)[1]


class WrapsAnyLength(Right):
    def wrap(self, key: Secret, context: bytes) -> bytes:
        return super().wrap(Secret(key.reveal()[:32].ljust(32)), context)


class RewrapsToAnotherKey(Right):
    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        super().rewrap(wrapped, old_context, new_context)
        return super().generate_data_key(new_context)[1]


class RewrapsWithoutLooking(Right):
    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        try:
            return super().rewrap(wrapped, old_context, new_context)
        except DecryptionFailed:
            return wrapped


class KeepsTheForm(Right):
    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        made = super().rewrap(wrapped, old_context, new_context)
        return wrapped if old_context == new_context else made


class BelievesChangedBytes(Right):
    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        try:
            return super().unwrap(wrapped, context)
        except DecryptionFailed:
            if len(wrapped) == 77 and context.endswith(b"org_1"):
                return Secret(b"\0" * 32)
            raise


class BelievesTails(Right):
    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        return super().unwrap(wrapped[:77] if len(wrapped) == 78 else wrapped, context)


class RaisesSomethingElse(Right):
    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        try:
            return super().unwrap(wrapped, context)
        except DecryptionFailed:
            raise KeyError("foreign") from None


class Closer(DecryptionFailed):
    """An error outside of the small set, below one of it."""

    code = "closer"


class RaisesSomethingBelow(Right):
    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        try:
            return super().unwrap(wrapped, context)
        except DecryptionFailed as error:
            raise Closer(str(error)) from None


class CallsCorruptUnavailable(Right):
    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        try:
            return super().unwrap(wrapped, context)
        except DecryptionFailed:
            raise KmsUnavailable("failed") from None


class ShowsTheContext(Right):
    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        try:
            return super().unwrap(wrapped, context)
        except DecryptionFailed:
            raise DecryptionFailed(f"wrong context {context!r}") from None


class TakesAnyContext(Right):
    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        return super().generate_data_key(context or b"x")


class HasNoRoomForContexts(Right):
    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        if len(context) > 1024:
            raise ValueError("too long")
        return super().generate_data_key(context)


class DescribesAnew(Right):
    calls = 0

    def describe(self) -> KekDescription:
        self.calls += 1
        return replace(super().describe(), ref=f"local:{self.calls}")


class WorksWhenDisabled(Right):
    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        return self.inner.unwrap(wrapped, context)


class DescribesWhenDisabled(Right):
    def describe(self) -> KekDescription:
        refusal, self.refusal = self.refusal, None
        try:
            return super().describe()
        finally:
            self.refusal = refusal


class MixesStates(Right):
    def _ask(self) -> None:
        if self.refusal is not None:
            raise KeyDisabled("refused")


MISTAKES = [
    IgnoresContext, RunsContextsTogether, OneKeyForAll, WrapsInTheOpen, WrapsAnotherKey, WrapsAnyLength, RewrapsToAnotherKey,
    RewrapsWithoutLooking, KeepsTheForm, BelievesChangedBytes, BelievesTails, RaisesSomethingElse, RaisesSomethingBelow,
    CallsCorruptUnavailable, ShowsTheContext, TakesAnyContext, HasNoRoomForContexts, DescribesAnew, WorksWhenDisabled,
    DescribesWhenDisabled, MixesStates,
]  # fmt: skip


def failures(kind: Callable[..., Right]) -> list[str]:
    """Return the tests of the suite that fail on a service."""
    failed = []
    for suite in (KmsConformance, KmsTamperConformance, KmsStateConformance, KmsThreadConformance):
        for name, test in inspect.getmembers(suite(), inspect.ismethod):
            kms = kind()
            fixtures: dict[str, Any] = {"kms": kms, "blocking_kms": kms, "foreign_kms": kind(b"j" * 16), "kek_owner": Owner(kms)}
            try:
                test(**{wanted: fixtures[wanted] for wanted in inspect.signature(test).parameters})
            except Exception:
                failed.append(name)
    return failed


def test_a_right_service_passes() -> None:
    """The service that the mistakes are made on passes every test of the suite."""
    assert failures(Right) == []


@pytest.mark.parametrize("kind", MISTAKES, ids=lambda kind: kind.__name__)
def test_a_mistake_is_noticed(kind: type[Right]) -> None:
    """Each service with one mistake fails the suite."""
    assert failures(kind) != []

"""Conformance of key services (async source).

A service's tests make classes of their own from these. The fixtures: `kms`, a service with a key; `foreign_kms`, the same provider with
another key; `kek_owner`, what the owner of the key of `kms` does with it; `blocking_kms`, the service in its blocking colour.
"""

from __future__ import annotations

from typing import Final

from ctsec.encryption._async_ports import AsyncKms
from ctsec.encryption.kek import MAX_CONTEXT, MAX_WRAPPED
from ctsec.errors import CtsecError, DecryptionFailed, KeyDisabled, KeyNotFound, KeyPendingDeletion
from ctsec.secret import Secret
from ctsec.testing.conformance.expect import equal, fail, holds, raises
from ctsec.testing.conformance.kms import KekOwner

CONTEXT: Final = b"\x02\x00\x0corganization\x00\x05org_1"
# What runs together when names and values are put side by side without their lengths, and what text tools change.
CONTEXTS: Final = (
    b"tenant=acme",
    b"tenanta=cme",
    b"tenant=acme ",
    b"TENANT=ACME",
    b"\0",
    b"\0\0",
    b"\xff\xfe",
    "é".encode(),
    b"+/=",
    b"-_",
)
SAMPLES: Final = 48


class AsyncKmsConformance:
    """What every key service does with its key."""

    async def test_a_data_key_comes_back(self, kms: AsyncKms) -> None:
        """A fresh data key has 32 bytes, its wrapped form does not hold it, and unwrapping gives it again, as often as one asks."""
        plaintext, wrapped = await kms.generate_data_key(CONTEXT)
        equal(len(plaintext), 32)
        holds(plaintext.reveal() not in wrapped, "the wrapped form does not hold the data key")
        for _ in range(2):
            equal((await kms.unwrap(wrapped, CONTEXT)).reveal(), plaintext.reveal())

    async def test_data_keys_differ(self, kms: AsyncKms) -> None:
        """No two data keys are equal, nor are their wrapped forms, in one context."""
        made = [await kms.generate_data_key(CONTEXT) for _ in range(16)]
        equal(len({plaintext.reveal() for plaintext, _ in made}), 16)
        equal(len({wrapped for _, wrapped in made}), 16)

    async def test_the_context_is_bound(self, kms: AsyncKms) -> None:
        """A data key opens in its own context and in no other, near or far, longer or shorter."""
        for number, context in enumerate(CONTEXTS):
            plaintext, wrapped = await kms.generate_data_key(context)
            equal((await kms.unwrap(wrapped, context)).reveal(), plaintext.reveal())
            for other in (CONTEXTS[number - 1], context + b"\0", b"\0" + context, context[:-1] or b"x"):
                with raises(DecryptionFailed):
                    await kms.unwrap(wrapped, other)

    async def test_rewrapping_keeps_the_key_and_moves_the_context(self, kms: AsyncKms) -> None:
        """What was wrapped anew is the same data key in the new context only; the old form stays what it was."""
        plaintext, wrapped = await kms.generate_data_key(CONTEXT)
        moved = await kms.rewrap(wrapped, CONTEXT, b"new")
        holds(moved != wrapped, "the wrapped form is a new one")
        equal((await kms.unwrap(moved, b"new")).reveal(), plaintext.reveal())
        equal((await kms.unwrap(wrapped, CONTEXT)).reveal(), plaintext.reveal())
        with raises(DecryptionFailed):
            await kms.unwrap(moved, CONTEXT)
        with raises(DecryptionFailed):
            await kms.rewrap(wrapped, b"new", CONTEXT)

    async def test_rewrapping_in_the_same_context_makes_a_new_form(self, kms: AsyncKms) -> None:
        """A rotation that keeps the context gives another wrapped form of the same data key."""
        plaintext, wrapped = await kms.generate_data_key(CONTEXT)
        again = await kms.rewrap(wrapped, CONTEXT, CONTEXT)
        holds(again != wrapped, "the wrapped form is a new one")
        equal((await kms.unwrap(again, CONTEXT)).reveal(), plaintext.reveal())

    async def test_a_data_key_of_another_service_is_wrapped(self, kms: AsyncKms) -> None:
        """A data key that is known already is wrapped like one of the service's own: bound to its context, and 32 bytes long."""
        wrapped = await kms.wrap(Secret(bytes(range(32))), CONTEXT)
        equal((await kms.unwrap(wrapped, CONTEXT)).reveal(), bytes(range(32)))
        holds(await kms.wrap(Secret(bytes(range(32))), CONTEXT) != wrapped, "every wrapped form is a new one")
        with raises(DecryptionFailed):
            await kms.unwrap(wrapped, b"new")
        for wrong in (b"", b"x" * 31, b"x" * 33):
            with raises(ValueError):
                await kms.wrap(Secret(wrong), CONTEXT)

    async def test_the_key_is_described(self, kms: AsyncKms) -> None:
        """The description is stable, names provider and key, and of replicas only where it claims some."""
        found = await kms.describe()
        equal(await kms.describe(), found)
        holds(found.provider != "" and ":" in found.ref and found.ref.isascii(), "a reference is ASCII and begins with its scheme")
        holds(found.ref not in found.replicas, "a key is no replica of itself")
        holds(found.capabilities.multi_region or found.replicas == (), "only a multi-region key has replicas")

    async def test_contexts_have_a_size(self, kms: AsyncKms) -> None:
        """A context of 1 to 4096 bytes is bound; an empty and a larger one are refused in every verb."""
        for context in (b"c", b"c" * MAX_CONTEXT):
            plaintext, wrapped = await kms.generate_data_key(context)
            equal((await kms.unwrap(wrapped, context)).reveal(), plaintext.reveal())
        _, wrapped = await kms.generate_data_key(CONTEXT)
        for wrong in (b"", b"c" * (MAX_CONTEXT + 1)):
            with raises(ValueError):
                await kms.generate_data_key(wrong)
            with raises(ValueError):
                await kms.unwrap(wrapped, wrong)
            with raises(ValueError):
                await kms.rewrap(wrapped, wrong, CONTEXT)
            with raises(ValueError):
                await kms.rewrap(wrapped, CONTEXT, wrong)

    async def test_errors_show_neither_key_nor_context(self, kms: AsyncKms) -> None:
        """No error, and no repr of the service or of what it returns, shows the context or a byte of the data key."""
        context = b"organization=the-name-of-a-customer"
        plaintext, wrapped = await kms.generate_data_key(context)
        shown = repr(plaintext) + repr(kms) + repr(await kms.describe())
        try:
            await kms.unwrap(wrapped, context + b"!")
        except CtsecError as error:
            shown += repr(error) + repr(error.__cause__)
        else:
            fail("expected DecryptionFailed")
        holds("customer" not in shown, "no context is shown")
        holds(repr(plaintext.reveal())[2:-1] not in shown and plaintext.reveal().hex() not in shown, "no key is shown")


class AsyncKmsTamperConformance:
    """What is no wrapped data key of this key does not open."""

    async def test_changed_bytes_do_not_open(self, kms: AsyncKms) -> None:
        """A bit changed at any of the sampled positions, first and last among them, gives no data key, neither unwrapped nor re-wrapped."""
        _, wrapped = await kms.generate_data_key(CONTEXT)
        step = max(1, len(wrapped) // SAMPLES)
        for at in (*range(0, len(wrapped), step), len(wrapped) - 1):
            changed = wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :]
            with raises(DecryptionFailed, KeyNotFound):
                await kms.unwrap(changed, CONTEXT)
        with raises(DecryptionFailed, KeyNotFound):
            await kms.rewrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), CONTEXT, b"new")

    async def test_other_lengths_do_not_open(self, kms: AsyncKms) -> None:
        """A shortened, a lengthened, an empty, a foreign and an over-long wrapped form are refused in the same way."""
        _, wrapped = await kms.generate_data_key(CONTEXT)
        holds(len(wrapped) <= MAX_WRAPPED, "a wrapped form has at most 6144 bytes")
        cut = [wrapped[:end] for end in range(0, len(wrapped), max(1, len(wrapped) // 12))]
        for wrong in (*cut, wrapped[:-1], wrapped + b"\0", wrapped + wrapped, b"\0", b"\0" * MAX_WRAPPED, b"\0" * (MAX_WRAPPED + 1)):
            with raises(DecryptionFailed, KeyNotFound):
                await kms.unwrap(wrong, CONTEXT)

    async def test_another_key_does_not_open(self, kms: AsyncKms, foreign_kms: AsyncKms) -> None:
        """What one key wrapped, another key of the same provider neither opens nor re-wraps, in either direction."""
        for one, other in ((kms, foreign_kms), (foreign_kms, kms)):
            _, wrapped = await one.generate_data_key(CONTEXT)
            with raises(DecryptionFailed, KeyNotFound):
                await other.unwrap(wrapped, CONTEXT)
            with raises(DecryptionFailed, KeyNotFound):
                await other.rewrap(wrapped, CONTEXT, b"new")


class AsyncKmsStateConformance:
    """What a service that reports the states of keys (`capabilities.reports_state`) says of one that may not be used."""

    async def test_the_service_says_that_it_reports_states(self, kms: AsyncKms) -> None:
        """The description declares what this suite is for."""
        equal((await kms.describe()).capabilities.reports_state, True)

    async def test_a_disabled_key_does_nothing(self, kms: AsyncKms, kek_owner: KekOwner) -> None:
        """Disabled, every verb is KeyDisabled from the next call on; enabled again, what was wrapped before opens."""
        plaintext, wrapped = await kms.generate_data_key(CONTEXT)
        kek_owner.disable()
        await _refused(kms, wrapped, KeyDisabled)
        kek_owner.enable()
        equal((await kms.unwrap(wrapped, CONTEXT)).reveal(), plaintext.reveal())
        await kms.describe()

    async def test_a_key_that_is_about_to_be_deleted_does_nothing(self, kms: AsyncKms, kek_owner: KekOwner) -> None:
        """Pending deletion, every verb is KeyPendingDeletion; once that is cancelled and the key enabled, what was wrapped opens."""
        plaintext, wrapped = await kms.generate_data_key(CONTEXT)
        kek_owner.schedule_deletion()
        await _refused(kms, wrapped, KeyPendingDeletion)
        kek_owner.cancel_deletion()
        kek_owner.enable()
        equal((await kms.unwrap(wrapped, CONTEXT)).reveal(), plaintext.reveal())

    async def test_a_deleted_key_is_not_found(self, kms: AsyncKms, kek_owner: KekOwner) -> None:
        """Deleted, every verb is KeyNotFound."""
        _, wrapped = await kms.generate_data_key(CONTEXT)
        kek_owner.delete()
        await _refused(kms, wrapped, KeyNotFound)


async def _refused(kms: AsyncKms, wrapped: bytes, kind: type[CtsecError]) -> None:
    """Check that every verb is refused with this error, which is a definite one."""
    equal(getattr(kind, "definite", None), True)
    with raises(kind):
        await kms.describe()
    with raises(kind):
        await kms.generate_data_key(CONTEXT)
    with raises(kind):
        await kms.unwrap(wrapped, CONTEXT)
    with raises(kind):
        await kms.rewrap(wrapped, CONTEXT, b"new")

"""The roots that keys are derived from, opened as far as they can be (async source)."""

from __future__ import annotations

from ctsec.encryption._async_ports import AsyncSealer
from ctsec.errors import DecryptionFailed, KmsError
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.keys.roots import root_context
from ctsec.secret import Secret


async def open_roots(
    key: ApiKey, secrets: tuple[KeySecret, ...], *, sealer: AsyncSealer
) -> tuple[tuple[tuple[KeySecret, Secret], ...], KmsError | DecryptionFailed | None]:
    """Return the roots of a key's secrets that open, and why the last of the others did not; None if all did."""
    roots: list[tuple[KeySecret, Secret]] = []
    why: KmsError | DecryptionFailed | None = None
    for secret in secrets:
        if secret.sealed_root is not None:
            try:
                root = await sealer.open(secret.sealed_root, context=root_context(key.id, generation=secret.generation))
            except (KmsError, DecryptionFailed) as error:
                why = error
            else:
                roots.append((secret, Secret(root)))
    return tuple(roots), why

# Generated from src/ctsec/keys/_async_making.py by tools/twin.py; edit that file.
"""Making the secret of an API key (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.encryption._sync_ports import Sealer
from ctsec.keys.attenuation import root_of
from ctsec.keys.mac import PepperRing
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.keys.roots import root_context
from ctsec.keys.token import mint
from ctsec.secret import SecretText


def make_secret(
    key: ApiKey, minter: str, *, ring: PepperRing, sealer: Sealer, ambient: Ambient, generation: int = 1, derivable: bool = False
) -> tuple[SecretText, KeySecret]:
    """Return the text of a fresh secret of a key, and what is kept of it; `minter` is in whose name it is shown."""
    token = mint(key.id, random=ambient.random, environment=key.environment)
    raw = token.reveal().encode("ascii")
    pepper, mac = ring.mac(raw)
    root = root_of(raw, key_id=key.id).reveal() if derivable else None
    context = root_context(key.id, generation=generation)
    return token, KeySecret(
        key_id=key.id,
        generation=generation,
        mac=mac,
        pepper_id=pepper,
        created_at=ambient.now(),
        minted_by=minter,
        sealed_root=sealer.seal(root, context=context) if root is not None else None,
    )

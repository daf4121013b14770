"""What the sealed root of an API key is bound to."""

from __future__ import annotations

from ctsec.encryption.context import Context
from ctsec.ids import KeyId


def root_context(key_id: KeyId, *, generation: int) -> Context:
    """Return the context of a root, of the deployment's own: the key, which of its secrets, and what for."""
    return Context(organization=None, table="api_key_secret", row=key_id, field=f"root:{generation}", purpose="api key derivation")

"""What would change if a provider's new document were taken: for the person, or the policy, that decides it.

Rules that this module keeps:

- keys are told apart by what they are (their fingerprint), not by their certificate: the same key in a new certificate is no new key;
- whatever widens trust is named: a key more, another entity, another address to send people to.
"""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.sso.saml.keys import TrustedKey
from ctsec.sso.saml.provider import ProviderDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A value before and after."""

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentChange:
    """How two documents of a provider differ; `values` are the other than keys, by name: entity_id, sign_in.redirect and so on."""

    added: tuple[TrustedKey, ...] = ()
    removed: tuple[TrustedKey, ...] = ()
    renewed: tuple[TrustedKey, ...] = ()
    values: tuple[tuple[str, Changed], ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether they say the same, dates of certificates and documents apart."""
        return not (self.added or self.removed or self.values)

    @property
    def widens(self) -> bool:
        """Whether somebody would be believed, or be sent people, who was not before: to be decided, not just done."""
        return bool(self.added or any(name != "wants_signed_requests" for name, _ in self.values))


def document_change(before: ProviderDocument, after: ProviderDocument) -> DocumentChange:
    """Return how two documents differ."""
    old, new = ({key.fingerprint: key for key in each.keys} for each in (before, after))
    told = [_values(each) for each in (before, after)]
    return DocumentChange(
        added=tuple(key for name, key in new.items() if name not in old),
        removed=tuple(key for name, key in old.items() if name not in new),
        renewed=tuple(key for name, key in new.items() if name in old and key.not_after != old[name].not_after),
        values=tuple((name, Changed(before=told[0][name], after=told[1][name])) for name in told[0] if told[0][name] != told[1][name]),
    )


def _values(document: ProviderDocument) -> dict[str, str]:
    ends = {"sign_in": document.sign_in, "sign_out": document.sign_out}
    addresses = {f"{name}.{part}": getattr(end, part) for name, end in ends.items() for part in ("redirect", "post", "answers")}
    return {"entity_id": document.entity_id, **addresses, "wants_signed_requests": str(document.wants_signed_requests).lower()}

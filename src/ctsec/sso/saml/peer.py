"""A connection that speaks SAML, ready to be used: whom it believes, who we are there, and how its words are read.

Rules that this module keeps:

- what does not fit is refused when it is written, not when somebody signs in;
- our entity id and the address for responses are this connection's alone: an answer to another one is not for this one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ctsec.sso.oidc.mapping import ClaimMap
from ctsec.sso.saml.keys import ServiceKey
from ctsec.sso.saml.names import EMAIL_ADDRESS, PERSISTENT, UNSPECIFIED
from ctsec.sso.saml.presets import SamlPreset
from ctsec.sso.saml.settings import SamlSettings
from ctsec.sso.saml.trust import Trust
from ctsec.transport.address import check_url
from ctsec.transport.reach import Reach

_CHANGING: Final = frozenset({EMAIL_ADDRESS, UNSPECIFIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlPeer:
    """One connection to one provider. `keys` are ours, the one that signs first; `domains` are the organization's verified ones.

    Raises ValueError for what fits no provider.
    """

    trust: Trust
    settings: SamlSettings
    preset: SamlPreset
    keys: tuple[ServiceKey, ...] = field(default=(), repr=False)
    domains: frozenset[str] = frozenset()
    groups_attribute: str = ""
    mapping: ClaimMap = field(default_factory=ClaimMap)
    reach: Reach = Reach.PUBLIC

    def __post_init__(self) -> None:
        made = self.settings
        for url in filter(None, (made.sso_redirect, made.sso_post, made.slo_redirect, made.slo_post, made.metadata_url)):
            check_url(url)
            if "#" in url or (self.reach is not Reach.LOOPBACK and not url.startswith("https://")):
                raise ValueError("expected https addresses of the provider without a fragment")
        if made.vouches_for_addresses and self.preset.vouches is False:
            raise ValueError("expected no word for addresses of this provider: whoever owns a directory there writes them")

    @property
    def signer(self) -> ServiceKey | None:
        """The key that signs what we send, None if nothing is signed."""
        return self.keys[0] if self.settings.signs_requests and self.keys else None

    @property
    def subject(self) -> tuple[str, ...]:
        """The attributes that make an identity; none where the name identifier does."""
        return (self.settings.subject_attribute,) if self.settings.subject_attribute else self.preset.subject

    @property
    def names(self) -> frozenset[str]:
        """The formats of name identifiers that may be an identity."""
        return self.preset.names | (_CHANGING if self.settings.unsafe_name_id else frozenset[str]())

    @property
    def asked_name(self) -> str:
        """The format that is asked for: a persistent one where nothing else is an identity, and else what the provider likes."""
        return PERSISTENT if not self.subject and self.names == frozenset({PERSISTENT}) else ""

    @property
    def vouched(self) -> bool:
        """Whether an address in a verified domain counts as a verified one."""
        return self.settings.vouches_for_addresses if self.preset.vouches is None else self.preset.vouches

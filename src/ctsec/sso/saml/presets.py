"""What is particular to each provider that speaks SAML, as data.

Rules that this module keeps:

- an identity is made of what the provider never gives to somebody else: a persistent name, or attributes that stay; of an address only
  with Google, which has nothing better to give;
- an address counts as verified only where the provider verifies its domain (Google), or where an administrator says that addresses there
  are the organization's to give; Entra's never do, its directory's owner typed them;
- groups that are absent, or said to be too many to tell, are unknown, and unknown is not none.

Sources: learn.microsoft.com/entra/identity-platform/reference-saml-tokens and saml-claims-customization;
help.okta.com (attribute statements); developers.onelogin.com/saml; support.google.com/a/answer/6087519.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ctsec.sso.oidc.presets import Provider
from ctsec.sso.saml.names import EMAIL_ADDRESS, PERSISTENT

_CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_MICROSOFT: Final = "http://schemas.microsoft.com/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlPreset:
    """One provider: which of its words say who somebody is.

    `subject` are the attributes that make an identity together; without them it is the name identifier, in one of the formats `names`.
    `email`, `name` and `groups` are attributes, the first that is there counts; `parts` make a name where none of `name` is there.
    `overflow` says that groups were left out, `methods` how somebody signed in. `vouches` says whether addresses are verified ones: None
    leaves it to the connection.
    """

    provider: Provider
    subject: tuple[str, ...] = ()
    names: frozenset[str] = frozenset({PERSISTENT})
    email: tuple[str, ...] = ("email",)
    name: tuple[str, ...] = ("name",)
    parts: tuple[str, ...] = ("firstName", "lastName")
    groups: str = "groups"
    overflow: str = ""
    methods: str = ""
    vouches: bool | None = None


_SAML: Final = SamlPreset(
    provider=Provider.SAML,
    email=("email", "mail", "urn:oid:0.9.2342.19200300.100.1.3", f"{_CLAIMS}emailaddress"),
    name=("name", "displayName", "urn:oid:2.16.840.1.113730.3.1.241", f"{_CLAIMS}name"),
)
_GOOGLE: Final = SamlPreset(provider=Provider.GOOGLE_SAML, names=frozenset({PERSISTENT, EMAIL_ADDRESS}), vouches=True)
_ENTRA: Final = SamlPreset(
    provider=Provider.ENTRA_SAML,
    subject=(f"{_MICROSOFT}identity/claims/tenantid", f"{_MICROSOFT}identity/claims/objectidentifier"),
    email=(f"{_CLAIMS}emailaddress",),
    name=(f"{_MICROSOFT}identity/claims/displayname",),
    parts=(f"{_CLAIMS}givenname", f"{_CLAIMS}surname"),
    groups=f"{_MICROSOFT}ws/2008/06/identity/claims/groups",
    overflow=f"{_MICROSOFT}claims/groups.link",
    methods=f"{_MICROSOFT}claims/authnmethodsreferences",
    vouches=False,
)
_OKTA: Final = SamlPreset(provider=Provider.OKTA_SAML, subject=("user.id",))
_ONELOGIN: Final = SamlPreset(
    provider=Provider.ONELOGIN_SAML,
    subject=("PersonImmutableID",),
    email=("User.email",),
    parts=("User.FirstName", "User.LastName"),
    groups="memberOf",
)
SAML_PRESETS: Final[Mapping[Provider, SamlPreset]] = MappingProxyType(
    {each.provider: each for each in (_SAML, _GOOGLE, _ENTRA, _OKTA, _ONELOGIN)}
)

"""OpenID Connect, and OAuth 2 where a provider speaks nothing else: every decision of a sign-in, without I/O.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.sso.oidc.authorization import Begun as Begun
    from ctsec.sso.oidc.authorization import PendingSignIn as PendingSignIn
    from ctsec.sso.oidc.authorization import begin_sign_in as begin_sign_in
    from ctsec.sso.oidc.client import GitHubOrganization as GitHubOrganization
    from ctsec.sso.oidc.client import OidcClient as OidcClient
    from ctsec.sso.oidc.client import PrivateKeyJwt as PrivateKeyJwt
    from ctsec.sso.oidc.client import SecretBasic as SecretBasic
    from ctsec.sso.oidc.client import SecretPost as SecretPost
    from ctsec.sso.oidc.flow import Judged as Judged
    from ctsec.sso.oidc.flow import ProvedSignIn as ProvedSignIn
    from ctsec.sso.oidc.flow import complete_sign_in as complete_sign_in
    from ctsec.sso.oidc.flow import discover as discover
    from ctsec.sso.oidc.flow import judge_logout as judge_logout
    from ctsec.sso.oidc.flow import refresh_sign_in as refresh_sign_in
    from ctsec.sso.oidc.id_token import IdToken as IdToken
    from ctsec.sso.oidc.identity import ExternalIdentity as ExternalIdentity
    from ctsec.sso.oidc.key_cache import KeyCache as KeyCache
    from ctsec.sso.oidc.logout import LogoutNotice as LogoutNotice
    from ctsec.sso.oidc.logout import logout_url as logout_url
    from ctsec.sso.oidc.metadata import ProviderMetadata as ProviderMetadata
    from ctsec.sso.oidc.presets import PRESETS as PRESETS
    from ctsec.sso.oidc.presets import Preset as Preset
    from ctsec.sso.oidc.presets import Provider as Provider
    from ctsec.sso.oidc.reason import OidcReason as OidcReason
    from ctsec.sso.oidc.tokens import Exchange as Exchange
    from ctsec.sso.oidc.tokens import TokenSet as TokenSet

_HOME = {
    "Begun": "ctsec.sso.oidc.authorization",
    "Exchange": "ctsec.sso.oidc.tokens",
    "ExternalIdentity": "ctsec.sso.oidc.identity",
    "GitHubOrganization": "ctsec.sso.oidc.client",
    "IdToken": "ctsec.sso.oidc.id_token",
    "Judged": "ctsec.sso.oidc.flow",
    "KeyCache": "ctsec.sso.oidc.key_cache",
    "LogoutNotice": "ctsec.sso.oidc.logout",
    "OidcClient": "ctsec.sso.oidc.client",
    "OidcReason": "ctsec.sso.oidc.reason",
    "PRESETS": "ctsec.sso.oidc.presets",
    "PendingSignIn": "ctsec.sso.oidc.authorization",
    "Preset": "ctsec.sso.oidc.presets",
    "PrivateKeyJwt": "ctsec.sso.oidc.client",
    "ProvedSignIn": "ctsec.sso.oidc.flow",
    "Provider": "ctsec.sso.oidc.presets",
    "ProviderMetadata": "ctsec.sso.oidc.metadata",
    "SecretBasic": "ctsec.sso.oidc.client",
    "SecretPost": "ctsec.sso.oidc.client",
    "TokenSet": "ctsec.sso.oidc.tokens",
    "begin_sign_in": "ctsec.sso.oidc.authorization",
    "complete_sign_in": "ctsec.sso.oidc.flow",
    "discover": "ctsec.sso.oidc.flow",
    "judge_logout": "ctsec.sso.oidc.flow",
    "logout_url": "ctsec.sso.oidc.logout",
    "refresh_sign_in": "ctsec.sso.oidc.flow",
}
__all__ = [
    "PRESETS",
    "Begun",
    "Exchange",
    "ExternalIdentity",
    "GitHubOrganization",
    "IdToken",
    "Judged",
    "KeyCache",
    "LogoutNotice",
    "OidcClient",
    "OidcReason",
    "PendingSignIn",
    "Preset",
    "PrivateKeyJwt",
    "ProvedSignIn",
    "Provider",
    "ProviderMetadata",
    "SecretBasic",
    "SecretPost",
    "TokenSet",
    "begin_sign_in",
    "complete_sign_in",
    "discover",
    "judge_logout",
    "logout_url",
    "refresh_sign_in",
]

__getattr__ = face(__name__, _HOME)

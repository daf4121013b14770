"""Simulators of the six providers that have a preset, on loopback, each with what is particular to it.

    with GoogleWorkspace() as google:
        google.hire("ann", "ann@acme.example")
        options = EmbeddedOptions(single_sign_on=SsoPolicy(fetcher=RoutedFetcher(google)))

Connections and presets are the real ones: `RoutedFetcher` leads the providers' own names to the simulators.
"""

from __future__ import annotations

from ctsec.testing.providers.base import ProviderSimulator
from ctsec.testing.providers.entra import EntraId
from ctsec.testing.providers.github import GitHub
from ctsec.testing.providers.gitlab import GitLab
from ctsec.testing.providers.google import GoogleWorkspace
from ctsec.testing.providers.okta import Okta, OneLogin
from ctsec.testing.providers.routing import RoutedFetcher

__all__ = ["EntraId", "GitHub", "GitLab", "GoogleWorkspace", "Okta", "OneLogin", "ProviderSimulator", "RoutedFetcher"]

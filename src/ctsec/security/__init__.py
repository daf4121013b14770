"""The composition root, in both colours, with the settings that it takes."""

from __future__ import annotations

from ctsec.security._async import AsyncSecurity
from ctsec.security._async_unit import AsyncUnit
from ctsec.security._sync import Security
from ctsec.security._sync_unit import Unit
from ctsec.security.parts import EmbeddedOptions, Parts, Settings

__all__ = ["AsyncSecurity", "AsyncUnit", "EmbeddedOptions", "Parts", "Security", "Settings", "Unit"]

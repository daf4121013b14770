"""Simulators of directories that push by SCIM: Okta, Entra ID, OneLogin and Google, each in its own dialect.

They say what the providers' pages say that they send; each page is named in the module of its simulator. Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.testing.directories.base import Directory as Directory
    from ctsec.testing.directories.base import Person as Person
    from ctsec.testing.directories.base import Refused as Refused
    from ctsec.testing.directories.entra import EntraDirectory as EntraDirectory
    from ctsec.testing.directories.google import GoogleDirectory as GoogleDirectory
    from ctsec.testing.directories.okta import OktaDirectory as OktaDirectory
    from ctsec.testing.directories.onelogin import OneLoginDirectory as OneLoginDirectory
    from ctsec.testing.directories.sending import Answer as Answer
    from ctsec.testing.directories.sending import Sends as Sends
    from ctsec.testing.directories.sending import over_asgi as over_asgi
    from ctsec.testing.directories.sending import over_wsgi as over_wsgi

_HOME = {
    "Answer": "ctsec.testing.directories.sending",
    "Directory": "ctsec.testing.directories.base",
    "EntraDirectory": "ctsec.testing.directories.entra",
    "GoogleDirectory": "ctsec.testing.directories.google",
    "OktaDirectory": "ctsec.testing.directories.okta",
    "OneLoginDirectory": "ctsec.testing.directories.onelogin",
    "Person": "ctsec.testing.directories.base",
    "Refused": "ctsec.testing.directories.base",
    "Sends": "ctsec.testing.directories.sending",
    "over_asgi": "ctsec.testing.directories.sending",
    "over_wsgi": "ctsec.testing.directories.sending",
}

__all__ = [
    "Answer",
    "Directory",
    "EntraDirectory",
    "GoogleDirectory",
    "OktaDirectory",
    "OneLoginDirectory",
    "Person",
    "Refused",
    "Sends",
    "over_asgi",
    "over_wsgi",
]

__getattr__ = face(__name__, _HOME)

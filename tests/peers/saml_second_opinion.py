"""Two other libraries as judges of messages, each in one process of an environment of its own that knows nothing of ctsec.

The environment is what `make` builds from requirements/saml.txt, or what CTSEC_SAML_PEERS names; xmlsec1, which pysaml2 starts, is not on
the path of the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from ctsec.sso.saml import SentRequest, Trust, TrustedKey, Unsolicited
from ctsec.testing.saml import SamlKey
from tests import programs

ROOT: Final = Path(__file__).resolve().parents[2]
_ISSUER: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a certificate that says nothing")])
_STAMP: Final = serialization.load_pem_private_key(SamlKey.generate(curve=True).private.encode("ascii"), password=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A message with a name, and what it is judged by."""

    name: str
    field: str
    trust: Trust
    request: SentRequest | Unsolicited
    now: datetime
    opener: SamlKey | None = None

    def line(self) -> str:
        """Return it as the judges read it."""
        told = {
            "field": self.field,
            "issuer": self.trust.issuer,
            "audience": self.trust.audience,
            "acs_url": self.trust.acs_url,
            "certificates": [certificate_of(each) for each in self.trust.keys],
            "request": self.request.id if isinstance(self.request, SentRequest) else None,
            "now": int(self.now.timestamp()),
            "key": self.opener.private if self.opener else "",
            "opener": self.opener.certificate if self.opener else "",
            "sha1": self.trust.unsafe_sha1,
        }
        return json.dumps(told)


_certificates: Final[dict[str, str]] = {}


def certificate_of(key: TrustedKey) -> str:
    """Return a certificate for a bare key, since the judges take nothing else; who signed it does not matter to them."""
    if key.fingerprint not in _certificates:
        made = x509.CertificateBuilder().subject_name(_ISSUER).issuer_name(_ISSUER).public_key(key.key)
        begun = datetime(2020, 1, 1, tzinfo=UTC)
        made = made.serial_number(x509.random_serial_number()).not_valid_before(begun).not_valid_after(begun + timedelta(days=9_000))
        signing: Any = _STAMP
        pem = made.sign(signing, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        _certificates[key.fingerprint] = pem.decode("ascii")
    return _certificates[key.fingerprint]


def judge(library: str, questions: Iterable[Question]) -> list[dict[str, Any]]:
    """Return what a library makes of each message: `name` and `attributes`, or an `error`."""
    asked = [each.line() for each in questions]
    around = {
        "PYTHONPATH": str(ROOT),
        "PATH": "",
        "CTSEC_XMLSEC1": programs.find("xmlsec1") or "",
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
    }
    ran = subprocess.run(
        [programs.find("saml-judges") or sys.executable, "-P", "-m", "benchmarks.saml_peers", library, "judge"],
        input="\n".join(asked) + "\n", capture_output=True, text=True, env=around, timeout=600, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, (library, ran.returncode, ran.stderr[-2000:])
    _, *lines = ran.stdout.splitlines()
    assert len(lines) == len(asked)
    return [json.loads(each) for each in lines]

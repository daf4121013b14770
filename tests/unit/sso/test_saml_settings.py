"""Settings of connections that speak SAML, and their keys."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ctsec.errors import ConfigurationError
from ctsec.secret import SecretText
from ctsec.sso.saml.own_key import LIFE, certificates_of, new_service_key, service_keys
from ctsec.sso.saml.settings import SamlSettings
from ctsec.sso.settings import ConnectionSettings
from ctsec.testing.saml import SamlKey

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
KEY = SamlKey.generate(curve=True)
SETTINGS = SamlSettings(issuer="https://idp.example", sso_redirect="https://idp.example/sso", certificates=(KEY.certificate,))


def test_settings_are_read_as_they_were_written() -> None:
    """Every field survives the text that the store keeps, beside those of other protocols."""
    flags: dict[str, Any] = {name: True for name in ("signs_requests", "force_authn", "idp_initiated", "unsafe_sha1", "unsafe_name_id")}
    full = replace(SETTINGS, sso_post="https://idp.example/post", entity_id="urn:us", subject_attribute="uid", email_attribute="m", **flags)
    for saml in (SETTINGS, full):
        made = ConnectionSettings(saml=saml, groups_claim="g", trusted_classes=("c",))
        assert ConnectionSettings.read(made.text()) == made
    assert full.lowered() == ("idp_initiated", "unsafe_sha1", "unsafe_name_id")
    assert full.told()["keys"] == (KEY.trusted().fingerprint,)


@pytest.mark.parametrize(
    "changed",
    [
        {"sso_redirect": ""}, {"certificates": ()}, {"certificates": ("no certificate",)}, {"certificates": (KEY.certificate,) * 2},
        {"certificates": ("x" * 7_000,)}, {"issuer": "a\nb"}, {"entity_id": "x" * 1_025}, {"subject_attribute": "x" * 256},
    ],
    ids="".join,
)  # fmt: skip
def test_settings_that_fit_nothing_are_refused(changed: dict[str, Any]) -> None:
    """No address, no key, one key twice, and what is too long or not printable."""
    with pytest.raises(ValueError, match="expected"):
        replace(SETTINGS, **changed)


def test_settings_of_two_protocols_are_refused() -> None:
    """Beside SAML there are no settings of OpenID Connect that would seem to count."""
    for name, value in (("issuer", "https://x.example"), ("scopes", ("a",)), ("private_key", True), ("directories", ("d",))):
        with pytest.raises(ValueError, match="SAML"):
            ConnectionSettings(saml=SETTINGS, **{name: value})  # type: ignore[arg-type]


def test_a_new_key_signs_and_the_one_before_still_opens() -> None:
    """After a rotation the new key stands first, and of more than two the oldest is gone; certificates and keys belong together."""

    def another(kid: str, before: SecretText | None = None, published: str | None = None) -> tuple[SecretText, str]:
        return new_service_key(name="sso_1", kid=kid, now=NOW, random=lambda n: b"\x07" * n, before=before, published=published)

    first = another("k1")
    second = another("k2", *first)
    third = another("k3", *second)
    prints = [[each.fingerprint for each in service_keys(*pair)] for pair in (first, second, third)]
    assert prints[1][1:] == prints[0]
    assert (prints[2][1], len(prints[2])) == (prints[1][0], 2)
    assert [each["kid"] for each in json.loads(third[1])] == ["k3", "k2"]
    assert all(each.opens for each in service_keys(*third))
    ends = SamlKey(private="", certificate=certificates_of(third[1])[0]).trusted().not_after
    assert ends == NOW + LIFE
    assert "PRIVATE" not in repr(third) + third[1]
    for wrong in ((first[0], second[1]), (second[0], first[1]), (first[0], third[1].replace("x5c", "x"))):
        with pytest.raises(ConfigurationError):
            service_keys(*wrong)

"""Every text of a credential that ctsec mints is one that scanners for secrets find, or there is a reason why not."""

from __future__ import annotations

import ast

import pytest

from ctsec.keys.scanning import KINDS
from tests.architecture.source import last_name, nodes, written
from tests.architecture.test_secrets import DRAWS, PUBLIC

HALF = "a half, or an answer within minutes: nothing without the browser or the password that it belongs to"
LINK = "ctsec-mailed-link"
TYPED = "typed by people: a few characters without a form"
INNER = "never a text that leaves"
# Every module that mints a secret text, and the rule that finds it, or why there is none.
MINTERS = {
    "authn._async": HALF,
    "authn._async_accounts": LINK,
    "authn._async_addresses": LINK,
    "authn._async_duties": HALF,
    "authn._async_links": LINK,
    "authn.device": "ctsec-device",
    "authn.session_token": "ctsec-session",
    "connections.consent": HALF,
    "directory._async_members": LINK,
    "encryption._async_columns": INNER,
    "encryption._async_subject_keys": INNER,
    "encryption.kek": INNER,
    "encryption.kms.local_file": INNER,
    "encryption.kms.pkcs11": INNER,
    "guard.proof": "what mints all tokens",
    "keys.attenuation": "ctsec-derived-api-key",
    "keys.token": "ctsec-api-key",
    "mfa._async_prover": HALF,
    "mfa.backup_codes": TYPED,
    "mfa.totp": TYPED,
    "presets": "a file of settings that a developer's machine keeps",
    "recovery._async_cases": LINK,
    "security._async_alert_reading": INNER,
    "security._async_alerts": INNER,
    "sso._async_pending": HALF,
    "sso._async_saml_departures": HALF,
    "sso._async_saml_messages": HALF,
    "sso._async_saml_watch": INNER,
    "sso._async_trials": INNER,
    "sso.oidc.authorization": HALF,
    "sso.saml.request": HALF,
    "sso.scim.token": "ctsec-scim-token",
}


@pytest.mark.proves("SEED-K7")
def test_whatever_mints_a_secret_has_an_expression_or_a_reason() -> None:
    """Every module that draws a secret, or makes a text of one, is known here: another kind of credential does not pass unseen."""
    drawing = {module for (module, _), kind in DRAWS.items() if kind != PUBLIC}
    calling = {".".join(module.parts) for module in written() for node in nodes(module.tree) if _mints(node)}
    assert drawing | calling | {"keys.attenuation"} == set(MINTERS)
    rules = {rule for rule in MINTERS.values() if rule.startswith("ctsec-")}
    assert rules == {each.rule for each in KINDS}


def _mints(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) == "mint_token"

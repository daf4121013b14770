"""How the source treats secrets: compared in constant time, drawn from the system's randomness, of 128 bits and more."""

from __future__ import annotations

import ast
import importlib
import os
import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest

from ctsec.ambient import Ambient
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.kms import LocalKms
from ctsec.encryption.primitives import Aes256Gcm
from ctsec.encryption.sealing import SealingRing
from ctsec.guard.proof import mint_token
from ctsec.ids import DekId, new_id
from ctsec.keys.mac import PepperRing
from ctsec.secret import Secret
from tests.architecture.source import Module, last_name, modules, nodes, written
from tests.kms.support import in_a_child

# What holds a secret, a MAC or a digest of one, by its last word.
TELLING: Final = frozenset(
    {"mac", "digest", "hexdigest", "commitment", "signature", "tag", "secret", "material", "reveal", "password", "seed"}
)
# In XML the tag of an element is its name.
XML: Final = ("sso", "saml")
# A query is no comparison of ours, and what it asks for is the digest of a random token (conventional: nobody can aim at one).
QUERIES: Final = ("storage", "sql", "statements")
# Comparisons in which nobody's guess meets a secret.
NO_GUESS: Final = frozenset(
    {
        "password in (built_in() if blocked is None else blocked)",  # a wish, in a public list of words
        "password in blocked",
        "found.sealed_secret != before",
        "t.c.digest == digest",  # the name of an identity at a provider, no secret
        "self._table.c.digest == digest",
        "identity_digest(*identity.key) != claim.grant.identity",  # names of identities, no secrets
        "found.sealed_seed != before",  # ciphertexts, to write over the one that was read
        "url not in rendered.text.reveal()",  # our own link, in our own text
        "tag not in _ALLOWED[0]",  # the name of an element
    }
)
# Every draw of randomness: (module, bytes), and what becomes of it.
SECRET, TYPED, PUBLIC = "secret", "typed by people", "public"
DRAWS: Final = {
    ("authn._async_accounts", 32): PUBLIC,  # what stands where a password was taken away: no record that opens
    ("authn.argon2_pool", 16): PUBLIC,  # salts
    ("authn.calibration", 16): PUBLIC,  # salts
    ("authn.argon2_pool", 32): PUBLIC,  # the digest of nobody's password
    ("connections.consent", 32): SECRET,
    ("connections.refresh", 2): PUBLIC,  # how moments are spread
    ("security._async_apps", 2): PUBLIC,  # pauses
    ("encryption._async_columns", 32): SECRET,
    ("audit.event", 16): PUBLIC,
    ("encryption._async_subject_keys", 32): SECRET,
    ("encryption.kek", 32): SECRET,
    ("encryption.kms.attempts", 4): PUBLIC,  # pauses
    ("encryption.kms.azure", 12): PUBLIC,  # nonces
    ("encryption.kms.local", 12): PUBLIC,
    ("encryption.kms.local_file", 8): PUBLIC,  # the name of a draft
    ("encryption.kms.local_file", 16): PUBLIC,  # the id of a key
    ("encryption.kms.local_file", 32): SECRET,
    ("encryption.kms.pkcs11", 12): PUBLIC,
    ("encryption.kms.pkcs11", 32): SECRET,
    ("encryption.sealing", 12): PUBLIC,
    ("encryption.stream", 24): PUBLIC,
    ("encryption.suites", 12): PUBLIC,
    ("encryption.suites", 24): PUBLIC,
    ("guard.proof", 32): SECRET,
    ("ids", 16): PUBLIC,
    ("jose.signing", 16): PUBLIC,  # the id of an assertion
    ("keys.token", 32): SECRET,
    ("mfa.backup_codes", 10): TYPED,
    ("mfa.totp", 20): SECRET,
    ("presets", 16): PUBLIC,
    ("presets", 32): SECRET,
    ("rbac._async_custom", 8): PUBLIC,
    ("sso._async_domain_claims", 20): PUBLIC,  # the value of a TXT record
    ("sso.grant", 2): PUBLIC,  # how moments are spread
    ("sso.oidc.authorization", 32): SECRET,
    ("sso.saml.own_key", 15): PUBLIC,  # the serial number of a certificate
    ("sso.saml.request", 16): SECRET,  # the id of a request: an answer that was not asked for would have to guess it
    ("sso.saml.watching", 4): PUBLIC,  # how moments are spread
    ("security._async_alert_reading", 32): SECRET,  # keys digests of address blocks, and of targets in regions
    ("security._async_alerts", 32): SECRET,  # keys digests of address blocks
    ("storage.memory.state", 16): PUBLIC,
    ("storage.redis.announcer", 16): PUBLIC,
    ("storage.sql._async_work", 63 // 8): PUBLIC,
    ("storage.sql.schema", 16): PUBLIC,
    ("web.address", 16): PUBLIC,
}


def compared(module: Module) -> Iterator[str]:
    """Yield the comparisons by `==` and `in` of a module that something telling takes part in, but for lengths and constants."""
    for node in nodes(module.tree):
        if isinstance(node, ast.Compare) and any(isinstance(each, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for each in node.ops):
            sides = [node.left, *node.comparators]
            telling = TELLING - {"tag"} if module.parts[:2] == XML else TELLING
            if any(last_name(side).split("_")[-1] in telling for side in sides):
                yield f"{module.at(node)} {ast.unparse(node)}"


@pytest.mark.proves("ASVS-11.2.4")
def test_nothing_secret_is_compared_by_equality() -> None:
    """No digest, MAC, commitment or secret value is compared by `==`, `!=` or `in`: `compare_digest` or a `Secret` does it."""
    judged = [module for module in written() if module.parts[:3] != QUERIES and module.parts[:1] != ("testing",)]
    assert [line for module in judged for line in compared(module) if line.partition(" ")[2] not in NO_GUESS] == []


@pytest.mark.proves("ASVS-11.2.4")
def test_secrets_compare_by_compare_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equality of two `Secret`s is the verdict of `compare_digest` over both values."""
    seen: list[tuple[bytes, bytes]] = []

    def noting(one: bytes, other: bytes) -> bool:
        seen.append((one, other))
        return False

    monkeypatch.setattr("ctsec.secret.hmac.compare_digest", noting)
    assert Secret(b"a") != Secret(b"a")
    assert seen == [(b"a", b"a")]


def drawn(module: Module) -> Iterator[tuple[str, int]]:
    """Yield each draw of randomness of a module: the size in bytes, where it is a number or a constant of the module."""
    name = ".".join(module.parts)
    for node in nodes(module.tree):
        if isinstance(node, ast.Call) and last_name(node.func).lstrip("_") in {"random", "urandom", "token_hex", "token_bytes", "randbits"}:
            (size,) = node.args
            value: Any = size.value if isinstance(size, ast.Constant) else getattr(importlib.import_module(module.name), last_name(size))
            yield name, value // 8 if last_name(node.func) == "randbits" else value


@pytest.mark.proves("ASVS-11.5.1", "ASVS-11.2.3", "NIST-3.2.12", "NIST-4.2.1.2")
def test_every_secret_has_128_random_bits() -> None:
    """Each draw of randomness is listed with what becomes of it; a secret has 16 bytes and more, but for codes that people type."""
    found = {draw for module in written() if module.parts[:1] != ("testing",) for draw in drawn(module)}
    assert found == set(DRAWS)
    assert min(size for (_, size), kind in DRAWS.items() if kind == SECRET) >= 16


@pytest.mark.proves("ASVS-11.5.1", "ASVS-6.5.3", "NIST-3.2.12")
def test_randomness_is_the_systems() -> None:
    """No module draws from `random` or `uuid`; what a service is given, unless a test says otherwise, is `os.urandom`."""
    wrong = []
    for module in modules().values():
        for node in nodes(module.tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            wrong += [f"{module.at(node)} {name}" for name in names if name.split(".")[0] in {"random", "uuid"} and name != "uuid.UUID"]
    assert [line for line in wrong if "ctsec/testing/" not in line] == []
    assert Ambient().random is os.urandom


@pytest.mark.proves("ASVS-11.5.2")
def test_draws_do_not_repeat_under_load_and_after_forks() -> None:
    """Tokens and ids that eight threads draw at once, and that forked children draw afterwards, are all different."""

    def draw() -> list[bytes]:
        ambient = Ambient()
        tokens = [mint_token(random=ambient.random)[1] for _ in range(2_000)]
        return tokens + [new_id(DekId, now=ambient.now(), random=ambient.random).encode() for _ in range(2_000)]

    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.extend(draw())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 * 4_000
    for _ in range(3):
        found += in_a_child(lambda: b"\n".join(each.hex().encode() for each in draw()[:500])).split(b"\n")
    assert len(set(found)) == len(found) == 8 * 4_000 + 3 * 500


@pytest.mark.proves("ASVS-11.2.3")
@pytest.mark.parametrize("size", [0, 15, 16, 24, 31, 33])
def test_keys_of_other_sizes_are_refused(size: int) -> None:
    """Everything that takes a key takes 32 bytes, 31 and AES-128's 16 never; a pepper may be longer."""
    key = Secret(os.urandom(size))
    dek_id = new_id(DekId, now=Ambient().now(), random=os.urandom)
    with pytest.raises(ValueError, match="32 bytes"):
        Aes256Gcm(key)
    with pytest.raises(ValueError, match="32 bytes"):
        DataKey(dek_id, material=key)
    with pytest.raises(ValueError, match="32 bytes"):
        Signer(key)
    with pytest.raises(ValueError, match="32 bytes"):
        SealingRing(current="1", keys={"1": key})
    with pytest.raises(ValueError, match="32"):
        LocalKms(os.urandom(16), key=key)
    if size < 32:
        with pytest.raises(ValueError, match="32 bytes"):
            PepperRing(current="1", peppers={"1": key})

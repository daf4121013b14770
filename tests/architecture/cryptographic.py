"""Finds every use of cryptography in the package: what each module imports of libraries that have any, and asks of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source import Module, modules, nodes

# Whatever is imported of these is cryptography; `os` and our own primitives are looked at by name.
LIBRARIES = frozenset(
    {"cryptography", "argon2", "hashlib", "hmac", "secrets", "ssl", "pkcs11", "joserfc", "jose", "jwt", "Crypto", "nacl", "OpenSSL", "tink"}
    | {"bcrypt", "scrypt", "passlib", "pyotp", "random", "ecdsa", "rsa", "signxml", "xmlsec", "M2Crypto", "pymacaroons", "itsdangerous"}
)
SYSTEM = frozenset({"os.urandom", "os.getrandom"})
OURS = frozenset({"ctsec.encryption.primitives", "ctsec.encryption.ed25519", "ctsec.keys.mac"})
# Of our own modules these are cryptographic operations; the rest are sizes, types and errors.
OPERATIONS = frozenset(
    {"Aes256Gcm", "RawAesGcm", "derive", "expand", "keyed_hmac", "encrypt_behind", "SigningKey", "signed_by", "PepperRing", "verify_mac"}
)


def uses(module: Module) -> frozenset[str]:
    """Return what a module uses of cryptography, as `library.name`, or the bare name of an operation of our own."""
    return frozenset(_uses(module))


def _uses(module: Module) -> Iterator[str]:
    whole = {alias.asname or alias.name for node in nodes(module.tree) if isinstance(node, ast.Import) for alias in node.names}
    whole &= LIBRARIES | {"os"}
    yield from whole & {"bcrypt"}  # imported where it is used, and handed on
    for node in nodes(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if "." in alias.name and alias.name.split(".")[0] in LIBRARIES)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            root = node.module.split(".")[0]
            for alias in node.names:
                if root in LIBRARIES or f"{root}.{alias.name}" in SYSTEM:
                    yield f"{root}.{alias.name}"
                elif node.module in OURS and alias.name in OPERATIONS:
                    yield alias.name
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in whole:
            name = f"{node.value.id}.{node.attr}"
            if node.value.id != "os" or name in SYSTEM:
                yield name


def found() -> dict[str, frozenset[str]]:
    """Return the uses of each module that has any, twins and what hosts test with left out, by its name below `ctsec`."""
    asked = [module for module in modules().values() if not module.generated and module.parts[:1] != ("testing",)]
    each = {".".join(module.parts): uses(module) for module in asked}
    return {name: used for name, used in each.items() if used}

"""Signatures of the deployment: the vectors of RFC 8032, and what is no signature."""

from __future__ import annotations

import pytest

from ctsec.encryption.ed25519 import Signer, is_signed, public_key_of, signer_name
from ctsec.secret import Secret

# RFC 8032, 7.1: tests 1, 2 and 3 (seed, public key, message, signature)
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.proves("ASVS-11.6.1")
@pytest.mark.parametrize(("seed", "public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc(seed: str, public: str, message: str, signature: str) -> None:
    """Public key and signature are those of RFC 8032, and the signature is of this message by this key only."""
    signer = Signer(Secret(bytes.fromhex(seed)))
    signed = bytes.fromhex(message)
    assert signer.public.hex() == public
    assert signer.sign(signed).hex() == signature
    assert is_signed(signed, signature=bytes.fromhex(signature), by=signer.public)
    assert not is_signed(signed + b"x", signature=bytes.fromhex(signature), by=signer.public)
    assert not is_signed(signed, signature=bytes.fromhex(signature)[:-1], by=signer.public)
    assert not is_signed(signed, signature=bytes.fromhex(signature), by=Signer(Secret(bytes(32))).public)


def test_a_name_is_a_public_key() -> None:
    """The name of a signer leads back to its public key; other spellings are refused, and nothing shows the seed."""
    signer = Signer(Secret(b"s" * 32))
    assert public_key_of(signer.name) == signer.public
    assert signer_name(signer.public) == signer.name
    assert "73" * 32 not in repr(signer) + str(vars(Signer))
    for name in ("", "ed25519:", signer.name.upper(), signer.name + "0", f" {signer.name}", signer.name.replace("ed25519", "rsa")):
        with pytest.raises(ValueError, match="64 lower-case"):
            public_key_of(name)
    for size in (0, 31, 33):
        with pytest.raises(ValueError, match="32 bytes"):
            Signer(Secret(bytes(size)))


def test_what_is_no_public_key_has_signed_nothing() -> None:
    """A public key of another length answers no, and raises nothing foreign."""
    assert not is_signed(b"", signature=bytes(64), by=b"short")

"""One ciphertext that AES-GCM accepts under two keys: GHASH is linear in each block, so one block can make two tags the same.

The algebra is that of SP 800-38D, section 6; the blocks of ciphertext are free but for the one that is solved for.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_R = 0xE1 << 120
_ONE = 1 << 127


def multiply(x: int, y: int) -> int:
    """Return the product of two blocks in GF(2^128), the first bit of a block being the constant term."""
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = (y >> 1) ^ (_R if y & 1 else 0)
    return product


def power(x: int, exponent: int) -> int:
    """Return a block to a power; 2^128 - 2 inverts."""
    result = _ONE
    while exponent:
        if exponent & 1:
            result = multiply(result, x)
        x, exponent = multiply(x, x), exponent >> 1
    return result


def _block(key: bytes, data: bytes) -> int:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return int.from_bytes(encryptor.update(data), "big")


def _tag(key: bytes, nonce: bytes, associated: bytes, ciphertext: bytes) -> int:
    lengths = (8 * len(associated)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    whole = b"".join(part.ljust(-(-len(part) // 16) * 16, b"\0") for part in (associated, ciphertext)) + lengths
    h, state = _block(key, bytes(16)), 0
    for place in range(0, len(whole), 16):
        state = multiply(state ^ int.from_bytes(whole[place : place + 16], "big"), h)
    return state ^ _block(key, nonce + b"\0\0\0\1")


def for_two_keys(first: tuple[bytes, bytes, bytes], second: tuple[bytes, bytes, bytes], *, filling: bytes) -> bytes:
    """Return ciphertext and tag that open under both; each is (key, nonce, associated data), `filling` is whole blocks of ciphertext.

    The last block of the ciphertext is the one that is solved for.
    """
    ciphertext = filling + bytes(16)
    difference = _tag(*first, ciphertext) ^ _tag(*second, ciphertext)
    # the last block of ciphertext meets H twice: once of its own, once after the block of lengths
    factor = power(_block(first[0], bytes(16)), 2) ^ power(_block(second[0], bytes(16)), 2)
    ciphertext = filling + multiply(difference, power(factor, (1 << 128) - 2)).to_bytes(16, "big")
    return ciphertext + _tag(*first, ciphertext).to_bytes(16, "big")

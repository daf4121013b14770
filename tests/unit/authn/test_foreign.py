"""Hashes of other systems: read exactly, bounded before any work, compared whole."""

from __future__ import annotations

import builtins
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.security import generate_password_hash

from ctsec.authn import foreign_bcrypt, foreign_kdf, foreign_sha_crypt
from ctsec.authn.foreign import MAX_FOREIGN, parse_foreign, parse_settings, sample_of
from ctsec.authn.schemes import accept_foreign
from ctsec.errors import ConfigurationError, CorruptRecord

# Made by Django, passlib, bcrypt and crypt(3); those of sha-crypt's specification among them.
HASHES: list[dict[str, str]] = json.loads((Path(__file__).parent / "foreign_hashes.json").read_text("ascii"))
FOREIGN = [each for each in HASHES if "argon2" not in each["origin"]]
BCRYPT = "$2b$04$abcdefghijklmnopqrstuu0123456789012345678901234567890"
DIGEST_32 = "A" * 43 + "="
SCRYPT_64 = "00" * 64


@pytest.mark.parametrize("made", FOREIGN, ids=lambda made: f"{made['origin']} {made['hash'][:16]}")
def test_what_another_system_made_is_read(made: dict[str, str]) -> None:
    """The digest of the password is the stored one, with the settings alone too; that of a longer password is another."""
    read, typed = parse_foreign(made["hash"]), made["password"].encode()
    assert read.digest(typed) == read.expected
    bare = parse_settings(read.settings)
    assert bare.digest(typed) == read.expected
    assert bare.expected == b""
    assert (read.settings + made["hash"][len(read.settings) :], bare.scheme) == (made["hash"], read.scheme)
    assert read.digest(typed + b"x") != read.expected


@pytest.mark.parametrize("method", ["pbkdf2:sha256:1000", "pbkdf2:sha512:1000", "scrypt:1024:8:1", "scrypt:16:8:2"])
def test_what_werkzeug_makes_is_read(method: str) -> None:
    """Both of werkzeug's formats are read, with a salt of its own choice."""
    read = parse_foreign(generate_password_hash("Zoë's horse", method))
    assert read.digest("Zoë's horse".encode()) == read.expected
    assert read.digest(b"Zoe's horse") != read.expected


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        (BCRYPT, "bcrypt-4"),
        (f"bcrypt_sha256${BCRYPT}", "bcryptsha256-4"),
        (f"pbkdf2_sha256$720000$salt${DIGEST_32}", "pbkdf2sha256-720000"),
        (f"scrypt:32768:8:1$salt${SCRYPT_64}", "scrypt-32768-8-1"),
        ("$5$salt$" + "A" * 43, "sha256crypt-5000"),
        ("$6$rounds=656000$salt$" + "A" * 86, "sha512crypt-656000"),
    ],
)
def test_a_scheme_names_the_cost(text: str, scheme: str) -> None:
    """The scheme holds function and costs, nothing of salt and digest, and settings of the same cost are made from it."""
    assert parse_foreign(text).scheme == scheme
    assert sample_of(scheme).scheme == scheme


@pytest.mark.proves("CVE-2025-22228", "CVE-2025-68402", "NIST-3.1.1.2(9)")
@pytest.mark.parametrize("typed", [b"x" * 73, b"x" * 72 + b"\0", b"abc\0", b"\0", b"abc\0def", b"x" * 4096])
def test_bcrypt_takes_a_password_whole_or_not_at_all(typed: bytes) -> None:
    """What bcrypt would cut, after 72 bytes or at a NUL, is a wrong password, whatever it begins with, and costs the same work."""
    import bcrypt

    cut = typed.split(b"\0")[0][:72]
    stored = parse_foreign(bcrypt.hashpw(cut, b"$2b$04$abcdefghijklmnopqrstuu").decode())
    assert stored.digest(cut) == stored.expected
    assert stored.digest(typed) == b"" != stored.expected
    hashed_first = parse_settings("bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuu")
    assert hashed_first.digest(typed) != hashed_first.digest(cut)


def test_a_cut_password_costs_bcrypt_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is called once with the same salt and cost, so the time says nothing of where a hash came from."""
    import bcrypt

    real, calls = bcrypt.hashpw, []

    def spy(password: bytes, salt: bytes) -> bytes:
        calls.append(salt)
        return real(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", spy)
    for typed in (b"short", b"x" * 73, b"a\0b"):
        parse_foreign(BCRYPT).digest(typed)
    assert calls == [b"$2b$04$abcdefghijklmnopqrstuu"] * 3


@pytest.mark.parametrize("last", "./ABOPefguvz09")
def test_bits_of_a_bcrypt_salt_that_count_for_nothing_are_read(last: str) -> None:
    """Any last character of a salt is read, and the four bits of it that bcrypt drops change nothing."""
    plain = parse_settings("$2b$04$abcdefghijklmnopqrstu" + {"/": ".", "A": ".", "B": ".", "P": "O", "f": "e", "g": "e"}.get(last, last))
    if last in "./ABOPefg":
        assert parse_settings("$2b$04$abcdefghijklmnopqrstu" + last).digest(b"x") == plain.digest(b"x")
    assert len(parse_settings("$2b$04$abcdefghijklmnopqrstu" + last).digest(b"x")) == 31


@pytest.mark.parametrize(
    "text",
    [
        BCRYPT.replace("$04$", "$15$"),
        BCRYPT.replace("$04$", "$31$"),
        BCRYPT.replace("$04$", "$03$"),
        f"pbkdf2_sha256$5000001$salt${DIGEST_32}",
        f"pbkdf2:sha256:4294967295$salt${'00' * 32}",
        f"scrypt:4194304:8:1$salt${SCRYPT_64}",
        f"scrypt:2:1:9999$salt${SCRYPT_64}".replace("scrypt:2:1:9999", "scrypt:131072:8:9"),
        f"scrypt:16:8192:1$salt${SCRYPT_64}".replace("16:8192", "262144:9"),
        "$5$rounds=1000001$salt$" + "A" * 43,
        "$6$rounds=999999999$salt$" + "A" * 86,
    ],
)
def test_a_cost_above_its_ceiling_is_refused_before_any_work(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted or imported row with a cost that would stop the service is refused when it is read, and nothing is computed."""
    for module, name in (
        (foreign_bcrypt, "_library"),
        (foreign_kdf, "pbkdf2_hmac"),
        (foreign_kdf, "scrypt"),
        (foreign_sha_crypt, "_rounds"),
    ):
        monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("computed"))
    with pytest.raises(CorruptRecord, match="nothing was computed"):
        parse_foreign(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password",
        BCRYPT[:-1],
        BCRYPT + "0",
        BCRYPT + "\n",
        BCRYPT[:29],
        BCRYPT.replace("$2b$", "$2x$"),
        BCRYPT.replace("$2b$", "$2$"),
        BCRYPT.replace("a", "ä"),
        f"bcrypt_md5${BCRYPT}",
        f"pbkdf2_sha1$1000$salt${DIGEST_32}",
        f"pbkdf2_sha256$0$salt${DIGEST_32}",
        f"pbkdf2_sha256$1000$salt${DIGEST_32[:-4]}",
        f"pbkdf2_sha256$1000$salt${DIGEST_32}AAAA",
        f"pbkdf2_sha256$1000$salt$A=={DIGEST_32}",
        f"pbkdf2_sha256$1000$sa|lt${DIGEST_32}",
        f"pbkdf2_sha256$1000$${DIGEST_32}",
        f"pbkdf2_sha512$1000$salt${DIGEST_32}",
        f"pbkdf2:sha256$salt${'00' * 32}",
        f"pbkdf2:sha256:1000$salt${'00' * 31}",
        f"pbkdf2:md5:1000$salt${'00' * 16}",
        f"scrypt:1000:8:1$salt${SCRYPT_64}",
        f"scrypt:1:8:1$salt${SCRYPT_64}",
        f"scrypt:1024:8:1$salt${SCRYPT_64[:-2]}",
        "$1$salt$" + "A" * 22,
        "$5$salt$" + "A" * 42,
        "$6$salt$" + "A" * 43,
        "$5$rounds=999$salt$" + "A" * 43,
        "$5$rounds=01000$salt$" + "A" * 43,
        "$5$" + "s" * 17 + "$" + "A" * 43,
        "$y$j9T$salt$" + "A" * 43,
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$5$salt$" + "A" * 300,
    ],
)
def test_another_format_is_refused(text: str) -> None:
    """Cut, lengthened, unknown, unsalted or fast hashes are no hash that is compared."""
    with pytest.raises(CorruptRecord):
        parse_foreign(text)


@given(text=st.one_of(st.text(max_size=300), st.sampled_from(FOREIGN).map(lambda made: made["hash"][:-1])))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises anything else than CorruptRecord, and what is read is within the limit."""
    for parse in (parse_foreign, parse_settings, sample_of, accept_foreign):
        try:
            parse(text)
        except CorruptRecord:
            continue
        assert len(text) <= MAX_FOREIGN


@pytest.mark.parametrize(
    "scheme",
    [
        "",
        "bcrypt",
        "bcrypt-",
        "bcrypt-04",
        "bcrypt-15",
        "bcrypt-4-4",
        "scrypt-16",
        "scrypt-15-8-1",
        "md5-1",
        "argon2id-8-1-1",
        "bcrypt-4\n",
    ],
)
def test_a_scheme_that_is_none_makes_no_work(scheme: str) -> None:
    """The name of a scheme comes from a row: what names nothing, or too much, is refused."""
    with pytest.raises(CorruptRecord):
        sample_of(scheme)


def test_the_work_of_sha_crypt_grows_with_rounds_and_stops_at_512_bytes() -> None:
    """A round is one digest, and a password that crypt(3) does not take costs what the empty one costs."""

    def digests(size: int, rounds: int) -> int:
        count = 0

        def make(data: bytes) -> Any:
            nonlocal count
            count += 1
            return hashlib.sha256(data)

        read = parse_settings(f"$5$rounds={rounds}$salt$")
        kind = foreign_sha_crypt._Kind(name="sha256crypt", make=make, length=32, text=43)
        foreign_sha_crypt.ShaCrypt(settings="", kind=kind, rounds=rounds, salt=read.salt, expected=b"").digest(b"k" * size)  # type: ignore[attr-defined]
        return count

    assert digests(8, 2000) - digests(8, 1000) == 1000
    assert digests(512, 1000) == digests(513, 1000) == digests(0, 1000)
    assert parse_settings("$5$rounds=1000$salt$").digest(b"k" * 513) == b""


def test_without_its_library_bcrypt_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bcrypt hash is refused when it is brought in, not when the person signs in; other formats need no library."""
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "bcrypt":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.delitem(sys.modules, "bcrypt", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match=r"ctsec\[bcrypt\]"):
        accept_foreign(BCRYPT)
    assert accept_foreign("$5$salt$" + "A" * 43)


def test_nothing_shows_a_digest() -> None:
    """Neither the repr of a read hash nor the message of a refusal shows the stored text."""
    for made in FOREIGN[:12]:
        assert made["hash"][-20:] not in repr(parse_foreign(made["hash"]))
        with pytest.raises(CorruptRecord) as caught:
            parse_foreign(made["hash"] + "~~")
        assert made["hash"][-20:] not in str(caught.value)

"""The key service in a local file."""

from __future__ import annotations

import json
import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption.kms.local import AsyncLocalKms, LocalKms
from ctsec.errors import ConfigurationError, DecryptionFailed, KeyNotFound
from ctsec.secret import Secret

KMS = LocalKms(b"i" * 16, key=Secret(b"k" * 32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ctsec.key"


def content(path: Path) -> dict[str, str]:
    read: dict[str, str] = json.loads(path.read_text())
    return read


def test_a_created_file_is_private_complete_and_loads(path: Path) -> None:
    """A created file has mode 0600 under any umask, holds an id and 256 random bits, leaves no draft, and loads to the same key."""
    before = os.umask(0)
    try:
        made = LocalKms.create(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert len(bytes.fromhex(content(path)["key"])) == 32
    secret, wrapped = made.generate_data_key(b"c")
    assert LocalKms.load(path).unwrap(wrapped, b"c") == secret
    assert LocalKms.load(path).describe() == made.describe()
    assert made.describe().ref == f"local:{content(path)['id']}"


def test_an_existing_file_is_never_replaced(path: Path) -> None:
    """Creating where something is already refuses and leaves it byte for byte; of 16 creators at once one wins."""
    LocalKms.create(path)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="never replaced"):
        LocalKms.create(path)
    assert path.read_bytes() == before
    other, won, gate = path.with_name("other.key"), [], threading.Barrier(16)

    def create() -> None:
        gate.wait()
        with suppress(ConfigurationError):
            won.append(LocalKms.create(other))

    threads = [threading.Thread(target=create) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert won[0].describe() == LocalKms.load(other).describe()
    assert sorted(path.parent.iterdir()) == [path, other]


def test_a_write_that_fails_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file can not be made durable there is neither a file nor a draft, and the error says which file."""

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="can not be written"):
        LocalKms.create(path)
    assert list(path.parent.iterdir()) == []
    with pytest.raises(ConfigurationError, match="can not be written"):
        LocalKms.create(path.parent / "absent" / "ctsec.key")


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o601, 0o777])
def test_a_file_that_others_may_use_is_refused(path: Path, mode: int) -> None:
    """Any permission of group or others is refused, and the error says what to run."""
    LocalKms.create(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        LocalKms.load(path)
    path.chmod(0o400)
    LocalKms.load(path)


def test_a_missing_file_says_what_is_lost_and_what_is_not(path: Path) -> None:
    """The error names the file, what stays unreadable, what is untouched, and that a new file does not help."""
    with pytest.raises(KeyNotFound) as caught:
        LocalKms.load(path)
    for words in (str(path), "TOTP", "passwords and API keys can not be verified", "not lost are", "audit log", "backup", "does not open"):
        assert words in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", "\xff\xfe", " " * 2000, '{"a": ' * 300, "short key", "upper", "more", "format", "number", "newline"],
)
def test_a_damaged_file_is_refused_without_showing_it(path: Path, text: str) -> None:
    """Garbage, a wrong length, another format or a further field is refused; the error shows nothing of the key."""
    LocalKms.create(path)
    good = content(path)
    changed = {
        "short key": good | {"key": good["key"][:-2]},
        "upper": good | {"key": "A" * 64},
        "more": good | {"x": ""},
        "format": good | {"format": "ctsec-local-key/2"},
        "number": good | {"id": 7},
        "newline": good | {"key": good["key"] + "\n"},
    }
    path.write_bytes(json.dumps(changed[text]).encode() if text in changed else text.encode("latin-1"))
    with pytest.raises(ConfigurationError) as caught:
        LocalKms.load(path)
    assert good["key"][:16] not in str(caught.value)


def test_a_link_is_judged_by_what_it_points_to_and_the_rest_is_refused(path: Path) -> None:
    """A link to a private file loads, one to an open file does not, and a folder or a pipe is no key file."""
    LocalKms.create(path)
    link, folder, pipe = (path.with_name(name) for name in ("link", "folder", "pipe"))
    link.symlink_to(path)
    folder.mkdir()
    os.mkfifo(pipe, 0o600)
    assert LocalKms.load(link).describe() == LocalKms.load(path).describe()
    path.chmod(0o644)
    for wrong, words in ((link, "chmod 600"), (folder, "regular"), (pipe, "regular")):
        with pytest.raises(ConfigurationError, match=words):
            LocalKms.load(wrong)


@given(context=st.binary(min_size=1, max_size=60), other=st.binary(min_size=1, max_size=60))
def test_a_data_key_unwraps_in_its_context_only(context: bytes, other: bytes) -> None:
    """A wrapped key gives the same key in its context and DecryptionFailed in any other; `rewrap` moves it."""
    secret, wrapped = KMS.generate_data_key(context)
    assert KMS.unwrap(wrapped, context) == secret
    moved = KMS.rewrap(wrapped, context, other)
    assert KMS.unwrap(moved, other) == secret
    assert moved != wrapped
    if other != context:
        for record, place in ((wrapped, other), (moved, context)):
            with pytest.raises(DecryptionFailed):
                KMS.unwrap(record, place)
        with pytest.raises(DecryptionFailed):
            KMS.rewrap(wrapped, other, context)


def test_another_key_and_changed_bytes_are_told_apart() -> None:
    """Under another file's key a wrapped key is KeyNotFound; changed or shortened bytes never unwrap."""
    secret, wrapped = KMS.generate_data_key(b"c")
    with pytest.raises(KeyNotFound):
        LocalKms(b"j" * 16, key=Secret(b"k" * 32)).unwrap(wrapped, b"c")
    with pytest.raises(DecryptionFailed):
        LocalKms(b"i" * 16, key=Secret(b"x" * 32)).unwrap(wrapped, b"c")
    changed = [wrapped[:i] + bytes([wrapped[i] ^ 1]) + wrapped[i + 1 :] for i in range(len(wrapped))]
    for record in [*changed, *(wrapped[:end] for end in range(len(wrapped))), wrapped + b"\0"]:
        with pytest.raises((DecryptionFailed, KeyNotFound)):
            KMS.unwrap(record, b"c")
    assert len(secret) == 32


def test_named_subkeys_are_stable_and_apart() -> None:
    """The same label gives the same 32 bytes, another label or file others, and none is the key itself."""
    assert KMS.derive(b"a") == KMS.derive(b"a")
    assert KMS.derive(b"a") != KMS.derive(b"b")
    assert KMS.derive(b"a") != LocalKms(b"i" * 16, key=Secret(b"x" * 32)).derive(b"a")
    assert len(KMS.derive(b"a")) == 32
    assert KMS.derive(b"a").reveal() != b"k" * 32
    with pytest.raises(ValueError, match="label"):
        KMS.derive(b"")


async def test_the_async_verbs_are_the_same() -> None:
    """What one colour wraps the other unwraps."""
    kms = AsyncLocalKms(KMS)
    secret, wrapped = await kms.generate_data_key(b"c")
    assert KMS.unwrap(wrapped, b"c") == await kms.unwrap(wrapped, b"c") == secret
    assert KMS.unwrap(await kms.rewrap(wrapped, b"c", b"d"), b"d") == secret
    assert await kms.describe() == KMS.describe()


def test_nothing_shows_the_key() -> None:
    """No repr of the service or of what it returns shows a byte of a key."""
    secret, _ = KMS.generate_data_key(b"c")
    shown = repr(KMS) + str(KMS) + repr(AsyncLocalKms(KMS)) + repr(secret) + repr(KMS.describe())
    assert "kkkk" not in shown
    assert repr(secret.reveal())[2:-1] not in shown


def test_misuse_is_refused() -> None:
    """An id or key of another length and a broken source of randomness raise ValueError."""
    for key_id, key in ((b"i" * 15, b"k" * 32), (b"i" * 16, b"k" * 16)):
        with pytest.raises(ValueError, match="expected"):
            LocalKms(key_id, key=Secret(key))
    with pytest.raises(ValueError, match="randomness"):
        LocalKms(b"i" * 16, key=Secret(b"k" * 32), random=lambda n: b"").generate_data_key(b"c")

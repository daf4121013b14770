"""The file of a local key: its format, and the care that it is created and read with.

Rules that this module keeps:

- the file is one JSON object: `format` ("ctsec-local-key/1"), `id` (32 hex digits), `key` (64 hex digits: 256 bits); nothing else;
- it appears at its place complete or not at all, for its owner only, and an existing file is never replaced;
- a file that others may read, that is no regular file or that belongs to another user is refused, with what to do about it.
"""

from __future__ import annotations

import json
import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

from ctsec.errors import ConfigurationError, KeyNotFound
from ctsec.ids import Random
from ctsec.secret import Secret

ID_BYTES: Final = 16
KEY_BYTES: Final = 32
_FORMAT: Final = "ctsec-local-key/1"
_MAX_FILE: Final = 1024
_ID: Final = re.compile(r"[0-9a-f]{32}")
_KEY: Final = re.compile(r"[0-9a-f]{64}")


def _lost(path: Path) -> str:
    return (
        f"there is no key file at {path}; without it these stay unreadable for ever: authenticator (TOTP) secrets, stored credentials and"
        " every field encrypted with it, and passwords and API keys can not be verified (their pepper comes from it); not lost are"
        " accounts, organizations, workspaces, roles, sessions, backup codes and the audit log; put the file back from its backup: a newly"
        " created one does not open what the old one closed"
    )


def create_file(path: Path, *, random: Random) -> None:
    """Write a fresh key to `path`, mode 0600; raise ConfigurationError if something is there or it can not be written."""
    fields = {"format": _FORMAT, "id": random(ID_BYTES).hex(), "key": random(KEY_BYTES).hex()}
    draft = path.with_name(f".{path.name}.{random(8).hex()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(json.dumps(fields, indent=1) + "\n")
                file.flush()
                os.fsync(file.fileno())
            # link, not rename: a rename would replace an existing key
            os.link(draft, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(draft)
    except FileExistsError:
        raise ConfigurationError(f"there is something at {path} already; an existing key is never replaced, load it instead") from None
    except OSError as error:
        raise ConfigurationError(f"the key file {path} can not be written ({error.strerror}); check its folder") from None
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check_access(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"expected a regular file at {path}")
    if os.name != "posix":
        return
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise ConfigurationError(f"the key file {path} is open to other users (mode {mode:04o}); run chmod 600 on it")
    if status.st_uid not in (os.geteuid(), 0):
        raise ConfigurationError(f"the key file {path} belongs to another user; give it to the user that runs this process")


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise KeyNotFound(_lost(path)) from None
    except OSError as error:
        raise ConfigurationError(f"the key file {path} can not be read ({error.strerror})") from None
    try:
        # what was opened is judged, not what the path may name by then; links are followed: mounted secrets are links
        _check_access(path, os.fstat(descriptor))
        return os.read(descriptor, _MAX_FILE + 1)
    finally:
        os.close(descriptor)


def read_file(path: Path) -> tuple[bytes, Secret]:
    """Return (id of 16 bytes, key of 32 bytes); raise KeyNotFound if there is no file, ConfigurationError if it can not be used."""
    content = _read(path)
    try:
        fields = json.loads(content) if len(content) <= _MAX_FILE else None
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ConfigurationError(f"expected a key file of ctsec at {path}; put the right file back from its backup")
    read = cast("dict[str, object]", fields)
    key_id, key = read.get("id"), read.get("key")
    if (
        read.keys() != {"format", "id", "key"}
        or read["format"] != _FORMAT
        or not (isinstance(key_id, str) and _ID.fullmatch(key_id))
        or not (isinstance(key, str) and _KEY.fullmatch(key))
    ):
        raise ConfigurationError(f"the key file {path} is damaged or of another version; put it back from its backup")
    return bytes.fromhex(key_id), Secret(bytes.fromhex(key))

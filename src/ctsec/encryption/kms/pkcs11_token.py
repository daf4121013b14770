"""A token that speaks PKCS#11: its module, its session, and the keys found in it.

Rules that this module keeps:

- a key is found by its label and used only if it can not be read out (sensitive, not extractable), is AES-256, and encrypts and decrypts;
- a PIN that was refused is not tried again, for a few attempts lock the token;
- one call at a time: the binding initialises modules for a single thread. A forked child initialises the module anew;
- what fails is tried once more in a session that is opened anew, and then is unavailable; no exception of the binding leaves.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from ctsec.encryption.primitives import KEY_BYTES
from ctsec.errors import ConfigurationError, CtsecError, KeyDenied, KeyNotFound, KmsUnavailable
from ctsec.secret import SecretText
from ctsec.transport.forks import start_anew_after_fork

if TYPE_CHECKING:
    from pkcs11 import Session
    from pkcs11._pkcs11 import lib

T = TypeVar("T")


class TokenKek(Protocol):
    """What is used of the binding's key."""

    def __getitem__(self, attribute: Any) -> Any:
        """Return an attribute of the key."""
        ...

    def encrypt(self, data: bytes, *, mechanism: Any, mechanism_param: Any) -> bytes:
        """Return the ciphertext."""
        ...

    def decrypt(self, data: bytes, *, mechanism: Any, mechanism_param: Any) -> bytes:
        """Return the plaintext."""
        ...


class _Module:
    """One PKCS#11 module of this process, whose lock every call holds; `life` changes when what was open is not open any more."""

    __slots__ = ("__weakref__", "_inherited", "_path", "life", "lock")

    def __init__(self, path: str) -> None:
        self._path = path
        self._inherited = False
        self.life = 0
        self.lock = threading.Lock()
        start_anew_after_fork(self)

    def after_fork(self) -> None:
        self.lock = threading.Lock()
        self._inherited = True
        self.life += 1

    def load(self) -> lib:
        import pkcs11

        library = pkcs11.lib(self._path)
        if self._inherited:
            # C_Initialize is due in a child (PKCS#11 2.40, 6.6.1); whether the parent's state can be finalized first is up to the module
            with suppress(pkcs11.PKCS11Error):
                library.finalize()
            library.initialize()
            self._inherited = False
        return library


_MODULES: Final[dict[str, _Module]] = {}


class Token:
    """One token, with at most one session, logged in with the user's PIN; opened at first use."""

    __slots__ = ("_keys", "_life", "_module", "_pin", "_refused", "_session", "label")

    def __init__(self, module: str | os.PathLike[str], *, label: str, pin: SecretText) -> None:
        path = os.fspath(module)
        self.label = label
        self._module = _MODULES.setdefault(path, _Module(path))
        self._pin = pin
        self._refused = False
        self._session: Session | None = None
        self._keys: dict[str, TokenKek] = {}
        self._life = self._module.life

    def close(self) -> None:
        """Close the session; a later call opens one anew."""
        with self._module.lock:
            self._drop()

    def use(self, label: str, work: Callable[[TokenKek], T]) -> T:
        """Return what `work` does with the key of this label; raise the small set of errors."""
        return self._run(lambda: work(self._key(label)))

    def create(self, label: str) -> None:
        """Make an AES-256 key that can not leave the token; raise ConfigurationError if the label is taken."""
        import pkcs11
        from pkcs11 import Attribute, KeyType

        def generate() -> None:
            self._drop()
            session = self._session = self._open(rw=True)
            if any(True for _ in session.get_objects({Attribute.LABEL: label})):
                raise ConfigurationError(f"the token {self.label} has this label already; an existing key is never replaced")
            template = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.WRAP: False, Attribute.UNWRAP: False}
            uses = pkcs11.MechanismFlag.ENCRYPT | pkcs11.MechanismFlag.DECRYPT
            session.generate_key(KeyType.AES, KEY_BYTES * 8, label=label, store=True, capabilities=uses, template=template)

        try:
            self._run(generate)
        finally:
            self.close()

    def _run(self, work: Callable[[], T]) -> T:
        import pkcs11

        name = ""
        with self._module.lock:
            for _ in range(2):
                try:
                    return work()
                except CtsecError:
                    raise
                except pkcs11.PKCS11Error as error:
                    name = type(error).__name__
                    self._drop()
        raise KmsUnavailable(f"the token {self.label} failed ({name})")

    def _key(self, label: str) -> TokenKek:
        import pkcs11
        from pkcs11 import KeyType, ObjectClass

        self._leave_to_the_parent()
        known = self._keys.get(label)
        if known is not None:
            return known
        session = self._session = self._session or self._open()
        try:
            found = session.get_key(object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES, label=label)
        except pkcs11.NoSuchKey:
            raise KeyNotFound(f"the token {self.label} has no AES key of this label; what it wrapped stays unreadable") from None
        except pkcs11.MultipleObjectsReturned:
            raise ConfigurationError(f"the token {self.label} has several AES keys of this label; keep one") from None
        self._keys[label] = key = checked(cast("TokenKek", found))
        return key

    def _open(self, *, rw: bool = False) -> Session:
        import pkcs11

        if self._refused:
            raise KeyDenied(f"the token {self.label} refused the PIN before; it is not tried again, for that could lock the token")
        library = self._module.load()
        try:
            token = library.get_token(token_label=self.label)
        except pkcs11.NoSuchToken:
            raise KmsUnavailable(f"the token {self.label} is not there") from None
        except pkcs11.MultipleTokensReturned:
            raise ConfigurationError(f"several tokens have the label {self.label}; labels have to differ") from None
        try:
            return token.open(rw=rw, user_pin=self._pin.reveal())
        except pkcs11.UserAlreadyLoggedIn:
            # the login is the process's, not the session's (PKCS#11 2.40, 5.6.7)
            return token.open(rw=rw)
        except _refusals() as error:
            self._refused = True
            raise KeyDenied(f"the token {self.label} refuses the PIN ({type(error).__name__}); set the right one and start again") from None

    def _leave_to_the_parent(self) -> None:
        if self._life != self._module.life:
            self._session, self._keys, self._life = None, {}, self._module.life

    def _drop(self) -> None:
        import pkcs11

        self._leave_to_the_parent()
        session, self._session, self._keys = self._session, None, {}
        if session is not None:
            with suppress(pkcs11.PKCS11Error):
                session.close()


def checked(key: TokenKek) -> TokenKek:
    """Return a key that stays in its token and is what it should be; raise ConfigurationError for any other."""
    from pkcs11 import Attribute

    if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
        raise ConfigurationError("expected a key that can not be read out of its token (sensitive, not extractable)")
    if key[Attribute.VALUE_LEN] != KEY_BYTES or not (key[Attribute.ENCRYPT] and key[Attribute.DECRYPT]):
        raise ConfigurationError("expected an AES key of 256 bits that may encrypt and decrypt")
    return key


def _refusals() -> tuple[type[Exception], ...]:
    import pkcs11

    wrong = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange)
    return (*wrong, pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized)

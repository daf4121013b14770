"""Keys in tokens that speak PKCS#11, on SoftHSM: what is told apart, and what is refused."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, MechanismFlag

from ctsec.encryption.kms import Pkcs11KeyServices, TokenKey
from ctsec.errors import ConfigurationError, CtsecError, DecryptionFailed, KeyDenied, KeyNotFound, KmsUnavailable
from ctsec.secret import SecretText
from tests.kms import tokens
from tests.kms.support import in_a_child

pytestmark = pytest.mark.server("softhsm")


@pytest.fixture
def token(softhsm: tuple[str, ...]) -> Iterator[Pkcs11KeyServices]:
    services = tokens.services(softhsm[0])
    yield services
    services.close()


@pytest.fixture
def label() -> str:
    return f"kek {secrets.token_hex(4)}"


@pytest.fixture
def admin(softhsm: tuple[str, ...], token: Pkcs11KeyServices) -> Iterator[Any]:
    """A session of the token's administrator."""
    token.close()
    session = pkcs11.lib(tokens.module()).get_token(token_label=softhsm[0]).open(rw=True, user_pin=tokens.PIN)
    yield session
    session.close()


BOTH = MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT


def generate(admin: Any, label: str, *, bits: int = 256, uses: MechanismFlag = BOTH, **changed: bool) -> None:
    """Make a key as an administrator might."""
    template = {Attribute.SENSITIVE: changed.get("sensitive", True), Attribute.EXTRACTABLE: changed.get("extractable", False)}
    admin.generate_key(KeyType.AES, bits, label=label, store=True, capabilities=uses, template=template)


def refusal(call: Any) -> bytes:
    """Return the class of the error that a call raises, for a child to tell."""
    try:
        call()
    except CtsecError as error:
        return type(error).__name__.encode()
    return b"nothing"


@pytest.mark.proves("ASVS-13.3.3")
def test_the_key_never_leaves_the_token(token: Pkcs11KeyServices, softhsm: tuple[str, ...], label: str) -> None:
    """A created key is sensitive and not extractable: its value can not be read by who holds the PIN, nor wrapped out."""
    ref = token.create_kek(label)
    assert ref == str(TokenKey(token=softhsm[0], label=label))
    token.open(ref).describe()
    token.close()
    session = pkcs11.lib(tokens.module()).get_token(token_label=softhsm[0]).open(user_pin=tokens.PIN)
    key: Any = session.get_key(label=label)
    flags = (Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.NEVER_EXTRACTABLE, Attribute.WRAP, Attribute.UNWRAP)
    assert [key[each] for each in flags] == [True, False, True, False, False]
    with pytest.raises(pkcs11.AttributeSensitive):
        key[Attribute.VALUE]
    session.close()


def test_a_label_that_is_taken_is_never_used_again(token: Pkcs11KeyServices, label: str) -> None:
    """A second key under the same label is refused and the first one goes on."""
    kms = token.open(token.create_kek(label))
    secret, wrapped = kms.generate_data_key(b"c")
    with pytest.raises(ConfigurationError, match="never replaced"):
        token.create_kek(label)
    assert kms.unwrap(wrapped, b"c") == secret


@pytest.mark.proves("ASVS-11.2.3")
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"extractable": True}, "read out"), ({"sensitive": False}, "read out"), ({"bits": 128}, "256 bits"),
        ({"uses": MechanismFlag.ENCRYPT}, "encrypt and decrypt"), ({"uses": MechanismFlag.DECRYPT}, "encrypt and decrypt"),
    ],
)  # fmt: skip
def test_a_key_that_is_not_safe_is_refused(token: Pkcs11KeyServices, admin: Any, label: str, changed: dict[str, Any], words: str) -> None:
    """A key that could be read out, a shorter one, and one for half of the work are refused before anything is wrapped."""
    generate(admin, label, **changed)
    kms = token.open(str(TokenKey(token=admin.token.label, label=label)))
    for call in (kms.describe, lambda: kms.generate_data_key(b"c")):
        with pytest.raises(ConfigurationError, match=words):
            call()


def test_one_label_is_one_key(token: Pkcs11KeyServices, admin: Any, label: str) -> None:
    """Two keys of the same label are refused: which one was meant can not be told."""
    for _ in range(2):
        generate(admin, label)
    with pytest.raises(ConfigurationError, match="several"):
        token.open(str(TokenKey(token=admin.token.label, label=label))).describe()


def test_a_key_that_is_gone_is_not_found(token: Pkcs11KeyServices, admin: Any, label: str) -> None:
    """A label without a key is KeyNotFound, and so is, from the next call on, a key that the administrator destroys."""
    kms = token.open(str(TokenKey(token=admin.token.label, label=label)))
    with pytest.raises(KeyNotFound):
        kms.describe()
    generate(admin, label)
    secret, wrapped = kms.generate_data_key(b"c")
    assert kms.unwrap(wrapped, b"c") == secret
    admin.get_key(label=label).destroy()
    for call in (lambda: kms.unwrap(wrapped, b"c"), lambda: kms.generate_data_key(b"c"), kms.describe):
        with pytest.raises(KeyNotFound):
            call()


def test_a_session_that_ended_is_opened_anew(token: Pkcs11KeyServices, softhsm: tuple[str, ...], label: str) -> None:
    """When somebody else in the process logs the token out, the next call logs in again and answers; a bad ciphertext stays one."""
    kms = token.open(token.create_kek(label))
    secret, wrapped = kms.generate_data_key(b"c")
    other = tokens.services(softhsm[0])
    for _ in range(2):
        other.open(kms.ref).describe()
        other.close()
        assert kms.unwrap(wrapped, b"c") == secret
        other.open(kms.ref).describe()
        other.close()
        with pytest.raises(DecryptionFailed):
            kms.unwrap(wrapped, b"d")


def test_a_refused_pin_is_not_tried_again(softhsm: tuple[str, ...]) -> None:
    """A wrong PIN is KeyDenied; the same object never tries it again, though the token would take any session by now; no error shows it."""
    wrong, right = tokens.services(softhsm[1], pin="not-the-pin"), tokens.services(softhsm[1])
    ref = str(TokenKey(token=softhsm[1], label="kek"))
    with pytest.raises(KeyDenied, match="PinIncorrect") as caught:
        wrong.open(ref).describe()
    assert "not-the-pin" not in str(caught.value) + repr(wrong)
    right.create_kek("kek")
    right.open(ref).describe()
    with pytest.raises(KeyDenied, match="not tried again"):
        wrong.open(ref).describe()
    right.close()


def test_a_wrong_pin_is_told_in_each_process(softhsm: tuple[str, ...]) -> None:
    """In a child that has not logged in, a wrong PIN is KeyDenied there too, and the parent's right one goes on."""
    ref = str(TokenKey(token=softhsm[2], label="kek"))
    assert in_a_child(lambda: refusal(lambda: tokens.services(softhsm[2], pin="no").open(ref).describe())) == b"KeyDenied"
    right = tokens.services(softhsm[2])
    assert right.create_kek("kek") == ref
    right.open(ref).describe()
    right.close()


def test_a_forked_child_has_a_session_of_its_own(token: Pkcs11KeyServices, label: str) -> None:
    """A child of a process with an open session unwraps in one of its own, and the parent's goes on."""
    kms = token.open(token.create_kek(label))
    secret, wrapped = kms.generate_data_key(b"c")
    assert in_a_child(lambda: kms.unwrap(wrapped, b"c").reveal()) == secret.reveal()
    assert kms.unwrap(wrapped, b"c") == secret


def test_a_removed_token_is_unavailable(softhsm: tuple[str, ...], tmp_path: Path) -> None:
    """Without its token every call is KmsUnavailable, a wrong ciphertext too: nothing is called corrupt by a token that is not there."""

    def child() -> bytes:
        tokens.make_folder(tmp_path)
        services = tokens.services(tokens.make_token())
        kms = services.open(services.create_kek("kek"))
        _, wrapped = kms.generate_data_key(b"c")
        told = [refusal(lambda: kms.unwrap(wrapped, b"d"))]
        shutil.rmtree(tmp_path / "tokens")
        told += [refusal(call) for call in (lambda: kms.unwrap(wrapped, b"d"), lambda: kms.unwrap(wrapped, b"c"))]
        told += [refusal(call) for call in (lambda: kms.generate_data_key(b"c"), kms.describe)]
        return b" ".join(told)

    assert in_a_child(child) == b"DecryptionFailed KmsUnavailable KmsUnavailable KmsUnavailable KmsUnavailable"


def test_a_token_or_module_that_is_not_there_is_unavailable(softhsm: tuple[str, ...], tmp_path: Path) -> None:
    """An unknown label and a path without a library are KmsUnavailable when they are used, never an error of the binding."""
    with pytest.raises(KmsUnavailable, match="not there"):
        tokens.services("absent").open("pkcs11:token=absent;object=kek").describe()
    empty = tmp_path / "module.so"
    empty.write_bytes(b"")
    for path in (empty, tmp_path / "none.so"):
        with pytest.raises(KmsUnavailable):
            Pkcs11KeyServices(path, token="a", pin=SecretText("1")).open("pkcs11:token=a;object=b").describe()


def test_references_of_other_tokens_are_refused(token: Pkcs11KeyServices) -> None:
    """Another token, another kind of reference and one with a PIN in it are ConfigurationError, and show nothing of it."""
    for ref in ("pkcs11:token=other;object=kek", "local:00", "pkcs11:token=a;object=b?pin-value=987654"):
        with pytest.raises(ConfigurationError) as caught:
            token.open(ref)
        assert "987654" not in str(caught.value)


def test_a_broken_source_of_randomness_is_misuse(softhsm: tuple[str, ...], token: Pkcs11KeyServices, label: str) -> None:
    """A source that gives too little raises ValueError before anything is wrapped."""
    ref = token.create_kek(label)
    broken = Pkcs11KeyServices(tokens.module(), token=softhsm[0], pin=SecretText(tokens.PIN), random=lambda n: b"")
    with pytest.raises(ValueError, match="randomness"):
        broken.open(ref).generate_data_key(b"c")
    broken.close()

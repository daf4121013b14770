"""What a passkey proves, and what only looks like it: every ceremony here is made by an authenticator that will sign anything."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from webauthn import verify_registration_response
from webauthn.helpers import encode_cbor, parse_cbor

from ctsec.authn.record import assurance_level
from ctsec.errors import ConfigurationError
from ctsec.ids import PasskeyId, UserId
from ctsec.mfa.passkey import Backup, Passkey, RelyingParty, parse_factor_name
from ctsec.mfa.passkey_options import ALGORITHMS, creation_options, request_options
from ctsec.mfa.passkey_response import WRONG, parse_assertion, parse_registration
from ctsec.mfa.passkey_verification import NewKey, Signed, verify_assertion, verify_registration
from ctsec.outcome import Outcome, Refusal
from ctsec.principal import Factor
from ctsec.secret import SecretText
from ctsec.testing import SoftwareAuthenticator
from ctsec.testing.passkeys import ATTESTED, BACKED_UP, ELIGIBLE, PRESENT, VERIFIED, authenticator_data, client_data, registration
from ctsec.user import User, UserStatus

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ORIGIN = "https://app.example.com"
SITE = RelyingParty.of("https://App.example.com:443/somewhere", name="Acme")
CHALLENGE = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
ANN = User(
    id=UserId("usr_" + "0" * 26),
    email="ann@example.com",
    email_key="ann@example.com",
    name="Ann",
    status=UserStatus.ACTIVE,
    email_verified_at=NOW,
    created_at=NOW,
)
HANDLE = base64.urlsafe_b64encode(ANN.id.encode()).decode().rstrip("=")
UP, SURE = PRESENT, PRESENT | VERIFIED


@dataclass(frozen=True, slots=True)
class Held:
    """An authenticator with one passkey, and that passkey as it is stored."""

    device: SoftwareAuthenticator
    passkey: Passkey

    def signed(self, collected: bytes | None = None, data: bytes | None = None, **more: Any) -> str:
        """Return an answer that is right but for what is given."""
        return self.device.sign(
            self.passkey.credential_id,
            client_data("webauthn.get", CHALLENGE, origin=ORIGIN) if collected is None else collected,
            authenticator_data(SITE.id, flags=SURE, count=7) if data is None else data,
            **more,
        )


def created(device: SoftwareAuthenticator, origin: str = ORIGIN) -> str:
    """Return what a device answers to the options of a registration."""
    return device.create(creation_options(SecretText(CHALLENGE), site=SITE, user=ANN, known=()), origin=origin)


def stored(credential_id: bytes, key: NewKey) -> Passkey:
    """Return the record of a new key."""
    return Passkey(
        id=PasskeyId("pky_" + "0" * 26),
        user_id=ANN.id,
        credential_id=credential_id,
        public_key=key.public_key,
        transports=(),
        backup=key.backup,
        name="Laptop",
        created_at=NOW,
    )


def registered(text: str) -> Outcome[NewKey]:
    """Return what a registration proves."""
    given = parse_registration(text)
    return given if isinstance(given, Refusal) else verify_registration(given, site=SITE)


def asserted(text: str, passkey: Passkey, *, verified: bool = True) -> Outcome[Signed]:
    """Return what an assertion proves."""
    given = parse_assertion(text)
    return given if isinstance(given, Refusal) else verify_assertion(given, passkey=passkey, site=SITE, verified=verified)


def accepted(text: str, passkey: Passkey, **more: Any) -> bool:
    """Say whether an assertion proves anything."""
    return isinstance(asserted(text, passkey, **more), Signed)


@pytest.fixture(scope="module")
def held() -> Held:
    device = SoftwareAuthenticator()
    key = registered(created(device))
    assert isinstance(key, NewKey)
    return Held(device, stored(device.held[0], key))


def test_the_site_is_the_host_of_the_base_address() -> None:
    """Passkeys are bound to the host, and a ceremony takes place at the origin, as browsers write it; a numeric address has no passkeys."""
    assert (SITE.id, SITE.origin) == ("app.example.com", ORIGIN)
    local = RelyingParty.of("http://localhost:8000/", name="Acme")
    assert (local.id, local.origin) == ("localhost", "http://localhost:8000")
    for address in ("http://127.0.0.1:8000", "https://[::1]", "https:///"):
        with pytest.raises(ConfigurationError, match="host name"):
            RelyingParty.of(address, name="Acme")


def test_what_a_browser_is_asked_for() -> None:
    """No attestation, three algorithms, the person by id; a first factor must verify the person and names nobody, a second should."""
    passkey = stored(b"id", NewKey(public_key=b"", sign_count=0, backup=Backup.ELIGIBLE))
    made: Any = creation_options(SecretText(CHALLENGE), site=SITE, user=ANN, known=(passkey,))
    assert made["attestation"] == "none"
    assert [each["alg"] for each in made["pubKeyCredParams"]] == [-8, -7, -257]
    assert (made["user"]["id"], made["rp"]["id"], made["challenge"]) == (HANDLE, SITE.id, CHALLENGE)
    assert made["excludeCredentials"] == [{"type": "public-key", "id": "aWQ", "transports": []}]
    first: Any = request_options(SecretText(CHALLENGE), site=SITE, allowed=None)
    assert (first["userVerification"], first["allowCredentials"]) == ("required", [])
    second: Any = request_options(SecretText(CHALLENGE), site=SITE, allowed=(passkey,))
    assert (second["userVerification"], second["allowCredentials"]) == ("preferred", made["excludeCredentials"])
    assert second["timeout"] == 300_000
    json.dumps([made, first, second])


@pytest.mark.parametrize(
    ("flags", "backup"),
    [(SURE, Backup.DEVICE_BOUND), (SURE | ELIGIBLE, Backup.ELIGIBLE), (SURE | ELIGIBLE | BACKED_UP, Backup.BACKED_UP)],
)
def test_a_new_passkey_is_kept_as_it_is(flags: int, backup: Backup) -> None:
    """The key, the count and what is said of copies are those of the authenticator, and what it signs is accepted."""
    device = SoftwareAuthenticator(flags=flags)
    key = registered(created(device))
    assert isinstance(key, NewKey)
    assert (key.backup, key.sign_count, key.public_key) == (backup, 0, device.public_key(device.held[0]))
    text = device.get(request_options(SecretText(CHALLENGE), site=SITE, allowed=None), origin=ORIGIN)
    assert asserted(text, stored(device.held[0], key)) == Signed(sign_count=1, backup=backup)


def attested(credential_id: bytes, cose: bytes, *, rp_id: str = SITE.id, flags: int = SURE, said: bytes | None = None) -> bytes:
    """Return the data of an authenticator with a new key in it."""
    inner = bytes(16) + len(credential_id).to_bytes(2, "big") + credential_id + cose
    return authenticator_data(rp_id, flags=flags | ATTESTED, count=0) + inner


def point(curve: ec.EllipticCurve, algorithm: int, number: int) -> bytes:
    """Return a fresh key of a curve in COSE form."""
    at = ec.generate_private_key(curve).public_key().public_numbers()
    size = (curve.key_size + 7) // 8
    return encode_cbor({1: 2, 3: algorithm, -1: number, -2: at.x.to_bytes(size, "big"), -3: at.y.to_bytes(size, "big")})


def modulus(bits: int, algorithm: int = -257, exponent: int = 65537) -> bytes:
    """Return a number that looks like an RSA key, in COSE form."""
    number = (1 << bits - 1 | 1).to_bytes(bits // 8, "big")
    return encode_cbor({1: 3, 3: algorithm, -1: number, -2: exponent.to_bytes(3, "big")})


P256 = ec.SECP256R1()
CREATE = client_data("webauthn.create", CHALLENGE, origin=ORIGIN)
GOOD = point(P256, -7, 1)
ID = b"credential"
REGISTRATIONS: dict[str, Callable[[], str]] = {
    "another origin": lambda: registration(
        ID, client_data("webauthn.create", CHALLENGE, origin="https://evil.example"), attested(ID, GOOD)
    ),
    "a subdomain": lambda: registration(
        ID, client_data("webauthn.create", CHALLENGE, origin="https://x.app.example.com"), attested(ID, GOOD)
    ),
    "plain http": lambda: registration(ID, client_data("webauthn.create", CHALLENGE, origin="http://app.example.com"), attested(ID, GOOD)),
    "another port": lambda: registration(ID, client_data("webauthn.create", CHALLENGE, origin=f"{ORIGIN}:8443"), attested(ID, GOOD)),
    "another site": lambda: registration(ID, CREATE, attested(ID, GOOD, rp_id="evil.example")),
    "a signature's data": lambda: registration(ID, client_data("webauthn.get", CHALLENGE, origin=ORIGIN), attested(ID, GOOD)),
    "nobody present": lambda: registration(ID, CREATE, attested(ID, GOOD, flags=VERIFIED)),
    "no key": lambda: registration(ID, CREATE, authenticator_data(SITE.id, flags=SURE, count=0)),
    "another id than the browser's": lambda: registration(ID, CREATE, attested(b"another", GOOD)),
    "copied but not to be copied": lambda: registration(ID, CREATE, attested(ID, GOOD, flags=SURE | BACKED_UP)),
    "more behind the key": lambda: registration(ID, CREATE, attested(ID, GOOD) + b"\x00"),
    "less than a key": lambda: registration(ID, CREATE, attested(ID, GOOD)[:-1]),
    "ES384": lambda: registration(ID, CREATE, attested(ID, point(ec.SECP384R1(), -35, 2))),
    "ES256 on P-384": lambda: registration(ID, CREATE, attested(ID, point(ec.SECP384R1(), -7, 2))),
    "ES512 on P-256": lambda: registration(ID, CREATE, attested(ID, point(P256, -36, 1))),
    "ES512": lambda: registration(ID, CREATE, attested(ID, point(ec.SECP521R1(), -36, 3))),
    "a point beside the curve": lambda: registration(ID, CREATE, attested(ID, encode_cbor({**parse_cbor(GOOD), -3: bytes(31) + b"\x01"}))),
    "PS256": lambda: registration(ID, CREATE, attested(ID, modulus(2048, algorithm=-37))),
    "RS1": lambda: registration(ID, CREATE, attested(ID, modulus(2048, algorithm=-65535))),
    "RSA with 1024 bits": lambda: registration(ID, CREATE, attested(ID, modulus(1024))),
    "RSA with 8192 bits": lambda: registration(ID, CREATE, attested(ID, modulus(8192))),
    "a bare point": lambda: registration(ID, CREATE, attested(ID, b"\x04")),
    "no algorithm": lambda: registration(ID, CREATE, attested(ID, encode_cbor({1: 2}))),
    "a word for a key": lambda: registration(ID, CREATE, attested(ID, encode_cbor("key"))),
    "a statement of a maker": lambda: registration(ID, CREATE, attested(ID, GOOD), statement={"fmt": "packed", "attStmt": {"x5c": [b"c"]}}),
    "a statement of Android": lambda: registration(ID, CREATE, attested(ID, GOOD), statement={"fmt": "android-safetynet"}),
    "something in none": lambda: registration(ID, CREATE, attested(ID, GOOD), statement={"attStmt": {"sig": b"x"}}),
    "a signature that is none": lambda: registration(
        ID, CREATE, attested(ID, GOOD), statement={"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x"}}
    ),
    "a list for a statement": lambda: registration(ID, CREATE, attested(ID, GOOD), statement={"fmt": ["none"], "attStmt": []}),
}


@pytest.mark.proves("NIST-3.1.6.2")
@pytest.mark.parametrize("name", REGISTRATIONS)
def test_what_is_no_registration_is_refused(name: str) -> None:
    """A registration for another page, another site or another ceremony, or with a key or statement outside of the lists, is refused."""
    assert registered(REGISTRATIONS[name]()) == WRONG


def test_a_makers_statement_is_not_read() -> None:
    """A statement that a maker's certificate signed correctly is refused too: nothing was asked for, and no chain is trusted."""
    maker, now = ec.generate_private_key(P256), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Maker")])
    made = x509.CertificateBuilder(name, name, maker.public_key(), 1, now, now + timedelta(days=1)).sign(maker, SHA256())
    key = parse_cbor(GOOD)
    hashes = hashlib.sha256(SITE.id.encode()).digest() + hashlib.sha256(CREATE).digest()
    signature = maker.sign(b"\x00" + hashes + ID + b"\x04" + key[-2] + key[-3], ec.ECDSA(SHA256()))
    statement = {"fmt": "fido-u2f", "attStmt": {"sig": signature, "x5c": [made.public_bytes(Encoding.DER)]}}
    text = registration(ID, CREATE, attested(ID, GOOD), statement=statement)
    verify_registration_response(
        credential=text, expected_challenge=bytes(range(32)), expected_rp_id=SITE.id, expected_origin=ORIGIN
    )  # it is a good statement
    assert registered(text) == WRONG


def test_the_table_begins_at_a_good_registration() -> None:
    """What the table changes is accepted unchanged, so that each line refuses for its own reason."""
    assert isinstance(registered(registration(ID, CREATE, attested(ID, GOOD))), NewKey)


ASSERTIONS: dict[str, Callable[[Held], str]] = {
    "another origin": lambda h: h.signed(client_data("webauthn.get", CHALLENGE, origin="https://evil.example")),
    "plain http": lambda h: h.signed(client_data("webauthn.get", CHALLENGE, origin="http://app.example.com")),
    "a registration's data": lambda h: h.signed(client_data("webauthn.create", CHALLENGE, origin=ORIGIN)),
    "inside of a foreign page": lambda h: h.signed(client_data("webauthn.get", CHALLENGE, origin=ORIGIN, crossOrigin=True)),
    "below a foreign page": lambda h: h.signed(client_data("webauthn.get", CHALLENGE, origin=ORIGIN, topOrigin=ORIGIN)),
    "another site": lambda h: h.signed(data=authenticator_data("evil.example", flags=SURE, count=7)),
    "the parent's site": lambda h: h.signed(data=authenticator_data("example.com", flags=SURE, count=7)),
    "nobody present": lambda h: h.signed(data=authenticator_data(SITE.id, flags=VERIFIED, count=7)),
    "nobody verified": lambda h: h.signed(data=authenticator_data(SITE.id, flags=UP, count=7)),
    "suddenly to be copied": lambda h: h.signed(data=authenticator_data(SITE.id, flags=SURE | ELIGIBLE, count=7)),
    "copied but not to be copied": lambda h: h.signed(data=authenticator_data(SITE.id, flags=SURE | BACKED_UP, count=7)),
    "another person's handle": lambda h: h.signed(user_handle=base64.urlsafe_b64encode(b"usr_" + b"1" * 26).decode().rstrip("=")),
    "two challenges": lambda h: h.signed(client_data("webauthn.get", CHALLENGE, origin=ORIGIN).replace(b"{", b'{"challenge": "x", ', 1)),
    "more behind the data": lambda h: h.signed(data=authenticator_data(SITE.id, flags=SURE, count=7) + b"\x00"),
    "no data": lambda h: h.signed(data=b"\x00"),
}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_what_is_no_proof_is_refused(held: Held, name: str) -> None:
    """A signature for another origin, site, ceremony or person, or without the person where one is asked for, proves nothing."""
    assert asserted(ASSERTIONS[name](held), held.passkey) == WRONG
    assert accepted(held.signed(), held.passkey)


@pytest.mark.proves("ASVS-6.5.7", "ASVS-6.6.1", "ASVS-6.6.4", "NIST-3.1.3.3")
def test_who_somebody_is_counts_with_what_they_have(held: Held) -> None:
    """No factor is a face or a finger, nor comes by telephone or push; that a person was verified counts in what their own key signed."""
    assert {each.value for each in Factor} == {"pwd", "otp", "backup", "passkey", "link", "trusted_device", "sso", "sso_mfa"}
    answer = json.loads(held.signed(data=authenticator_data(SITE.id, flags=PRESENT, count=7)))
    claimed = authenticator_data(SITE.id, flags=SURE, count=7)
    answer["response"]["authenticatorData"] = base64.urlsafe_b64encode(claimed).decode().rstrip("=")
    assert not accepted(json.dumps(answer), held.passkey)
    assert assurance_level({Factor.PASSKEY: NOW}) == 2
    assert assurance_level({Factor.TOTP: NOW, Factor.BACKUP_CODE: NOW}) == assurance_level({Factor.PASSWORD: NOW}) == 1


def test_a_second_factor_need_not_verify(held: Held) -> None:
    """Verification of the person is asked of a first factor; a second one may do without, and presence it may not."""
    without = held.signed(data=authenticator_data(SITE.id, flags=UP, count=7))
    assert accepted(without, held.passkey, verified=False)
    assert not accepted(held.signed(data=authenticator_data(SITE.id, flags=0, count=7)), held.passkey, verified=False)


def test_a_key_signs_for_itself_alone(held: Held) -> None:
    """What one passkey signed is no proof of another one, under either's id."""
    other = SoftwareAuthenticator()
    key = registered(created(other))
    assert isinstance(key, NewKey)
    passkey = stored(other.held[0], key)
    assert not accepted(held.signed(), passkey)
    assert not accepted(held.signed(), replace(held.passkey, public_key=passkey.public_key))
    assert not accepted(held.signed(), replace(passkey, public_key=held.passkey.public_key))


@pytest.mark.proves("CVE-2026-0723")
def test_the_refusal_of_the_library_is_ours(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that finds nothing wrong proves nothing, and one that fails in whatever way refuses; its answer is looked at."""

    def fails(**_: object) -> object:
        raise RuntimeError("something new")

    for answer in (lambda **_: None, fails):
        monkeypatch.setattr("webauthn.verify_authentication_response", answer)
        assert asserted(held.signed(), held.passkey) == WRONG
        monkeypatch.setattr("webauthn.verify_registration_response", answer)
        assert registered(created(SoftwareAuthenticator())) == WRONG


@given(
    part=st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle"]),
    at=st.integers(0, 10_000),
    bit=st.integers(0, 7),
)
def test_no_bit_may_change(part: str, at: int, bit: int) -> None:
    """One bit changed anywhere in what is signed, or in the signature, is refused."""
    device = SoftwareAuthenticator()
    key = registered(created(device))
    assert isinstance(key, NewKey)
    answer = json.loads(device.get(request_options(SecretText(CHALLENGE), site=SITE, allowed=None), origin=ORIGIN))
    text = answer["response"][part]
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    raw[at % len(raw)] ^= 1 << bit
    answer["response"][part] = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert asserted(json.dumps(answer), stored(device.held[0], key)) == WRONG


@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_no_registration_stumbles(at: int, byte: int) -> None:
    """Whatever byte of a registration is another, it is refused or read; nothing else happens."""
    answer = json.loads(created(SoftwareAuthenticator()))
    text = answer["response"]["attestationObject"]
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    raw[at % len(raw)] = byte
    answer["response"]["attestationObject"] = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    found = registered(json.dumps(answer))
    assert found == WRONG or isinstance(found, NewKey)


def signers() -> dict[int, tuple[bytes, Callable[[bytes], bytes]]]:
    """Return for each algorithm a public key in COSE form and what signs with it."""
    edwards, curve, factors = (
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(P256),
        rsa.generate_private_key(65537, 2048),
    )
    at, numbers = curve.public_key().public_numbers(), factors.public_key().public_numbers()
    return {
        -8: (encode_cbor({1: 1, 3: -8, -1: 6, -2: edwards.public_key().public_bytes_raw()}), edwards.sign),
        -7: (
            encode_cbor({1: 2, 3: -7, -1: 1, -2: at.x.to_bytes(32, "big"), -3: at.y.to_bytes(32, "big")}),
            lambda data: curve.sign(data, ec.ECDSA(SHA256())),
        ),
        -257: (
            encode_cbor({1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: b"\x01\x00\x01"}),
            lambda data: factors.sign(data, padding.PKCS1v15(), SHA256()),
        ),
    }


def test_each_algorithm_of_the_list_signs() -> None:
    """A key of each algorithm registers, with and without a statement by itself, and what it signs is accepted; another key's is not."""
    made = signers()
    assert set(made) == set(ALGORITHMS)
    for algorithm, (cose, sign) in made.items():
        data = attested(ID, cose)
        by_itself = {"fmt": "packed", "attStmt": {"alg": algorithm, "sig": sign(data + hashlib.sha256(CREATE).digest())}}
        assert isinstance(registered(registration(ID, CREATE, data, statement=by_itself)), NewKey)
        key = registered(registration(ID, CREATE, data))
        assert isinstance(key, NewKey)
        for other, (_, signs) in made.items():
            answer = json.loads(registration(ID, client_data("webauthn.get", CHALLENGE, origin=ORIGIN), b""))
            signed = authenticator_data(SITE.id, flags=SURE, count=1)
            collected = base64.urlsafe_b64decode(answer["response"]["clientDataJSON"] + "==")
            signature = signs(signed + hashlib.sha256(collected).digest())
            for name, raw in (("authenticatorData", signed), ("signature", signature)):
                answer["response"][name] = base64.urlsafe_b64encode(raw).decode().rstrip("=")
            assert accepted(json.dumps(answer), stored(ID, key)) == (other == algorithm)


def test_without_the_library_it_is_said(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, a ceremony is a mistake of the configuration, not a refusal."""
    made, signed = created(SoftwareAuthenticator()), held.signed()
    monkeypatch.setitem(sys.modules, "webauthn", None)
    for call in (lambda: registered(made), lambda: asserted(signed, held.passkey)):
        with pytest.raises(ConfigurationError, match=r"install ctsec\[passkeys\]"):
            call()


def test_a_name_is_for_people() -> None:
    """A passkey's name is 1 to 64 characters without line breaks, in NFC."""
    assert parse_factor_name(" Žofie's phone ") == "Žofie's phone"
    for text in ("", "  ", "x" * 65, "a\nb", "a\x00"):
        assert isinstance(parse_factor_name(text), Refusal)

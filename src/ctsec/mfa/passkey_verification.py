"""What a passkey proves: the cryptography of both ceremonies, done by the library `webauthn`.

Rules that this module keeps:

- the library is the extra `passkeys`, loaded when it is used; without it there are no passkeys, and that is said when one is asked for;
- a new passkey has a key of the allow-list on its one curve, or of 2048 to 4096 bits, and the id that the browser presents is the one
  that its authenticator data hold;
- the only statements that are read are none, and a signature by the new key itself, which some authenticators give unasked;
- the count of signatures is not judged before the signature is: what is unsigned accuses nobody of being a copy;
- whatever the library stumbles over is no proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ctsec.errors import ConfigurationError
from ctsec.mfa.passkey import MAX_CREDENTIAL_ID, Backup, Passkey, RelyingParty
from ctsec.mfa.passkey_options import ALGORITHMS, base64url, user_handle
from ctsec.mfa.passkey_response import WRONG, Assertion, Registration
from ctsec.outcome import Outcome

if TYPE_CHECKING:
    import webauthn.helpers.structs

_P256: Final = 1  # RFC 9053, 7.1
_RSA_BYTES: Final = range(256, 513)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that an authenticator made: its COSE form, how often it says that it signed, and what it says of copies."""

    public_key: bytes
    sign_count: int
    backup: Backup


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a passkey signed: how often it says that it did, and what it says of copies now."""

    sign_count: int
    backup: Backup


def require_library() -> None:
    """Raise ConfigurationError if the library is not installed."""
    try:
        import webauthn as _library
    except ImportError:
        raise ConfigurationError("passkeys need the library webauthn; install ctsec[passkeys]") from None
    del _library


def verify_registration(given: Registration, *, site: RelyingParty) -> Outcome[NewKey]:
    """Return the key of a new passkey, or INVALID_CODE; whether its challenge was ours and unused is the caller's to say.

    Raises ConfigurationError without the library.
    """
    require_library()
    try:
        return _new_key(given, site)
    except Exception:  # noqa: BLE001 - what the library's parsers raise on garbage is not documented
        return WRONG


def verify_assertion(given: Assertion, *, passkey: Passkey, site: RelyingParty, verified: bool) -> Outcome[Signed]:
    """Return what `passkey` signed, or INVALID_CODE; with `verified`, only if its authenticator verified the person.

    Whether the challenge was ours and unused, and the count greater than the last one, is the caller's to say. Raises ConfigurationError
    without the library.
    """
    require_library()
    if given.credential_id != passkey.credential_id or given.user_handle not in {None, user_handle(passkey.user_id)}:
        return WRONG
    try:
        signed = _signed(given, passkey, site, verified=verified)
    except Exception:  # noqa: BLE001 - as above
        return WRONG
    return signed if signed.backup.eligible == passkey.backup.eligible else WRONG


def _new_key(given: Registration, site: RelyingParty) -> NewKey:
    from webauthn import verify_registration_response
    from webauthn.helpers import base64url_to_bytes, parse_attestation_object, parse_cbor
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.structs import AuthenticatorAttestationResponse, RegistrationCredential

    statement = parse_cbor(given.attestation)
    unasked = statement["fmt"] == "packed" and "x5c" not in statement["attStmt"]
    if statement["fmt"] != "none" and not unasked:
        raise ValueError("a statement that was not asked for")
    made = verify_registration_response(
        credential=RegistrationCredential(
            id=base64url(given.credential_id),
            raw_id=given.credential_id,
            response=AuthenticatorAttestationResponse(client_data_json=given.client_data, attestation_object=given.attestation),
        ),
        expected_challenge=base64url_to_bytes(given.challenge),
        expected_rp_id=site.id,
        expected_origin=site.origin,
        supported_pub_key_algs=[COSEAlgorithmIdentifier(each) for each in ALGORITHMS],
    )
    if made.credential_id != given.credential_id or len(made.credential_id) > MAX_CREDENTIAL_ID:
        raise ValueError("another id than the browser's")
    _check_key(made.credential_public_key)
    flags = parse_attestation_object(given.attestation).auth_data.flags
    return NewKey(public_key=made.credential_public_key, sign_count=made.sign_count, backup=_backup(flags))


def _signed(given: Assertion, passkey: Passkey, site: RelyingParty, *, verified: bool) -> Signed:
    from webauthn import verify_authentication_response
    from webauthn.helpers import base64url_to_bytes, parse_authenticator_data
    from webauthn.helpers.structs import AuthenticationCredential, AuthenticatorAssertionResponse

    done = verify_authentication_response(
        credential=AuthenticationCredential(
            id=base64url(given.credential_id),
            raw_id=given.credential_id,
            response=AuthenticatorAssertionResponse(
                client_data_json=given.client_data,
                authenticator_data=given.authenticator_data,
                signature=given.signature,
                user_handle=given.user_handle,
            ),
        ),
        expected_challenge=base64url_to_bytes(given.challenge),
        expected_rp_id=site.id,
        expected_origin=site.origin,
        credential_public_key=passkey.public_key,
        credential_current_sign_count=0,
        require_user_verification=verified,
    )
    return Signed(sign_count=done.new_sign_count, backup=_backup(parse_authenticator_data(given.authenticator_data).flags))


def _check_key(cose: bytes) -> None:
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography
    from webauthn.helpers.decode_credential_public_key import DecodedEC2PublicKey, DecodedRSAPublicKey

    key = decode_credential_public_key(cose)
    if isinstance(key, DecodedEC2PublicKey) and (key.crv != _P256 or cose[0] == 0x04):
        raise ValueError("expected a point of P-256")
    if isinstance(key, DecodedRSAPublicKey) and len(key.n) not in _RSA_BYTES:
        raise ValueError("expected an RSA key of 2048 to 4096 bits")
    decoded_public_key_to_cryptography(key)


def _backup(flags: webauthn.helpers.structs.AuthenticatorDataFlags) -> Backup:
    if not flags.be:
        return Backup.DEVICE_BOUND
    return Backup.BACKED_UP if flags.bs else Backup.ELIGIBLE

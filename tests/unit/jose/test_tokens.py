"""Signed tokens: what is accepted, and that everything else is refused for its own reason."""

from __future__ import annotations

import json
import random as chance
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.jose.jwks import KeySet, parse_jwks
from ctsec.jose.jws import ID_TOKEN, LOGOUT_TOKEN, MAX_TOKEN, Kind, verify_jws
from ctsec.jose.rejection import Rejected, TokenReason
from ctsec.jose.strict import encode_base64url
from tests.conftest import VECTORS
from tests.unit.jose.forge import ALGORITHMS, body, compact, key_set, pair, part, with_mac

ES = pair("ES256")
SOUND = compact({"a": 1}, key=ES)
ANY = Kind(types=frozenset({"", "jwt", "jose"}))
# RSA and EC keys that name no algorithm of ours, and MACs, which are refused altogether: valid in the file and refused here.
MACS = {1, 348, 352, 357, 358, 359, 376, 377}
OTHERS = {346, 347, 350, 351, 372, 373}  # the folder's own list: keys bound to another algorithm, ES521, foreign characters
MAC_KEYS = {2, 13, 14, 15}


def refused(token: str, keys: KeySet | None = None, kind: Kind = ID_TOKEN) -> TokenReason:
    """Return why a token is refused."""
    found = verify_jws(token, keys or key_set(ES), kind=kind)
    assert isinstance(found, Rejected), found
    return TokenReason(found.reason)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_each_algorithm_verifies_its_own_signature(alg: str) -> None:
    """A token of each algorithm opens with its key, and with no other key of the same algorithm."""
    mine, other = pair(alg), pair(alg, "other")
    token = compact(b"whatever it says", key=mine)
    assert verify_jws(token, key_set(mine), kind=ID_TOKEN) == b"whatever it says"
    impostor = compact(b"whatever it says", key=other, header={"alg": alg, "kid": mine.kid})
    assert refused(impostor, key_set(mine)) is TokenReason.BAD_SIGNATURE


@pytest.mark.vectors
@pytest.mark.proves("ASVS-9.1.1", "ASVS-6.8.2")
@pytest.mark.parametrize(("name", "left_out"), [("json_web_signature_test", MACS | OTHERS), ("json_web_key_test", MAC_KEYS)])
def test_published_vectors(name: str, left_out: set[int]) -> None:
    """Every vector of Wycheproof is judged as it says; those with a MAC or a key of another algorithm are refused, by their numbers."""
    differing, judged = set(), 0
    for group in json.loads((Path(VECTORS) / "wycheproof" / f"{name}.json").read_text("utf-8"))["testGroups"]:
        found = group.get("public") or group["private"]
        keys = parse_jwks(json.dumps(found if "keys" in found else {"keys": [found]}))
        assert isinstance(keys, KeySet)
        for case in group["tests"]:
            token = case["jws"] if isinstance(case["jws"], str) else json.dumps(case["jws"])
            judged += 1
            if isinstance(verify_jws(token, keys, kind=ANY), Rejected) == (case["result"] == "valid"):
                differing.add(case["tcId"])
    assert judged in {401, 26}
    assert differing == left_out


def flipped(at: int) -> str:
    """Return the sound token with one character replaced by another of the alphabet."""
    return SOUND[:at] + ("A" if SOUND[at] != "A" else "B") + SOUND[at + 1 :]


@pytest.mark.proves("ASVS-9.1.1")
@given(at=st.integers(min_value=0, max_value=len(SOUND) - 1))
def test_no_character_may_change(at: int) -> None:
    """A token with any one character changed is refused."""
    assert isinstance(verify_jws(flipped(at), key_set(ES), kind=ID_TOKEN), Rejected)


PUBLIC = ES.key.as_pem(private=False)
RS = pair("RS256")
HEADER = {"alg": "ES256", "kid": ES.kid}


def headed(**members: object) -> str:
    """Return a token, well signed, with members added to its header."""
    return compact({}, key=ES, header=HEADER | members)


R = TokenReason
HOSTILE: dict[str, tuple[TokenReason, Callable[[], str]]] = {
    "empty": (R.MALFORMED, lambda: ""),
    "two parts": (R.MALFORMED, lambda: SOUND.rpartition(".")[0]),
    "four parts": (R.MALFORMED, lambda: SOUND + ".x"),
    "no header": (R.MALFORMED, lambda: "." + SOUND.partition(".")[2]),
    "larger than any token": (R.TOO_LARGE, lambda: "A" * (MAX_TOKEN + 1)),
    "padded": (R.BAD_ENCODING, lambda: SOUND + "="),
    "line break at the end": (R.BAD_ENCODING, lambda: SOUND + "\n"),
    "plain base64": (R.BAD_ENCODING, lambda: part(HEADER) + ".+/+/." + "AA"),
    "bits beyond the last byte": (R.BAD_ENCODING, lambda: SOUND.rpartition(".")[0] + ".AB"),
    "letters of another alphabet": (R.BAD_ENCODING, lambda: SOUND.replace("e", "\u0435", 1)),
    "header that is a list": (R.BAD_JSON, lambda: compact({}, key=ES, header=[HEADER])),
    "header that is no JSON": (R.BAD_JSON, lambda: compact({}, key=ES, header=b"alg=ES256")),
    "header in UTF-16": (R.BAD_JSON, lambda: compact({}, key=ES, header=json.dumps(HEADER).encode("utf-16"))),
    "header with a byte order mark": (R.BAD_JSON, lambda: compact({}, key=ES, header=b"\xef\xbb\xbf" + json.dumps(HEADER).encode())),
    "header too deep": (R.BAD_JSON, lambda: compact({}, key=ES, header=b'{"a":' + b"[" * 1999 + b"]" * 1999 + b"}")),
    "header too long": (R.BAD_JSON, lambda: headed(pad="x" * 5000)),
    "half of a character": (R.BAD_JSON, lambda: compact({}, key=ES, header=b'{"alg":"ES256","x":"\\ud800"}')),
    "alg twice": (R.DUPLICATE_MEMBER, lambda: compact({}, key=ES, header=b'{"alg":"none","alg":"ES256","kid":"key-ES256"}')),
    "no alg": (R.ALGORITHM_NOT_ALLOWED, lambda: compact({}, key=ES, header={"kid": ES.kid})),
    "alg that is a list": (R.ALGORITHM_NOT_ALLOWED, lambda: compact({}, key=ES, header={"alg": ["ES256"], "kid": ES.kid})),
    "alg in lower case": (R.ALGORITHM_NOT_ALLOWED, lambda: headed(alg="es256")),
    "alg on another curve": (R.ALGORITHM_NOT_ALLOWED, lambda: headed(alg="ES256K")),
    "unknown alg": (R.ALGORITHM_NOT_ALLOWED, lambda: headed(alg="RS1")),
    "none": (R.ALGORITHM_NOT_ALLOWED, lambda: f"{part({'alg': 'none', 'kid': ES.kid})}.{part({})}."),
    "None": (R.ALGORITHM_NOT_ALLOWED, lambda: f"{part({'alg': 'NonE'})}.{part({})}."),
    "no signature": (R.BAD_SIGNATURE, lambda: SOUND.rpartition(".")[0] + "."),
    "signature of zeros": (R.BAD_SIGNATURE, lambda: SOUND.rpartition(".")[0] + "." + encode_base64url(bytes(64))),
    "signature in DER": (R.BAD_SIGNATURE, lambda: SOUND.rpartition(".")[0] + "." + encode_base64url(b"0\x06\x02\x01\x01\x02\x01\x01")),
    "signature of another token": (R.BAD_SIGNATURE, lambda: SOUND.rpartition(".")[0] + "." + headed().rpartition(".")[2]),
    "algorithm of another key": (R.ALGORITHM_OF_ANOTHER_KEY, lambda: compact({}, key=RS, header={"alg": "RS256", "kid": ES.kid})),
    "unknown key": (R.UNKNOWN_KEY, lambda: headed(kid="another")),
    "empty kid": (R.UNKNOWN_KEY, lambda: headed(kid="")),
    "null kid": (R.UNKNOWN_KEY, lambda: headed(kid=None)),
    "kid that is a number": (R.UNKNOWN_KEY, lambda: headed(kid=1)),
    "kid that is a path": (R.UNKNOWN_KEY, lambda: headed(kid="../../../../dev/null")),
    "kid that is long": (R.UNKNOWN_KEY, lambda: headed(kid="k" * 257)),
    "critical": (R.FORBIDDEN_HEADER, lambda: headed(crit=["exp"], exp=1)),
    "critical and empty": (R.FORBIDDEN_HEADER, lambda: headed(crit=[])),
    "critical and no list": (R.FORBIDDEN_HEADER, lambda: headed(crit="exp")),
    "not encoded": (R.FORBIDDEN_HEADER, lambda: headed(b64=False)),
    "address of keys": (R.FORBIDDEN_HEADER, lambda: headed(jku="https://evil.example/keys")),
    "key in the header": (R.FORBIDDEN_HEADER, lambda: headed(jwk=ES.jwk())),
    "address of a certificate": (R.FORBIDDEN_HEADER, lambda: headed(x5u="https://evil.example/c")),
    "certificate in the header": (R.FORBIDDEN_HEADER, lambda: headed(x5c=["MII="])),
    "compressed": (R.FORBIDDEN_HEADER, lambda: headed(zip="DEF")),
    "encrypted": (R.FORBIDDEN_HEADER, lambda: headed(enc="A128GCM")),
    "access token": (R.WRONG_TYPE, lambda: headed(typ="at+jwt")),
    "access token in full": (R.WRONG_TYPE, lambda: headed(typ="application/at+jwt")),
    "logout token": (R.WRONG_TYPE, lambda: headed(typ="logout+jwt")),
    "empty type": (R.WRONG_TYPE, lambda: headed(typ="")),
    "type that is a list": (R.WRONG_TYPE, lambda: headed(typ=["JWT"])),
}  # fmt: skip


@pytest.mark.proves("ASVS-9.1.2", "ASVS-9.1.3", "ASVS-9.2.2", "ASVS-6.8.2")
@pytest.mark.proves("CVE-2025-59420", "CVE-2026-32597", "GHSA-g7f3-828f-7h7m", "CVE-2024-33664", "CVE-2026-27962", "CVE-2026-28802")
@pytest.mark.proves("CVE-2026-62995", "CVE-2026-48990", "CVE-2026-48525", "GHSA-jq35-7prp-9v3f", "CVE-2026-45363", "CVE-2022-29217")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tokens_are_refused_for_their_reason(name: str) -> None:
    """Each hostile token is refused, for the reason in the table."""
    reason, make = HOSTILE[name]
    assert refused(make()) is reason


@pytest.mark.proves("CVE-2025-61920", "CVE-2025-30204")
@pytest.mark.parametrize("token", ["." * 1_000_000, "A" * 1_000_000 + ".A.A", "A.A." + "A" * 1_000_000, "." * 100], ids=len)
def test_size_and_dots_are_counted_before_anything_is_split(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is too long or has too many parts is refused without one part being decoded."""
    monkeypatch.setattr("ctsec.jose.jws.decode_base64url", None)
    assert refused(token) in {TokenReason.TOO_LARGE, TokenReason.MALFORMED}


@pytest.mark.proves("CVE-2026-96760", "CVE-2026-102946", "CVE-2023-51774")
@pytest.mark.parametrize(
    "token",
    [
        json.dumps({"payload": part({}), "signatures": []}),
        json.dumps({"payload": part({})}),
        json.dumps({"payload": part({}), "protected": part(HEADER), "signature": SOUND.rpartition(".")[2]}),
        ".".join([part({"alg": "RSA-OAEP", "enc": "A128GCM"}), "AA", "AA", "AA", "AA"]),
    ],
    ids=["no signatures", "payload alone", "flattened", "encrypted"],
)
def test_only_the_compact_form_of_signed_tokens_is_read(token: str) -> None:
    """JSON forms, with or without signatures, and encrypted tokens are no tokens."""
    assert refused(token) is TokenReason.MALFORMED


SECRETS = {
    "PEM": PUBLIC,
    "PEM of RSA": RS.key.as_pem(private=False),
    "PEM behind a space": b" " + PUBLIC,
    "PEM with other line ends": PUBLIC.replace(b"\n", b"\r\n"),
    "DER": ES.key.as_der(private=False),
    "JWK": json.dumps(ES.jwk()).encode(),
    "empty": b"",
}


@pytest.mark.proves("CVE-2024-37568", "CVE-2026-114615", "CVE-2026-114616", "CVE-2026-102268", "CVE-2026-48526", "CVE-2024-33663")
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("secret", SECRETS)
def test_a_public_key_is_no_shared_secret(secret: str) -> None:
    """A MAC under any spelling of a public key, or under nothing, is refused: there are no MACs."""
    for alg in ("HS256", "ES256"):
        try:
            token = with_mac({}, secret=SECRETS[secret], header={"alg": alg, "kid": ES.kid})
        except ValueError:  # the forger's own library makes no such MAC
            continue
        assert refused(token) is (TokenReason.ALGORITHM_NOT_ALLOWED if alg == "HS256" else TokenReason.BAD_SIGNATURE)


def test_a_key_verifies_its_own_algorithm_only() -> None:
    """A key of RS256 verifies no PS256 signature by the same key, and the other way round, whatever the header says."""
    for mine, other in (("RS256", "PS256"), ("PS256", "RS256"), ("RS256", "RS512")):
        key = pair(mine)
        named = {"alg": other, "kid": key.kid}
        assert refused(compact({}, key=key, header=named, alg=other), key_set(key)) is TokenReason.ALGORITHM_OF_ANOTHER_KEY
        lying = {"alg": mine, "kid": key.kid}
        assert refused(compact({}, key=key, header=lying, alg=other), key_set(key)) is TokenReason.BAD_SIGNATURE


def test_a_token_without_a_key_name_needs_the_only_key_of_its_algorithm() -> None:
    """Without `kid` the one key of the algorithm verifies; of two none does, and of none neither."""
    token = compact({}, key=ES, header={"alg": "ES256"})
    assert verify_jws(token, key_set(ES, RS), kind=ID_TOKEN) == b"{}"
    assert refused(token, key_set(ES, pair("ES256", "other"))) is TokenReason.AMBIGUOUS_KEY
    assert refused(token, key_set(RS)) is TokenReason.UNKNOWN_KEY
    assert refused(token, KeySet(keys=())) is TokenReason.UNKNOWN_KEY


def test_a_logout_token_says_so() -> None:
    """Where a logout token is expected, an ID token, one without a type and any other are refused."""
    assert verify_jws(headed(typ="LOGOUT+JWT"), key_set(ES), kind=LOGOUT_TOKEN) == b"{}"
    assert verify_jws(headed(typ="application/logout+jwt"), key_set(ES), kind=LOGOUT_TOKEN) == b"{}"
    for typ in ("JWT", "", "at+jwt", "logout"):
        assert refused(headed(typ=typ), kind=LOGOUT_TOKEN) is TokenReason.WRONG_TYPE
    assert refused(headed(), kind=LOGOUT_TOKEN) is TokenReason.WRONG_TYPE


def test_a_set_of_keys_without_usable_ones_verifies_nothing() -> None:
    """A published private or symmetric key is left out, so nothing is signed by it."""
    keys = parse_jwks(body(ES.key.as_dict(private=True) | {"kid": ES.kid}))
    assert isinstance(keys, KeySet)
    assert refused(SOUND, keys) is TokenReason.UNKNOWN_KEY


def test_a_rejection_is_neither_true_nor_false() -> None:
    """Code that forgets to look at the type stops instead of going on."""
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(Rejected(TokenReason.EXPIRED))


@given(token=st.text(alphabet='abcXYZ019-_.= {}"\n\u0435\ud800', max_size=60), seed=st.integers(0, 1 << 32))
def test_garbage_is_refused_and_never_an_error(token: str, seed: int) -> None:
    """Any text, and any shuffle of a sound token, is refused and raises nothing."""
    shuffled = list(SOUND)
    chance.Random(seed).shuffle(shuffled)
    for each in (token, "".join(shuffled)):
        assert isinstance(verify_jws(each, key_set(ES), kind=ID_TOKEN), Rejected)

"""What a browser sends is read once and strictly."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.mfa.passkey_response import MAX_RESPONSE, WRONG, Assertion, Registration, parse_assertion, parse_registration
from ctsec.testing.passkeys import client_data

GET = client_data("webauthn.get", "c" * 43, origin="https://app.example.com")


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def answer(**changes: Any) -> dict[str, Any]:
    """Return an answer that reads as both ceremonies; changes go to where their names are."""
    response = {
        "clientDataJSON": b64(GET),
        "authenticatorData": b64(bytes(37)),
        "signature": b64(bytes(70)),
        "userHandle": b64(b"usr"),
        "attestationObject": b64(bytes(200)),
        "transports": ["usb", "internal", "usb"],
    }
    made: dict[str, Any] = {"id": "aWQ", "rawId": "aWQ", "type": "public-key", "response": response, "clientExtensionResults": {}}
    for name, value in changes.items():
        (response if name in response else made)[name] = value
    return made


def test_both_answers_are_read() -> None:
    """Each ceremony takes its own fields; a handle may be missing; transports are a set of words, sorted."""
    text = json.dumps(answer())
    assert parse_assertion(text) == Assertion(
        credential_id=b"id",
        client_data=GET,
        challenge="c" * 43,
        authenticator_data=bytes(37),
        signature=bytes(70),
        user_handle=b"usr",
    )
    assert parse_registration(text) == Registration(
        credential_id=b"id", client_data=GET, challenge="c" * 43, attestation=bytes(200), transports=("internal", "usb")
    )
    bare = parse_assertion(json.dumps(answer(userHandle=None)))
    assert isinstance(bare, Assertion)
    assert bare.user_handle is None
    odd = parse_registration(json.dumps(answer(transports=["USB", "x" * 17, 1, "cable"])))
    assert isinstance(odd, Registration)
    assert odd.transports == ("cable",)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("id", 1023),
        ("clientDataJSON", 2048),
        ("authenticatorData", 2048),
        ("signature", 512),
        ("userHandle", 64),
        ("attestationObject", 4096),
    ],
)
def test_every_field_has_a_limit(name: str, limit: int) -> None:
    """A field of as many bytes as allowed is read, one of one byte more is refused before it is decoded, an empty one too."""

    def read(size: int) -> bool:
        filler = GET[:-1] + b" " * (size - len(GET)) + b"}" if name == "clientDataJSON" else bytes(size)
        text = b64(filler)
        made = json.dumps(answer(**{name: text, **({"rawId": text} if name == "id" else {})}))
        return (parse_registration if name == "attestationObject" else parse_assertion)(made) != WRONG

    assert read(limit)
    assert not read(limit + 1)
    assert name == "clientDataJSON" or not read(0)


def collected(**changes: object) -> str:
    """Return client data with changes."""
    return b64(json.dumps({**json.loads(GET), **changes}).encode())


BAD: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no object": lambda: "[]",
    "a number": lambda: "1",
    "too long": lambda: json.dumps(answer(more="x" * MAX_RESPONSE)),
    "too deep": lambda: "[" * (MAX_RESPONSE - 1),
    "another type": lambda: json.dumps(answer(type="password")),
    "no type": lambda: json.dumps({k: v for k, v in answer().items() if k != "type"}),
    "two ids": lambda: json.dumps(answer(rawId="aWR4")),
    "a key twice": lambda: json.dumps(answer()).replace('"id"', '"id": "aWQ", "id"', 1),
    "a key twice inside": lambda: json.dumps(answer()).replace('"signature"', '"signature": "eA", "signature"', 1),
    "padded": lambda: json.dumps(answer(signature="eA==")),
    "another spelling": lambda: json.dumps(answer(signature="eB")),
    "another alphabet": lambda: json.dumps(answer(signature="a+/a")),
    "a space": lambda: json.dumps(answer(signature="eHh4 eHh4")),
    "a line break at the end": lambda: json.dumps(answer(signature="eHh4\n")),
    "other digits": lambda: json.dumps(answer(signature="\uff11" * 4)),
    "one character": lambda: json.dumps(answer(signature="e")),
    "no text": lambda: json.dumps(answer(signature=7)),
    "a list": lambda: json.dumps(answer(signature=["eA"])),
    "no response": lambda: json.dumps(answer(response=None)),
    "a handle of another type": lambda: json.dumps(answer(userHandle=7)),
    "client data that are no JSON": lambda: json.dumps(answer(clientDataJSON=b64(b"{"))),
    "client data in UTF-16": lambda: json.dumps(answer(clientDataJSON=b64(GET.decode().encode("utf-16")))),
    "client data that are no text": lambda: json.dumps(answer(clientDataJSON=b64(b"\xff\xfe"))),
    "client data that are a list": lambda: json.dumps(answer(clientDataJSON=b64(b"[]"))),
    "no challenge": lambda: json.dumps(answer(clientDataJSON=collected(challenge=None))),
    "in a frame": lambda: json.dumps(answer(clientDataJSON=collected(crossOrigin=True))),
    "perhaps in a frame": lambda: json.dumps(answer(clientDataJSON=collected(crossOrigin="false"))),
    "below another page": lambda: json.dumps(answer(clientDataJSON=collected(topOrigin="https://app.example.com"))),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_exactly_an_answer_is_refused(name: str) -> None:
    """Whatever has another form, type, spelling or place is refused in the same words."""
    assert parse_assertion(BAD[name]()) == WRONG


def test_transports_are_a_short_list() -> None:
    """A registration with something else for its transports is refused."""
    values: tuple[object, ...] = ("usb", {}, ["usb"] * 9, None)
    for value in values:
        assert parse_registration(json.dumps(answer(transports=value))) == WRONG


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(where=st.sampled_from([*answer(), *answer()["response"]]), value=JSON)
def test_no_value_makes_it_stumble(where: str, value: object) -> None:
    """Any JSON value in any place is read or refused; nothing is raised."""
    text = json.dumps(answer(**{where: value}))
    for found in (parse_assertion(text), parse_registration(text)):
        assert found == WRONG or isinstance(found, Assertion | Registration)


@given(text=st.text())
def test_no_text_makes_it_stumble(text: str) -> None:
    """Any text at all is refused, and nothing is raised."""
    assert parse_assertion(text) == parse_registration(text) == WRONG

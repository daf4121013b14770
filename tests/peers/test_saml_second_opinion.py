"""What we accept, two other libraries accept as well, with the same name and the same attributes: python3-saml and pysaml2.

They are asked about the messages of the attack kit that are to be accepted, and about what real providers send. What one of them refuses
is in the table, with why: it is stricter about something that decides nothing, or can not do it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final

import pytest

from ctsec.sso.saml import VerifiedAssertion, verify
from tests.peers.saml_running import SamlPeer
from tests.peers.saml_scene import OPENER, STYLES, Scene
from tests.peers.saml_second_opinion import Question, judge
from tests.saml_attacks.kit import FAMILIES, family
from tests.saml_attacks.stage import OURS

pytestmark = [pytest.mark.program("saml-judges")]
LIBRARIES = ["python3-saml", pytest.param("pysaml2", marks=pytest.mark.program("xmlsec1"))]
# pysaml2 starts a program three times for each signature: it is asked about one message of so many, and about all of them by `make soak`.
EVERY: Final = {"python3-saml": 1, "pysaml2": 1 if os.environ.get("CTSEC_SOAK") else 8}
_SCHEMA: Final = "validates by the schema what is not read, or knows less of it"
_BOUNDS: Final = "lets clocks differ at fewer ends"
_SPELLING: Final = "can not open this spelling"
REFUSED: Final[Mapping[str, Mapping[str, str]]] = {
    "python3-saml": {
        "canonicalization method: a prefix kept": _SCHEMA,
        "signed by the provider, who shows a secret": _SCHEMA,
        "another digest in the status": _SCHEMA,
        "another digest in KeyInfo": _SCHEMA,
        "a language": _SCHEMA,
        "some attributes": _SCHEMA,
        "a value that says it is an assertion": _SCHEMA,
        "NotBefore of SubjectConfirmationData at the skew": _BOUNDS,
        "NotOnOrAfter of SubjectConfirmationData just inside": _BOUNDS,
        "SessionNotOnOrAfter of AuthnStatement just inside": _BOUNDS,
        "the same message after 0:05:59": _BOUNDS,
        "transported with sha256": _SCHEMA,
        "transported with sha512": _SCHEMA,
        "an assertion with a declaration": _SPELLING,
        "a key beside the data": _SPELLING,
    },
    "pysaml2": {
        "canonicalization method: a prefix kept": _SCHEMA,
        "signed by the provider, who shows a secret": _SCHEMA,
        "another digest in KeyInfo": _SCHEMA,
        "RSA-PSS with SHA-384": "its xmlsec1 does not know the algorithm",
        "RSA-PSS with SHA-512": "its xmlsec1 does not know the algorithm",
        "a bearer and somebody who vouches": "wants a request of each confirmation",
        "a value that says it is an assertion": _SCHEMA,
        "a value with an attribute of nobody": _SCHEMA,
        "an address of the browser": "compares the address, which a proxy makes another",
        "an offset of nothing": "reads no offset in a time",
        "transported with sha256": _SPELLING,
        "transported with sha512": _SPELLING,
        "an assertion with a declaration": _SPELLING,
        "a key beside the data": _SPELLING,
    },
}


def differences(library: str, questions: Sequence[Question]) -> list[str]:
    """Return where a library and we disagree about messages, but for what the table says; a line of the table that is wrong is one too."""
    found = []
    for question, told in zip(questions, judge(library, questions), strict=True):
        ours = verify(question.field, trust=question.trust, request=question.request, now=question.now)
        assert isinstance(ours, VerifiedAssertion), (question.name, ours)
        here = {"name": ours.name_id.value, "attributes": {each.name: _kept(library, each.values) for each in ours.attributes}}
        expected = question.name.partition(" (")[0] in REFUSED[library]
        if expected != ("error" in told) or (not expected and told != here):
            found.append(f"{question.name}: {str(told)[:300]} and not {'an error' if expected else str(here)[:300]}")
    return found


def _kept(library: str, values: Sequence[str]) -> list[str]:
    """Return the values of an attribute that a library tells: python3-saml leaves empty ones out."""
    return [each for each in values if each or library != "python3-saml"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_kit(library: str) -> None:
    """Messages of the kit that we accept: every style, key, algorithm, cipher and spelling."""
    cases = [case for name in FAMILIES for case in family(name) if not case.expected]
    questions = [
        Question(name=each.name, field=each.message, trust=each.trust, request=each.request, now=each.now, opener=OURS) for each in cases
    ]
    assert len(questions) > 200
    assert not (found := differences(library, questions[:: EVERY[library]])), "\n".join(found)


@pytest.mark.program("samlp")
@pytest.mark.program("simplesamlphp")
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_providers(library: str, samlp: SamlPeer, simplesamlphp: SamlPeer) -> None:
    """Messages of samlp and simplesamlphp, in three styles, plain and encrypted where a signature covers what is encrypted."""
    questions = []
    for peer, style, encrypts in product((samlp, simplesamlphp), STYLES, (False, True)):
        if style is STYLES[0] and encrypts:
            continue
        scene = Scene.connect(peer, "judged", signs=False, style=style, encrypts=encrypts)
        come, sent = scene.ask()
        field = peer.visit(come, person="alice").fields["SAMLResponse"]
        questions.append(
            Question(name=f"{peer.entity_id} {style.value}", field=field, trust=scene.trust, request=sent, now=scene.now(), opener=OPENER)
        )
    assert not (found := differences(library, questions)), "\n".join(found)

"""Another SAML library in this process: `python -P -m benchmarks.saml_peers NAME [judge]`.

The first line on its input is JSON about a message (see `Told`). Prints the version that it has, then for each further line the CPU seconds
of one verification, those of the programs that it starts counted, as a slice of a race. With `judge`, every line is about a message, and is
answered with what the library makes of it. Ends with 3 if the library is not installed, or lacks its program.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypedDict

from benchmarks.peer_process import NOT_INSTALLED

CALLS = 20
XMLSEC1 = "CTSEC_XMLSEC1"  # names the program that pysaml2 starts
BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"


class Told(TypedDict):
    """A message and what it is judged by. `certificates` and `opener` are PEM, `key` is the opener's; empty texts are none.

    `now` is the moment in seconds since the epoch, None for the machine's; `request` is None if nothing was asked for.
    """

    field: str
    issuer: str
    audience: str
    acs_url: str
    certificates: list[str]
    request: str | None
    now: int | None
    key: str
    opener: str
    sha1: bool


Found = tuple[str, dict[str, list[str]]]
Verify = Callable[[], Found]


def slice_of(work: Callable[[], object], *, calls: int = CALLS) -> float:
    """Return the CPU seconds of this process and of what it has waited for, all threads counted, that one of some calls takes."""
    start = _used()
    for _ in range(calls):
        work()
    return (_used() - start) / calls


def _used() -> float:
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


def _python3_saml(told: Told) -> Verify:
    from onelogin.saml2.response import OneLogin_Saml2_Response
    from onelogin.saml2.settings import OneLogin_Saml2_Settings
    from onelogin.saml2.utils import OneLogin_Saml2_Utils

    if told["now"] is not None:
        OneLogin_Saml2_Utils.now = staticmethod(lambda now=told["now"]: now)
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": told["audience"],
                "assertionConsumerService": {"url": told["acs_url"]},
                "x509cert": _bare(told["opener"]),
                "privateKey": _bare(told["key"]),
            },
            "idp": {
                "entityId": told["issuer"],
                "singleSignOnService": {"url": told["issuer"]},
                "x509certMulti": {"signing": [_bare(each) for each in told["certificates"]]},
            },
            "security": {"rejectDeprecatedAlgorithm": not told["sha1"], "wantAttributeStatement": False},
        },
        sp_validation_only=True,
    )
    host, _, path = told["acs_url"].removeprefix("https://").partition("/")
    asked = {"https": "on", "http_host": host, "script_name": f"/{path}", "server_port": "443"}

    def verify() -> Found:
        response = OneLogin_Saml2_Response(settings, told["field"])
        response.is_valid(asked, told["request"], raise_exceptions=True)
        return str(response.get_nameid()), {name: list(values) for name, values in response.get_attributes().items()}

    return verify


def _pysaml2(told: Told) -> Verify:
    client = _client(json.dumps({**told, "field": "", "request": None, "now": None}, sort_keys=True))
    if told["now"] is not None:
        _stand_still(told["now"])
    outstanding = {} if told["request"] is None else {told["request"]: "/"}
    around = {"remote_addr": "", "request_uri": told["acs_url"], "entity_id": told["audience"], "endpoints": [told["acs_url"]]}

    def verify() -> Found:
        found: Any = client.parse_authn_request_response(
            told["field"], "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", outstanding=dict(outstanding), conv_info=around
        )
        if found is None or found.assertion is None:
            raise ValueError("no response")
        values: dict[str, list[str]] = {}
        for statement in found.assertion.attribute_statement:
            for each in statement.attribute:
                values.setdefault(each.name, []).extend(value.text or "" for value in each.attribute_value)
        return str(found.name_id.text), values

    return verify


@cache
def _client(told_as_text: str) -> Any:
    """Return a service provider with one provider: its metadata is read, and its schemas are compiled, once."""
    from saml2.client import Saml2Client
    from saml2.config import SPConfig

    told: Told = json.loads(told_as_text)
    keys = "".join(
        '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>'
        f"{_bare(each)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for each in told["certificates"]
    )
    metadata = (
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{told["issuer"]}"><md:IDPSSODescriptor '
        f'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{keys}'
        f'<md:SingleSignOnService Binding="{BINDING}" Location="{told["issuer"]}"/></md:IDPSSODescriptor></md:EntityDescriptor>'
    )
    pair = {"key_file": _file(told["key"]), "cert_file": _file(told["opener"])} if told["key"] else {}
    wanted = {"want_response_signed": False, "want_assertions_signed": False, "want_assertions_or_response_signed": True}
    service = {"endpoints": {"assertion_consumer_service": [told["acs_url"]]}, "allow_unsolicited": True, **wanted}
    config = {
        "entityid": told["audience"],
        "xmlsec_binary": os.environ.get(XMLSEC1, ""),
        "allow_unknown_attributes": True,
        "accepted_time_diff": 60,
        "metadata": {"inline": [metadata]},
        "service": {"sp": service},
        **({"encryption_keypairs": [pair], **pair} if pair else {}),
    }
    return Saml2Client(config=SPConfig().load(config))


def _stand_still(now: int) -> None:
    """Let pysaml2 believe that it is this moment."""
    from datetime import UTC, datetime

    from saml2 import time_util

    class Standing(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Standing:  # noqa: ARG003 - the signature of datetime
            """Return the moment."""
            return cls.fromtimestamp(now, UTC)

    time_util.datetime = Standing
    time_util.utc_now = lambda: now


def _file(text: str) -> str:
    """Return the name of a file of this process that holds a text."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as made:
        made.write(text)
    return made.name


def _bare(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


# name -> what makes its verification, and how many calls are a slice
PEERS: dict[str, tuple[Callable[[Told], Verify], int]] = {"python3-saml": (_python3_saml, CALLS), "pysaml2": (_pysaml2, 2)}


def judged(name: str, line: str) -> dict[str, object]:
    """Return what a library makes of a message: who it is and what is told of them, or an error."""
    try:
        found, attributes = PEERS[name][0](json.loads(line))()
    except Exception as error:  # noqa: BLE001 - a verdict, whatever it is called
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    return {"name": found, "attributes": attributes}


def main(name: str, mode: str = "race") -> int:
    """Answer until the input ends; a library that does not accept the message of a race ends it at once."""
    try:
        version = importlib.metadata.version(name)
        if name == "pysaml2" and not os.access(os.environ.get(XMLSEC1, ""), os.X_OK):
            return NOT_INSTALLED
        line = sys.stdin.readline()
        make, calls = PEERS[name]
        verify = make(json.loads(line)) if line else None
    except (importlib.metadata.PackageNotFoundError, ModuleNotFoundError):
        return NOT_INSTALLED
    print(version, flush=True)
    if mode == "judge":
        while line:
            print(json.dumps(judged(name, line)), flush=True)
            line = sys.stdin.readline()
        return 0
    if verify is None or not verify()[0]:
        return 1
    for _ in sys.stdin:
        print(slice_of(verify, calls=calls), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

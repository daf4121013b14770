"""Verifying starts no program, opens no file and no connection; and SAML is loaded by who uses it only."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

# Whatever a process can do to the outside is an event of its audit hooks (PEP 578).
HEARD = """
import json, sys
from tests.saml_attacks.kit import family
from tests.saml_attacks.stage import STYLES
cases = [*family("texts"), *family("references"), *family("encryption")[::4]]
first = [case.problem() for case in cases]
heard = []
watching = True
def hear(event, arguments):
    if watching and event.split(".")[0] in {"subprocess", "os", "socket", "open", "urllib", "http", "tempfile", "ctypes", "import", "pty"}:
        heard.append(event)
sys.addaudithook(hear)
again = [case.problem() for case in cases]
watching = False
print(json.dumps({"cases": len(cases), "problems": sum(each is not None for each in first + again), "heard": heard}))
"""
GROWING = """
import json
from ctsec.sso.saml import Posted, parse_provider, verify, verify_logout_request
from ctsec.sso.saml.wire import encode_field
from tests.saml_attacks.stage import NOW, REQUEST, TRUST
def size():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096
def read(number):
    data = b"<r>" + b"".join(b"<n%dx%d%s/>" % (number, each, b"y" * 30) for each in range(4_000)) + b"</r>"
    verify(encode_field(data), trust=TRUST, request=REQUEST, now=NOW)
    verify_logout_request(Posted(encode_field(data)), trust=TRUST, now=NOW)
    parse_provider(data, now=NOW)
for number in range(4):
    read(number)
before = size()
for number in range(4, 29):
    read(number)
print(json.dumps(size() - before))
"""
LOADED = """
import json, sys
import {name}
print(json.dumps(sorted(each for each in sys.modules if each.split(".")[0] == "lxml" or each.startswith("ctsec.sso.saml."))))
"""


def said(program: str) -> object:
    """Return what a program says in a new process without programs of XML on its path."""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_verifying_is_silent() -> None:
    """Messages of many kinds, with files and addresses in them, are verified without a program, a file, a connection or an import."""
    found = said(HEARD)
    assert isinstance(found, dict)
    assert found["cases"] > 300
    assert (found["problems"], found["heard"]) == (0, [])


def test_names_of_others_do_not_stay() -> None:
    """100,000 names that nobody knows, 40 letters each, leave no trace in the process: they would take 6 MB."""
    grown = said(GROWING)
    assert isinstance(grown, int)
    assert grown < 3 * 1024 * 1024


@pytest.mark.parametrize("name", ["ctsec.sso", "ctsec.sso.saml", "ctsec.testing"])
def test_nobody_else_loads_it(name: str) -> None:
    """Importing single sign-on, the face of SAML or what hosts test with loads no module of SAML and no lxml."""
    found = said(LOADED.format(name=name))
    assert found == []

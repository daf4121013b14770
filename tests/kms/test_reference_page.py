"""The reference page of key services says what the code says."""

from __future__ import annotations

import dataclasses
import json
import re
from functools import partial
from pathlib import Path

import pytest

from ctsec import errors
from ctsec.encryption import KmsCapabilities
from ctsec.encryption.kms import AwsKeyServices, CallBounds, LocalKms, azure, google, vault
from ctsec.encryption.kms.pkcs11 import _CAPABILITIES, _WRAPPED
from ctsec.secret import Secret
from ctsec.testing.kms import FakeAwsKms
from ctsec.testing.kms.operations import Operations

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "key-services.md").read_text("utf-8")


def rows(*, columns: int) -> dict[str, list[str]]:
    """Return the cells of the rows that begin with a code word, from tables of that many columns, by that word."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]
    return {line[0].strip("`"): line[1:] for line in lines if len(line) == columns}


def test_capabilities_are_the_providers(fake: FakeAwsKms, aws: AwsKeyServices, tmp_path: Path) -> None:
    """Each provider's row holds exactly what its description declares, in the order of the fields."""
    told = rows(columns=6)
    assert [field.name for field in dataclasses.fields(KmsCapabilities)] == re.findall(r"`(\w+)`", PAGE[PAGE.index("| provider |") :])[:4]
    single, many = (aws.open(fake.keys.create(multi_region=many)).describe().capabilities for many in (False, True))
    assert (single.multi_region, many) == (False, dataclasses.replace(single, multi_region=True))
    found = {"local": LocalKms.create(tmp_path / "k").describe().capabilities, "pkcs11": _CAPABILITIES, "aws": single}
    found |= {"vault": vault._CAPABILITIES, "gcp": google._CAPABILITIES, "azure": azure._CAPABILITIES}
    words = {name: ["yes" if value else "no" for value in dataclasses.astuple(each)] for name, each in found.items()}
    words["aws"][3] = "for `mrk-` keys"
    assert {name: cells[1:] for name, cells in told.items()} == words


def test_definite_errors_are_those_of_the_code() -> None:
    """The page lists every error of a key service and whether it is definite."""
    told = {name: cells[0] == "yes" for name, cells in rows(columns=4).items()}
    assert told == {each.__name__: each.definite for each in errors.KmsError.__subclasses__()}


@pytest.mark.proves("ASVS-13.1.3")
def test_bounds_and_sizes_are_documented() -> None:
    """The page lists every bound of a call with its default, and the bytes of what the providers of our own formats wrap."""
    told = {name: float(cells[0]) for name, cells in rows(columns=3).items() if re.fullmatch(r"[0-9.]+", cells[0])}
    _, wrapped = LocalKms(b"i" * 16, key=Secret(b"k" * 32)).generate_data_key(b"c")
    assert told == dataclasses.asdict(CallBounds()) | {"local": len(wrapped), "pkcs11": _WRAPPED, "azure": azure._WRAPPED}


@pytest.mark.proves("ASVS-13.2.2")
def test_the_permissions_are_those_that_are_used(fake: FakeAwsKms, aws: AwsKeyServices) -> None:
    """The policy on the page allows what the five verbs need and no more: with them none is denied, without any one of them one is."""
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    statement = json.loads(found[1])["Statement"][0]
    allowed = {action.removeprefix("kms:") for action in statement["Action"]}
    arn = fake.keys.create()
    kms = aws.open(arn)
    _, wrapped = kms.generate_data_key(b"c")

    def denied() -> int:
        count = 0
        rewrap = partial(kms.rewrap, wrapped, b"c", b"d")
        wrap = partial(kms.wrap, Secret(bytes(32)), b"c")
        calls = (kms.describe, partial(kms.generate_data_key, b"c"), wrap, partial(kms.unwrap, wrapped, b"c"), rewrap)
        for call in calls:
            try:
                call()
            except errors.KeyDenied:
                count += 1
        return count

    model = frozenset(Operations(fake.keys)._run) | {"ReEncryptFrom", "ReEncryptTo"}
    assert allowed < model
    fake.keys.deny(arn, *(model - allowed))
    assert denied() == 0
    for action in allowed:
        fake.keys.deny(arn, action)
        assert denied() == 1

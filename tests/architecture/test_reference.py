"""The reference pages say what the code says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, time, timedelta
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from ctsec import errors
from ctsec.audit.catalogue import SCHEMAS
from ctsec.audit.change import FieldClass
from ctsec.audit.schema import EventSchema, Field
from ctsec.encryption.reencryption import Reencryption, Stored
from ctsec.ids import UserId
from ctsec.jose import KeyReason, TokenReason
from ctsec.keys import PATTERN
from ctsec.outcome import Reason, Refusal
from ctsec.principal import FRESH, Credential, CredentialKind, Principal, PrincipalKind
from ctsec.rbac import ByMethod, DecisionReason, During, FreshFactor, FromNetwork, Method, NotRequester, Rule, Situation
from ctsec.rbac.change import KINDS
from ctsec.rbac.condition import Condition
from ctsec.rbac.decision import DECISIONS
from ctsec.sso.oidc import OidcReason, Provider
from ctsec.sso.saml import SamlReason
from ctsec.testing import FixedClock
from ctsec.transport import ConnectionReport, FetchReason
from ctsec.web.guarding import decision_refusal
from ctsec.web.problem import of_refusal

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def rows(page: str, *, columns: int) -> list[list[str]]:
    """Return the cells of the rows of a page whose first cell is a code word, from tables of that many columns."""
    lines = [line.strip("| ").split(" | ") for line in (REFERENCE / page).read_text("utf-8").splitlines() if line.startswith("| `")]
    return [[cell.strip("` ") for cell in line] for line in lines if len(line) == columns]


@pytest.mark.proves("ASVS-16.1.1")
def test_every_event_is_described() -> None:
    """The page of events names exactly the events that ctsec can write, each once, with the fields and changes of its schema."""
    lines = (REFERENCE / "events.md").read_text("utf-8").splitlines()
    told = [tuple(line.strip("|").split(" | ")) for line in lines if line.startswith("| `")]
    assert sorted((name.strip("` "), says.strip()) for name, _, says in told) == sorted((each.name, said(each)) for each in SCHEMAS)


def said(schema: EventSchema) -> str:
    """Return what the page says of a schema; a plain name is a public text."""
    words = {str: "", int: " number", bool: " flag", tuple: " list", object: " value"}

    def listed(declared: Mapping[str, Field]) -> str:
        kept = {name: "" if each.kept is FieldClass.PUBLIC else f" {each.kept}" for name, each in declared.items()}
        return ", ".join(f"`{name}`{kept[name]}{words[each.type]}" for name, each in declared.items())

    parts = [listed(schema.fields), f"changes of {listed(schema.changes)}" if schema.changes else ""]
    return "; ".join(part for part in parts if part) or "-"


def test_every_table_that_is_sealed_anew_is_described() -> None:
    """The page of data keys names exactly the tables of the store and of regions, a host's columns, and every field of their progress."""
    tables = [row[0] for row in rows("data-keys.md", columns=4)]
    assert tables == [*Stored, "content:<region>", "<table>.<column>"]
    told = {name.strip("` ") for row in rows("data-keys.md", columns=2) for name in row[0].split(",")}
    assert told == {each.name for each in fields(Reencryption)} - {"keys", "version"}


def test_every_reason_is_described_with_its_status() -> None:
    """The page of errors names every reason of a refusal with the status that the hosts answer."""
    told = {row[0]: int(row[1]) for row in rows("errors.md", columns=3)}
    assert told == {reason.value: of_refusal(Refusal(reason)).status for reason in Reason}


@pytest.mark.proves("ASVS-8.1.1")
def test_every_decision_is_described() -> None:
    """The page of decisions names every reason with its answer and the status of a guard, every rule, and every change in its order."""
    told = {row[0]: (row[1], row[2]) for row in rows("decisions.md", columns=4) if row[0] in set(DecisionReason)}
    refusals = {each: decision_refusal(decision) for each, decision in DECISIONS.items()}
    assert told == {
        each.value: ("allowed", "none") if refusal is None else ("denied", str(of_refusal(refusal).status))
        for each, refusal in refusals.items()
    }
    assert [row[0] for row in rows("decisions.md", columns=2)] == [*Rule, *(kind.__name__ for kind in KINDS)]


@pytest.mark.proves("ASVS-8.1.3")
def test_every_fact_of_a_decision_is_described() -> None:
    """The page of decisions names exactly the attributes that a decision is made of: those of a principal, a credential and a situation."""
    kinds = (Principal, Credential, Situation)
    attributes = [f"{kind.__name__}.{each.name}" for kind in kinds for each in fields(kind)]
    assert sorted(row[0] for row in rows("decisions.md", columns=3)) == sorted(attributes)


@pytest.mark.proves("ASVS-8.1.4")
def test_every_condition_is_described() -> None:
    """The page names every kind of condition with its threshold, and exactly the reasons that situations of all kinds draw from it."""
    told = {row[0]: row[2:] for row in rows("decisions.md", columns=4) if row[0] not in set(DecisionReason)}
    assert list(told) == [kind.__name__ for kind in get_args(Condition)]
    assert [told[kind][0] for kind in ("FreshFactor", "ByMethod")] == [f"{FRESH.total_seconds() / 60:.0f} minutes"] * 2
    assert FreshFactor().within == ByMethod(frozenset(Method)).fresh == FRESH
    for condition in (
        FreshFactor(),
        ByMethod(frozenset({Method.FRESH_SECOND_FACTOR})),
        FromNetwork(("192.0.2.0/24",)),
        During(zone="UTC", start=time(8), end=time(18)),
        NotRequester(),
    ):
        drawn = {reason.value for each in situations() if (reason := condition.unmet(each)) is not None}
        assert drawn == set(told[type(condition).__name__][1].replace("`", "").split(", "))


def situations() -> Iterator[Situation]:
    """Yield a situation of every kind: each credential, fresh and stale, by day and by night, from everywhere, about everybody."""
    now = FixedClock().now()
    ann, bob = (UserId(f"usr_{letter * 26}") for letter in "01")
    proofs: tuple[dict[str, datetime], ...] = ({}, {"pwd": now, "otp": now}, {"pwd": now, "otp": now - FRESH - timedelta(seconds=1)})
    credentials = [Credential(kind=CredentialKind.SESSION, id="", aal=1 + bool(each), factors=each) for each in proofs]
    credentials.append(Credential(kind=CredentialKind.API_KEY, id=""))
    hours, addresses, people = (now.replace(hour=3), now.replace(hour=12)), ("", "192.0.2.7", "203.0.113.9"), (None, ann, bob)
    for credential, hour, address, requester in product(credentials, hours, addresses, people):
        principal = Principal(id=ann, kind=PrincipalKind.USER, credential=credential)
        yield Situation(principal=principal, now=hour, address=address, requester=requester)


def test_every_reason_of_single_sign_on_is_described() -> None:
    """The page of single sign-on names every reason of tokens, keys, providers and fetches once, in their order, and every preset."""
    told = [row[0] for row in rows("single-sign-on.md", columns=2)]
    assert told == [*TokenReason, *KeyReason, *OidcReason, *SamlReason, *FetchReason]
    presets = [name.strip("` ") for row in rows("single-sign-on.md", columns=4) for name in row[0].split(",")]
    assert presets == list(Provider)


def test_every_error_is_described() -> None:
    """The page of errors names every class of the error tree with its code and whether a retry helps."""
    told = {row[0]: (row[1], row[2] == "yes") for row in rows("errors.md", columns=4)}
    tree = {name: each for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, errors.CtsecError)}
    assert told == {name: (each.code, each.retryable) for name, each in tree.items() if each is not errors.CtsecError}


def test_the_pattern_of_api_keys_is_the_documented_one() -> None:
    """The regular expression that scanners take from the page is the one that the package gives."""
    found = re.search(r"Regular expression:\s+`(.*?)`", (REFERENCE / "formats.md").read_text("utf-8"))
    assert found is not None
    assert found[1] == PATTERN


def test_every_field_of_the_doctor_is_described() -> None:
    """The page of connections names each field of the doctor's JSON, in the order in which they are printed."""
    names = {field.name for field in fields(ConnectionReport)} | {"sound"}
    assert [row[0] for row in rows("connections.md", columns=2) if row[0] in names or row[0].isidentifier()] == [
        *(field.name for field in fields(ConnectionReport)),
        "sound",
    ]

"""Maps of claims: what they may be, what they find, and what never follows from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.jose.rejection import Rejected
from ctsec.secret import SecretText
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.github import ask_github
from ctsec.sso.oidc.mapping import ClaimMap, Path, found_in
from tests.unit.sso.provider import GENERIC_CLIENT, GITHUB_CLIENT, Simulator, answered, run
from tests.unit.sso.test_providers import identity

WRONG: dict[str, dict[str, Any]] = {
    "an attribute in capitals": {"attributes": {"Team": ("team",)}},
    "an attribute that begins with a figure": {"attributes": {"1team": ("team",)}},
    "an attribute of 33 characters": {"attributes": {"t" * 33: ("team",)}},
    "eleven attributes": {"attributes": {f"a{n}": ("x",) for n in range(11)}},
    "an attribute without a path": {"attributes": {"team": ()}},
    "a path of six members": {"name": ("a",) * 6},
    "an empty member": {"email": ("",)},
    "a member of 101 characters": {"name": ("a" * 101,)},
    "a member with a line break": {"attributes": {"team": ("a\nb",)}},
    "a member that turns the text round": {"name": ("\u202ea",)},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_map(name: str) -> None:
    """A map that is too long, or names what can not be shown, is refused when it is made."""
    with pytest.raises(ValueError, match="expected"):
        ClaimMap(**WRONG[name])


FOUND: tuple[tuple[Path, tuple[dict[str, object], ...], object], ...] = (
    ((), ({"": 1},), None),
    (("a",), ({"a": "x"},), "x"),
    (("a", "b"), ({"a": {"b": "x"}},), "x"),
    (("a.b",), ({"a": {"b": "x"}},), None),
    (("a.b",), ({"a.b": "x"},), "x"),
    (("https://acme.example/team",), ({"https://acme.example/team": "x"},), "x"),
    (("a", "0"), ({"a": ["x"]},), None),
    (("a", "upper"), ({"a": "x"},), None),
    (("a", "__class__"), ({"a": {}},), None),
    (("a", "b", "c"), ({"a": {"b": None}},), None),
    (("a",), ({}, {"a": "x"}), "x"),
    (("a",), ({"a": None}, {"a": "x"}), None),
    (("a", "b"), ({"a": {}}, {"a": {"b": "x"}}), None),
)  # fmt: skip


@pytest.mark.parametrize(("path", "sources", "expected"), FOUND)
def test_a_path_is_followed_through_objects_and_nothing_else(path: Path, sources: tuple[dict[str, object], ...], expected: object) -> None:
    """Member by member; lists, texts and Python's own attributes are no objects; the first source that has the first member decides."""
    assert found_in(path, *sources) == expected


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda each: st.lists(each, max_size=3), max_leaves=5)
CLAIMS = st.dictionaries(st.sampled_from("abc"), JSON | st.dictionaries(st.sampled_from("abc"), JSON, max_size=3), max_size=3)


@settings(max_examples=60)
@given(claims=CLAIMS, more=CLAIMS, path=st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple))
def test_an_attribute_is_a_short_text_that_stands_there(claims: dict[str, object], more: dict[str, object], path: Path) -> None:
    """Whatever is told: what a map gives to the host stands in the claims as it is, short and printable, or is not there."""
    values = ClaimMap(attributes={"team": path}).values(claims, more)
    wanted = found_in(path, claims, more)
    good = isinstance(wanted, str) and 0 < len(wanted) <= 255 and wanted.isprintable()
    assert values == ((("team", wanted),) if good else ())


def mapped(client: OidcClient = GENERIC_CLIENT, **said: Any) -> OidcClient:
    """Return a client with a map."""
    return replace(client, mapping=ClaimMap(**said))


def test_a_mapped_address_is_never_a_verified_one() -> None:
    """The provider's `email_verified` speaks of its own claim: of another one it says nothing, wherever that leads."""
    claims = {"mail": {"work": "eve@acme.example"}}
    assert mapped().mapping.own_address
    for path, verified in (((), True), (("email",), True), (("mail", "work"), False), (("upn",), False)):
        found = identity(mapped(email=path), None, upn="eve@acme.example", **claims)
        assert found.email_verified is verified, path
        assert found.email == ("eve@acme.example" if not verified else "olga@acme.example")
    assert identity(mapped(email=("mail",)), None, **claims).email is None


def test_a_map_does_not_change_who_it_is() -> None:
    """Names, addresses and attributes may come from anywhere; connection, issuer and subject stay."""
    plain = identity()
    other = identity(mapped(name=("sub",), email=("name",), attributes={"who": ("sub",)}))
    assert (other.key, other.name, other.attributes) == (plain.key, "person-1", (("who", "person-1"),))


def test_a_map_reads_the_account_of_github_and_no_address() -> None:
    """Name and attributes come from the account; the address is GitHub's verified one, whatever the map says; the number stays."""
    client = mapped(GITHUB_CLIENT, name=("company",), email=("blog",), attributes={"plan": ("plan", "name"), "login": ("login",)})
    account = {"id": 42, "login": "olga", "name": "Olga", "company": "Acme", "blog": "eve@acme.example", "plan": {"name": "team"}}
    emails = [{"email": "olga@acme.example", "verified": True, "primary": True}]
    member = {"state": "active", "organization": {"id": 77}, "user": {"id": 42}}
    provider = Simulator(id_token="")
    provider.overrides |= {"/user": answered(account), "/user/emails": answered(emails)}
    provider.overrides |= {"/user/memberships/orgs/acme": answered(member)}
    found = run(ask_github(client, access_token=SecretText("at-1")), provider)
    assert not isinstance(found, Rejected), found
    who, told = found
    assert told == account  # what a dry run shows
    assert (who.subject, who.name, who.email, who.email_verified) == ("42", "Acme", "olga@acme.example", True)
    assert who.attributes == (("login", "olga"), ("plan", "team"))

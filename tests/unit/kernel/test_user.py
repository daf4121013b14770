"""Addresses and names of people."""

from __future__ import annotations

import unicodedata
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.user import MAX_EMAIL, MAX_NAME, parse_email, parse_name


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        ("a.n+n@example.com", "a.n+n@example.com"),
        ("ann@localhost", "ann@localhost"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ÉVA@example.com", "éva@example.com"),
        ("e\u0301va@example.com", "éva@example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("a!#$%&*+-/?=^_`{|}~.1@example.com", "a!#$%&*+-/?=^_`{|}~.1@example.com"),
        ("ann@ΟΔΟΣ.example", "ann@xn--pxavbq.example"),
        ("ann@xn--fa-hia.example", "ann@xn--fa-hia.example"),
    ],
)
def test_an_address_is_kept_and_its_key_is_normal(text: str, key: str) -> None:
    """The address stays as typed; the key is NFC, case folded, with the domain in IDNA form, dots and plus signs kept."""
    assert parse_email(text) == (text, key)


@pytest.mark.parametrize(
    "text",
    ["", "@", "ann", "ann@", "@example.com", "a@b@example.com", "ann@example", "ann@.com", "ann@a..com", "a nn@example.com",
     " ann@example.com", "ann@example.com ", "ann@example.com\n", "ann\x00@example.com", "ann\u200b@example.com", "ann\u202e@example.com",
     "ann\u2028@example.com", "ann@exa\u00a0mple.com", "ann\ud800@example.com", "ann@" + "x" * 64 + ".com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    """No @, two of them, an empty part, space, control, format or surrogate characters, or a domain that cannot be, is refused."""
    with pytest.raises(ValueError, match="expected"):
        parse_email(text)


@pytest.mark.parametrize(
    "local",
    ["root,ann", "root;ann", "(x)ann", "ann(x)", '"ann"', "ann>", "<ann", "[ann]", "team:ann", "ann\\", "=?utf-8?q?=61nn?=",
     "root\uff0cann", "\uff1d\uff1futf-8?q?=61nn?="],
)  # fmt: skip
def test_a_name_is_one_mailbox_to_every_reader(local: str) -> None:
    """Commas, comments, quotes, angles, groups and encoded words, in any width, are refused: mail would go to another mailbox."""
    with pytest.raises(ValueError, match="expected a name"):
        parse_email(f"{local}@acme.example")


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8) | st.text('a=?q,;:<>()[]"\\.@', max_size=8)
)
def test_an_address_is_read_back_as_itself(local: str) -> None:
    """The reader of addresses that mail leaves by sees one mailbox in every address that is accepted, and that very one."""
    try:
        address, _ = parse_email(f"{local}@acme.example")
    except ValueError:
        return
    assert getaddresses([address]) == [("", address)]


@pytest.mark.parametrize("domain", ["faß.example", "οδος.example", "a.faß.example", "a。faß.example"])
def test_a_domain_is_one_to_everybody(domain: str) -> None:
    """A domain that IDNA of 2003 folds into another one's is refused: who has it proves an address, and the key would be the other's."""
    with pytest.raises(ValueError, match="as it is registered"):
        parse_email(f"ann@{domain}")


def test_the_limit_of_254_characters() -> None:
    """254 characters are an address, 255 are not (RFC 5321, 4.5.3.1.3), and neither is one whose key grows beyond it."""
    domain = "@example.com"
    assert parse_email("a" * (MAX_EMAIL - len(domain)) + domain)
    for text in ("a" * (MAX_EMAIL - len(domain) + 1) + domain, "ﬃ" * 100 + domain, "a" * (1 << 20) + domain):
        with pytest.raises(ValueError, match="at most 254"):
            parse_email(text)


@given(st.text(max_size=30), st.sampled_from(["example.com", "BÜCHER.example", "localhost", "x"]))
def test_a_key_is_its_own_key(local: str, domain: str) -> None:
    """Whatever is accepted has a key within the limit, without spaces, that is the key of itself."""
    try:
        text, key = parse_email(f"{local}@{domain}")
    except ValueError:
        return
    assert text == f"{local}@{domain}"
    assert len(key) <= MAX_EMAIL
    assert not any(c.isspace() for c in key)
    assert parse_email(key)[1] == key


@given(st.text(st.characters(codec="utf-8", categories=["L", "M", "N"]), min_size=1, max_size=20))
def test_forms_of_one_address_have_one_key(local: str) -> None:
    """The composed and the decomposed form of an address are one account."""
    keys = {parse_email(f"{unicodedata.normalize(form, local)}@example.com")[1] for form in ("NFC", "NFD")}
    assert len(keys) == 1


def test_a_name_is_trimmed_and_composed() -> None:
    """A name comes back in NFC without space around it; letters of any script and emoji stay."""
    assert parse_name("  Zoe\u0308 \t") == "Zoë"
    assert parse_name("李小龍 👩‍💻") == "李小龍 👩‍💻"
    assert parse_name("x" * MAX_NAME) == "x" * MAX_NAME


@pytest.mark.parametrize("text", ["", " \t", "x" * (MAX_NAME + 1), "a\nb", "a\x00b", "a\x85b", "a\ud800b", "x" * (1 << 20)])
def test_what_is_no_name_is_refused(text: str) -> None:
    """An empty or over-long name, line breaks, control characters and lone surrogates are refused."""
    with pytest.raises(ValueError, match="expected a name"):
        parse_name(text)


@pytest.mark.proves("GHSA-7rqj-j65f-68wh")
@pytest.mark.parametrize(
    "address",
    [
        "a@b\uff20c.com",
        "a\uff20b@c.com",
        "a@b\ufe6bc.com",
        "a\ufe6bb@c.com",
        "a@\u2100.com",
        "a@b/c.com",
        "a@b\uff0fc.com",
        "a@b.com?",
        "a@b\uff03.com",
        "a@b..com",
        "a@.com",
        "a@b.com.",
        "a@b.com\u3002",
    ],
)
def test_what_only_looks_like_an_address_is_refused(address: str) -> None:
    """An address is judged as it is after normalisation: signs that become an @, a slash or a dot make no second address."""
    with pytest.raises(ValueError, match="expected"):
        parse_email(address)

"""The names of AWS KMS keys."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctsec.encryption.kms.arn import MAX_ARN, KeyArn

UUID = "1234abcd-12ab-34cd-56ef-1234567890ab"
MRK = "mrk-1234abcd12ab34cd56ef1234567890ab"
PLAIN = f"arn:aws:kms:eu-central-1:111122223333:key/{UUID}"
HEX = "0123456789abcdef"
PARTS = ("arn", "aws", "kms", "eu-central-1", "111122223333", f"key/{UUID}")

ids = st.one_of(
    st.uuids().map(str),
    st.text(HEX, min_size=32, max_size=32).map("mrk-{}".format),
)
regions = st.sampled_from(
    [
        ("aws", "us-east-1"), ("aws", "ap-southeast-5"), ("aws", "mx-central-1"), ("aws", "ca-west-1"), ("aws", "il-central-1"),
        ("aws-cn", "cn-northwest-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-iso", "us-iso-east-1"), ("aws-iso-b", "us-isob-east-1"),
        ("aws-iso-e", "eu-isoe-west-1"), ("aws-iso-f", "us-isof-south-1"), ("aws-eusc", "eusc-de-east-1"),
    ]
)  # fmt: skip
accounts = st.text("0123456789", min_size=12, max_size=12)


@given(place=regions, account=accounts, key_id=ids)
def test_a_key_is_read_and_written_the_same(place: tuple[str, str], account: str, key_id: str) -> None:
    """Every well-formed ARN is read into its parts and written back character by character."""
    text = f"arn:{place[0]}:kms:{place[1]}:{account}:key/{key_id}"
    arn = KeyArn.parse(text)
    assert (arn.partition, arn.region, arn.account, arn.key_id) == (*place, account, key_id)
    assert str(arn) == text
    assert arn.multi_region == key_id.startswith("mrk-")


@given(text=st.one_of(st.text(max_size=MAX_ARN + 20), st.lists(st.sampled_from([*PARTS, "", "x", "*"]), max_size=8).map(":".join)))
@example(PLAIN)
def test_what_is_accepted_is_what_is_written(text: str) -> None:
    """No text is accepted that the parser would write otherwise: one key, one name."""
    arn = None
    with suppress(ValueError):
        arn = KeyArn.parse(text)
    assert arn is None or str(arn) == text


@given(at=st.integers(0, len(PLAIN)), character=st.characters())
def test_one_foreign_character_is_no_key(at: int, character: str) -> None:
    """A character put anywhere into an ARN, a line break, a zero-width or a full-width one too, makes it no ARN, or that of another key."""
    text = PLAIN[:at] + character + PLAIN[at:]
    try:
        arn = KeyArn.parse(text)
    except ValueError:
        return
    assert str(arn) == text != PLAIN
    assert (arn.account, arn.key_id) == ("111122223333", UUID)


@pytest.mark.parametrize(
    "text",
    [
        "", UUID, MRK, "key/" + UUID, PLAIN + "\n", " " + PLAIN, PLAIN.upper(), PLAIN.replace("kms", "s3"), PLAIN.replace("key/", "key:"),
        PLAIN + ":x", PLAIN.replace(UUID, UUID.upper()), PLAIN.replace(UUID, UUID.replace("-", "")), PLAIN.replace(UUID, "mrk-" + UUID),
        PLAIN.replace(UUID, MRK + "0"), PLAIN.replace("eu-central-1", ""), PLAIN.replace("eu-central-1", "eu-central-1.evil.example"),
        PLAIN.replace("eu-central-1", "EU-central-1"), PLAIN.replace("111122223333", ""), PLAIN.replace("111122223333", "11112222333"),
        PLAIN.replace("111122223333", chr(0xFF11) * 12), PLAIN.replace("111122223333", "*"), PLAIN.replace("aws:", "aws-evil:"),
        PLAIN.replace("aws:", ":"), PLAIN.replace("eu-central-1", "cn-north-1"), PLAIN.replace("eu-central-1", "us-gov-west-1"),
        PLAIN.replace("arn:aws:", "arn:aws-cn:"), PLAIN.replace(UUID, "*"), PLAIN.replace(UUID, UUID + "/" + UUID), "a" * 100_000,
        PLAIN.replace("eu-central-1", "eusc-de-east-1"), PLAIN.replace("eu-central-1", "eu-central-1@evil"),
    ],
)  # fmt: skip
def test_hostile_names_are_refused(text: str) -> None:
    """Wild cards, other services, regions of another partition, host names, digits of another script and paths are no key."""
    with pytest.raises(ValueError, match="expected"):
        KeyArn.parse(text)


@pytest.mark.parametrize("text", ["alias/ctsec", "arn:aws:kms:eu-central-1:111122223333:alias/ctsec"])
def test_an_alias_is_refused_with_its_reason(text: str) -> None:
    """An alias is told apart from nonsense, for it works elsewhere, and the refusal says why it does not here."""
    with pytest.raises(ValueError, match="moved to another key"):
        KeyArn.parse(text)


def test_replicas_are_the_same_key_elsewhere() -> None:
    """Only a multi-region key has replicas; one has the same partition, account and id."""
    arn = KeyArn.parse(PLAIN.replace(UUID, MRK))
    assert str(arn.replica("us-west-2")) == f"arn:aws:kms:us-west-2:111122223333:key/{MRK}"
    with pytest.raises(ValueError, match="region"):
        arn.replica("cn-north-1")
    with pytest.raises(ValueError, match="multi-region"):
        KeyArn.parse(PLAIN).replica("us-west-2")

"""The names of AWS KMS keys (ARNs), read strictly.

Rules that this module keeps:

- a key is named by its full ARN, `arn:<partition>:kms:<region>:<account>:key/<id>`: ASCII, at most 256 characters, nothing around it;
- the id is a UUID in lower case, or `mrk-` and 32 hex digits for a key with replicas in other regions;
- an alias, a key id alone and an alias ARN are refused: they may name another key tomorrow;
- the region belongs to the partition, so that no reference leads a request to another cloud than it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_ARN: Final = 256
# The partitions of botocore's endpoint rules, and the regions that belong to each.
_REGIONS: Final[Mapping[str, re.Pattern[str]]] = {
    "aws": re.compile(r"(?!cn-|us-gov-|us-iso|eu-iso|eusc-)[a-z]{2}(-[a-z]{4,9}){1,2}-[0-9]{1,2}"),
    "aws-cn": re.compile(r"cn-[a-z]{4,9}-[0-9]{1,2}"),
    "aws-us-gov": re.compile(r"us-gov-[a-z]{4,9}-[0-9]{1,2}"),
    "aws-iso": re.compile(r"us-iso-[a-z]{4,9}-[0-9]{1,2}"),
    "aws-iso-b": re.compile(r"us-isob-[a-z]{4,9}-[0-9]{1,2}"),
    "aws-iso-e": re.compile(r"eu-isoe-[a-z]{4,9}-[0-9]{1,2}"),
    "aws-iso-f": re.compile(r"us-isof-[a-z]{4,9}-[0-9]{1,2}"),
    "aws-eusc": re.compile(r"eusc-[a-z]{2}-[a-z]{4,9}-[0-9]{1,2}"),
}
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyArn:
    """A key of AWS KMS: its partition (`aws`), region, account (12 digits) and id. Raises ValueError if one of them is none."""

    partition: str
    region: str
    account: str
    key_id: str

    def __post_init__(self) -> None:
        regions = _REGIONS.get(self.partition)
        if regions is None:
            raise ValueError(f"expected a key of one of the partitions {', '.join(_REGIONS)}")
        if regions.fullmatch(self.region) is None:
            raise ValueError(f"expected a region of the partition {self.partition}, such as eu-central-1 in aws")
        if _ACCOUNT.fullmatch(self.account) is None:
            raise ValueError("expected an account of 12 digits")
        if _KEY_ID.fullmatch(self.key_id) is None:
            raise ValueError("expected the id of a key: a UUID in lower case, or mrk- and 32 hex digits")

    @classmethod
    def parse(cls, text: str) -> KeyArn:
        """Return the key that `text` names; raise ValueError, which says what was expected and does not repeat the text."""
        if len(text) > MAX_ARN or not text.isascii() or not text.isprintable():
            raise ValueError(f"expected an ARN of at most {MAX_ARN} printable ASCII characters")
        parts = text.split(":")
        if text.startswith("alias/") or (len(parts) == 6 and parts[5].startswith("alias/")):
            raise ValueError("expected the ARN of a key, not of an alias: an alias can be moved to another key")
        if len(parts) != 6 or parts[0] != "arn" or parts[2] != "kms" or not parts[5].startswith("key/"):
            raise ValueError("expected the ARN of a key, arn:aws:kms:<region>:<account>:key/<id>")
        return cls(partition=parts[1], region=parts[3], account=parts[4], key_id=parts[5].removeprefix("key/"))

    def __str__(self) -> str:
        return f"arn:{self.partition}:kms:{self.region}:{self.account}:key/{self.key_id}"

    @property
    def multi_region(self) -> bool:
        """Whether the key can have replicas: keys of the same id in other regions."""
        return self.key_id.startswith("mrk-")

    def replica(self, region: str) -> KeyArn:
        """Return the same key in another region; raise ValueError if the key can have no replicas or the region is none."""
        if not self.multi_region:
            raise ValueError("expected a multi-region key (mrk-)")
        return KeyArn(partition=self.partition, region=region, account=self.account, key_id=self.key_id)

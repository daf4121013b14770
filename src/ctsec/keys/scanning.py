"""What scanners for secrets need to find credentials of ctsec: an expression for each kind, and files for gitleaks and trufflehog.

Rules that this module keeps:

- each text that ctsec mints and that works by itself has its expression here: keys (of people, service accounts and exchanges alike),
  keys derived from them, credentials of SCIM, tokens of sessions and of known devices, and links that were mailed;
- every file holds these expressions themselves, so none can drift from the formats: a test mints each kind and finds it;
- the expressions use what Go's RE2 knows: no look-around, counts below a thousand. They fix the prefix: nothing of others is found;
- what may end with a hyphen has no boundary behind it: there is none between a hyphen and a blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ctsec.keys.token import PREFIX

_ID: Final = "[0-7][0-9a-hjkmnp-tv-z]{25}"
_TOKEN: Final = "[A-Za-z0-9_-]{43}"
SCANNER_PATTERN: Final = rf"\b{PREFIX}_[a-z0-9]{{1,8}}_{_ID}_[0-9A-Za-z]{{49}}\b"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedKind:
    """A kind of credential: the name of its rule, what it is, a word that stands in each text of it, and its expression."""

    rule: str
    what: str
    keyword: str
    pattern: str


KINDS: Final = (
    ScannedKind(rule="ctsec-api-key", what="API key of ctsec", keyword=f"{PREFIX}_", pattern=SCANNER_PATTERN),
    ScannedKind(
        rule="ctsec-derived-api-key",
        what="API key derived from one of ctsec",
        keyword="_d1_",
        pattern=rf"\b{PREFIX}_[a-z0-9]{{1,8}}_d1_{_ID}_[a-z2-7]{{69,}}_[0-9A-Za-z]{{6}}\b",
    ),
    ScannedKind(rule="ctsec-scim-token", what="SCIM credential of ctsec", keyword="ctscim_", pattern=rf"\bctscim_{_ID}_{_TOKEN}"),
    ScannedKind(rule="ctsec-session", what="session token of ctsec", keyword="ses_", pattern=rf"\bses_{_ID}\.{_TOKEN}"),
    ScannedKind(rule="ctsec-device", what="token of a known device of ctsec", keyword="dvc_", pattern=rf"\bdvc_{_ID}\.{_TOKEN}"),
    ScannedKind(
        rule="ctsec-mailed-link",
        what="link mailed by ctsec",
        keyword="#token=",
        pattern=rf"\b[a-z]{{4,16}}(?:-[a-z]{{2,16}}){{1,3}}#token={_TOKEN}",
    ),
)
_WHOLE: Final = MappingProxyType({each.rule: re.compile(each.pattern) for each in KINDS})


def rule_of(text: str) -> str | None:
    """Return the rule whose expression this whole text is, None for what has the form of no credential of ctsec."""
    return next((rule for rule, pattern in _WHOLE.items() if pattern.fullmatch(text)), None)


def regex() -> str:
    """Return the expressions, each on a line of its own."""
    return "".join(f"{each.pattern}\n" for each in KINDS)


def gitleaks() -> str:
    """Return a configuration of gitleaks (TOML) with our rules beside its own ones."""
    rules = (
        f"\n[[rules]]\nid = \"{each.rule}\"\ndescription = \"{each.what}\"\nregex = '''{each.pattern}'''\nkeywords = [\"{each.keyword}\"]\n"
        for each in KINDS
    )
    return f"[extend]\nuseDefault = true\n{''.join(rules)}"


def trufflehog() -> str:
    """Return a configuration of trufflehog (YAML) with a detector for each kind."""
    detectors = (
        f"  - name: {each.rule}\n    keywords:\n      - '{each.keyword}'\n    regex:\n      key: '{each.pattern}'\n" for each in KINDS
    )
    return f"detectors:\n{''.join(detectors)}"


FORMS: Final[Mapping[str, Callable[[], str]]] = MappingProxyType({"regex": regex, "gitleaks": gitleaks, "trufflehog": trufflehog})

"""What scanners for secrets need to find API keys: one expression, and files for gitleaks and trufflehog made of it.

Rules that this module keeps:

- every file holds `SCANNER_PATTERN` itself, so none can drift from the format of `ctsec.keys.token`;
- the expression uses what Go's RE2 knows: no look-around, bounded counts. It fixes the prefix, so that it finds no keys of others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from ctsec.keys.token import PREFIX

RULE: Final = "ctsec-api-key"
KEYWORD: Final = f"{PREFIX}_"
SCANNER_PATTERN: Final = rf"\b{PREFIX}_[a-z0-9]{{1,8}}_[0-7][0-9a-hjkmnp-tv-z]{{25}}_[0-9A-Za-z]{{49}}\b"


def regex() -> str:
    """Return the expression on a line of its own."""
    return f"{SCANNER_PATTERN}\n"


def gitleaks() -> str:
    """Return a configuration of gitleaks (TOML) with one rule beside its own ones."""
    return (
        "[extend]\nuseDefault = true\n\n[[rules]]\n"
        f'id = "{RULE}"\ndescription = "API key of ctsec"\n'
        f"regex = '''{SCANNER_PATTERN}'''\n"
        f'keywords = ["{KEYWORD}"]\n'
    )


def trufflehog() -> str:
    """Return a configuration of trufflehog (YAML) with one detector."""
    return f"detectors:\n  - name: {RULE}\n    keywords:\n      - {KEYWORD}\n    regex:\n      key: '{SCANNER_PATTERN}'\n"


FORMS: Final[Mapping[str, Callable[[], str]]] = MappingProxyType({"regex": regex, "gitleaks": gitleaks, "trufflehog": trufflehog})

"""Names of devices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.authn.device_name import MAX_NAME, UNKNOWN, device_name

MOZILLA = "Mozilla/5.0"
TABLE = [
    (f"{MOZILLA} (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
    (f"{MOZILLA} (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
    (f"{MOZILLA} (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Chrome on Linux"),
    (f"{MOZILLA} (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
    (
        f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Safari on macOS",
    ),
    (f"{MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 FxiOS/140.0 Mobile Safari/605.1", "Firefox on iPhone"),
    ("curl/8.14.1", "curl/8.14.1"),
    ("Firefox/140.0", "Firefox/140.0"),
    ("line\r\nbreak\x00 \u202eevil", "line break evil"),
    (" \t", UNKNOWN),
    ("", UNKNOWN),
]


@pytest.mark.parametrize(("agent", "name"), TABLE)
def test_a_device_is_called_what_it_says(agent: str, name: str) -> None:
    """A known browser on a known system gets both names, everything else is shown as it is, on one line."""
    assert device_name(agent) == name


@given(st.text(max_size=300))
def test_a_name_is_short_and_on_one_line(agent: str) -> None:
    """Whatever a client sends, its name can be shown and put into a mail's subject."""
    name = device_name(agent)
    assert 1 <= len(name) <= MAX_NAME
    assert name.isprintable()

"""Another SAML library in this process: `python -P -m benchmarks.saml_peers NAME`.

The first line on its input is JSON about a message (see `benchmarks.entries.saml`). Prints the version that it has, then for each further
line the CPU seconds of one verification, as a slice of a race. Ends with 3 if the library is not installed.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
from collections.abc import Callable, Mapping

from benchmarks.encryption_peers import NOT_INSTALLED

Verify = Callable[[], str]
CALLS = 20


def slice_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds of this process, all its threads counted, that one of twenty calls takes."""
    start = time.process_time()
    for _ in range(CALLS):
        work()
    return (time.process_time() - start) / CALLS


def _python3_saml(told: Mapping[str, str]) -> Verify:
    from onelogin.saml2.response import OneLogin_Saml2_Response
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {"entityId": told["audience"], "assertionConsumerService": {"url": told["acs_url"]}},
            "idp": {"entityId": told["issuer"], "singleSignOnService": {"url": told["issuer"]}, "x509cert": told["certificate"]},
            "security": {"rejectDeprecatedAlgorithm": True},
        },
        sp_validation_only=True,
    )
    host, _, path = told["acs_url"].removeprefix("https://").partition("/")
    asked = {"https": "on", "http_host": host, "script_name": f"/{path}", "server_port": "443"}

    def verify() -> str:
        response = OneLogin_Saml2_Response(settings, told["field"])
        response.is_valid(asked, told["request"], raise_exceptions=True)
        response.get_attributes()
        return str(response.get_nameid())

    return verify


# name -> what makes its verification
PEERS: dict[str, Callable[[Mapping[str, str]], Verify]] = {"python3-saml": _python3_saml}


def main(name: str) -> int:
    """Answer until the input ends; a library that does not accept the message ends it at once."""
    try:
        version = importlib.metadata.version(name)
        told: Mapping[str, str] = json.loads(sys.stdin.readline())
        verify = PEERS[name](told)
    except (importlib.metadata.PackageNotFoundError, ModuleNotFoundError):
        return NOT_INSTALLED
    if verify() != told["person"]:
        return 1
    print(version, flush=True)
    for _ in sys.stdin:
        print(slice_of(verify), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

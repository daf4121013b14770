"""What is said of the rate of an API key: the fields of draft-ietf-httpapi-ratelimit-headers-10.

`RateLimit-Policy: "key";q=6000;w=60` says how many requests in how many seconds, `RateLimit: "key";r=5999;t=1` how many are left and after
how many seconds all of them are. Where only the shared counter knows what is left, the first stands alone.
"""

from __future__ import annotations

from math import ceil

from ctsec.keys.rate import NAME, RateState
from ctsec.keys.uses import MINUTE


def rate_headers(state: RateState) -> tuple[tuple[str, str], ...]:
    """Return the header fields that tell `state`."""
    policy = ("ratelimit-policy", f'"{NAME}";q={state.limit};w={int(MINUTE.total_seconds())}')
    if state.remaining is None:
        return (policy,)
    return policy, ("ratelimit", f'"{NAME}";r={state.remaining};t={ceil(state.reset.total_seconds())}')

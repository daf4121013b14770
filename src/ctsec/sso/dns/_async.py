"""Asks resolvers for TXT records, over UDP, and over TCP where an answer was cut (async source).

Rules that this module keeps:

- a question takes at most `seconds`, whatever a server sends and however slowly; a resolver that is silent is asked twice;
- an answer counts if it comes from where the question went, with its id and its question; others are waited past;
- search lists and caches are not used.
"""

from __future__ import annotations

from dns.asyncresolver import Resolver  # sync: from dns.resolver import Resolver
from dns.exception import DNSException
from dns.nameserver import Do53Nameserver
from dns.resolver import NoResolverConfiguration

from ctsec.errors import ConfigurationError
from ctsec.sso.dns.judge import trouble_of, values_of
from ctsec.sso.domain_claim import DnsTrouble
from ctsec.sso.nameservers import NameServer


class AsyncDnsResolver:
    """Asks `nameservers`, or those of this machine if none is named."""

    __slots__ = ("_resolver", "_seconds")

    def __init__(self, nameservers: tuple[NameServer, ...] = (), *, seconds: float = 5.0) -> None:
        """Raise ConfigurationError where this machine names no resolver, and none is given."""
        try:
            self._resolver = Resolver(configure=not nameservers)
        except NoResolverConfiguration:
            raise ConfigurationError("this machine names no resolver; name some in SsoPolicy.nameservers") from None
        if nameservers:
            self._resolver.nameservers = [Do53Nameserver(each.address, each.port) for each in nameservers]
        self._resolver.timeout = seconds / 2
        self._seconds = seconds

    async def txt(self, name: str) -> tuple[bytes, ...] | DnsTrouble:
        """Return the values of the TXT records at exactly this name; or why there are none."""
        try:
            answer = await self._resolver.resolve(f"{name}.", "TXT", lifetime=self._seconds, search=False, raise_on_no_answer=False)
        except DNSException as error:
            return trouble_of(error)
        return values_of(answer)

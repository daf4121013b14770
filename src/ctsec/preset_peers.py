"""What a ready-made bundle talks to, made of its options: change feeds, shared allowances, key services, regions' stores.

Redis and what may block are imported only where they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.audit.alerts._async_ports import AsyncAlertReceiver
from ctsec.audit.anchors.anchor import Anchor
from ctsec.audit.streams.stream import Stream
from ctsec.authn._async_ports import AsyncBreachRanges
from ctsec.encryption._async_ports import AsyncKeyServices
from ctsec.errors import SchemaMismatch
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.blocking import AsyncBlockingAlertReceiver, AsyncBlockingReceiver, blocking_keeper
from ctsec.storage.feed import AsyncStoreFeed, StoreFeed
from ctsec.storage.sql import AsyncSqlRegionStorage, SqlRegionStorage, Tables
from ctsec.storage.sql.schema import create_region, upgrade_region

if TYPE_CHECKING:
    from ctsec.audit.anchors.ports import AsyncKeeper
    from ctsec.audit.streams.ports import AsyncReceiver
    from ctsec.guard.ports import AsyncSharedAllowances, SharedAllowances
    from ctsec.keys.ports import AsyncSharedRates, SharedRates
    from ctsec.storage.ports import AsyncChangeFeed, AsyncStorage, ChangeFeed, Storage


def feed_of(storage: Storage, options: EmbeddedOptions) -> ChangeFeed | None:
    """Return how processes tell each other what changed; Redis is imported only where it is used."""
    if options.changes is None:
        return None
    if options.changes == "store":
        return StoreFeed(storage)
    from ctsec.storage.redis import RedisFeed

    return RedisFeed.from_url(options.changes, transport=options.changes_transport)


def async_feed_of(storage: AsyncStorage, options: EmbeddedOptions) -> AsyncChangeFeed | None:
    """Return how processes tell each other what changed, for an event loop."""
    if options.changes is None:
        return None
    if options.changes == "store":
        return AsyncStoreFeed(storage)
    from ctsec.storage.redis import AsyncRedisFeed

    return AsyncRedisFeed.from_url(options.changes, transport=options.changes_transport)


def allowances_of(options: EmbeddedOptions) -> SharedAllowances | None:
    """Return where address blocks are counted, if not in the guard store."""
    if options.allowances is None:
        return None
    from ctsec.storage.redis import RedisAllowances

    return RedisAllowances.from_url(options.allowances, transport=options.changes_transport)


def async_allowances_of(options: EmbeddedOptions) -> AsyncSharedAllowances | None:
    """Return where address blocks are counted, if not in the guard store, for an event loop."""
    if options.allowances is None:
        return None
    from ctsec.storage.redis import AsyncRedisAllowances

    return AsyncRedisAllowances.from_url(options.allowances, transport=options.changes_transport)


def rates_of(options: EmbeddedOptions) -> SharedRates | None:
    """Return where the requests of API keys are counted, if not by each process."""
    if options.rates is None:
        return None
    from ctsec.storage.redis import RedisRates

    return RedisRates.from_url(options.rates, clock=options.clock, transport=options.changes_transport)


def async_rates_of(options: EmbeddedOptions) -> AsyncSharedRates | None:
    """Return where the requests of API keys are counted, if not by each process, for an event loop."""
    if options.rates is None:
        return None
    from ctsec.storage.redis import AsyncRedisRates

    return AsyncRedisRates.from_url(options.rates, clock=options.clock, transport=options.changes_transport)


def async_services_of(options: EmbeddedOptions) -> AsyncKeyServices | None:
    """Return the key services of customers, for an event loop: they may block, so threads of their own wait for them."""
    if options.key_services is None:
        return None
    from ctsec.encryption.kms.blocking import AsyncBlockingKeyServices

    return AsyncBlockingKeyServices(options.key_services)


def async_breaches_of(options: EmbeddedOptions) -> AsyncBreachRanges | None:
    """Return who knows of leaked passwords, for an event loop: it may block, so threads wait for it."""
    if options.breaches is None:
        return None
    from ctsec.authn.hibp import AsyncBlockingRanges

    return AsyncBlockingRanges(options.breaches)


def async_receiver_of(options: EmbeddedOptions) -> AsyncAlertReceiver | None:
    """Return who is told of alerts, for an event loop: it may block, so threads wait for it."""
    return None if options.alert_receiver is None else AsyncBlockingAlertReceiver(options.alert_receiver)


def region_stores_of(options: EmbeddedOptions, tables: Tables) -> dict[str, SqlRegionStorage]:
    """Make the tables of the regions' stores, or bring them up to date, and return the stores by name."""
    if options.regions is None:
        return {}
    for name, (region, url) in options.regions.stores.items():
        try:
            create_region(url, region=region, store=name, tables=tables)
        except SchemaMismatch:
            upgrade_region(url, region=region, store=name, tables=tables)
    return {name: SqlRegionStorage.from_url(url, tables=tables) for name, (_, url) in options.regions.stores.items()}


def async_region_stores_of(options: EmbeddedOptions, tables: Tables) -> dict[str, AsyncSqlRegionStorage]:
    """Return the stores, whose tables are there already."""
    if options.regions is None:
        return {}
    return {name: AsyncSqlRegionStorage.from_url(url, tables=tables) for name, (_, url) in options.regions.stores.items()}


def named_stores(options: EmbeddedOptions) -> tuple[tuple[str, str], ...]:
    """Return the name and the region of each store that the options name."""
    return tuple((name, region) for name, (region, _) in options.regions.stores.items()) if options.regions is not None else ()


def async_streams_of(options: EmbeddedOptions) -> tuple[Stream[AsyncReceiver], ...]:
    """Return the streams, whose receivers may block, for an event loop."""
    return tuple(
        Stream(name=each.name, receiver=AsyncBlockingReceiver(each.receiver), organizations=each.organizations) for each in options.streams
    )


def async_anchors_of(options: EmbeddedOptions) -> tuple[Anchor[AsyncKeeper], ...]:
    """Return the anchors, whose keepers may block, for an event loop."""
    return tuple(Anchor(name=each.name, keeper=blocking_keeper(each.keeper), every=each.every) for each in options.anchors)

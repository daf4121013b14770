"""Regions: where the content of workspaces is kept, under which key, and where copies of it may be.

Rules that this module keeps:

- a region has one store and one key; nothing is inherited from another region;
- no two regions, and no replica and region, share a store: bytes that are in a store are in exactly one place;
- a replica is there because somebody has declared it, by name; there is none otherwise;
- the address of a store is shown nowhere: it may hold a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from ctsec.encryption.customer_key import parse_ref, parse_region
from ctsec.encryption.dek import DEFAULT_REGION

DEPLOYMENTS_KEY: Final = "deployment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A further store with copies of a region's content; `store` is its URL (or a name of its own for a store in memory)."""

    name: str
    store: str = field(repr=False)

    def __post_init__(self) -> None:
        parse_region(self.name)
        if not self.store:
            raise ValueError(f"expected a store for the replica {self.name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region: its name, the URL of its store, and the reference of the key that wraps its data keys.

    `key` is what a key service opens (`arn:aws:kms:…`, `pkcs11:…`, `local:…`), or `"deployment"` for the deployment's own key, said
    explicitly. An organization's own key for the region takes its place. Raises ValueError for anything that can not be.
    """

    name: str
    store: str = field(repr=False)
    key: str
    replicas: tuple[Replica, ...] = ()

    def __post_init__(self) -> None:
        parse_region(self.name)
        parse_ref(self.key)
        if not self.store:
            raise ValueError(f"expected a store for the region {self.name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """The regions of a deployment; `default` is where a workspace goes that names none, and where those from before regions are.

    `left` are the names of stores that left the configuration for good: an erasure does not wait for what a hold may cover there.
    Raises ValueError for no region, names or stores that are there twice, and a default that is none of them.
    """

    regions: tuple[Region, ...]
    default: str = DEFAULT_REGION
    left: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [each.name for each in self.regions] + [replica.name for each in self.regions for replica in each.replicas]
        stores = [each.store for each in self.regions] + [replica.store for each in self.regions for replica in each.replicas]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"expected a name of its own for each region and replica; {twice[0]} is there twice")
        if len(set(stores)) != len(stores):
            raise ValueError("expected a store of its own for each region and replica")
        if set(self.left) & set(names):
            raise ValueError(f"expected stores that left, and not {min(set(self.left) & set(names))}, which is configured")
        if self.default not in self.names:
            raise ValueError(f"expected a default among the regions ({', '.join(self.names)}), not {self.default}")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the regions, the default first."""
        return tuple(sorted((each.name for each in self.regions), key=lambda name: (name != self.default, name)))

    @property
    def stores(self) -> Mapping[str, tuple[str, str]]:
        """The region and the address of each store, by the store's name: that of its region, or of the replica."""
        found = {each.name: (each.name, each.store) for each in self.regions}
        found |= {replica.name: (each.name, replica.store) for each in self.regions for replica in each.replicas}
        return MappingProxyType(found)

    @property
    def keys(self) -> Mapping[str, str]:
        """The key of each region that has another than the deployment's."""
        return MappingProxyType({each.name: each.key for each in self.regions if each.key != DEPLOYMENTS_KEY})

    def get(self, name: str) -> Region | None:
        """Return the region of a name."""
        return next((each for each in self.regions if each.name == name), None)

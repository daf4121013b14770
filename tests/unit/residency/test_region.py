"""A configuration of regions that can not hold is refused when it is built."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctsec.residency import DEPLOYMENTS_KEY, Region, Regions, Replica

EU = Region(name="eu", store="sqlite:///eu.db", key="arn:aws:kms:eu", replicas=(Replica(name="eu-two", store="sqlite:///two.db"),))
US = Region(name="us", store="sqlite:///us.db", key=DEPLOYMENTS_KEY)


def test_regions_know_their_stores_and_keys() -> None:
    """The default comes first; every store has its region; a key of its own is named, the deployment's is not."""
    regions = Regions(regions=(EU, US), default="us")
    assert regions.names == ("us", "eu")
    assert dict(regions.stores) == {
        "eu": ("eu", "sqlite:///eu.db"),
        "us": ("us", "sqlite:///us.db"),
        "eu-two": ("eu", "sqlite:///two.db"),
    }
    assert dict(regions.keys) == {"eu": "arn:aws:kms:eu"}
    assert (regions.get("us"), regions.get("eu-two")) == (US, None)


@pytest.mark.parametrize(
    ("regions", "default", "problem"),
    [
        ((), "eu", "a default among the regions"),
        ((EU, US), "default", "a default among the regions"),
        ((EU, US), "eu-two", "a default among the regions"),
        ((EU, replace(EU, store="other", replicas=())), "eu", "eu is there twice"),
        ((EU, replace(US, name="eu-two")), "eu", "eu-two is there twice"),
        ((EU, replace(US, store=EU.store)), "eu", "a store of its own"),
        ((EU, replace(US, store="sqlite:///two.db")), "eu", "a store of its own"),
    ],
)
def test_what_can_not_hold_is_refused(regions: tuple[Region, ...], default: str, problem: str) -> None:
    """Names and stores are there once, replicas counted, and the default is a region."""
    with pytest.raises(ValueError, match=problem):
        Regions(regions=regions, default=default)


def test_what_left_is_not_there() -> None:
    """A store that left for good is no region and no replica of this configuration."""
    assert Regions(regions=(EU, US), default="eu", left=("ap",)).left == ("ap",)
    for name in ("us", "eu-two"):
        with pytest.raises(ValueError, match=f"stores that left, and not {name}"):
            Regions(regions=(EU, US), default="eu", left=("ap", name))


@pytest.mark.parametrize("wrong", [{"name": "EU"}, {"name": ""}, {"key": ""}, {"key": "a key"}, {"store": ""}])
def test_a_region_has_a_name_a_store_and_a_key(wrong: dict[str, str]) -> None:
    """None of the three is left out or malformed."""
    with pytest.raises(ValueError, match="expected"):
        replace(EU, **wrong)  # type: ignore[arg-type]
    for replica in ({"name": "Two", "store": "x"}, {"name": "two", "store": ""}):
        with pytest.raises(ValueError, match="expected"):
            Replica(**replica)


def test_an_address_is_not_shown() -> None:
    """A URL may hold a password: no repr has it."""
    secret = Region(
        name="eu", store="postgresql://a:hunter2@h/d", key="k", replicas=(Replica(name="two", store="postgresql://a:hunter3@h/d"),)
    )
    assert "hunter" not in repr(Regions(regions=(secret,), default="eu"))

"""Witnesses for ways in through providers and with keys: rows of the table of ways, in one host."""

from __future__ import annotations

from contextlib import closing

from ctsec.rbac.policy import Policy
from tests.hosts.harness import FlaskHost
from tests.hosts.scim import pushes
from tests.hosts.test_ways_in import STEPS, WAYS, ended


def way_in(way: str, state: str) -> None:
    """A way comes to what the table says."""
    assert ended("flask", STEPS[way], state) == WAYS[way][state]


def directory_with_another_secret() -> None:
    """The id of a directory's credential opens nothing without its secret."""
    with closing(FlaskHost(Policy.preset(), shared=True)) as host:
        pusher = pushes(host)
        assert pusher.send("GET /Users").status == 200
        last = "A" if pusher.token[-1] != "A" else "B"
        assert {pusher.send("GET /Users", token=pusher.token[:-3] + last * 3).status} == {401}

# Generated from src/ctsec/keys/_async_leaks.py by tools/twin.py; edit that file.
"""Leaked credentials of every kind that scanners know: judged by who made them (async source).

Rules that this module keeps:

- each kind that has an expression for scanners (`scanning.KINDS`) has a judge, or the service is not built;
- a text counts by the whole of it, as it was minted: what is well-formed, unknown or wrong is answered as what has no form;
- a judge proves the text as the door does, ends what it opens where that takes nothing from its holder but the leaked text, writes the
  event in the same transaction, and tells whom it concerns;
- what can not be judged now, because a key does not open, is left open by itself: the rest of the report is judged;
- a report that comes again mails nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ctsec.audit.event import Detail
from ctsec.keys.leak_reports import LeakedToken
from ctsec.keys.scanning import KINDS, rule_of


class LeakJudge(Protocol):
    """Who knows one kind of credential."""

    def __call__(self, text: str, /, *, told: Mapping[str, Detail]) -> bool | None:
        """End what a text opens and record the report, of which `told` says more; False if it is, and was, none of ours.

        None where that can not be told now, and then nothing is written of it.
        """
        ...


class Leaks:
    """Judges reports; who may report is settled before. Raises ValueError unless each kind of credential has a judge."""

    __slots__ = ("_judges",)

    def __init__(self, judges: Mapping[str, LeakJudge]) -> None:
        if set(judges) != {each.rule for each in KINDS}:
            raise ValueError("expected a judge for each kind of credential that scanners know")
        self._judges = judges

    def report(self, leaked: tuple[LeakedToken, ...], *, reporter: str) -> tuple[bool | None, ...]:
        """End what leaked; return for each token whether it is, or was, one of ours, and None where that can not be told now."""
        return tuple([self._judge(each, reporter=reporter) for each in leaked])

    def _judge(self, leaked: LeakedToken, *, reporter: str) -> bool | None:
        text = leaked.token.reveal()
        rule = rule_of(text)
        return False if rule is None else self._judges[rule](text, told=leaked.told(reporter=reporter))

"""The people of one organization, packed: a few bytes for each person and each workspace role, and nothing that the collector walks.

Rules that this module keeps:

- ids are their UTF-8 bytes one after the other, in order, with the place where each ends: no text is mistaken for another, whatever
  characters it has, and nothing is normalised (a lone surrogate is encoded as itself);
- a packed roster is never changed: another one takes its place;
- who does not fit in codes (`ctsec.rbac.codebook`) is kept as the whole standing, beside the packed people.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Final, TypeAlias

from ctsec.rbac.codebook import IN_ORGANIZATION, WHOLE, Codebook
from ctsec.rbac.standing import Standing

# One person: the id's bytes, the code in the organization, and the workspaces with a role, by number, with their codes.
Person: TypeAlias = tuple[bytes, int, Sequence[int], Sequence[int]]
_SIZES: Final = ((1 << 8, "B"), (1 << 16, "H"), (1 << 32, "I"))


def encoded(text: str) -> bytes:
    """Return the bytes of an id; different texts have different bytes, and their order is that of the texts."""
    return text.encode("utf-8", "surrogatepass")


def numbers(values: Iterable[int], *, below: int) -> array[int]:
    """Return `values`, each of which is less than `below`, in as few bytes as that needs."""
    return array(next((code for limit, code in _SIZES if below <= limit), "Q"), values)


class Ids:
    """Ids in order, each at a number from 0."""

    __slots__ = ("_ends", "_text")

    def __init__(self, keys: Iterable[bytes]) -> None:
        ordered = list(keys)
        self._text = b"".join(ordered)
        end, ends = 0, [0]
        for key in ordered:
            end += len(key)
            ends.append(end)
        self._ends = numbers(ends, below=end + 1)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def find(self, text: str) -> int:
        """Return the number of an id, or -1 if it is not there."""
        key = encoded(text)
        all_, ends = self._text, self._ends
        low, high = 0, len(ends) - 1
        while low < high:
            middle = (low + high) >> 1
            if all_[ends[middle] : ends[middle + 1]] < key:
                low = middle + 1
            else:
                high = middle
        return low if low < len(ends) - 1 and all_[ends[low] : ends[low + 1]] == key else -1

    def keys(self) -> list[bytes]:
        """Return the bytes of every id, in order."""
        all_, ends = self._text, self._ends
        return [all_[start:end] for start, end in pairwise(ends)]

    def texts(self) -> tuple[str, ...]:
        """Return every id, in order."""
        return tuple(key.decode("utf-8", "surrogatepass") for key in self.keys())


class Roster:
    """Packed people, and the whole standings of those who do not fit, by id. `width` is one more than the number of workspaces."""

    __slots__ = ("_codes", "_people", "_places", "_roles", "_starts", "_width", "whole")

    def __init__(self, people: list[Person], *, width: int, whole: Mapping[str, Standing]) -> None:
        people.sort(key=itemgetter(0))
        self.whole = whole
        self._width = width
        self._people = Ids([key for key, _, _, _ in people])
        self._roles = bytes([code for _, code, _, _ in people])
        self._places = numbers((place for _, _, places, _ in people for place in places), below=width)
        self._codes = b"".join([bytes(codes) for _, _, _, codes in people])
        start, starts = 0, [0]
        for _, _, _, codes in people:
            start += len(codes)
            starts.append(start)
        self._starts = numbers(starts, below=start + 1)

    def __len__(self) -> int:
        return len(self._people) + len(self.whole)

    def find(self, user: str) -> int:
        """Return the number of a packed person, or -1."""
        return self._people.find(user)

    def texts(self) -> tuple[str, ...]:
        """Return the id of every packed person."""
        return self._people.texts()

    def row(self, number: int, *, absent: list[int]) -> bytes:
        """Return the code of a person in the organization and, by number, in each workspace; `absent` is the codebook's."""
        start, end = self._starts[number], self._starts[number + 1]
        code = self._roles[number]
        row = bytearray((absent[code],)) * self._width
        row[0] = code
        for place, held in zip(self._places[start:end], self._codes[start:end], strict=True):
            row[place] = held
        return bytes(row)

    def people(self) -> list[Person]:
        """Return every packed person."""
        starts, places, codes = self._starts, self._places, self._codes
        return [
            (key, code, places[start:end], codes[start:end])
            for key, code, start, end in zip(self._people.keys(), self._roles, starts, starts[1:], strict=False)
        ]


def coded(standing: Standing, *, book: Codebook, places: Mapping[str | None, int]) -> tuple[int, list[int], list[int]] | None:
    """Return a standing's code in the organization, its workspaces by number and their codes, or None if it does not fit in codes.

    A role in a workspace that is not among `places` counts nowhere and is left out.
    """
    if not standing.plain:
        return None
    role = standing.role
    own = book.code(role, IN_ORGANIZATION)
    if own == WHOLE:
        return None
    known = book.of_role(role)
    spots: list[int] = []
    codes: list[int] = []
    for workspace, assignment in standing.assignments.items():
        spot = places.get(workspace)
        if spot is None:
            continue
        # Looked up here, since a call for each workspace is most of the time of a change.
        code = known.get(assignment.role) if assignment.plain else WHOLE
        if code is None:
            code = book.code(role, assignment.role)
        if code == WHOLE:
            return None
        spots.append(spot)
        codes.append(code)
    return own, spots, codes

"""One organization in memory: packed people with what changed since, and the view of it that answers.

Rules that this module keeps:

- what changed since the people were packed comes before them, and is never taken out of its `Loaded`: packing anew makes another one;
- a view holds the row of everybody who changed, so a reader who was late with an older row finds the place taken;
- a row says 0 at its head if the person has to be asked whole; then what is known of the person is asked again, for it may have changed;
- a change costs the same however many workspaces there are: a standing that was put becomes a row when somebody asks about the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ctsec.ids import WorkspaceId
from ctsec.rbac.codebook import STRANGER, Codebook
from ctsec.rbac.roster import Ids, Person, Roster, coded, encoded
from ctsec.rbac.standing import Standing

SLOT: Final = 200  # bytes of a person in a dict beside the row, roughly: the id and its place
LONGEST: Final = 256  # characters of an id that is kept ready; longer ones are looked up each time
_WHOLE: Final = 1024  # bytes of a standing, roughly
_ROOM: Final = 2 << 20  # bytes of changes that are not packed
_ROOM_EACH: Final = 64


class Loaded:
    """One organization, packed, and what changed since: a standing, the row that was made of one, or None for somebody removed."""

    __slots__ = ("_weight", "book", "late", "roster", "workspaces")

    def __init__(self, book: Codebook, *, workspaces: Ids, roster: Roster) -> None:
        self.book = book
        self.workspaces = workspaces
        self.roster = roster
        self.late: dict[str, Standing | bytes | None] = {}
        self._weight = 0

    @classmethod
    def of(cls, organization: str, workspaces: Iterable[str], standings: Iterable[Standing], *, book: Codebook) -> Loaded:
        """Pack an organization; of two standings of one person the later counts. Raises ValueError for another organization's."""
        names = Ids(sorted({encoded(name) for name in workspaces}))
        places = places_of(names.texts())
        people: dict[bytes, Person] = {}
        whole: dict[str, Standing] = {}
        for standing in standings:
            if standing.organization != organization:
                raise ValueError("expected standings of the organization that is loaded")
            key = encoded(standing.user)
            people.pop(key, None)
            whole.pop(standing.user, None)
            person = _person(key, standing, book=book, places=places)
            if person is None:
                whole[standing.user] = standing
            else:
                people[key] = person
        return cls(book, workspaces=names, roster=Roster(list(people.values()), width=len(places), whole=whole))

    def note(self, user: str, entry: Standing | bytes | None) -> None:
        """Keep a change."""
        self.late[user] = entry
        self._weight += SLOT + (len(entry) if isinstance(entry, bytes) else _WHOLE)

    def entry(self, user: str) -> Standing | bytes | None:
        """Return what is known of a person: a row, a standing that has to be asked whole, or None for a stranger."""
        late, roster = self.late, self.roster
        if user in late:
            return late[user]
        whole = roster.whole.get(user)
        if whole is not None:
            return whole
        number = roster.find(user)
        return roster.row(number, absent=self.book.absent) if number >= 0 else None

    @property
    def crowded(self) -> bool:
        """Whether what changed takes so much room that packing anew pays: each change then pays for a few people."""
        return self._weight > max(_ROOM, _ROOM_EACH * len(self.roster))

    def repacked(self) -> Loaded:
        """Return the same organization with everything packed."""
        late, places = self.late, places_of(self.workspaces.texts())
        gone = {encoded(user) for user in late}
        people = [person for person in self.roster.people() if person[0] not in gone]
        whole = {user: standing for user, standing in self.roster.whole.items() if user not in late}
        for user, entry in late.items():
            if isinstance(entry, bytes):
                absent = self.book.absent[entry[0]]
                spots = [spot for spot, code in enumerate(entry) if spot and code != absent]
                people.append((encoded(user), entry[0], spots, bytes([entry[spot] for spot in spots])))
            elif entry is not None:
                person = _person(encoded(user), entry, book=self.book, places=places)
                if person is None:
                    whole[user] = entry
                else:
                    people.append(person)
        return Loaded(self.book, workspaces=self.workspaces, roster=Roster(people, width=len(places), whole=whole))


class View:
    """One organization made ready: the rows of the people who were asked about, and where each workspace stands in a row.

    `answers` are the codebook's. `whole` is the row of who has to be asked whole, `stranger` that of who is not a member.
    """

    __slots__ = ("answers", "book", "loaded", "names", "places", "rows", "season", "stranger", "whole")

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.book = loaded.book
        self.answers = loaded.book.answers
        self.names = tuple(map(WorkspaceId, loaded.workspaces.texts()))
        self.places = places_of(self.names)
        self.whole = bytes(len(self.places))
        self.stranger = bytes((STRANGER,)) * len(self.places)
        self.season = 0
        self.rows: dict[str, bytes] = {user: self._row(entry) for user, entry in loaded.late.items()}

    @property
    def weight(self) -> int:
        """How many bytes it takes, roughly."""
        width = len(self.places)
        return SLOT * (10 + width) + len(self.rows) * (SLOT + width)

    @property
    def weight_with_everybody(self) -> int:
        """How many it would take with the row of every packed person."""
        width = len(self.places)
        return SLOT * (10 + width) + len(self.loaded.roster) * (SLOT + width)

    def meet_everybody(self) -> None:
        """Make the row of every packed person; for a view that nobody else has seen."""
        roster, absent = self.loaded.roster, self.book.absent
        for number, user in enumerate(roster.texts()):
            if len(user) <= LONGEST:
                self.rows.setdefault(user, roster.row(number, absent=absent))

    def row_of(self, standing: Standing) -> bytes | None:
        """Return the row of a standing, or None if it has to be asked whole."""
        found = coded(standing, book=self.book, places=self.places)
        if found is None:
            return None
        own, spots, codes = found
        row = bytearray((self.book.absent[own],)) * len(self.places)
        row[0] = own
        for spot, code in zip(spots, codes, strict=True):
            row[spot] = code
        return bytes(row)

    def _row(self, entry: Standing | bytes | None) -> bytes:
        if isinstance(entry, bytes):
            return entry
        return self.stranger if entry is None else self.whole


def _person(key: bytes, standing: Standing, *, book: Codebook, places: Mapping[str | None, int]) -> Person | None:
    found = coded(standing, book=book, places=places)
    return None if found is None else (key, found[0], found[1], bytes(found[2]))


def places_of(names: Iterable[str]) -> Mapping[str | None, int]:
    """Return where a row says what: the organization at 0, the workspaces behind it."""
    return {None: 0, **{name: place for place, name in enumerate(names, 1)}}

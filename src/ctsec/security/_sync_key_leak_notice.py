# Generated from src/ctsec/security/_async_key_leak_notice.py by tools/twin.py; edit that file.
"""Who is told that an API key leaked (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.directory._sync_ports import Post, RosterRecords, UserRecords
from ctsec.ids import UserId
from ctsec.keys.record import ApiKey
from ctsec.mail.letter import one_line
from ctsec.mail.message import Letters
from ctsec.principal import PrincipalKind

MAX_OWNERS: Final = 50


class KeyLeakNotice:
    """Writes to the person whose key it is; of any other key, to each owner of its organization."""

    __slots__ = ("_letters", "_post", "_roster", "_users")

    def __init__(self, *, users: UserRecords, roster: RosterRecords, post: Post, letters: Letters) -> None:
        self._users = users
        self._roster = roster
        self._post = post
        self._letters = letters

    def key_leaked(self, key: ApiKey) -> None:
        """Tell of it, in the transaction of the revocation; the first fifty owners, if there are more."""
        whom: tuple[UserId, ...] = (UserId(key.owner_id),)
        if key.owner_kind is not PrincipalKind.USER:
            whom = self._roster.owners(key.organization_id, limit=MAX_OWNERS)
        for person in whom:
            account = self._users.get(person)
            if account is not None:
                what = f"the API key {one_line(key.name)[:60]} was found in public and is revoked"
                self._post.post(self._letters.notice(account.email, what=what))

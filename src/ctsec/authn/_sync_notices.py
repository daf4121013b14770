# Generated from src/ctsec/authn/_async_notices.py by tools/twin.py; edit that file.
"""What a person is told of sign-ins that may be somebody else's (async source).

Rules that this module keeps:

- a complete sign-in from a device that the person has not used before is one mail, in the sign-in's transaction, whichever way it came;
- a right password from such a device, where a second factor is due, is a mail too, at most one a day: whoever knows the password could
  send as many as they like;
- whoever never signed in before is told nothing: there is no device to compare with;
- that a device skips the second step from now on is one mail, whatever else is wanted: it is a change of how the account is protected.
"""

from __future__ import annotations

from datetime import timedelta

from ctsec.ambient import Ambient
from ctsec.authn._sync_ports import DeviceRecords, Post
from ctsec.authn.device_name import device_name
from ctsec.authn.place import PlaceNames, place_of
from ctsec.guard._sync import Throttle
from ctsec.mail.message import Letters
from ctsec.user import User


class SignInNotices:
    """Tells people of sign-ins from devices that they have not used before; with `wanted` False it tells nobody."""

    __slots__ = ("_ambient", "_devices", "_letters", "_places", "_post", "_throttle", "_wanted")

    def __init__(
        self,
        *,
        devices: DeviceRecords,
        throttle: Throttle,
        post: Post,
        letters: Letters,
        wanted: bool,
        places: PlaceNames | None,
        ambient: Ambient,
    ) -> None:
        self._devices = devices
        self._throttle = throttle
        self._post = post
        self._letters = letters
        self._wanted = wanted
        self._places = places
        self._ambient = ambient

    def complete(self, user: User) -> None:
        """Tell of a sign-in that is complete, before its device is remembered."""
        if self._wanted and self._devices.of_user(user.id):
            self._send(user, finished=True)

    def begun(self, user: User) -> None:
        """Tell of a right password that waits for its second factor."""
        if self._wanted and self._devices.of_user(user.id) and self._throttle.may_tell(user.id):
            self._send(user, finished=False)

    def trusted(self, user: User, *, life: timedelta) -> None:
        """Tell of a device that skips the second step for `life` from now on."""
        what = f"until {self._ambient.now() + life:%d %B %Y} one of your devices is asked for your password only"
        self._post.post(self._letters.notice(user.email, what=what))

    def _send(self, user: User, *, finished: bool) -> None:
        request = self._ambient.request
        self._post.post(
            self._letters.sign_in(
                user.email,
                finished=finished,
                when=self._ambient.now(),
                device=device_name(request.user_agent),
                address=request.address,
                place=place_of(request.address, names=self._places),
            )
        )

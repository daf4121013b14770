"""The way in through an organization's identity provider, once the provider's word is judged (async source).

Rules that this module keeps:

- the session that it gives is started by the function that ends every way in, and counts in the organization of the connection alone;
- a second factor of the person's own is asked for unless the connection's word for one counts; then none of the account's is proved;
- where the organization requires one and there is none, an account that this connection made and that is nobody's elsewhere enrols an app;
  any other is told to enrol in a sign-in of its own: a provider binds no factor to an account that it does not make up (ADR 53);
- whether the account's address is confirmed does not matter: the identity is what was proved.
"""

from __future__ import annotations

from typing import Final

from ctsec.authn._async import AsyncSignIn
from ctsec.authn.journey import SignInStep, may_sign_in
from ctsec.authn.ticket import Passage
from ctsec.guard.attempts import Charge
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Factor
from ctsec.user import User

OWN_SIGN_IN: Final = Refusal(
    Reason.MFA_REQUIRED,
    "this organization requires a second factor, and your account is not its provider's alone: sign in with your own password (or have"
    " a new one mailed), enrol one there, and come in through the provider again",
)


class AsyncFederatedSignIn(AsyncSignIn):
    """Goes on with somebody whom a connection has named; never handed out, for it believes what it is told."""

    __slots__ = ()

    async def arrive(self, user: User, *, passage: Passage, second_factor: bool) -> SignInStep:
        """Return the step that a sign-in through a connection ends in; `second_factor`: the provider's word for one counts."""
        refusal = may_sign_in(user, known=True)
        if refusal is not None:
            return await self._refuse(refusal, subject=user.id)
        now = self._ambient.now()
        if second_factor:
            return await self._complete(user, factors={Factor.SSO.value: now, Factor.SSO_MFA.value: now}, charges=(), passage=passage)
        enrolled = await self._parts.second_factors.enrolled(user.id)
        if enrolled:
            return await self._ticket(user, enrolled, by=Factor.SSO, charge=Charge(), passage=passage)
        factors = {Factor.SSO.value: now}
        if not await self._parts.duties.enforces(passage.organization, user.id):
            return await self._complete(user, factors=factors, charges=(), passage=passage)
        if not await self._parts.origins.rests_on(user, passage):
            return await self._refuse(OWN_SIGN_IN, subject=user.id)
        return await self._parts.duties.enrolment(user, factors=factors, passage=passage)

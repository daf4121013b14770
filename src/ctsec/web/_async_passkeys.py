"""Operations of passkeys (async source)."""

from __future__ import annotations

import json

from ctsec.ids import PasskeyId, UserId
from ctsec.mfa.backup_codes import as_text
from ctsec.outcome import Refusal
from ctsec.principal import Factor
from ctsec.web import models, views
from ctsec.web._async_account import sign_in_answer
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web.http import WebResponse


async def sign_in_options(call: AsyncCall) -> Answer:
    """Say what the browser is to ask a passkey for: anybody's, or with a ticket that person's."""
    ticket = call.read(models.PasskeyQuestion).ticket
    done = await call.unit.sign_in.begin_passkey(ticket=None if ticket is None else ticket.get_secret_value())
    return done if isinstance(done, Refusal) else WebResponse(json={"public_key": done})


async def sign_in_passkey(call: AsyncCall) -> Answer:
    """Sign in with a passkey alone, or take the second step with it."""
    body = call.read(models.PasskeySignIn)
    text = json.dumps(body.response)
    if body.ticket is None:
        return sign_in_answer(call, await call.unit.sign_in.passkey(response=text))
    step = await call.unit.sign_in.second_factor(ticket=body.ticket.get_secret_value(), factor=Factor.PASSKEY, code=text, trust=body.trust)
    return sign_in_answer(call, step)


async def step_up_options(call: AsyncCall) -> Answer:
    """Say what the browser is to ask one of the caller's passkeys for."""
    done = await call.unit.sign_in.begin_step_up(call.principal)
    return done if isinstance(done, Refusal) else WebResponse(json={"public_key": done})


async def step_up_passkey(call: AsyncCall) -> Answer:
    """Prove a passkey again; the session's token is replaced."""
    text = json.dumps(call.read(models.PasskeyAnswer).response)
    done = await call.unit.sign_in.step_up(call.principal, factor=Factor.PASSKEY, code=text)
    return done if isinstance(done, Refusal) else call.with_session("stepped_up", *done)


async def passkeys(call: AsyncCall) -> Answer:
    """List the caller's passkeys."""
    found = await call.unit.passkeys.of(UserId(call.principal.id))
    return WebResponse(json={"passkeys": [views.passkey(each) for each in found]})


async def passkey_options(call: AsyncCall) -> Answer:
    """Say what an authenticator is to make."""
    done = await call.unit.passkeys.begin_registration(call.principal)
    return done if isinstance(done, Refusal) else WebResponse(json={"public_key": done})


async def add_passkey(call: AsyncCall) -> Answer:
    """Add a passkey; backup codes that come with it are shown once."""
    body = call.read(models.NewPasskey)
    done = await call.unit.passkeys.finish_registration(call.principal, response=json.dumps(body.response), name=body.name)
    if isinstance(done, Refusal):
        return done
    made: dict[str, object] = views.passkey(done.passkey)
    if done.codes is not None:
        text = as_text(done.codes.codes, issuer=call.security.parts.settings.issuer, account=done.codes.account, when=call.now)
        made |= {"codes": [code.reveal() for code in done.codes.codes], "text": text.reveal(), "remaining": len(done.codes.codes)}
    return WebResponse(status=201, json=made)


async def rename_passkey(call: AsyncCall) -> Answer:
    """Give one of the caller's passkeys another name; another person's is answered like none."""
    done = await call.unit.passkeys.rename(
        call.principal, PasskeyId(call.request.params["passkey_id"]), name=call.read(models.FactorName).name
    )
    return done if isinstance(done, Refusal) else WebResponse(json=views.passkey(done))


async def remove_passkey(call: AsyncCall) -> Answer:
    """Remove one of the caller's passkeys; another person's is answered like none."""
    done = await call.unit.passkeys.remove(call.principal, PasskeyId(call.request.params["passkey_id"]))
    return done if isinstance(done, Refusal) else no_content()

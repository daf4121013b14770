"""Operations of workload identity (async source)."""

from __future__ import annotations

from ctsec.ids import ServiceAccountId, WorkloadRuleId, is_id
from ctsec.keys._async_exchanges import REFUSED
from ctsec.outcome import Refusal
from ctsec.web import workload_table as shapes
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web._async_entry import ambient_request
from ctsec.web.http import WebResponse


async def workload_rules(call: AsyncCall) -> Answer:
    """List the rules, for those who manage service accounts."""
    found = await call.unit.workload_rules.of_organization(call.principal, organization=call.organization)
    return found if isinstance(found, Refusal) else WebResponse(json={"workload_rules": [shapes.rule(each) for each in found]})


async def create_workload_rule(call: AsyncCall) -> Answer:
    """Make a rule."""
    terms, account = shapes.terms(call.read(shapes.RuleBody)), ServiceAccountId(call.request.params["service_account_id"])
    if isinstance(terms, Refusal):
        return terms
    made = await call.unit.workload_rules.create(call.principal, organization=call.organization, account=account, terms=terms)
    return made if isinstance(made, Refusal) else WebResponse(status=201, json=shapes.rule(made))


async def change_workload_rule(call: AsyncCall) -> Answer:
    """Change a rule."""
    terms = shapes.terms(call.read(shapes.RuleBody))
    if isinstance(terms, Refusal):
        return terms
    done = await call.unit.workload_rules.change(call.principal, _named(call), organization=call.organization, terms=terms)
    return done if isinstance(done, Refusal) else WebResponse(json=shapes.rule(done))


async def remove_workload_rule(call: AsyncCall) -> Answer:
    """Remove a rule."""
    done = await call.unit.workload_rules.remove(call.principal, _named(call), organization=call.organization)
    return done if isinstance(done, Refusal) else no_content()


async def exchange_token(call: AsyncCall) -> Answer:
    """Exchange the token of a workload for a key; its text is shown in this answer and never again."""
    body = call.read(shapes.TokenExchange)
    if not is_id(ServiceAccountId, body.audience):
        return REFUSED
    given = await call.security.workload.exchange(
        body.subject_token.get_secret_value(),
        account=ServiceAccountId(body.audience),
        request=ambient_request(call.request, site=call.site),
    )
    return given if isinstance(given, Refusal) else WebResponse(json=shapes.issued(given))


def _named(call: AsyncCall) -> WorkloadRuleId:
    return WorkloadRuleId(call.request.params["workload_rule_id"])

# Generated from src/ctsec/testing/conformance/_async_workload.py by tools/twin.py; edit that file.
"""Conformance of the rules of workload identity (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import OrganizationId, ServiceAccountId, WorkloadRuleId, WorkspaceId
from ctsec.keys.workload import WorkloadRule
from ctsec.keys.workload_presets import Workload
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, api_key, ignore, key_secret, number, org_id


def workload_rule(n: int, *, of: int, account: int = 1) -> WorkloadRule:
    """Return the n-th rule, in the organization with the number `of`, of a service account."""
    return WorkloadRule(
        id=WorkloadRuleId(number("wlr", n)),
        organization_id=org_id(of),
        account_id=ServiceAccountId(number("svc", account)),
        name=f"Rule {n}",
        preset=Workload.GITHUB_ACTIONS,
        issuer="https://issuer.example",
        audience="https://api.example",
        claims={"repository_id": "74", "ref": "refs/heads/*"},
        scopes=frozenset({"a:read", "b:read"}),
        workspaces=frozenset({WorkspaceId("wsp_1")}),
        networks=("192.0.2.0/24",),
        life_seconds=900,
        made_by="usr_1",
        created_at=NOW,
        changed_at=NOW,
    )


class WorkloadRuleConformance:
    """Rules, what is counted of them, and the keys that they gave."""

    def test_rules_are_their_organizations(self, storage: Storage) -> None:
        """They are read, listed in the order of ids and removed by their own organization alone."""
        first, second = workload_rule(1, of=1), replace(workload_rule(2, of=1), scopes=None, workspaces=None, networks=())
        other = workload_rule(3, of=2)
        with storage.begin(after_commit=ignore) as store:
            for each in (second, other, first):
                store.workload_rules.add(each)
        with storage.begin(after_commit=ignore) as store:
            equal(store.workload_rules.of_organization(org_id(1)), (first, second))
            equal(store.workload_rules.get(org_id(1), second.id), second)
            equal(store.workload_rules.get(org_id(2), second.id), None)
            equal(store.workload_rules.remove(org_id(2), first.id), False)
            equal(store.workload_rules.remove(org_id(1), first.id), True)
            equal(store.workload_rules.remove(org_id(1), first.id), False)
        with storage.reading() as store:
            equal(store.workload_rules.of_organization(OrganizationId(org_id(1))), (second,))

    def test_rules_are_found_by_account_issuer_and_audience(self, storage: Storage) -> None:
        """Each of them byte by byte: another case, a blank or a slash more finds nothing."""
        rules = [workload_rule(1, of=1), workload_rule(2, of=1), workload_rule(3, of=1, account=2)]
        apart = replace(workload_rule(4, of=1), issuer="https://issuer.example/")
        with storage.begin(after_commit=ignore) as store:
            for each in (*reversed(rules), apart):
                store.workload_rules.add(each)
        account, issuer, audience = rules[0].account_id, rules[0].issuer, rules[0].audience
        with storage.reading() as store:
            find = store.workload_rules.matching
            equal(find(account, issuer=issuer, audience=audience), (rules[0], rules[1]))
            equal(find(rules[2].account_id, issuer=issuer, audience=audience), (rules[2],))
            equal(find(account, issuer=apart.issuer, audience=audience), (apart,))
            for wrong in (audience.upper(), f"{audience} ", f"{audience}/", "https://\u0430pi.example"):
                equal(find(account, issuer=issuer, audience=wrong), ())
            equal(find(account, issuer=issuer.upper(), audience=audience), ())

    def test_a_rule_is_replaced_once_and_counted_by_version(self, storage: Storage) -> None:
        """Of two changes of one version one is written, what was counted stays, and an older version counts nothing."""
        rule = workload_rule(1, of=1)
        changed = replace(rule, name="Other", claims={"sub": "x"}, scopes=None, version=2)
        with storage.begin(after_commit=ignore) as store:
            store.workload_rules.add(rule)
            equal(store.workload_rules.count(rule.id, version=1, at=NOW), True)
            equal(store.workload_rules.count(rule.id, version=1, at=NOW + TICK), True)
            equal(store.workload_rules.replace(changed), True)
            equal(store.workload_rules.replace(changed), False)
            equal(store.workload_rules.count(rule.id, version=1, at=NOW + HOUR), False)
            equal(store.workload_rules.count(workload_rule(9, of=1).id, version=1, at=NOW), False)
        with storage.reading() as store:
            kept = replace(changed, exchanged=2, last_exchanged_at=NOW + TICK)
            equal(store.workload_rules.get(org_id(1), rule.id), kept)

    def test_keys_that_rules_gave_are_deleted_when_they_ended(self, storage: Storage) -> None:
        """With their secrets, in batches; not those that may still work, nor any that a person was shown."""
        ends = {1: NOW - HOUR, 2: NOW - TICK, 3: NOW, 4: NOW - HOUR, 5: None}
        with storage.begin(after_commit=ignore) as store:
            for n, end in ends.items():
                key = replace(api_key(n, of=1, owner=1), expires_at=end, rule_id=None if n == 4 else "wlr_1")
                store.api_keys.add(key, key_secret(n))
        with storage.begin(after_commit=ignore) as store:
            equal(store.workload_rules.trim_keys(before=NOW, limit=1), 1)
            equal(store.workload_rules.trim_keys(before=NOW, limit=9), 1)
            equal(store.workload_rules.trim_keys(before=NOW, limit=9), 0)
        with storage.reading() as store:
            left = [n for n in ends if store.api_keys.get(api_key(n, of=1, owner=1).id) is not None]
            equal(left, [3, 4, 5])
            equal(sum(count for _, count in store.api_keys.peppers(now=NOW - 2 * HOUR)), 3)

    def test_nobody_is_reminded_of_a_key_that_a_rule_gave(self, storage: Storage) -> None:
        """Its end is near from the beginning."""
        keys = [replace(api_key(n, of=1, owner=1), expires_at=NOW + TICK, rule_id=rule) for n, rule in ((1, None), (2, "wlr_1"))]
        with storage.begin(after_commit=ignore) as store:
            for n, key in enumerate(keys, start=1):
                store.api_keys.add(key, key_secret(n))
        with storage.reading() as store:
            equal(store.key_lists.to_remind(now=NOW, before=NOW + HOUR, limit=9), (keys[0],))

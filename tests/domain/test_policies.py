"""Policies of a partner."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import policies
from domain.money import Cents
from domain.policies import Approval, Policy, PolicyKind

users = st.integers(1, 3)
cents = st.integers(0, 5).map(Cents)
settings = st.builds(Policy, st.booleans(), st.none() | cents, st.none() | st.integers(1, 5))
approvals = st.builds(Approval, users, users, cents, st.booleans())


def refused(policy: Policy, approval: Approval) -> set[PolicyKind]:
    return {refusal.policy for refusal in policies.refusals(policy, approval)}


@given(approval=approvals)
def test_policies_that_are_off_refuse_nothing(approval: Approval) -> None:
    assert refused(Policy(), approval) == set()


@given(policy=settings, approval=approvals)
def test_four_eyes_refuse_exactly_the_maker_of_the_order(policy: Policy, approval: Approval) -> None:
    own = approval.made_by == approval.approved_by

    assert (PolicyKind.FOUR_EYES in refused(policy, approval)) is (policy.four_eyes and own)


@given(policy=settings, approval=approvals)
def test_above_the_ceiling_exactly_the_vendor_approves(policy: Policy, approval: Approval) -> None:
    above = policy.approval_ceiling is not None and approval.total > policy.approval_ceiling

    assert (PolicyKind.APPROVAL_CEILING in refused(policy, approval)) is (above and not approval.by_vendor)


@given(policy=settings, approval=approvals)
def test_turning_a_policy_off_refuses_nothing_new(policy: Policy, approval: Approval) -> None:
    for looser in (policy._replace(four_eyes=False), policy._replace(approval_ceiling=None)):
        assert refused(looser, approval) <= refused(policy, approval)


@given(policy=settings, start=st.integers(0, 8))
def test_a_stock_that_is_used_up_warns_once_at_most(policy: Policy, start: int) -> None:
    below = policy.stock_warning_below

    warned = [left for left in range(start) if policies.runs_low(below, before=left + 1, after=left)]

    assert warned == ([] if below is None or start < below else [below - 1])


addresses = st.ip_addresses()


@example(address=IPv6Address("::ffff:203.0.113.7"), prefix=120)
@example(address=IPv6Address("::ffff:203.0.113.7"), prefix=64)
@given(address=addresses, prefix=st.integers(0, 128))
def test_a_network_admits_the_addresses_that_share_its_prefix(address: IPv4Address | IPv6Address, prefix: int) -> None:
    whole = ip_network(f"{address}/{min(prefix, address.max_prefixlen)}", strict=False)
    other = type(address)(int(address) ^ 1 << address.max_prefixlen - whole.prefixlen) if whole.prefixlen else None
    (stored,) = policies.networks([policies.network(f" {whole} ") or ""])

    assert policies.admits([stored], str(whole[0]))
    assert policies.admits([stored], str(whole[-1]))
    assert policies.admits([stored], str(address))
    assert other is None or not policies.admits([stored], str(other))
    assert not policies.admits([stored], None)


@pytest.mark.parametrize("text", ["fe80::1%eth0", "fe80::1%a b", "fe80::1%\0"])
def test_an_address_with_a_zone_is_no_network(text: str) -> None:
    assert policies.network(text) is None


@given(text=st.text(max_size=45))
def test_any_text_is_a_network_or_refused(text: str) -> None:
    found = policies.network(text)

    assert found is None or policies.network(found) == found

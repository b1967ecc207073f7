"""Permissions and lifetimes of tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import access
from domain.access import ALL, Permission, Permissions, Role
from domain.field_permissions import FIELD_PERMISSIONS, NODE_PERMISSIONS, PUBLIC_FIELDS

permissions = st.frozensets(st.sampled_from(Permission))


def test_each_role_can_what_the_role_below_can() -> None:
    given_to = access.ROLE_PERMISSIONS

    assert given_to[Role.VIEWER] < given_to[Role.OPERATOR] < given_to[Role.MANAGER] < ALL
    assert given_to[Role.VENDOR_VIEWER] < given_to[Role.VENDOR_SALES] < given_to[Role.VENDOR_ADMIN] == ALL


def test_only_the_vendor_manages_partners() -> None:
    managing = {role for role, held in access.ROLE_PERMISSIONS.items() if Permission.PARTNERS_MANAGE in held}

    assert managing == {Role.VENDOR_SALES, Role.VENDOR_ADMIN}


def test_only_the_vendor_s_administrators_manage_products() -> None:
    managing = {role for role, held in access.ROLE_PERMISSIONS.items() if Permission.PRODUCTS_MANAGE in held}

    assert managing == {Role.VENDOR_ADMIN}


def test_a_viewer_only_reads_page_by_page_or_as_a_file() -> None:
    held = access.ROLE_PERMISSIONS[Role.VIEWER]

    assert {permission for permission in held if not permission.name.endswith("_READ")} == {Permission.EXPORTS_CREATE}


def test_an_operator_neither_approves_orders_nor_manages_what_a_manager_does() -> None:
    given_to = access.ROLE_PERMISSIONS

    assert given_to[Role.MANAGER] - given_to[Role.OPERATOR] == {
        Permission.ORDERS_APPROVE,
        Permission.STOCK_MANAGE,
        Permission.TOKENS_MANAGE,
        Permission.USERS_MANAGE,
        Permission.WEBHOOKS_MANAGE,
        Permission.WEBHOOKS_READ,
    }


@given(role=st.sampled_from(Role), chosen=permissions)
def test_a_token_never_has_more_than_its_maker_nor_than_was_chosen(role: Role, chosen: Permissions) -> None:
    assert access.effective(role, chosen) == access.ROLE_PERMISSIONS[role] & chosen


@pytest.mark.parametrize("role", Role)
def test_a_token_with_nothing_chosen_has_what_its_maker_has(role: Role) -> None:
    assert access.effective(role, None) == access.ROLE_PERMISSIONS[role]


def test_every_permission_is_asked_for_somewhere() -> None:
    assert set(FIELD_PERMISSIONS.values()) == ALL


def test_no_public_field_asks_for_a_permission() -> None:
    assert PUBLIC_FIELDS.isdisjoint(FIELD_PERMISSIONS)


def test_every_reading_permission_is_asked_for_by_node_as_well() -> None:
    reading = {permission for permission in Permission if permission.name.endswith("_READ")}
    # A user is shown to all who see what they did.
    reading -= {Permission.USERS_READ}

    assert set(NODE_PERMISSIONS.values()) == reading | {Permission.TOKENS_MANAGE, Permission.USERS_MANAGE, None}

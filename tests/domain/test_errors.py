"""Errors of requests."""

import pytest

from domain import errors, limits
from domain.access import Permission, Role
from domain.languages import Language


def test_forbidden_names_every_missing_permission() -> None:
    error = errors.Forbidden({Permission.ORDERS_APPROVE, Permission.CLIENTS_READ})

    assert str(error) == "Your role does not allow you to view clients or approve orders."
    assert error.extensions == {"missingPermissions": ["CLIENTS_READ", "ORDERS_APPROVE"]}


@pytest.mark.parametrize("role", [Role.MANAGER, Role.VIEWER])
def test_a_token_lacks_what_its_users_role_would_allow(role: Role) -> None:
    error = errors.lacking({Permission.ORDERS_APPROVE, Permission.CLIENTS_READ}, role)

    assert str(error) == "This token does not allow you to view clients or approve orders."
    assert error.code == "FORBIDDEN"
    assert error.extensions == {"missingPermissions": ["CLIENTS_READ", "ORDERS_APPROVE"]}


def test_a_role_lacks_what_none_of_its_tokens_may_do() -> None:
    error = errors.lacking({Permission.ORDERS_APPROVE}, Role.VIEWER)

    assert str(error) == "Your role does not allow you to approve orders."


def test_rate_limited_says_when_to_try_again() -> None:
    error = limits.RateLimited(120)

    assert error.message(Language.PORTUGUESE) == "Muitas tentativas. Tente de novo em 2 minutos."
    assert error.extensions == {"retryAfter": 120}


def test_every_error_has_a_code_of_its_own() -> None:
    modules = {errors.__name__, limits.__name__}
    found = [error for error in errors.ApiError.__subclasses__() if error.__module__ in modules]
    # Clients wait alike for both.
    codes = [error.code for error in found if error is not limits.TooManySubscriptions]

    assert len(set(codes)) == len(codes)
    assert all(code == code.upper() for code in codes)

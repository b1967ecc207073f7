"""Errors of requests."""

from domain import errors
from domain.access import Permission


def test_forbidden_names_every_missing_permission() -> None:
    error = errors.Forbidden({Permission.ORDERS_APPROVE, Permission.CLIENTS_READ})

    assert str(error) == "This operation needs the permission CLIENTS_READ, ORDERS_APPROVE."
    assert error.extensions == {"missingPermissions": ["CLIENTS_READ", "ORDERS_APPROVE"]}


def test_rate_limited_says_when_to_try_again() -> None:
    error = errors.RateLimited(120)

    assert "120 seconds" in str(error)
    assert error.extensions == {"retryAfter": 120}


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in errors.ApiError.__subclasses__() if error.__module__ == errors.__name__]

    assert len(set(codes)) == len(codes)
    assert all(code == code.upper() for code in codes)

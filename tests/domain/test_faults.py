"""Errors of requests."""

from domain import faults
from domain.access import Permission
from domain.faults import Fault


def test_forbidden_names_every_missing_permission() -> None:
    fault = faults.Forbidden({Permission.ORDERS_APPROVE, Permission.CLIENTS_READ})

    assert str(fault) == "This operation needs the permission CLIENTS_READ, ORDERS_APPROVE."
    assert fault.extensions == {"missingPermissions": ["CLIENTS_READ", "ORDERS_APPROVE"]}


def test_rate_limited_says_when_to_try_again() -> None:
    fault = faults.RateLimited(120)

    assert "120 seconds" in str(fault)
    assert fault.extensions == {"retryAfter": 120}


def test_every_fault_has_a_code_of_its_own() -> None:
    codes = [fault.code for fault in Fault.__subclasses__() if fault.__module__ == faults.__name__]

    assert len(set(codes)) == len(codes)
    assert all(code == code.upper() for code in codes)

"""Failed sign-ins are counted by email and address, so that a stranger can't lock out others; over HTTP."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from db import attempts
from db.tables import sign_in_attempts
from domain.access import Role
from resolvers.passwords import hash_password
from resolvers.portal import Portal
from tests.api import Api, From, Json, address
from tests.clock import Clock
from tests.factories import new_caller, new_partner
from tests.units import fetch_all, reading, writing

pytestmark = pytest.mark.usefixtures("clock")

PASSWORD, WRONG = "correct horse", "wrong"
SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }"""


@pytest.fixture
def email() -> str:
    return f"{uuid4()}@alfa.example"


@pytest.fixture
async def user(http: httpx.AsyncClient, portal: Portal, email: str) -> Api:
    """Operator with a password."""
    password_hash = await hash_password(PASSWORD)
    partner = await new_partner(portal)
    return await new_caller(http, portal, partner, role=Role.OPERATOR, email=email, password_hash=password_hash)


async def answered(caller: Api, email: str, password: str = WRONG) -> str:
    """Return the code of a sign-in's answer; an empty text if it starts a session."""
    body: Json = await caller.post(SIGN_IN, input={"email": email, "password": password})
    if "errors" in body:
        return str(body["errors"][0]["extensions"]["code"])
    return "".join(error["code"] for error in body["data"]["signIn"]["userErrors"])


async def wait(caller: Api, email: str) -> int:
    """Return the seconds to wait in the error of a sign-in."""
    error = await caller.error(SIGN_IN, input={"email": email, "password": PASSWORD})
    assert error["extensions"]["code"] == "RATE_LIMITED"
    return int(error["extensions"]["retryAfter"])


@pytest.mark.usefixtures("user")
async def test_a_locked_out_stranger_locks_out_no_other_network(caller_from: From, email: str) -> None:
    stranger, owner = caller_from(address()), caller_from(address())
    for _ in range(10):
        await answered(stranger, email)

    assert await wait(stranger, email) == 60
    assert await answered(owner, email, PASSWORD) == ""


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ("2001:db8:7:1::1", "2001:db8:7:1:ffff::2", True),
        ("2001:db8:7:2::1", "2001:db8:7:3::1", False),
        ("198.51.100.1", "::ffff:198.51.100.1", True),
        ("198.51.100.1", "198.51.100.2", False),
        (None, None, True),
    ],
)
@pytest.mark.usefixtures("user")
async def test_who_is_in_the_same_network_waits_as_well(
    caller_from: From, email: str, one: str | None, another: str | None, *, same: bool
) -> None:
    for _ in range(5):
        await answered(caller_from(one), email)

    assert await answered(caller_from(another), email, PASSWORD) == ("RATE_LIMITED" if same else "")


@pytest.mark.usefixtures("user")
async def test_twenty_failures_from_anywhere_close_an_e_mail_for_a_minute(
    caller_from: From, email: str, clock: Clock
) -> None:
    codes = [await answered(caller_from(address()), email) for _ in range(21)]

    assert codes == ["INVALID_CREDENTIALS"] * 20 + ["RATE_LIMITED"]
    assert await wait(caller_from(address()), email) == 60
    clock.forward(minutes=1)
    assert await answered(caller_from(address()), email, PASSWORD) == ""


async def test_one_address_fails_fifty_times_in_fifteen_minutes_with_any_emails(
    caller_from: From, clock: Clock
) -> None:
    stranger = caller_from(address())
    codes = [await answered(stranger, f"{uuid4()}@alfa.example") for _ in range(50)]
    clock.forward(minutes=14)

    assert codes == ["INVALID_CREDENTIALS"] * 50
    assert await wait(stranger, f"{uuid4()}@alfa.example") == 60
    clock.forward(minutes=1)
    assert await answered(stranger, f"{uuid4()}@alfa.example") == "INVALID_CREDENTIALS"


async def test_callers_without_an_address_are_not_counted_together(caller_from: From) -> None:
    unknown = caller_from(None)

    codes = {await answered(unknown, f"{uuid4()}@alfa.example") for _ in range(60)}

    assert codes == {"INVALID_CREDENTIALS"}


@pytest.mark.usefixtures("user")
async def test_a_right_password_resets_failures_of_the_email_but_not_the_address(caller_from: From, email: str) -> None:
    here = caller_from(address())
    for _ in range(46):
        await answered(here, f"{uuid4()}@alfa.example")
    elsewhere = caller_from(address())
    for caller in (here, elsewhere):
        for _ in range(4 if caller is elsewhere else 3):
            await answered(caller, email)

    assert await answered(here, email, PASSWORD) == ""

    assert [await answered(here, email) for _ in range(2)] == ["INVALID_CREDENTIALS", "RATE_LIMITED"]
    assert await answered(elsewhere, email) == "INVALID_CREDENTIALS"
    assert await answered(elsewhere, email) == "RATE_LIMITED"


@pytest.mark.usefixtures("user")
async def test_an_office_signs_in_from_one_address_as_often_as_it_likes(caller_from: From, email: str) -> None:
    office = caller_from(address())

    codes = {await answered(office, email, PASSWORD) for _ in range(60)}

    assert codes == {""}
    async with reading(office.portal.database) as connection:
        digest = office.portal.digest("sign-in by e-mail", email.encode())
        kept = sa.select(sign_in_attempts.c.failures).where(sign_in_attempts.c.digest == digest)
        assert await fetch_all(connection, kept) == []


async def test_many_at_once_get_no_more_tries_than_one_after_the_other(caller_from: From, email: str) -> None:
    strangers = [caller_from(address()) for _ in range(8)]

    codes = await asyncio.gather(*(answered(stranger, email) for stranger in strangers for _ in range(4)))

    assert sorted(codes) == ["INVALID_CREDENTIALS"] * 20 + ["RATE_LIMITED"] * 12


async def test_concurrent_emails_get_no_more_attempts_from_one_address(
    caller_from: From,
) -> None:
    stranger = caller_from(address())
    tried = 0
    for _ in range(3):
        codes = await asyncio.gather(*(answered(stranger, f"{uuid4()}@alfa.example") for _ in range(20)))
        tried += codes.count("INVALID_CREDENTIALS")

    assert tried == 50


@pytest.mark.usefixtures("user")
async def test_sign_ins_that_share_emails_and_addresses_do_not_deadlock(caller_from: From, email: str) -> None:
    callers = [caller_from(address()) for _ in range(4)]
    emails = [email, *(f"{uuid4()}@alfa.example" for _ in range(3))]

    codes = await asyncio.gather(
        *(
            answered(caller, each, PASSWORD if n % 2 else WRONG)
            for n in range(2)
            for caller in callers
            for each in emails
        )
    )

    assert set(codes) <= {"", "INVALID_CREDENTIALS"}


async def test_neither_e_mails_nor_addresses_are_kept(caller_from: From, email: str) -> None:
    host = address()
    await answered(caller_from(host), email)

    async with reading(caller_from(host).portal.database) as connection:
        rows = str(await fetch_all(connection, sa.select(sign_in_attempts)))

    assert email not in rows
    assert host not in rows


async def test_a_race_is_held_by_the_locked_rows(caller_from: From, email: str) -> None:
    """An attempt that reads uncommitted rows of another one waits for it."""
    portal = caller_from(None).portal
    caller = replace(caller_from(address()))
    for _ in range(4):
        await answered(caller, email)
    digest = portal.digest("sign-in by e-mail", email.encode())
    async with writing(portal.database) as tx:
        await attempts.locked(tx, [digest], at=portal.now())
        behind = asyncio.ensure_future(answered(caller, email))
        done, _ = await asyncio.wait([behind], timeout=0.3)
        assert not done

    assert await behind == "INVALID_CREDENTIALS"


async def test_an_attempt_continues_if_the_rows_it_waits_for_are_deleted(caller_from: From, email: str) -> None:
    """A sign-in that succeeds deletes the rows that others of the same address wait for."""
    portal, host = caller_from(None).portal, address()
    caller = caller_from(host)
    await answered(caller, email)
    digests = [portal.digest("sign-in by e-mail", email.encode()), portal.digest("sign-in by address", host.encode())]
    async with writing(portal.database) as tx:
        held = await attempts.locked(tx, digests, at=portal.now())
        behind = asyncio.ensure_future(answered(caller, email))
        await asyncio.wait([behind], timeout=0.3)
        await attempts.forget(tx, digests)

    assert all(failures.number == 1 for failures in held.values())
    assert await behind == "INVALID_CREDENTIALS"

"""Users and their tokens on the command line, on each engine."""

import asyncio
import unicodedata
from datetime import timedelta

import pytest
from typer.testing import Result

from db import partner_changes, users
from domain.partners import PartnerStatus
from resolvers.identities import Claims, user_of
from resolvers.passwords import is_password
from server.app import open_portal
from server.settings import Settings
from tests.factories import add_app
from tests.server.conftest import Command
from tests.units import writing

SIGNED = ("--password-stdin",)
PASSWORD = "uma senha longa\n"


@pytest.fixture
def people(command: Command) -> Command:
    """Two partners with a user each."""
    for name, cnpj, login in (("Delta", "11.222.333/0001-81", "ana"), ("Zeta", "16.727.230/0001-97", "bia")):
        command("create-partner", "--name", name, "--cnpj", cnpj)
        options = (
            "--partner",
            name,
            "--email",
            f"{login}@{name}.example",
            "--name",
            login.title(),
            "--role",
            "manager",
        )
        made = command("create-user", *options, *SIGNED, typed=PASSWORD)
        assert made.exit_code == 0, made.output
    return command


def test_users_are_listed_with_partner_role_and_state(people: Command) -> None:
    everybody, mine = people("users"), people("users", "--partner", "16727230000197")

    assert everybody.stdout.splitlines() == [
        "Delta\tana@delta.example\tAna\tMANAGER\tactive",
        "Zeta\tbia@zeta.example\tBia\tMANAGER\tactive",
    ]
    assert mine.stdout.splitlines() == everybody.stdout.splitlines()[1:]
    assert people("users", "--partner", "Nada").exit_code == 1


def of_vendor(people: Command, login: str, *more: str, role: str = "vendor_admin") -> Result:
    options = ("--email", f"{login}@vendor.example", "--name", login.title(), "--role", role)
    return people("create-vendor-user", *options, *SIGNED, *more, typed=PASSWORD)


def test_the_first_user_of_the_vendor_creates_the_vendor(people: Command) -> None:
    without = of_vendor(people, "eva")
    taken = of_vendor(people, "eva", "--vendor-cnpj", "16727230000197")
    first = of_vendor(people, "eva", "--vendor", "Fornecedor", "--vendor-cnpj", "40.321.765/0001-48")
    second = of_vendor(people, "ivo", role="vendor_sales")

    assert [made.exit_code for made in (without, taken, first, second)] == [1, 1, 0, 0]
    assert "CNPJ" in without.stderr
    assert first.stdout == "Created the user eva@vendor.example of the vendor.\n"
    assert people("users").stdout.splitlines()[2:] == [
        "Fornecedor\teva@vendor.example\tEva\tVENDOR_ADMIN\tactive",
        "Fornecedor\tivo@vendor.example\tIvo\tVENDOR_SALES\tactive",
    ]
    assert people("users", "--partner", "Fornecedor").exit_code == 1
    assert people("doctor").stdout.endswith("Nothing is wrong.\n")


def test_a_user_gets_no_role_of_another_organization(people: Command) -> None:
    of_vendor(people, "eva", "--vendor-cnpj", "40321765000148")

    refused = [
        people("update-user", "--email", "ana@delta.example", "--role", "vendor_admin"),
        people("update-user", "--email", "eva@vendor.example", "--role", "manager"),
        of_vendor(people, "ivo", role="manager"),
    ]

    assert [each.exit_code for each in refused] == [1, 1, 2]
    assert [line.split("\t")[3] for line in people("users").stdout.splitlines()] == [
        "MANAGER",
        "MANAGER",
        "VENDOR_ADMIN",
    ]


def test_a_user_is_changed_by_the_address_in_any_case(people: Command) -> None:
    updated = people("update-user", "--email", " ANA@Delta.example", "--role", "viewer", "--disable", "--even-last")

    assert updated.stdout == "Updated the user ana@delta.example. Ended: 0 sessions, 0 API tokens.\n"
    assert people("users").stdout.startswith("Delta\tana@delta.example\tAna\tVIEWER\tdisabled 20")
    assert people("update-user", "--email", "ana@delta.example", "--enable").exit_code == 0
    assert people("users").stdout.startswith("Delta\tana@delta.example\tAna\tVIEWER\tactive")


@pytest.mark.parametrize("change", [("--disable",), ("--role", "operator"), ("--role", "viewer", "--disable")])
def test_the_last_manager_is_kept_unless_an_option_says_so(people: Command, change: tuple[str, ...]) -> None:
    of_ana = ("update-user", "--email", "ana@delta.example")

    refused = people(*of_ana, *change)
    before = people("users").stdout
    done = people(*of_ana, *change, "--even-last")
    again = people(*of_ana, "--disable")

    assert refused.exit_code == 1
    assert refused.stderr.startswith("This is the last active person who manages users.")
    assert refused.stderr.endswith("Or add --even-last.\n")
    assert "MANAGER\tactive" in before.splitlines()[0]
    assert (done.exit_code, again.exit_code) == (0, 0)


def test_a_manager_beside_another_one_can_be_disabled(people: Command) -> None:
    options = ("--partner", "Delta", "--email", "edu@delta.example", "--name", "Edu", "--role", "manager")
    people("create-user", *options, *SIGNED, typed=PASSWORD)

    statuses = [
        people("update-user", "--email", f"{login}@delta.example", "--disable").exit_code for login in ("ana", "edu")
    ]

    assert statuses == [0, 1]


async def is_password_of_ana(password: str) -> bool:
    portal = open_portal(Settings.load())
    try:
        found = await portal.database.read(lambda connection: users.credentials(connection, "ana@delta.example"))
    finally:
        await portal.database.close()
    return found is not None and await is_password(found.password_hash, password)


def test_a_byte_order_mark_is_no_part_of_a_password(people: Command) -> None:
    people("update-user", "--email", "ana@delta.example", "--password-stdin", typed="\ufeffoutra senha longa\r\n")

    assert asyncio.run(is_password_of_ana("outra senha longa"))


def test_a_password_of_the_operator_is_composed(people: Command) -> None:
    typed = unicodedata.normalize("NFD", "maçã e pão à noite")
    people("update-user", "--email", "ana@delta.example", "--password-stdin", typed=f"{typed}\n")

    assert asyncio.run(is_password_of_ana("maçã e pão à noite"))


def test_a_new_password_ends_tokens(people: Command) -> None:
    people("create-token", "--email", "Ana@Delta.Example", "--permissions", "all")

    updated = people("update-user", "--email", "ana@delta.example", "--password-stdin", typed="outra senha longa\n")

    assert updated.stdout == "Updated the user ana@delta.example. Ended: 0 sessions, 1 API tokens.\n"
    assert people("tokens").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "typed", "status", "said"),
    [
        (("--email", "ana@delta.example"), None, 2, "Say what to change"),
        (("--email", "unknown@delta.example", "--enable"), None, 1, "no user with this e-mail"),
        (("--email", "ana@delta.example", "--password-stdin"), "short\n", 2, "12 to 1,000 characters"),
        (("--email", "ana@delta.example", "--password-stdin"), "demo-portal\n", 2, "public password"),
        (("--email", "ana@delta.example", "--role", "boss"), None, 2, "boss"),
    ],
)
def test_a_change_that_can_not_be_made_is_refused(
    people: Command, arguments: tuple[str, ...], typed: str | None, status: int, said: str
) -> None:
    refused = people("update-user", *arguments, typed=typed)

    assert refused.exit_code == status
    assert said in refused.stderr


def test_a_disabled_user_gets_no_token(people: Command) -> None:
    people("update-user", "--email", "ana@delta.example", "--disable", "--even-last")

    refused = people("create-token", "--email", "ana@delta.example", "--permissions", "all")

    assert (refused.exit_code, refused.stderr) == (1, "The user is deactivated. Reactivate the user first.\n")


def test_live_tokens_are_listed_and_revoked(people: Command) -> None:
    for login in ("ana@delta", "bia@zeta"):
        options = ("--permissions", "ORDERS_READ,CLIENTS_READ", "--expires-in-days", "2")
        people("create-token", "--email", f"{login}.example", "--name", login, *options)

    lines = people("tokens").stdout.splitlines()
    mine = people("tokens", "--email", "BIA@zeta.example").stdout.splitlines()
    of_partner = people("tokens", "--partner", "Zeta").stdout.splitlines()

    assert mine == of_partner == lines[1:]
    number, email, kind, name, prefix, permissions, _, _, last_used, address = mine[0].split("\t")
    assert (email, kind, name, last_used, address) == ("bia@zeta.example", "API", "bia@zeta", "-", "-")
    assert permissions == "CLIENTS_READ,ORDERS_READ"
    assert people("revoke-token", prefix).stdout == f"Revoked the token {number} ({prefix}…, “bia@zeta”) of {email}.\n"
    assert people("tokens").stdout.splitlines() == lines[:1]
    again = people("revoke-token", prefix)
    assert (again.exit_code, "No live token" in again.stderr) == (1, True)


def test_a_prefix_of_several_tokens_is_refused_naming_them(people: Command) -> None:
    made = []
    # A secret continues with one of 64 letters, so that two of 65 tokens have the same prefix.
    for _ in range(65):
        made.append(people("create-token", "--email", "ana@delta.example", "--permissions", "all").stdout.strip())
        alike = [token for token in made if token[:5] == made[-1][:5]]
        if len(alike) > 1:
            break

    refused = people("revoke-token", made[-1][:5])

    assert refused.exit_code == 2
    assert [line.split("\t")[4] for line in refused.stdout.splitlines()] == [token[:12] for token in alike]
    assert "2 tokens begin so" in refused.stderr
    assert len(people("tokens").stdout.splitlines()) == len(made)


def invite(people: Command, *options: str, email: str = "leo@delta.example", role: str = "viewer") -> Result:
    return people("invite-user", *options, "--email", email, "--name", "Léo Dias", "--role", role)


def test_a_person_is_invited_by_a_printed_link(people: Command) -> None:
    invited = invite(people, "--partner", "Delta")
    again = invite(people, "--partner", "Delta", "--language", "en")
    taken = invite(people, "--partner", "Delta", email="ana@delta.example")

    assert invited.exit_code == again.exit_code == 0
    first, link = invited.stdout.splitlines()
    assert first == "Invited leo@delta.example. Pass this link on: it works once, for 72 hours."
    assert link.startswith("http://127.0.0.1:8000/accept-invitation#")
    assert (taken.exit_code, taken.stderr) == (1, "There is a user with this e-mail address already.\n")


def test_a_closed_partner_gets_no_users(people: Command) -> None:
    asyncio.run(_close("ana@delta.example"))
    person = ("--partner", "Delta", "--email", "leo@delta.example", "--name", "Léo Dias", "--role", "viewer")

    created, invited = people("create-user", *person, *SIGNED, typed=PASSWORD), people("invite-user", *person)

    assert [(each.exit_code, each.stderr) for each in (created, invited)] == [(1, "The partner is closed.\n")] * 2
    assert [line.split("\t")[1] for line in people("users", "--partner", "Delta").stdout.splitlines()] == [
        "ana@delta.example"
    ]


def test_a_role_of_the_vendor_is_for_the_vendor(people: Command) -> None:
    without, wrong = invite(people, role="vendor_sales"), invite(people, "--partner", "Delta", role="vendor_sales")
    of_vendor(people, "eva", "--vendor", "Fornecedor", "--vendor-cnpj", "40.321.765/0001-48")

    assert [each.exit_code for each in (without, wrong, invite(people))] == [1, 2, 2]
    assert invite(people, role="vendor_sales").exit_code == 0
    assert invite(people, "--partner", "Delta", email="leo").exit_code == 2


def test_the_operator_resets_a_second_factor(people: Command) -> None:
    asyncio.run(_give_app("ana@delta.example"))

    reset, again, unknown = [
        people("reset-second-factor", "--email", email)
        for email in (" ANA@delta.example", "ana@delta.example", "eva@delta.example")
    ]

    assert reset.stdout == "Reset the second factor of ana@delta.example.\n"
    assert again.stdout == "The user ana@delta.example has no second factor.\n"
    assert (unknown.exit_code, "no user" in unknown.stderr) == (1, True)
    assert people("doctor").exit_code == 0


def test_the_operator_unlinks_an_identity(people: Command) -> None:
    asyncio.run(_link("ana@delta.example"))

    unlinked, again, unknown = [
        people("unlink-identity", "--email", email)
        for email in (" ANA@delta.example", "ana@delta.example", "eva@delta.example")
    ]

    assert unlinked.stdout == "Unlinked ana@delta.example.\n"
    assert again.stdout == "The user ana@delta.example has no identity.\n"
    assert people("unlink-identity", "--email", "ana@delta.example", "--can-link-again").stdout == unlinked.stdout
    assert (unknown.exit_code, "no user" in unknown.stderr) == (1, True)
    assert people("doctor").exit_code == 0


async def _close(email: str) -> None:
    portal = open_portal(Settings.load())
    async with writing(portal.database) as tx:
        user = await users.locked(tx, email)
        assert user is not None
        await partner_changes.set_status(tx, user.partner_id, PartnerStatus.CLOSED, at=portal.now())
    await portal.database.close()


async def _link(email: str) -> None:
    portal = open_portal(Settings.load())
    expires_at = portal.now() + timedelta(hours=1)
    claims = Claims("https://id.example", "subject", email, expires_at)
    # The operator, who created the user, vouches for the address.
    assert await user_of(portal.database, claims, at=portal.now()) is not None
    await portal.database.close()


async def _give_app(email: str) -> None:
    portal = open_portal(Settings.load())
    async with writing(portal.database) as tx:
        user = await users.locked(tx, email)
        assert user is not None
        await add_app(tx, portal, user.partner_id, user.id)
    await portal.database.close()

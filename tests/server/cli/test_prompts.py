"""Questions of the command line without a terminal."""

import pytest

from tests.server.conftest import Command

OF_PARTNER = ("create-user", "--partner", "Delta", "--role", "manager", "--email", "ana@delta.example", "--name", "Ana")
OF_VENDOR = ("create-vendor-user", "--role", "vendor_admin", "--email", "eva@vendor.example", "--name", "Eva")


@pytest.fixture
def partner(command: Command) -> Command:
    """A partner without users."""
    command("create-partner", "--name", "Delta", "--cnpj", "11.222.333/0001-81")
    return command


@pytest.mark.parametrize("words", [OF_PARTNER, (*OF_VENDOR, "--vendor-cnpj", "16.727.230/0001-97")])
def test_no_password_is_asked_for_without_a_terminal(partner: Command, words: tuple[str, ...]) -> None:
    refused = partner(*words, typed="uma senha longa\numa senha longa\n")

    assert (refused.exit_code, refused.output) == (
        2,
        "Standard input is no terminal to ask for the password on. Give --password-stdin to read it from there.\n",
    )
    assert partner("users").stdout == ""

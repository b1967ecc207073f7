"""`portal invite-user`."""

from enum import Enum
from typing import Annotated

import typer

from domain.access import VENDOR_ROLES, Role
from domain.checks import Checks
from domain.languages import Language
from domain.users import EMAIL_LENGTH, NAME_LENGTH, check_role
from resolvers import invitations, partners
from resolvers.invitations import Person
from resolvers.portal import Portal
from server.cli.printing import refuse_closed_output, say, secret_printed
from server.cli.runner import WRONGLY_USED, fail, run


class MailLanguage(Enum):
    """Languages of e-mails."""

    PT = "pt"
    EN = "en"


_LANGUAGES = {MailLanguage.PT: Language.PORTUGUESE, MailLanguage.EN: Language.ENGLISH}


def invite_user(
    *,
    partner: Annotated[
        str | None, typer.Option(help="The partner's name or CNPJ. Leave it out for a role of the vendor.")
    ] = None,
    email: Annotated[str, typer.Option(help="The e-mail address that the person will sign in with.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[Role, typer.Option(help="The role of the user.", case_sensitive=False)],
    language: Annotated[MailLanguage, typer.Option(help="The language of the e-mail.")] = MailLanguage.PT,
) -> None:
    """Invite a person, who chooses a password by a link that works for 72 hours.

    The link is sent by e-mail if SMTP_URL is set, and printed otherwise, or if the e-mail can't be sent.
    """
    if (partner is None) is not (role in VENDOR_ROLES):
        fail("A role of the vendor goes without --partner, and any other role with it.", status=WRONGLY_USED)
    checks = Checks()
    address = checks.email(email, "--email", longest=EMAIL_LENGTH)
    person = Person(address, checks.text(name, "--name", longest=NAME_LENGTH), role)

    async def work(portal: Portal) -> str | None:
        checks.done()
        check_role(role, "--role", of_vendor=partner is None)
        found = await (partners.vendor(portal) if partner is None else partners.named(portal, partner))
        return await invitations.invite_by_operator(portal, found.id, person, _LANGUAGES[language])

    refuse_closed_output("its link")
    url = run(work)
    if url is None:
        say(f"Invited {address} by e-mail.")
    else:
        with secret_printed(f"Invited {address}, but the link can't be shown: invite again, which ends this link."):
            typer.echo(f"Invited {address}. Pass this link on: it works once, for 72 hours.")
            typer.echo(url)

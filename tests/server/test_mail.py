"""E-mails over SMTP: which server a URL names, and how an e-mail looks there."""

import pytest

from resolvers.mail import Mail
from server.mail import Server, SmtpMailer, server_of
from tests.smtp import SENDER, inbox


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", Server("mail.example", 587, None, None, use_tls=False, start_tls=True)),
        ("smtp://u%40x:p%2Fq@mail.example:25", Server("mail.example", 25, "u@x", "p/q", use_tls=False, start_tls=True)),
        ("smtp://u:p@127.0.0.1", Server("127.0.0.1", 587, "u", "p", use_tls=False, start_tls=None)),
        ("smtps://u:p@mail.example/", Server("mail.example", 465, "u", "p", use_tls=True, start_tls=False)),
    ],
)
def test_a_url_names_a_server_and_when_it_has_to_encrypt(url: str, server: Server) -> None:
    assert server_of(url) == server


async def test_an_e_mail_goes_to_one_person_with_any_address_and_text() -> None:
    async with inbox() as found:
        mailer = SmtpMailer(server_of(f"smtp://127.0.0.1:{found.port}"), SENDER, retry_seconds=())
        delivered = [
            await mailer.send(Mail("a,b@alfa.example", "Convite: ação", "Olá, João.\n" + "x" * 2000)),
            await mailer.send(Mail('"@alfa.example', "Convite", "Olá.")),
            await mailer.send(Mail("léo@alfa.example", "Convite", "Olá.")),
        ]

    assert delivered[0]
    (first, *_) = found.mails
    assert first["Subject"] == "Convite: ação"
    assert first["To"].addresses[0].username == "a,b"
    assert len(first["To"].addresses) == 1
    assert first.get_content().startswith("Olá, João.")


async def test_a_password_is_not_sent_to_a_server_without_encryption() -> None:
    async with inbox() as found:
        server = server_of(f"smtp://u:p@mail.example:{found.port}")._replace(host="127.0.0.1")

        assert not await SmtpMailer(server, SENDER, retry_seconds=()).send(Mail("a@alfa.example", "x", "x"))

    assert found.mails == []

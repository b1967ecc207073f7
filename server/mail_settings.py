"""Settings of e-mails: who sends them, by which server, and how many."""

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from domain.attempts import MailLimits
from server.mail import server_of
from server.setting_values import EmailAddress, PortalUrl


class MailSettings(BaseSettings):
    """How e-mails are sent, and where their links begin; `Settings` has them too."""

    portal_url: PortalUrl | None = Field(
        default=None, description="The address of the front-end, with which the links in e-mails begin."
    )
    mail_from: EmailAddress | None = Field(default=None, description="The address that e-mails come from.")
    mails_per_user: int = Field(
        default=MailLimits().by_user,
        ge=1,
        description="The most invitations and links for a new password by e-mail that a user causes within 24 hours.",
    )
    mails_per_partner: int = Field(
        default=MailLimits().by_partner,
        ge=1,
        description="The most of these e-mails within 24 hours for one partner, or for the vendor.",
    )
    smtp_url: SecretStr | None = Field(
        default=None, description="The server that sends e-mails: smtp://USER:PASSWORD@HOST:PORT, or smtps://…."
    )

    @field_validator("smtp_url")
    @classmethod
    def _names_a_server(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        server_of(value.get_secret_value())
        # One of them that is wrong has a problem of its own.
        missing = [name for name in ("mail_from", "portal_url") if info.data.get(name, "") is None]
        if missing:
            message = f"{' and '.join(name.upper() for name in missing)} must be set too"
            raise ValueError(message)
        return value

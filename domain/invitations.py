"""Invitations of users and links for new passwords: how long they last, and their refusals."""

from datetime import timedelta
from enum import Enum

from domain.languages import Text
from domain.refusals import Refusal, UserErrorCode

INVITATION_LIFETIME = timedelta(hours=72)
RESET_LIFETIME = timedelta(hours=1)

SECRET_LENGTH = 200
"""Maximum length of a secret that a caller gives; those of the portal are shorter."""

STALLED_AFTER = timedelta(minutes=15)
"""Age at which an e-mail that is still queued was lost with the process that was to send it."""


class Delivery(Enum):
    """How an invitation reaches the person."""

    LINK = "LINK"
    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"


class InvalidInvitation(Refusal):
    """No usable invitation has the secret."""

    code = UserErrorCode.INVITATION_INVALID
    text = Text(
        pt="O convite já foi usado, substituído ou revogado, ou venceu. Peça outro a quem convidou você.",
        en=(
            "The invitation was used, replaced or revoked, or has expired. Ask the person who invited you for "
            "another one."
        ),
    )


class InvalidReset(Refusal):
    """No usable link for a new password has the secret."""

    code = UserErrorCode.PASSWORD_RESET_INVALID
    text = Text(
        pt="O link para a nova senha já foi usado ou venceu. Peça outro.",
        en="The link for a new password was used or has expired. Ask for another one.",
    )


class MailNotConfigured(Refusal):
    """The portal sends no e-mail."""

    code = UserErrorCode.MAIL_NOT_CONFIGURED
    text = Text(
        pt="O portal não envia e-mails. Peça a um gerente um link para criar uma nova senha.",
        en="The portal sends no e-mail. Ask a manager for a link to choose a new password.",
    )

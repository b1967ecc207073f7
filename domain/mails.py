"""E-mails of the portal: plain text in the language of the person who causes them."""

from domain.languages import Language, Text
from domain.webhooks import REASON_LABELS, SuspensionReason

INVITATION_SUBJECT = Text(pt="Convite para o Portal do Parceiro", en="Invitation to the partner portal")

INVITATION_TEXT = Text(
    pt=(
        "Olá, {name}.\n\n"
        "Você foi convidado(a) para o Portal do Parceiro por {organization}.\n"
        "Para aceitar, abra este link e escolha uma senha:\n\n"
        "{url}\n\n"
        "O link vale por 72 horas e só pode ser usado uma vez.\n"
        "Se você não esperava este convite, ignore esta mensagem.\n"
    ),
    en=(
        "Hello {name},\n\n"
        "{organization} has invited you to the partner portal.\n"
        "To accept, open this link and choose a password:\n\n"
        "{url}\n\n"
        "The link works for 72 hours, and only once.\n"
        "If you did not expect this invitation, ignore this message.\n"
    ),
)

RESET_SUBJECT = Text(pt="Nova senha do Portal do Parceiro", en="New password for the partner portal")

RESET_TEXT = Text(
    pt=(
        "Olá, {name}.\n\n"
        "Para escolher uma nova senha do Portal do Parceiro, abra este link:\n\n"
        "{url}\n\n"
        "O link vale por uma hora e só pode ser usado uma vez. A nova senha encerra todas as suas sessões e os seus "
        "tokens de API.\n"
        "Se você não pediu uma nova senha, ignore esta mensagem: a sua senha continua a mesma.\n"
    ),
    en=(
        "Hello {name},\n\n"
        "To choose a new password for the partner portal, open this link:\n\n"
        "{url}\n\n"
        "The link works for one hour, and only once. A new password ends all your sessions and API tokens.\n"
        "If you did not ask for a new password, ignore this message: your password stays as it is.\n"
    ),
)

SUSPENSION_SUBJECT = Text(pt="Webhook suspenso no Portal do Parceiro", en="Webhook suspended in the partner portal")

SUSPENSION_TEXT = Text(
    pt=(
        "O Portal do Parceiro não envia mais eventos para:\n\n"
        "{url}\n\n"
        "Motivo: {reason}.\n"
        "Nenhum evento se perde: depois de corrigir o problema, retome o webhook, e o envio continua de onde parou.\n"
    ),
    en=(
        "The partner portal has stopped sending events to:\n\n"
        "{url}\n\n"
        "Reason: {reason}.\n"
        "No event is lost: when the problem is solved, resume the webhook, and it continues where it stopped.\n"
    ),
)


def invitation(language: Language, *, name: str, organization: str, url: str) -> tuple[str, str]:
    """Return subject and text of an invitation."""
    text = INVITATION_TEXT.filled(language, {"name": name, "organization": organization, "url": url})
    return INVITATION_SUBJECT.within(language), text


def reset(language: Language, *, name: str, url: str) -> tuple[str, str]:
    """Return subject and text of an e-mail with a link for a new password."""
    return RESET_SUBJECT.within(language), RESET_TEXT.filled(language, {"name": name, "url": url})


def webhook_suspended(language: Language, *, url: str, reason: SuspensionReason) -> tuple[str, str]:
    """Return subject and text of an e-mail about a webhook that the portal suspended."""
    text = SUSPENSION_TEXT.filled(language, {"url": url, "reason": REASON_LABELS[reason]})
    return SUSPENSION_SUBJECT.within(language), text

"""The draft of a price table: when it can begin and be published, and when its prices apply."""

from datetime import datetime

from domain.errors import BadUserInput
from domain.languages import Text
from domain.refusals import NotFound, Refusal, UserErrorCode


class NoDraft(Refusal):
    """The price table has no draft."""

    code = UserErrorCode.NO_PRICE_TABLE_DRAFT
    text = Text(
        pt="A pauta de preços não tem rascunho.",
        en="The price table has no draft.",
    )


class DraftThere(Refusal):
    """A price table has a draft, so that no other one can begin as a copy of a version."""

    code = UserErrorCode.PRICE_TABLE_HAS_DRAFT
    text = Text(
        pt="A pauta de preços já tem um rascunho. Publique-o ou descarte-o antes de começar outro.",
        en="The price table has a draft already. Publish or discard it before you begin another one.",
    )


class DraftGone(Refusal):
    """A request repeats another one, which wrote to a draft that was discarded meanwhile."""

    code = UserErrorCode.NO_PRICE_TABLE_DRAFT
    text = Text(
        pt="Este envio repete outro, cujo rascunho foi descartado. Envie os preços de novo, como um novo envio.",
        en="This request repeats another one, whose draft was discarded. Send the prices again, as a new request.",
    )


class DraftOutdated(Refusal):
    """The draft would silently undo a version, of which it is no copy."""

    code = UserErrorCode.PRICE_TABLE_DRAFT_OUTDATED
    text = Text(
        pt=(
            "O rascunho não foi copiado da versão {version}, que estará em vigor quando estes preços começarem, e "
            "desfaria as alterações dela. Confirme que ele substitui a versão {version}, ou descarte o rascunho e crie "
            "outro como cópia dela."
        ),
        en=(
            "The draft is no copy of version {version}, which will be in force when these prices begin, and would undo "
            "its changes. Confirm that it replaces version {version}, or discard the draft and make another one as a "
            "copy of that version."
        ),
    )


class HoleInPrices(Refusal):
    """A draft has a price of a product from some quantity on, but none below it."""

    code = UserErrorCode.PRICE_TABLE_INCOMPLETE
    text = Text(
        pt="O produto “{product}” não tem preço para quantidades abaixo de {lowest} no tipo de pedido “{kind}”.",
        en="The product “{product}” has no price for quantities below {lowest} in orders of the type “{kind}”.",
    )


class OthersDrafted(Refusal):
    """The publication of a file would publish what the draft has changed of other products."""

    text = Text(
        pt=(
            "O rascunho também altera os preços de outros produtos: {products:e}. Publique-o com eles por "
            "--with-draft, ou publique ou descarte o rascunho antes."
        ),
        en=(
            "The draft changes the prices of other products too: {products:and}. Publish it with them by "
            "--with-draft, or publish or discard it first."
        ),
    )


class BeginInPast(Refusal):
    """A version can't begin before it is published."""

    text = Text(
        pt="Os preços só podem começar a valer a partir de agora, {now}.",
        en="Prices can only begin from now on, {now}.",
    )


def begin(wanted: datetime | None, now: datetime) -> datetime:
    """Return when a version begins, which is now unless a later time is wanted; raise BeginInPast."""
    if wanted is not None and wanted < now:
        raise BeginInPast(("beginsAt",), now=now)
    return wanted or now


class ComparedInPast(BadUserInput):
    """A draft can't be compared with the prices of a time that has passed, since it can't begin then."""

    text = BeginInPast.text

    def __init__(self, now: datetime) -> None:
        """Take the time of the request."""
        super().__init__("", {"now": now}, argument="beginsAt")


def compared_at(wanted: datetime | None, now: datetime) -> datetime:
    """Return when a draft that is compared would begin, as `begin` does; raise ComparedInPast."""
    try:
        return begin(wanted, now)
    except BeginInPast:
        raise ComparedInPast(now) from None


def check_replaced(*, before: int | None, copy_of: int | None, confirmed: int | None) -> None:
    """Raise a refusal if a draft would undo the version in force before it, all given by their numbers.

    Nothing is undone if the draft is a copy of that version, or if there is none; else, the number has to be confirmed.
    """
    if before is not None and before == copy_of:
        return
    if confirmed is None:
        if before is not None:
            raise DraftOutdated(("priceTableId",), version=before)
    elif before is None:
        raise NotFound(("replacesVersion",), field="replacesVersion")
    elif confirmed != before:
        raise DraftOutdated(("replacesVersion",), version=before)

"""Errors of requests that are stopped: their deadline has passed, or their caller has gone."""

from datetime import timedelta

from domain.errors import Unavailable
from domain.languages import Text


class CallerGone(Unavailable):
    """The caller closed the connection before its query was answered."""

    def __init__(self) -> None:
        super().__init__("The caller went away.")


class TimedOut(Unavailable):
    """The deadline of the request has passed. The extension `deadlineSeconds` is how long a request may take."""

    code = "TIMEOUT"

    def __init__(self, seconds: float, **extensions: object) -> None:
        """Take the seconds from the beginning of the request to its deadline."""
        self.seconds = seconds
        whole = round(seconds) if seconds == round(seconds) else seconds
        facts = {"limit": timedelta(seconds=seconds)}
        super().__init__("", facts, deadlineSeconds=whole, **extensions)


class ReadTimedOut(TimedOut):
    """A read did not end before the deadline of its request."""

    text = Text(
        pt="A consulta não terminou em {limit} e foi interrompida. Peça menos dados ou tente de novo.",
        en="This could not be read within {limit}. Ask for less, or try again.",
    )


class ChangeTimedOut(TimedOut):
    """A change did not end before the deadline of its request."""

    text = Text(
        pt="A operação não terminou em {limit} e foi interrompida. Nada foi alterado; tente de novo.",
        en="This could not be done within {limit}. Nothing was changed; try again.",
    )


class ChangeNotShown(TimedOut):
    """A change was made, and what it changed could not be read before the deadline of its request."""

    text = Text(
        pt="A alteração foi feita, mas o resultado não pôde ser lido em {limit}. Não a repita; consulte o resultado.",
        en="The change was made, but its result could not be read within {limit}. Do not repeat it; look it up.",
    )

    def __init__(self, seconds: float) -> None:
        """Take the seconds from the beginning of the request to its deadline."""
        super().__init__(seconds, outcome="CHANGED")


class AnswerTimedOut(TimedOut):
    """A request was not answered at its deadline, and may have changed something."""

    text = Text(
        pt=(
            "A operação não terminou em {limit}, e não se sabe se a alteração foi feita. Confira antes de repetir; "
            "se a operação tem uma chave de idempotência, repetir com a mesma chave é seguro."
        ),
        en=(
            "This was not done within {limit}, and it is unknown whether the change was made. Check before you repeat "
            "it; if it has an idempotency key, a retry with the same key is safe."
        ),
    )

    def __init__(self, seconds: float) -> None:
        """Take the seconds from the beginning of the request to its deadline."""
        super().__init__(seconds, outcome="UNKNOWN")

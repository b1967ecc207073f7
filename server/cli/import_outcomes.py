"""How an import of the command line reads its file, and says what became of each row."""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import typer

from domain.languages import Fact, Language, Text
from domain.sheet_files import ReportOverDatabase, ReportOverFile, SheetRefused
from domain.sheet_warnings import UnusedColumns
from resolvers import imports
from resolvers.portal import Portal
from resolvers.sheets.headers import Layout
from resolvers.sheets.reader import BadRow, Sheet, of_path, sheet
from resolvers.sheets.reports import Report
from server.cli.progress import ProgressCallback
from server.cli.report_files import is_of_database, is_same, refused, report_file
from server.cli.runner import WRONGLY_USED, fail, run, settings


class _OfLine(Protocol):
    @property
    def line(self) -> int: ...


Good = TypeVar("Good", bound=_OfLine)


@dataclass(slots=True)
class Outcome:
    """What became of the rows of a file, and the language in which it is said."""

    labels: Mapping[str, Text]
    language: Language
    report_to: Path | None
    partial: bool
    """Whether good rows are imported though others are bad."""

    done: Counter[str] = field(default_factory=Counter)
    """Number of rows of each outcome."""

    bad: int = 0
    report: Report | None = None

    def refuse(self, row: BadRow) -> None:
        """Count a bad row, and say why it is bad."""
        self.bad += 1
        reason = row.reason(self.language, self.labels).rstrip(".")
        self.say(row.line, f"{reason}.", err=True)
        if self.report is not None and self.report_to is not None:
            with refused(self.report_to):
                self.report.add([row])

    def say(self, line: int, sentence: str, *, err: bool = False) -> None:
        """Print a sentence about a line."""
        word = "linha" if self.language is Language.PORTUGUESE else "line"
        typer.echo(f"{word} {line}: {sentence}", err=err)

    def filled(self, text: Text, facts: Mapping[str, Fact]) -> str:
        """Return the text with its facts in the language."""
        return text.filled(self.language, facts)

    def text(self, pt: str, en: str) -> str:
        """Return the sentence of the language."""
        return Text(pt, en).within(self.language)


class RefusedError(Exception):
    """The import is refused because some rows are bad."""


def run_import(
    work: Callable[[Portal], Coroutine[Any, Any, None]], outcome: Outcome, before: Text, *, all_or_nothing: bool
) -> None:
    """Run the import; if it ends in between, say with the text `before` how many rows are imported already."""
    try:
        run(work, language=outcome.language)
    except RefusedError:
        outcome.done.clear()
    except BaseException:
        if (count := outcome.done.total() - outcome.done["there"]) and not all_or_nothing:
            typer.echo(outcome.filled(before, {"count": count}), err=True)
        raise


class Steps(NamedTuple):
    """Step of the import, with its progress bar."""

    doing: str
    opened: Sheet
    on_progress: ProgressCallback


def good_rows(
    rows: Iterable[Good | BadRow], outcome: Outcome, steps: Steps, *, all_or_nothing: bool
) -> Iterator[list[Good]]:
    """Yield batches of the rows to import, and print the reasons for the bad ones."""
    before = 0
    for some in imports.batches(rows, imports.BATCH):
        good = []
        for row in some:
            if isinstance(row, BadRow):
                outcome.refuse(row)
            else:
                good.append(row)
        if good and not (all_or_nothing and outcome.bad):
            yield good
        steps.on_progress(steps.doing, some[-1].line - before, steps.opened.lines)
        before = some[-1].line
    if all_or_nothing and outcome.bad:
        raise RefusedError


@contextmanager
def opened_sheet(file: Path, layout: Layout, outcome: Outcome) -> Iterator[Sheet]:
    """Open a file and the report of its bad rows; exit if it is no sheet of this layout."""
    try:
        with ExitStack() as stack:
            opened = stack.enter_context(sheet(stack.enter_context(of_path(file)), layout))
            _warn_of(opened, outcome.language)
            if outcome.report_to is not None:
                if is_of_database(outcome.report_to, settings()):
                    raise ReportOverDatabase
                if not outcome.partial and is_same(file, outcome.report_to):
                    # The report would take the place of good rows that are not imported.
                    raise ReportOverFile
                to = stack.enter_context(report_file(outcome.report_to, complete=RefusedError))
                outcome.report = Report(to, outcome.language, outcome.labels)
                with refused(outcome.report_to):
                    outcome.report.begin(opened.header)
                    to.flush()
            yield opened
    except SheetRefused as refusal:
        fail(refusal.message(outcome.language), status=WRONGLY_USED)


def _warn_of(opened: Sheet, language: Language) -> None:
    unused: Sequence[str] = opened.header.unused
    if unused:
        typer.echo(UnusedColumns(headers=", ".join(unused)).message(language), err=True)
    for warning in opened.warnings:
        warn(warning.message(language))


def warn(sentence: str) -> None:
    """Print a warning."""
    typer.secho(sentence, err=True, fg=typer.colors.YELLOW)

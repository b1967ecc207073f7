"""What a caller learnt about a mutation that it asked for, and what that allows the mutation to have done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Asked:
    """Mutation that a user of its own has asked for, who does nothing else."""

    name: str
    user_id: int
    takes_key: bool
    """Whether each try has the same idempotency key."""
    is_contended: bool = False
    """Whether others want its objects too."""
    object: str | None = None
    """The object that only one of them can have."""
    before: Counter[str] = field(default_factory=Counter)
    """The user's events before the first try, by their types."""
    answers: list[str] = field(default_factory=list)
    """The outcome of each try: `done`, `refused CODE`, `unknown`, or `failed CODE`, which says that nothing changed."""

    @property
    def is_done(self) -> bool:
        """Whether it was acknowledged."""
        return "done" in self.answers

    @property
    def is_refused(self) -> bool:
        """Whether the last answer is a refusal."""
        return bool(self.answers) and self.answers[-1].startswith("refused")

    @property
    def may_be_done(self) -> bool:
        """Whether the answers don't say.

        A refusal under a key says it of all tries: if one before it was done, its outcome would have been repeated.
        """
        return "unknown" in self.answers and not (self.takes_key and self.is_refused)


def wrong(
    asked: Sequence[Asked], by_user: Mapping[int, Counter[str]], expected: Mapping[str, Counter[str]]
) -> list[object]:
    """Return what was not done though it was acknowledged, done twice, or done though it was not.

    Also what was refused after the same key had been acknowledged, and objects that several callers have got.
    """
    found: list[object] = []
    for each in asked:
        done = by_user.get(each.user_id, Counter())
        right = [expected[each.name]] if each.is_done else [each.before]
        if not each.is_done and each.may_be_done:
            right.append(expected[each.name])
        if done not in right or (each.is_done and each.is_refused):
            found.append((each, done))
    owners = Counter(each.object for each in asked if each.is_done and each.object is not None)
    found += [(name, number) for name, number in owners.items() if number > 1]
    return found

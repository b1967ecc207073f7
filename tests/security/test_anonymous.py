"""Requests without a token cost a server outside of demo mode next to nothing."""

from collections.abc import Iterator

import httpx
import pytest

from tests.security.harness import Attack, CountedTarget, Target, counted_target


def sign_ins(times: int) -> str:
    """Return this number of sign-ins in one selection."""
    one = '{0}: signIn(input: {{email: "NUMBER{0}@alfa.example", password: "wrong"}}) {{ token }}'
    return "{ " + " ".join(one.format(f"a{number}") for number in range(times)) + " }"


def anonymous(name: str, text: str, code: str = "BAD_USER_INPUT") -> Attack:
    return Attack(name, text, code=code, has_token=False)


ATTACKS = [
    anonymous("150 sign-ins", f"mutation {sign_ins(150)}"),
    anonymous("150 sign-ins in a fragment", f"mutation {{ ...A }} fragment A on Mutation {sign_ins(150)}"),
    anonymous(
        "1,800 unknown fields", "{ " + " ".join(f"aNUMBERa{each}" for each in range(1_800)) + " }", "UNAUTHENTICATED"
    ),
    anonymous(
        "900 unknown fields of the viewer", "{ viewer { " + " ".join(f"aNUMBERa{each}" for each in range(900)) + " } }"
    ),
    Attack(
        "150 fragments",
        "{ "
        + " ".join(f"...F{each}" for each in range(150))
        + " } "
        + " ".join(f"fragment F{each} on Query {{ aNUMBERa{each}: viewer {{ role }} }}" for each in range(150)),
        has_token=False,
    ),
    Attack(
        "150 viewers",
        "{ " + " ".join(f"aNUMBERa{each}: viewer {{ role }}" for each in range(150)) + " }",
        has_token=False,
    ),
    Attack(
        "150 types",
        "{ " + " ".join(f'aNUMBERa{each}: __type(name: "Client") {{ name }}' for each in range(150)) + " }",
        code="UNAUTHENTICATED",
        has_token=False,
    ),
    Attack(
        "a schema of 20 MB",
        "{ __schema { types { fields { " + " ".join(f"aNUMBERa{each}: description" for each in range(900)) + " } } } }",
        code="UNAUTHENTICATED",
        has_token=False,
    ),
    anonymous(
        "names of 500 characters",
        "{ " + " ".join(f"aNUMBERa{each}{'x' * 500}" for each in range(110)) + " }",
        "UNAUTHENTICATED",
    ),
    anonymous(
        "types of 60 characters",
        "{ viewer { role } } "
        + " ".join(f"fragment F{each} on TNUMBERa{each}{'OrderClientActivation' * 3} {{ id }}" for each in range(100)),
    ),
    anonymous("a name of 60 KB", f"{{ a{'x' * 60_000} }}", "UNAUTHENTICATED"),
    anonymous("a text of 60 KB", f'{{ __type(name: "{"x" * 60_000}") {{ name }} }}'),
    # Without a token, a body of over 64 KB is not read.
    anonymous(
        "1 MB of names", "{ " + " ".join(f"a{each}{'x' * 500}" for each in range(1_900)) + " }", "UNAUTHENTICATED"
    ),
    anonymous("a name of 1 MB", f"{{ a{'x' * 1_000_000} }}", "UNAUTHENTICATED"),
    anonymous("a text of 1 MB", f'{{ __type(name: "{"x" * 1_000_000}") {{ name }} }}', "UNAUTHENTICATED"),
    # What only the signed in may select is refused before it is validated.
    Attack(
        "an input of unknown fields",
        "{ quoteOrder(input: {" + "u1: 1 " * 900 + "}) { quote { type } } }",
        code="UNAUTHENTICATED",
        has_token=False,
    ),
]


@pytest.fixture(scope="module")
def counted_production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountedTarget]:
    """Server that suggests nothing to callers without a token, and whose work is counted."""
    with counted_target(tmp_path_factory.mktemp("counted"), DEMO="false") as found:
        yield found


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_what_does_nothing_for_its_caller_is_refused_for_next_to_nothing(
    counted_production: CountedTarget, http: httpx.Client, attack: Attack
) -> None:
    counted_production.refuses_for_little(http, attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_others_are_answered_meanwhile(production: Target, http: httpx.Client, attack: Attack) -> None:
    production.answers_others_meanwhile(lambda: production.attack(http, attack))

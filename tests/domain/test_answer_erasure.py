"""Values are erased from receivers' answers in all usual forms, and the rest of an answer is kept."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from domain.answer_erasure import answer_names, answer_without
from domain.erasure import Identity, single_words

NAMES = ("Quitutes Zoraide Ltda", "Pão & Prosa")
CLIENT = Identity("16727230000197", NAMES, words=single_words(NAMES))


@pytest.mark.parametrize(
    "answer",
    [
        "QuitutesZoraide",
        "cliente=quitutesZoraide42",
        "mail@paoprosa.example paoprosa",
        "Qui<b>tutes</b> Zora<i>ide</i>",
        "Qui=74utes=20Zora=\nide",
        "P=C3=A3o=20&=20Prosa",
        b64encode(b'{"client":"Quitutes Zoraide"}').decode(),
        urlsafe_b64encode("aÿ~~?? Pão & Prosa".encode()).decode().rstrip("="),
        "client: " + b64encode(b"16.727.230/0001-97").decode(),
        "de%2520Qu%2569tutes",
        "١٦٧٢٧٢٣٠٠٠٠١٩٧",
        "Q\ufffdu\ufffdi\ufffdt\ufffdu\ufffdt\ufffde\ufffds\ufffd",
    ],
)
def test_nothing_is_kept_of_an_answer_with_a_value_in_another_form(answer: str) -> None:
    assert answer_names(CLIENT, answer)
    assert answer_names(CLIENT, f"ok\n{answer}\nok")
    assert answer_without(CLIENT, answer) == "[…]"


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ('{"client":"Quitutes Zoraide"}', '{"client":"[…] […]"}'),
        ("client 16.727.230/0001-97 saved", "client […] saved"),
        ("Zoraide, ok", "[…], ok"),
        ('{"ok":true,"id":"b25lIG1vcmUgaWQ=","a":"%20<b>=41"}', '{"ok":true,"id":"b25lIG1vcmUgaWQ=","a":"%20<b>=41"}'),
        ("ok", "ok"),
    ],
)
def test_only_the_value_is_erased_where_it_is_written_as_words(answer: str, kept: str) -> None:
    assert answer_without(CLIENT, answer) == kept

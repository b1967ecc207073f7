"""Erasure of who a cancelled client was, also from texts about others."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from domain.activations import ACTIVATION_KEY_LENGTH, NOTE_LENGTH
from domain.cnpj import SHORT_LENGTH
from domain.text import fold, plain, upper

REDACTED = "[…]"
"""Replacement for an erased value within a text."""

_REDACTED_SHORT = "…"
"""The same in a text that the other one would make too long to be given back."""

ERASED_KEY = "ERASED-"
"""Beginning of what replaces an activation key or ECF serial number; the activation's id follows."""

_WORD = re.compile(r"[^\W_]+")
_BETWEEN_WORDS = r"[\W_]+"
_MASK = r"[\W_]*"
_NEVER = r"(?!)"
_NO_DIGIT_BEFORE = r"(?<![0-9])(?<![0-9][.,/-])"
_ALONE = r"(?<![0-9]){}(?![0-9])"
_BEFORE, _AFTER = r"(?<![^\W_])", r"(?![^\W_])"

_COMMON = frozenset(
    "a ao aos as com da das de do dos e em eireli epp i ii iii la las le limitada los ltda mei me na nas no nos o os "
    "ou para por s sa sem slu ss the um uma y".split()
)
"""Words of names that identify no company: function words and legal forms."""

_ORDINARY = frozenset(
    # Businesses.
    "academia acougue adega agro agropecuaria alimentos armarinho armazem atacadao atacado auto autoescola "
    "autopecas bar barbearia bazar bijuteria boutique cafe cafeteria calcados casa centro cia clinica colegio "
    "comercial comercio companhia confeccoes confeitaria construcao construcoes consultorio contabilidade "
    "cooperativa cosmeticos deposito distribuidora drogaria eletrica eletro eletronica eletronicos emporio "
    "empresa engenharia escola escritorio esporte esportes estetica estoque fabrica farmacia fazenda ferragens "
    "ferramentas festa festas filial floricultura frutas garagem gelo grafica granja grupo hortifruti hotel "
    "importadora industria informatica instituto joalheria laboratorio lanches lanchonete lavanderia livraria "
    "locadora logistica loja lojas lotericas madeireira magazine marcenaria materiais material matriz mecanica "
    "medicamentos mercadinho mercado mercearia metalurgica mini minimercado moda modas motel moto motos moveis "
    "movel oficina otica padaria panificadora papelaria pastelaria pecas peixaria perfumaria pizzaria pneus posto "
    "pousada presentes produtos quitanda rede representacoes restaurante roupas salao servico servicos sorveteria "
    "supermercado supermercados tabacaria tecidos tecnologia texteis tintas transportadora transporte transportes "
    "turismo utilidades varejo veiculos venda vendas vidracaria "
    # What installations and orders are written of.
    "ativacao balcao caixa caixas chave cliente clientes codigo computador computadores contato cupom dados dia "
    "dias ecf equipamento estacao fiscais fiscal hora horas impressora impressoras instalacao licenca licencas "
    "maquina maquinas mes mfe modelo nfce nfe nota notas note notebook numero pagamento pc pcs pdv pedido pedidos "
    "preco precos retaguarda sat serie servidor sistema sistemas suporte tablet tef telefone terminais terminal "
    "troca usuario usuarios versao "
    # Adjectives and places.
    "alta alto antiga antigo avenida baixa baixo bela belo boa bom branca branco bras brasil brasileira "
    "brasileiro central cidade direita doce esquerda esquina forte geral grande leste maior mais meio melhor "
    "menor municipal nacional norte nova novas novo novos oeste pequena pequeno ponto praca preta preto primeira "
    "primeiro real rua segunda segundo sul super total ultima ultimo uniao unica unico velha velho vila".split()
)
"""Words that notes are made of, folded: alone they identify no company."""

_EXACT_LENGTH_MIN = 3
"""Least number of letters and digits of a name of such words that texts are searched for: “A” begins many sentences."""

_NUMBER_LENGTH = 4
"""Up to how many digits a number is one of a till, a street or a year."""

_IN_KEYS_LENGTH_MIN = 4
"""Least number of letters and digits of a name that keys are searched for: all keys have three that spell something."""


class ErasedKind(Enum):
    """Kind of value that the cancellation of a client erases."""

    CNPJ = "CNPJ"
    NAME = "NAME"
    TRADE_NAME = "TRADE_NAME"
    CITY = "CITY"
    STATE = "STATE"
    ACTIVATION_KEY = "ACTIVATION_KEY"
    ECF_SERIAL_NUMBER = "ECF_SERIAL_NUMBER"
    ACTIVATION_NOTE = "ACTIVATION_NOTE"
    ORDER_NOTE = "ORDER_NOTE"
    CLIENT_NOTE = "CLIENT_NOTE"
    TOKEN_NAME = "TOKEN_NAME"  # noqa: S105 — the name of a kind.
    SUSPENSION_REASON = "SUSPENSION_REASON"
    WEBHOOK_ANSWER = "WEBHOOK_ANSWER"
    WEBHOOK_URL = "WEBHOOK_URL"
    WEBHOOK_SELECTION = "WEBHOOK_SELECTION"


class ErasedCount(NamedTuple):
    """Number of values of one kind that were erased."""

    kind: ErasedKind
    number: int


def receipt(erased: Mapping[ErasedKind, int]) -> str:
    """Return how many values of each kind were erased, as it is stored: "CNPJ=1 NAME=1"."""
    return " ".join(f"{kind.value}={erased[kind]:d}" for kind in ErasedKind if erased.get(kind))


def counts(stored: str) -> list[ErasedCount]:
    """Return the counts of a receipt."""
    pairs = (each.split("=") for each in stored.split())
    return [ErasedCount(ErasedKind(kind), int(number)) for kind, number in pairs]


class Traces(NamedTuple):
    """Parts of an identity, of which an ASCII text that has one of its values has at least one.

    In lower case, it has all words of a phrase, or all characters of the number, in this order.
    """

    phrases: Sequence[tuple[str, ...]]
    number: str


@dataclass(frozen=True)
class Identity:
    """Values that identify a client in texts: its CNPJ, names and places, and single words of its names.

    A name without a letter or digit, such as “-”, identifies none, and neither does one letter or one short number. One
    of function words and legal forms only, such as “E-Com”, does so where it is written in the same way, but in no key,
    which is in capitals.
    """

    cnpj: str
    names: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    words: frozenset[str] = field(default=frozenset())

    def found_in(self, text: str) -> bool:
        """Return whether the text contains any of the values."""
        folded = plain(text)
        # To find a word is many times as fast as to search for all patterns at each character.
        if any(word in folded for word in self._first_words) and self._pattern.search(folded) is not None:
            return True
        return self._number.search(folded) is not None or self._exact.search(text) is not None

    @property
    def traces(self) -> Traces:
        """What to look for in ASCII texts without the patterns."""
        return Traces(self._phrases, self._digits)

    @property
    def in_keys(self) -> "Identity":
        """The values that are erased from activation keys and serial numbers: the CNPJ and whole names.

        One ordinary word is no such name: the keys of other clients have “CAIXA” and “PC” in them.
        """
        return Identity(self.cnpj, tuple(name for name in self.names if _identifies_in_key(_words(name))))

    def unlike(self, folded_names: Iterable[str]) -> "Identity":
        """Return the identity without the names that other companies have too, given one in a line of each text."""
        others = {line for names in folded_names for line in names.split("\n")}
        return replace(self, names=tuple(name for name in self.names if fold(name) not in others))

    def redacted(self, text: str, *, longest: int | None = NOTE_LENGTH) -> str:
        """Return the text without the values: the CNPJ in any mask, the others as whole words in any case.

        Short marks replace them if it would become longer than `longest`.
        """
        text = self._exact.sub(REDACTED, text)
        found = self._pattern.finditer(plain(text))
        first = next(found, None)
        if first is None:
            return text
        # Origin of each plain character: “½” becomes three of them, and an accent by itself none.
        places = [place for place, character in enumerate(text) for _ in plain(character)]
        kept, rest = "", 0
        for match in (first, *found):
            kept += text[rest : places[match.start()]] + REDACTED
            rest = places[match.end()] if match.end() < len(places) else len(text)
        kept += text[rest:]
        return kept if longest is None or len(kept) <= longest else kept.replace(REDACTED, _REDACTED_SHORT)

    def replaced_in_key(self, key: str, opaque: Callable[[], str]) -> str:
        """Return an activation key or serial number with an opaque text in the place of each of the values."""
        plain_key = plain(key)
        if self._pattern.search(plain_key) is None:
            return key
        # A serial number can have characters that become several plain ones: then none of it is kept.
        kept = key if len(plain_key) == len(key) else plain_key
        pieces, rest = [], 0
        for match in self._pattern.finditer(plain_key):
            pieces += [kept[rest : match.start()], opaque()]
            rest = match.end()
        # Pieces are composed anew, as a stored text is.
        replaced = upper("".join([*pieces, kept[rest:]]))
        return replaced if len(replaced) <= ACTIVATION_KEY_LENGTH else opaque()

    @cached_property
    def _phrases(self) -> list[tuple[str, ...]]:
        phrases = {_words(each) for each in (*self.names, *self.places)} | {(word,) for word in self.words}
        # The longest alternative of a pattern is the first that matches.
        return sorted(filter(_identifies, phrases), key=lambda phrase: len("".join(phrase)), reverse=True)

    @cached_property
    def _first_words(self) -> frozenset[str]:
        return frozenset(phrase[0] for phrase in self._phrases)

    @cached_property
    def _digits(self) -> str:
        # Spreadsheets drop leading zeros. What is left of a number of zeros may be any number.
        number = plain(self.cnpj)
        short = number.lstrip("0")
        return short if len(short) >= SHORT_LENGTH else number

    @cached_property
    def _number(self) -> re.Pattern[str]:
        pattern = _MASK.join(self._digits) or _NEVER
        return re.compile(_ALONE.format(pattern) if self._digits.startswith("0") else pattern)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        phrases = "|".join(map(_BETWEEN_WORDS.join, self._phrases)) or _NEVER
        return re.compile(f"{self._zeros}{self._number.pattern}|{_BEFORE}(?:{phrases}){_AFTER}")

    @property
    def _zeros(self) -> str:
        """Pattern of the zeros before the number: in its mask, as many as it has, or more in one run with it.

        Those within a mask that follow a digit are of another number, as in “R$ 0,00”.
        """
        left_out = len(plain(self.cnpj)) - len(self._digits)
        return f"(?:{_NO_DIGIT_BEFORE}(?:0{_MASK}){{{left_out}}})?0*" if left_out else ""

    @cached_property
    def _exact(self) -> re.Pattern[str]:
        common = [each for each in self.names if _COMMON.issuperset(words := _words(each)) and _is_long(words)]
        # As among phrases, the longest is the first.
        common.sort(key=len, reverse=True)
        return re.compile(f"{_BEFORE}(?:{'|'.join(map(re.escape, common)) or _NEVER}){_AFTER}")


def identifies(name: str) -> bool:
    """Return whether the name has more than function words and legal forms, and is no letter or short number."""
    return _identifies(_words(name))


def single_words(names: Iterable[str]) -> frozenset[str]:
    """Return the words of names, folded, each of which may identify their company alone.

    Ordinary words, letters and short numbers don't: to erase “caixa”, “A” or “24” from all notes would destroy what
    they say about others.
    """
    return frozenset(word for name in names for word in _words(name) if _identifies((word,)) and _is_rare(word))


def words_of_others(folded_names: Collection[str], words: frozenset[str]) -> frozenset[str]:
    """Return those of the words that are in other companies' folded names, so that they identify none."""
    return words & frozenset(_WORD.findall("\n".join(folded_names)))


def _is_rare(word: str) -> bool:
    return word not in _ORDINARY and not _is_trifle(word)


def _is_trifle(word: str) -> bool:
    return len(word) == 1 or (word.isdecimal() and len(word) <= _NUMBER_LENGTH)


def _words(name: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(plain(name)))


def _is_long(words: tuple[str, ...]) -> bool:
    return len("".join(words)) >= _EXACT_LENGTH_MIN


def _identifies(phrase: tuple[str, ...]) -> bool:
    return not _COMMON.issuperset(phrase) and not (len(phrase) == 1 and _is_trifle(phrase[0]))


def _identifies_in_key(phrase: tuple[str, ...]) -> bool:
    telling = [word for word in phrase if word not in _COMMON and not _is_trifle(word)]
    is_long = len("".join(phrase)) >= _IN_KEYS_LENGTH_MIN
    return is_long and (len(telling) > 1 or any(map(_is_rare, telling)))

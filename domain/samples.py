"""Samples of the messages that a person can meet, for their catalogue."""

import errno
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from domain.access import ACTIONS, Permission
from domain.activations import NOTE_LENGTH
from domain.bulk import CountChanged, ForbiddenAmongItems
from domain.deadlines import AnswerTimedOut, ChangeNotShown, ChangeTimedOut, ReadTimedOut
from domain.documents import REGISTERED_MAX, DocumentIdTaken, InvalidDocument, TooManyAtOnce
from domain.errors import ApiError, BodyTooLong, Forbidden, TokenElsewhere, TokenForbidden
from domain.fields import entries
from domain.languages import Text
from domain.licenses import COUNTER_MAX
from domain.limits import (
    RateLimited,
    TooFewPoints,
    TooManyMails,
    TooManyPoints,
    TooManySubscriptions,
)
from domain.money import UNIT_PRICE_MAX, Amount, Cents
from domain.orders import TYPE_LABELS, OrderStatus, OrderTransition, OrderType, OrderUnchanged
from domain.partners import (
    PartnerInUse,
    PartnerStatus,
    PartnerSuspended,
    PartnerTransition,
    PartnerUnchanged,
    UnknownPartner,
)
from domain.policies import AboveCeiling, WarningRequired
from domain.price_drafts import BeginInPast, ComparedInPast, DraftOutdated, HoleInPrices, OthersDrafted
from domain.price_tables import (
    DuplicateTier,
    PriceTableNameTaken,
    UnknownPriceTable,
)
from domain.products import ProductCodeTaken, ProductRetired
from domain.refusals import (
    ApiTokenLimit,
    CounterOverflow,
    NotFound,
    OutOfSeats,
    OutOfStock,
    PermissionNotHeld,
    PriceChanged,
    Refusal,
)
from domain.sheet_files import (
    OPEN_DOCUMENT,
    PDF,
    DotBothWays,
    LargeWorkbook,
    LongLine,
    MissingColumns,
    OtherFormat,
    RepeatedColumn,
    TooManyLines,
    UnreadableFile,
    UnwritableReport,
)
from domain.sheet_rows import (
    AmbiguousProduct,
    ErrorValue,
    LostCharacters,
    Mojibake,
    NoAmount,
    NoAnswer,
    NoStateOfCity,
    NoWholeNumber,
    RepeatedCode,
    RepeatedTier,
    TooFewCells,
    TooManyTiers,
    TwoStates,
    UnknownOrderType,
    UnknownProduct,
    WrongCellCount,
)
from domain.sheet_warnings import AmbiguousDots, GuessedEncoding, OtherEncoding, UnreadPages, UnusedColumns
from domain.sheets import RowsRefused
from domain.users import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, InvalidPassword
from domain.violations import (
    Empty,
    HiddenCharacter,
    InvalidExpiry,
    InvalidItemCount,
    InvalidState,
    OutOfRange,
    SeveralLines,
    TooLong,
    TooManyItems,
    Unstorable,
)
from domain.webhooks import (
    InvalidSelection,
    NoSelection,
    SelectionTooLarge,
    TooManyWaiting,
    WebhookErased,
    WebhookKeysChanging,
    WebhookLimit,
    WebhookPermissionNotHeld,
    WebhookTokenPermissionNotHeld,
)

Said: TypeAlias = Refusal | ApiError
"""What has a text for a person."""

_NOW = datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
_ITEMS = ("items",)
_QUANTITY = ("items", "0", "quantity")
_CELL = ("CNPJ",)
_CONTACTS = ("contacts",)

SAMPLES: Sequence[Said] = (
    Empty(("name",)),
    Empty(("contacts", "1", "name")),
    TooLong(("note",), longest=NOTE_LENGTH),
    Unstorable(("city",)),
    HiddenCharacter(("tradeName",), character="U+202E"),
    SeveralLines(("name",)),
    OutOfRange(_QUANTITY, lowest=1, highest=10_000),
    OutOfRange(
        ("prices", "0", "tiers", "1", "unitMonthlyPrice"), lowest=Amount(Cents(0)), highest=Amount(UNIT_PRICE_MAX)
    ),
    InvalidItemCount(_ITEMS, lowest=1, highest=50, entries=entries(_ITEMS)),
    TooManyItems(_CONTACTS, highest=10, entries=entries(_CONTACTS)),
    WarningRequired(("warningBelow",)),
    InvalidState(("state",)),
    InvalidExpiry(("expiresAt",), now=_NOW),
    NotFound(("orderId",)),
    NotFound(("activationId",)),
    NotFound(("items", "0", "productId")),
    NotFound(("replacesVersion",)),
    NotFound(("copyOfVersion",)),
    OutOfStock(product_id=1, requested=1, available=0),
    OutOfSeats(product_id=1, requested=1_200, available=1_000),
    OrderTransition(current=OrderStatus.COMPLETED, to=OrderStatus.CANCELLED),
    OrderTransition(current=OrderStatus.CANCELLED, to=OrderStatus.COMPLETED),
    OrderUnchanged(current=OrderStatus.CANCELLED, to=OrderStatus.CANCELLED),
    PriceChanged(expected=Cents(323_000), actual=Cents(322_900)),
    CounterOverflow(highest=COUNTER_MAX),
    PermissionNotHeld(permission=ACTIONS[Permission.ORDERS_APPROVE]),
    ApiTokenLimit(limit=100),
    InvalidSelection(("selection",), problem="Cannot query field 'nome' on type 'Event'."),
    NoSelection(("selection",)),
    SelectionTooLarge(
        ("selection",),
        size=12_000,
        selected=Text(pt="objetos e valores", en="objects and values"),
        whole=Text(pt="evento", en="event"),
        highest=10_000,
    ),
    WebhookPermissionNotHeld(("selection",), permission=ACTIONS[Permission.CLIENTS_READ]),
    WebhookTokenPermissionNotHeld(("selection",), permission=ACTIONS[Permission.CLIENTS_READ]),
    WebhookLimit(limit=20),
    TooManyWaiting(limit=20),
    WebhookKeysChanging(hours=24),
    WebhookErased(),
    InvalidPassword(("newPassword",), lowest=PASSWORD_LENGTH_MIN, highest=PASSWORD_LENGTH_MAX),
    PartnerSuspended(reason="inadimplência"),
    PartnerTransition(current=PartnerStatus.CLOSED, to=PartnerStatus.ACTIVE),
    PartnerUnchanged(current=PartnerStatus.SUSPENDED, to=PartnerStatus.SUSPENDED),
    PartnerInUse(activations=1, orders=1),
    PartnerInUse(activations=1_250, orders=2),
    UnknownPartner(name="Alfa Sistemas"),
    AboveCeiling(total=Cents(1_250_000), ceiling=Cents(1_000_000)),
    InvalidDocument(document="sha256:e76c…", reason="Cannot query field “nothing” on type “Query” (at 1:3)"),
    DocumentIdTaken(document="x-web:estoque"),
    TooManyAtOnce(highest=REGISTERED_MAX),
    ProductCodeTaken(product_code="COMPLETO"),
    ProductRetired(product="Moderniza Light"),
    PriceTableNameTaken(name="Pauta 2026"),
    DraftOutdated(version=3),
    CountChanged(expected=12, actual=13),
    UnknownPriceTable(name="Pauta 2026"),
    HoleInPrices(product="Moderniza Light", lowest=10, kind=TYPE_LABELS[OrderType.PURCHASE]),
    OthersDrafted(
        products=[Text(pt="LIGHT (Compra)", en="LIGHT (Purchase)"), Text(pt="SPED (Compra)", en="SPED (Purchase)")]
    ),
    BeginInPast(now=_NOW),
    DuplicateTier(minimum=1),
    DuplicateTier(minimum=1_000),
    UnreadableFile(PermissionError(errno.EACCES, "")),
    UnwritableReport("erros.csv", OSError(errno.ENOSPC, "")),
    LargeWorkbook(megabytes=256),
    OtherFormat(PDF),
    OtherFormat(OPEN_DOCUMENT),
    TooManyLines(highest=100_000),
    LongLine(line=12_345),
    MissingColumns([Text(pt="CNPJ", en="CNPJ"), Text(pt="Razão Social", en="Name")]),
    RepeatedColumn(header="CNPJ"),
    RowsRefused(bad=1),
    RowsRefused(bad=1_200),
    DotBothWays(decimals_in="Adesão", decimal=2, thousands_in="Mensalidade", thousands=1_007),
    TooFewCells(cells=1, headers=5),
    WrongCellCount(cells=6, headers=5),
    Mojibake(_CELL, written="JoÃ£o", meant="João"),
    LostCharacters(_CELL, written="Jo\ufffdo"),
    ErrorValue(_CELL, written="#N/D"),
    NoWholeNumber(("minimumQuantity",), lowest=1, highest=10_000),
    NoAnswer(("Ativo",)),
    NoAmount(("unitMonthlyPrice",), highest=Amount(UNIT_PRICE_MAX)),
    UnknownOrderType(("orderType",)),
    NoStateOfCity(("Cidade/UF",), written="XX"),
    UnknownProduct(("Produto",), codes="COMPLETO, LIGHT"),
    AmbiguousProduct(("productId",), codes="COMPLETO, LIGHT"),
    RepeatedTier(quantity=1_000),
    TooManyTiers(highest=50),
    TwoStates(of_city="SP", of_column="PE"),
    RepeatedCode(code="COMPLETO", line=7),
    OtherEncoding([3], 1),
    GuessedEncoding([2, 3, 5, 7, 11], 6),
    AmbiguousDots([2], 1, written="12.500"),
    UnusedColumns(headers="Telefone, Vendedor"),
    UnreadPages(read="Matriz", others="“Filiais”"),
    Forbidden({Permission.ORDERS_APPROVE}),
    Forbidden({Permission.CLIENTS_READ, Permission.ORDERS_APPROVE, Permission.USERS_MANAGE}),
    TokenForbidden({Permission.CLIENTS_READ, Permission.EXPORTS_CREATE}),
    ForbiddenAmongItems({Permission.ACTIVATIONS_WRITE}),
    RateLimited(45),
    RateLimited(120),
    TooManyMails(18_000),
    TooFewPoints(3),
    TooManySubscriptions(100),
    TooManyPoints(requested=12_000, limit=5_000),
    BodyTooLong(2_000_000),
    ComparedInPast(_NOW),
    TokenElsewhere("203.0.113.7"),
    TokenElsewhere(None),
    ReadTimedOut(10),
    ChangeTimedOut(20),
    ChangeNotShown(20),
    AnswerTimedOut(20),
)
"""Samples of all messages with facts, and of those about a field."""

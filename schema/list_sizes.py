"""Sizes of lists without `first`: the largest ones, in the SDL's `@largestSize`, and those of points in `@listSize`."""

from collections.abc import Mapping

from domain.access import API_TOKENS_MAX, Permission
from domain.bulk import BULK_MAX
from domain.erasure import ErasedKind
from domain.events import EventType
from domain.orders import ITEMS_MAX
from domain.partners import CONTACTS_MAX
from domain.policies import NETWORKS_MAX
from domain.price_tables import TABLES_MAX, VERSIONS_MAX
from domain.second_factor import RECOVERY_CODES, SecondFactorKind
from domain.sheet_warnings import WARNED_LINES_MAX
from domain.sheets import IMPORTED_ROWS_MAX
from resolvers.pages import SIZE_MAX

USER_ERRORS_MAX = 50
"""Maximum number of user errors of a payload: the first ones of an input that has more."""

LIST_SIZES: Mapping[str, int] = {
    "*.userErrors": USER_ERRORS_MAX,
    "*.path": 5,
    "ApiToken.permissions": len(Permission),
    "ApproveOrderPayload.licenseStock": ITEMS_MAX,
    "CancelClientPayload.cancelledActivations": SIZE_MAX,
    "CancelClientPayload.erased": len(ErasedKind),
    "CancelClientPayload.licenseStock": 10,
    "CancelClientPayload.releasedLicenses": 10,
    "CancellationImpact.releasedLicenses": 10,
    "Event.erased": 10,
    "ImportClientsPayload.rows": IMPORTED_ROWS_MAX,
    "ImportPricesPayload.invalidRows": IMPORTED_ROWS_MAX,
    "ImportPricesPayload.sheetWarnings": 10,
    "ImportProductsPayload.rows": IMPORTED_ROWS_MAX,
    "SheetWarning.lines": WARNED_LINES_MAX,
    "ImportedClient.codes": 5,
    "ImportedProduct.codes": 5,
    "InvalidPriceRow.codes": 5,
    "Order.items": ITEMS_MAX,
    "OrderQuote.items": ITEMS_MAX,
    "Partner.contacts": CONTACTS_MAX,
    "Partner.licenseStock": 50,
    "PartnerPolicy.apiTokenNetworks": NETWORKS_MAX,
    "Partner.priceTables": TABLES_MAX,
    "PriceTable.items": 50,
    "PriceTable.versions": VERSIONS_MAX,
    "PriceTableVersion.items": 50,
    "Preview.erased": len(ErasedKind),
    "Preview.events": 10,
    "Preview.licenseStock": ITEMS_MAX,
    "*.results": BULK_MAX,
    **{f"{name}Payload.userErrors": BULK_MAX for name in ("ActivateLicenses", "CancelActivations", "MoveActivations")},
    "ActivateLicensesPayload.licenseStock": ITEMS_MAX,
    "CancelActivationsPayload.licenseStock": ITEMS_MAX,
    "ActivationCancellationResult.userErrors": 1,
    "ActivationMoveResult.userErrors": 5,
    "LicenseActivationResult.userErrors": 5,
    "Query.apiTokens": API_TOKENS_MAX,
    "Query.priceTableDiff": 100,
    "PublishPriceTablePayload.undone": 100,
    "*.warnings": 10,
    "PriceTableItem.tiers": 5,
    "Query.licenseStock": 50,
    "Query.products": 50,
    "ConfirmTotpPayload.recoveryCodes": RECOVERY_CODES,
    "RenewRecoveryCodesPayload.recoveryCodes": RECOVERY_CODES,
    "SecondFactorChallenge.kinds": len(SecondFactorKind),
    "TrustedDocument.errors": 5,
    "TrustedDocument.operations": 2,
    "UpdateLicenseStockThresholdPayload.licenseStock": 50,
    "Viewer.apiTokens": API_TOKENS_MAX,
    "WebhookFilter.types": len(EventType),
    "Viewer.permissions": len(Permission),
}
"""Sizes of lists without `first`, by `Type.field`, or by `*.field` for all types.

A size is the business's maximum if there is one, and otherwise more than partners have.
"""

TYPICAL_MAX = 10
"""Most entries that a list without `first` has in points: more than nearly all orders, price tables and partners have.

Points measure usual work. Objects and values, which limit memory, are counted by the largest sizes.
"""

_FULL = frozenset({"results"})
"""Lists that have their largest size in points too: a request chooses how many items a bulk mutation has."""

ARGUMENT_SIZES: Mapping[str, str] = {"Query.nodes": "ids"}
"""Lists with an entry for each entry of an argument."""


def stated(parent: str, name: str) -> int | None:
    """Return the size of a list in the table; None if it has none."""
    return LIST_SIZES.get(f"{parent}.{name}", LIST_SIZES.get(f"*.{name}"))


def typical(parent: str, name: str) -> int | None:
    """Return the size that a list of the table has in points; None if it has none."""
    size = stated(parent, name)
    return size if size is None or name in _FULL else min(size, TYPICAL_MAX)

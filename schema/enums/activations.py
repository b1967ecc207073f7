"""Enums of activations and the stock of licenses."""

from db.activations import ActivationSortKey
from domain.activations import ActivationCancellationReason, ActivationStatus, ActivationWarningCode
from domain.licenses import StockMovementType
from schema.enums.describing import describe

describe(
    ActivationStatus,
    "The status of an activation.",
    {
        ActivationStatus.ACTIVE: "The license is in use.",
        ActivationStatus.CANCELLED: "The license has returned to the stock.",
    },
)
describe(
    ActivationCancellationReason,
    "The reason why an activation ended.",
    {
        ActivationCancellationReason.ACTIVATION_CANCELLED: "The activation was cancelled, “cancelamento de licença”.",
        ActivationCancellationReason.CLIENT_CANCELLED: "The client was cancelled, “Cancelamento de Cliente”.",
        ActivationCancellationReason.MOVED: "The license was moved to another client or key, “substituição”.",
    },
)
describe(
    ActivationWarningCode,
    "The code of a warning about an activation.",
    {
        ActivationWarningCode.ECF_SERIAL_NUMBER_IN_USE: (
            "An active activation of another of the partner's clients has the same serial number of a fiscal printer "
            "(“ECF”)."
        ),
    },
)
describe(
    ActivationSortKey,
    "Properties by which activations can be sorted.",
    {
        ActivationSortKey.ACTIVATED_AT: "Sort by the date and time of the activation, “data/hora da ativação”.",
        ActivationSortKey.CLIENT_NAME: (
            "Sort by the client's name, without regard to case and accents. Activations of cancelled clients, whose "
            "names were erased, come first."
        ),
        ActivationSortKey.UPDATED_AT: "Sort by the date and time of the last change, `updatedAt`.",
    },
)
describe(
    StockMovementType,
    "The kind of a change of the stock.",
    {
        StockMovementType.ORDER_APPROVED: "An approved order added its licenses or seats.",
        StockMovementType.ACTIVATED: "An activation took a license and its additional seats.",
        StockMovementType.RELEASED: "A cancelled activation returned its license and additional seats.",
    },
)

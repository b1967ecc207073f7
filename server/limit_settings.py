"""Settings of limits: sizes, counts, times, and the rates of callers."""

from pydantic import Field

from domain.costs import POINTS_MAX
from server.rates.accounts import Limits
from server.setting_values import Points, Seconds, TrimmedSettings


class LimitSettings(TrimmedSettings):
    """Limits of what callers may send, hold and use; `Settings` has them too."""

    max_body_bytes: int = Field(
        default=2 * 1024 * 1024, ge=1024, description="The longest body of a request, in bytes."
    )
    max_answer_bytes: int = Field(
        default=32 * 1024 * 1024,
        ge=1024,
        description="The longest answer, in bytes before it is compressed; a longer one is COST_EXCEEDED.",
    )
    max_points: int = Field(
        default=POINTS_MAX,
        ge=100,
        le=1_000_000,
        description="The most points that an operation may cost; a dearer one is COST_EXCEEDED.",
    )
    total_count_max: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="How many objects of a list totalCount counts at most; without it, all of them.",
    )
    max_subscriptions: int = Field(
        default=10_000, ge=1, description="The number of subscriptions that a process runs at most."
    )
    max_subscriptions_of_user: int = Field(
        default=100, ge=1, description="The number of subscriptions that a process runs for one user at most."
    )
    max_subscriptions_of_address: int = Field(
        default=1_000, ge=1, description="The number of subscriptions that a process runs for one address at most."
    )
    max_operations_of_connection: int = Field(
        default=100, ge=1, description="The number of operations that run at once on one WebSocket at most."
    )
    header_timeout_seconds: Seconds = Field(
        default=10, description="How long a request's header may take, from its first byte, in seconds."
    )
    body_timeout_seconds: Seconds = Field(default=30, description="How long a request's body may take, in seconds.")
    answer_timeout_seconds: Seconds = Field(
        default=60, description="How long the caller may read nothing of an answer, in seconds."
    )
    request_timeout_seconds: Seconds = Field(
        default=10, description="How long a query may take, from the end of its request, in seconds."
    )
    mutation_timeout_seconds: Seconds = Field(
        default=20, description="How long a mutation may take, from the end of its request, in seconds."
    )
    max_connections: int = Field(default=20_000, ge=1, description="The number of connections of a process at most.")
    max_connections_of_address: int = Field(
        default=1_500,
        ge=1,
        description="The number of connections of one address to a process at most; a trusted proxy may have any.",
    )
    keep_alive_seconds: Seconds = Field(
        default=5, description="How long a connection is kept without a request, in seconds."
    )
    ping_seconds: Seconds = Field(
        default=20,
        description="After how many seconds of silence the caller of a WebSocket is asked whether it is there.",
    )
    worker_timeout_seconds: Seconds = Field(
        default=60,
        description="With several workers, after how many seconds without an answer a worker is replaced.",
    )
    exports_at_once: int = Field(
        default=4, ge=1, le=64, description="How many exported files a process makes and sends at once."
    )
    export_seconds: Seconds = Field(
        default=30,
        description=(
            "How long an export may read the database, in seconds. Until then, SQLite's log keeps the bytes of "
            "clients that are erased meanwhile."
        ),
    )
    export_spool_mib: int = Field(
        default=512,
        ge=0,
        description=(
            "How many MiB of an exported file may wait in the folder of temporary files for a caller that reads slowly."
        ),
    )
    rate_limit_partner: Points = Field(
        default=Limits().partner,
        description="The cost points that a partner may use in a second in the long run; 0 for no limit.",
    )
    rate_limit_vendor: Points = Field(
        default=Limits().vendor, description="The same for all of the vendor's users together; 0 for no limit."
    )
    rate_limit_address: Points = Field(
        default=Limits().address, description="The same for requests without a token from one address; 0 for no limit."
    )
    rate_limit_token_percent: int = Field(
        default=Limits().token_percent,
        ge=1,
        le=100,
        description="How much of its partner's or the vendor's limit one token may use; 100 for all of it.",
    )
    rate_limit_seconds: int = Field(
        default=Limits().seconds,
        ge=1,
        le=3600,
        description="How many seconds' points a caller may use at once, after it has used none for as long.",
    )

    def rate_limits(self) -> Limits:
        """Return the limits of callers' rates."""
        return Limits(
            self.rate_limit_partner,
            self.rate_limit_vendor,
            self.rate_limit_address,
            self.rate_limit_token_percent,
            self.rate_limit_seconds,
        )

"""Metrics of a process; each is declared here and described in docs/operate/metrics.md.

With several workers, prometheus-client keeps the values in a file of each process, and a reader adds them up.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable with the folder of the files of several workers; prometheus-client reads it when it is imported."""

REGISTRY = CollectorRegistry()

OPERATION_BUCKETS = (0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0)
STATEMENT_BUCKETS = (0.0005, 0.005, 0.05, 0.5, 5.0)
BATCH_BUCKETS = (1, 10, 100, 1_000)

# They would double the number of series.
disable_created_metrics()  # type: ignore[no-untyped-call]  # It has no annotations.

RESPONSES = Counter("portal_http_responses", "HTTP responses by status.", ["status"], registry=REGISTRY)
OPERATION_SECONDS = Histogram(
    "portal_operation_seconds",
    "Seconds from the request of a GraphQL operation to the end of its answer.",
    ["operation", "type", "outcome"],
    buckets=OPERATION_BUCKETS,
    registry=REGISTRY,
)
ERRORS = Counter("portal_errors", "GraphQL operations that had an error of this code.", ["code"], registry=REGISTRY)
STATEMENT_SECONDS = Histogram(
    "portal_statement_seconds",
    "Seconds of SQL statements, without those that begin and end transactions.",
    buckets=STATEMENT_BUCKETS,
    registry=REGISTRY,
)
LOADER_KEYS = Histogram(
    "portal_loader_keys", "Keys that a loader reads in one statement.", buckets=BATCH_BUCKETS, registry=REGISTRY
)
CACHE_HITS = Counter("portal_cache_hits", "Lookups that a cache answered.", ["cache"], registry=REGISTRY)
CACHE_MISSES = Counter("portal_cache_misses", "Lookups that a cache could not answer.", ["cache"], registry=REGISTRY)
RATE_REFUSALS = Counter(
    "portal_rate_refusals",
    "Operations refused because their caller had used up its cost points.",
    ["limit"],
    registry=REGISTRY,
)
DELIVERIES = Counter("portal_webhook_deliveries", "Tries to deliver to webhooks.", ["outcome"], registry=REGISTRY)
STOPPED = Counter(
    "portal_stopped",
    "Reads and writes of the database that were stopped at a deadline, and reads whose callers had gone.",
    ["work"],
    registry=REGISTRY,
)
REFUSED_CONNECTIONS = Counter("portal_refused_connections", "Connections beyond a cap.", ["cap"], registry=REGISTRY)
REPLICA_READS = Counter(
    "portal_replica_reads",
    "Reads of queries by the server that answered, if there are replicas.",
    ["server"],
    registry=REGISTRY,
)
REPLICAS = Gauge(
    "portal_replicas", "Replicas by what they are good for.", ["state"], multiprocess_mode="livemax", registry=REGISTRY
)
FEED_EVENTS = Counter("portal_feed_events", "Events that the feed read for its subscribers.", registry=REGISTRY)
SUBSCRIBERS = Gauge(
    "portal_subscribers",
    "Subscriptions that run.",
    ["transport"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
FEED_LAG_EVENTS = Gauge(
    "portal_feed_lag_events",
    "Events that the subscriber furthest behind has not received yet.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
FEED_LAG_SECONDS = Gauge(
    "portal_feed_lag_seconds",
    "Age of the oldest event in memory that a subscriber has not received yet.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
QUEUED = Gauge("portal_queued", "Work that waits its turn.", ["queue"], multiprocess_mode="livesum", registry=REGISTRY)
POOL_IN_USE = Gauge(
    "portal_pool_in_use",
    "Connections to the database that are in use.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
POOL_WAITING = Gauge(
    "portal_pool_waiting",
    "Units of work that wait for a connection to the database.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)

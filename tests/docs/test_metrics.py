"""The page about metrics names each metric."""

import re
from collections.abc import Iterator

from prometheus_client.metrics import MetricWrapperBase

from server.metrics import registry
from tests.docs.pages import blocks, text

SUFFIXES = {"counter": "_total", "gauge": "", "histogram": ""}


def existing_metrics() -> Iterator[tuple[str, str, set[str]]]:
    for name, each in vars(registry).items():
        if name.isupper() and isinstance(each, MetricWrapperBase):
            kind = str(each._type)  # noqa: SLF001 — the same.
            yield f"{each._name}{SUFFIXES[kind]}", kind, set(each._labelnames)  # noqa: SLF001 — it has no public names.


def test_each_metric_is_on_the_page_with_its_labels_and_no_other() -> None:
    rows = re.findall(r"^\| `(portal_\w+)` \| (\w+) \| (.*?) \|", text("docs/operate/metrics.md"), re.MULTILINE)
    documented = {name: (kind, set(re.findall("`([^`]+)`", labels))) for name, kind, labels in rows}

    existing = {name: (kind, labels) for name, kind, labels in existing_metrics()}

    assert documented == existing


def test_the_alerts_are_about_series_that_exist() -> None:
    series = {f"{name}_bucket" if kind == "histogram" else name for name, kind, _ in existing_metrics()}
    (alerts,) = (block.text for block in blocks("yaml") if "alert:" in block.text)

    assert set(re.findall(r"\bportal_\w+", alerts)) <= series

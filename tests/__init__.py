"""Tests of the portal: each name is a sentence about behaviour."""

import sys
from importlib.util import find_spec
from pkgutil import iter_modules

import pytest

# What fails in a helper shows its values too, as in a test.
pytest.register_assert_rewrite(*(f"{__name__}.{each.name}" for each in iter_modules(__path__)))

if find_spec("sniffio") is None:
    # httpx tries to import it several times in each request, which else looks into all folders of packages.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # So Python marks what can't be imported.

"""Tests of the portal: each name is a sentence about behaviour."""

from pkgutil import iter_modules

import pytest

# What fails in a helper shows its values too, as in a test.
pytest.register_assert_rewrite(*(f"{__name__}.{each.name}" for each in iter_modules(__path__)))

"""Profiles of hypothesis, as these tests run without those of the portal too."""

from hypothesis import settings

# The time of an example depends on the load of the machine, and says nothing about the rule.
settings.register_profile("library", parent=settings.default, deadline=None)
settings.register_profile("few", parent=settings.default, deadline=None, max_examples=8)
settings.register_profile("thorough", parent=settings.default, deadline=None, max_examples=1_000)
settings.load_profile("library")

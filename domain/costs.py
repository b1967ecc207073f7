"""Costs of requests, in points."""

POINTS_MAX = 5_000
"""Maximum number of points of a request, unless a setting says otherwise."""

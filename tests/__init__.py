"""Tests of the portal: each name is a sentence about behaviour."""

"""Tests of the level-by-level executor, with stock graphql-core as the measure."""

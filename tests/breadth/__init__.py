"""Tests of execution by batch, compared with stock execution."""

"""The rules of the business as pure values and functions."""

"""Coercion of variables and arguments, as GraphQL's specification defines it."""

"""Measurements of the portal and other GraphQL servers, on one machine and one database."""

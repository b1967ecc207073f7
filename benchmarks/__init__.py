"""The portal measured beside other GraphQL servers, on one machine and one database."""

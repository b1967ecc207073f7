"""Portal with graphql-core's own execution, for comparison."""

from graphql.execution.incremental import IncrementalExecutor

from db.engine import Database
from resolvers.portal import Portal
from schema.root import GRAPHQL_SCHEMA
from server import logs
from server.app import Application, create_app
from server.graphql.documents import Documents
from server.settings import Settings


def create() -> Application:
    """Return the application that the environment's settings describe."""
    settings = Settings.load()
    logs.configure(settings)
    # Each object is loaded separately here, so a read in place would be a statement for each.
    portal = Portal(Database(settings.database_url, in_place=False), settings.secret(), demo=settings.demo)
    return create_app(portal, settings, documents=Documents(GRAPHQL_SCHEMA, IncrementalExecutor))

"""The portal with graphql-core's own execution, for comparison."""

from graphql.execution.incremental import IncrementalExecutor

from db.engine import Database
from resolvers.portal import Portal
from server import logs
from server.app import Application, create_app
from server.settings import Settings


def create() -> Application:
    """Return the application as the environment sets it up."""
    settings = Settings.load()
    logs.configure(settings)
    # Each object loads for itself here, so that reading in place would be a statement for each.
    portal = Portal(Database(settings.database_url, in_place=False), settings.secret(), demo=settings.demo)
    return create_app(portal, settings, executor=IncrementalExecutor)

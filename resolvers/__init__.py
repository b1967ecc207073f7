"""Use cases of the API's fields: reads by dataloaders, and writes in one transaction each."""

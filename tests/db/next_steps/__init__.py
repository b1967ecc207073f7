"""Steps of the version after this one, which only tests run."""

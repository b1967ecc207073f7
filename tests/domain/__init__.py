"""Rules of the business, without I/O."""

"""The documentation, run: commands, operations, programs and the rules of its pages."""

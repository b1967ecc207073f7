"""What all server processes import, in the process from which they are forked."""

import gc

# Collections would look through all modules each time; and in each process, the first one would copy all of them.
gc.disable()

from server import __main__, app  # noqa: E402, F401 — collections would begin with the first import.

gc.freeze()
gc.enable()

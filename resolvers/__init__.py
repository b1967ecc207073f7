"""Use cases of the API's fields: reads by dataloaders, and writes in one transaction each."""

import os

# Where lxml is installed, openpyxl would parse by it, which does not refuse entities as defusedxml does, and has other
# errors. It reads this when it is imported.
os.environ["OPENPYXL_LXML"] = "False"

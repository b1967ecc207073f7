"""The documentation site: `make docs` builds it, and every broken link fails."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from docs.schema_pages import pages  # noqa: E402 — Sphinx runs this file outside of the project's path.

project = "Portal do Parceiro"
extensions = ["myst_parser"]
exclude_patterns = ["README.md"]
nitpicky = True
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 3

# The schema reference is made each time, from the SDL, and is not in Git.
for path, text in pages((ROOT / "schema.graphql").read_text(encoding="utf-8")).items():
    made = Path(__file__).parent / path
    made.parent.mkdir(exist_ok=True)
    if not made.exists() or made.read_text(encoding="utf-8") != text:
        made.write_text(text, encoding="utf-8")

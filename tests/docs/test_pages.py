"""What holds for every page of the documentation."""

import re

import pytest
from graphql import GraphQLObjectType, is_introspection_type, is_specified_scalar_type

from docs.schema_pages import pages
from domain.access import ROLE_PERMISSIONS
from server.settings import Settings
from tests.docs.pages import ROOT, blocks, paths, text
from tests.docs.test_graphql import SCHEMA

LANGUAGES = {"text", "sh", "graphql", "json", "python", "toml", "ts", "yaml", "{toctree}"}
_AVOIDED = re.compile(
    r"\b(stands|whoever|nobody|as above|leads to|is told|brought|at hand|goes ahead)\b", re.IGNORECASE
)
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:breadth|db|demo|docs|domain|examples|resolvers|schema|server|tests)(?:/[\w.-]+)+/?")
_LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
_STEP = re.compile(r"^\d+\. ", re.MULTILINE)
_BUILT = ("docs/reference",)


def test_the_readme_has_at_most_120_lines() -> None:
    assert len(text("README.md").splitlines()) <= 120


def test_each_block_is_in_a_language_that_tests_know() -> None:
    fenced = sum(len(re.findall(r"^```\w", path.read_text(encoding="utf-8"), re.MULTILINE)) for path in paths())

    assert {block.language for block in blocks()} <= LANGUAGES
    assert fenced == sum(block.language != "{toctree}" for block in blocks())


def test_each_step_by_step_guide_has_at_most_seven_steps() -> None:
    guides = re.split(r"^## How to ", text("CONTRIBUTING.md"), flags=re.MULTILINE)[1:]

    assert {guide.splitlines()[0]: len(_STEP.findall(guide)) for guide in guides if len(_STEP.findall(guide)) > 7} == {}
    assert [guide.splitlines()[0] for guide in guides][:4] == [
        "add a field",
        "add a relation",
        "add a mutation",
        "add a migration",
    ]


@pytest.mark.parametrize("page", [path.relative_to(ROOT).as_posix() for path in paths()])
def test_a_page_uses_plain_words_and_names_files_that_exist(page: str) -> None:
    whole = text(page)
    named = {path for code in _CODE.findall(whole) for path in _PATH.findall(code) if not path.startswith(_BUILT)}

    assert _AVOIDED.findall(whole) == []
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_a_page_that_is_not_of_the_site_links_to_what_exists(page: str) -> None:
    targets = [target.partition("#") for target in _LINK.findall(text(page))]

    for path, _, heading in targets:
        assert (ROOT / path).exists()
        if heading:
            titles = re.findall(r"^#+ (.*)$", text(path or page), re.MULTILINE)
            assert heading in {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in titles}
    assert targets


def test_the_diagrams_name_files_that_exist() -> None:
    diagrams = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "architecture").glob("*.svg")]
    named = {path for diagram in diagrams for path in _PATH.findall(diagram)}

    assert len(diagrams) == 4
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_the_page_of_settings_has_each_setting_and_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", text("docs/operate/settings.md"), re.MULTILINE)
    documented = {name.lower(): default for name, default in rows}

    assert list(documented) == list(dict.fromkeys(documented))
    assert documented.keys() == Settings.model_fields.keys()
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert documented[name] == f"`{field.default:g}`" if field.default < 1e5 else f"`{field.default}`"


def test_the_page_of_access_says_which_permissions_each_role_has() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|$", text("docs/api/access.md"), re.MULTILINE)
    named = {name: set(re.findall(r"`([A-Z]+_[A-Z]+)`", says)) for name, says in rows}
    has = {role.name: {each.name for each in permissions} for role, permissions in ROLE_PERMISSIONS.items()}

    assert has["OPERATOR"] == has["VIEWER"] | named["OPERATOR"]
    assert has["MANAGER"] == has["VENDOR_ADMIN"] - named["MANAGER"]
    assert has["VENDOR_SALES"] == has["VENDOR_VIEWER"] | named["VENDOR_SALES"]
    assert has.keys() == named.keys()


def test_the_schema_reference_describes_every_type_field_and_value() -> None:
    made = pages((ROOT / "schema.graphql").read_text(encoding="utf-8"))
    whole = "\n".join(made.values())
    roots = {SCHEMA.query_type, SCHEMA.mutation_type}

    for name, kind in SCHEMA.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        if kind not in roots:
            assert f"\n## {name}\n" in whole
        for member in [*getattr(kind, "fields", ()), *getattr(kind, "values", ())]:
            heading = (
                f"\n## {member}\n" if isinstance(kind, GraphQLObjectType) and kind in roots else f"\n| `{member}` |"
            )
            assert heading in whole

"""No module of the database layer imports itself, by way of others."""

from grimp import build_graph


def test_the_database_layer_has_no_import_cycle() -> None:
    graph = build_graph("db", exclude_type_checking_imports=False)
    imports = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}

    while leaves := {module for module, imported in imports.items() if not imported}:
        imports = {module: imported - leaves for module, imported in imports.items() if module not in leaves}

    assert imports == {}

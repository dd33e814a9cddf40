"""The sandbox server's modules import each other in one direction, also for types."""

import ast
from graphlib import TopologicalSorter

from sandbox_server.vendor import ROOT

MODULES = {path.stem: path for path in (ROOT / "shared/sandbox_server").glob("*.py")}


def imported(module: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sandbox_server":
            _, _, name = str(node.module).partition(".")
            found |= {name} if name else {alias.name for alias in node.names}
    return found & MODULES.keys()


def test_no_module_imports_one_that_imports_it() -> None:
    order = [*TopologicalSorter({module: imported(module) for module in MODULES}).static_order()]
    assert order.index("message") < order.index("service") < order.index("faults") < order.index("server")

"""What the repository promises about itself."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import click
import pytest

from napari_unison.cli import train
from napari_unison.sessions import SAMPLE_NAMES

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# The page of contracts lists signatures, which are no programs.
PAGES_WITH_PROGRAMS = [page for page in PAGES if page.name != "architecture.md"]


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / ".ci" / "run"], ids=lambda p: p.name
)
def test_every_make_command_that_is_named_exists(page: Path) -> None:
    made = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    named = set(
        re.findall(r"(?:^|`|whl/cpu )make ([a-z]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    assert named
    assert named <= made


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES_WITH_PROGRAMS, ids=lambda page: page.name)
def test_python_on_the_pages_can_be_read(page: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        compile(block, page.name, "exec")


def test_the_command_names_every_sample() -> None:
    (option,) = [option for option in train.params if option.name == "sample"]
    assert isinstance(option, click.Option)
    for name in SAMPLE_NAMES:
        assert name in str(option.help)


def test_every_page_is_linked_from_the_readme_and_from_the_index() -> None:
    for start, listed in ((ROOT, ROOT / "README.md"), (ROOT / "docs", ROOT / "docs" / "index.md")):
        text = listed.read_text(encoding="utf-8")
        for page in (ROOT / "docs").rglob("*.md"):
            if page.name != "index.md":
                assert f"]({page.relative_to(start).as_posix()})" in text, f"{listed.name}: {page.name}"


def test_buttons_that_pages_name_exist() -> None:
    widgets = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "src/napari_unison/widgets").glob("*.py")
    )
    for page in (ROOT / "README.md", ROOT / "docs" / "tutorial-first-embedding.md"):
        named = re.findall(r"[Pp]ress \*([^*›]+)\*", page.read_text(encoding="utf-8"))
        assert named
        for button in named:
            assert f'QPushButton("{button}")' in widgets


def test_set_up_pins_a_torch_that_the_package_allows() -> None:
    pinned = (ROOT / "requirements" / "tested-versions.txt").read_text(encoding="utf-8")
    version = re.search(r"^torch==(\d+)\.(\d+)", pinned, flags=re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest = next(
        re.findall(r"\d+", wanted) for wanted in project["dependencies"] if wanted.startswith("torch")
    )
    assert version is not None
    assert (int(version[1]), int(version[2])) >= (int(lowest[0]), int(lowest[1]))


def test_privates_of_napari_are_used_in_compat_alone() -> None:
    modules = {path: ast.parse(path.read_text("utf-8")) for path in (ROOT / "src").rglob("*.py")}
    nodes = [(path, node) for path, tree in modules.items() for node in ast.walk(tree)]
    own = {node.name for _, node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    own |= {
        node.attr for _, node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    own |= {node.id for _, node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    found = []
    for path, node in nodes:
        if "_compat" in path.parts:
            continue
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and node.attr not in own:
            found.append(f"{path.name}:{node.lineno} {node.attr}")
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("napari."):
            names = [*str(node.module).split("."), *(alias.name for alias in node.names)]
            found += [f"{path.name}:{node.lineno} {name}" for name in names if _is_private(name)]
    assert found == []


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")

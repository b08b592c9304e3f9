"""The docs as a whole: every page is found, every name that people meet is explained, every picture is shown."""

from __future__ import annotations

import ast
import importlib.util
import re
import statistics
from pathlib import Path
from typing import Any

import pytest
import yaml
from temporalio.common import SearchAttributeKey

from halon.incident.commands import COMMANDS
from halon.kit import schema
from halon_activities.failures import _TABLE as FAILURES
from halon_workflows import surface

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = tuple(
    path.relative_to(ROOT).as_posix() for path in sorted((DOCS).rglob("*.md")) if "examples" not in path.parts
)
PICTURES = tuple(path.relative_to(ROOT).as_posix() for path in sorted((DOCS / "pictures").glob("*.png")))
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:|#)(?P<to>[^)#\s]+)")
_SHOWN = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<to>[^)\s]+)\)|<img\b[^>]*?src=\"(?P<src>[^\"]+)\"[^>]*>")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_TABLE_BLOCK = re.compile(r"<!-- table: .*?<!-- end -->", re.DOTALL)
_EXAMPLE = re.compile(r"<!-- starter: (?P<file>\S+) -->\n```yaml\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)
# Words that sell, or that tell a tired reader that it should have been easy.
BANNED = (
    "leverage", "seamless", "seamlessly", "robust", "simply", "just", "easily", "effortless", "effortlessly", "powerful",
    "obviously", "cutting-edge", "world-class", "best-in-class", "state-of-the-art", "utilise", "utilize", "blazing",
    "game-changer", "delve", "holistic", "synergy",
)  # fmt: skip
LARGEST_PICTURE = 200_000


def _text() -> str:
    return "\n".join((ROOT / page).read_text("utf-8") for page in ("README.md", *PAGES))


def _reached() -> set[str]:
    """The pages that can be reached by links from the two that people begin at."""
    found: set[str] = set()
    left = ["README.md", "docs/README.md"]
    while left:
        page = left.pop()
        if page in found or not (ROOT / page).is_file():
            continue
        found.add(page)
        for link in _LINK.finditer((ROOT / page).read_text("utf-8")):
            target = ((ROOT / page).parent / link["to"]).resolve()
            if target.suffix == ".md" and target.is_relative_to(ROOT):
                left.append(target.relative_to(ROOT).as_posix())
    return found


def _sentences(page: str) -> list[str]:
    """The sentences of a page's prose: no code, no tables, no headings."""
    text = _FENCE.sub("\n\n", _TABLE_BLOCK.sub("\n\n", (ROOT / page).read_text("utf-8")))
    lines = [
        "\n" + line if re.match(r"\s*(?:[-*]|\d+\.)\s", line) else line
        for line in text.splitlines()
        if not line.startswith(("|", "#", "<!--", "!["))
    ]
    prose = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", "\n".join(lines))
    found = [one for block in re.split(r"\n\s*\n", prose) for one in re.split(r"(?<=[.!?:;])\s+", block)]
    return [one for one in found if len(one.split()) > 2]


def test_every_page_can_be_reached() -> None:
    """From the README or the index of the docs, by links alone."""
    assert len(PAGES) > 15
    assert sorted(set(PAGES) - _reached()) == []


def test_every_word_of_the_glossary_is_used() -> None:
    """A word that no other page uses needs no entry; each entry is one sentence."""
    glossary = (DOCS / "glossary.md").read_text("utf-8")
    words = re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \|$", glossary, re.MULTILINE)
    assert len(words) > 25
    rest = "\n".join((ROOT / page).read_text("utf-8") for page in PAGES if not page.endswith("glossary.md")).lower()
    forms = {
        word: (word, re.sub("y$", "ies", word), "read back" if word == "reading back" else word) for word, _ in words
    }
    assert [word for word in forms if not any(form in rest for form in forms[word])] == []
    assert [word for word, meaning in words if ". " in meaning] == []
    assert [word for word, _ in words] == sorted(word for word, _ in words)


def test_every_query_and_search_attribute_is_documented() -> None:
    """What lists and queries show can be looked up by its name."""
    text = _text()
    shown = [value.name for value in vars(surface).values() if isinstance(value, SearchAttributeKey)]
    named = re.findall(
        r'@workflow\.query\(name="(\w+)"', (ROOT / "workflows/halon_workflows/surface.py").read_text("utf-8")
    )
    queries = [name for name in named if name != "carry"]  # Halon's own, for recovery
    assert len(shown) == 9
    assert len(queries) == 8
    assert [name for name in shown if f"`{name}`" not in text] == []
    assert [name for name in queries if f"`{name}`" not in text] == []


def test_every_file_of_a_kit_is_taught() -> None:
    """Each file has a heading of its own, with why it is there and an example."""
    text = (DOCS / "kit.md").read_text("utf-8")
    files = list(schema()["properties"])
    assert len(files) >= 10
    assert [name for name in files if f"\n### `{name}`" not in text] == []
    taught = {found["file"] for found in _EXAMPLE.finditer(text)}
    assert [name for name in files if not any(Path(one).match(name) for one in taught)] == []


@pytest.mark.parametrize(
    "example", list(_EXAMPLE.finditer((DOCS / "kit.md").read_text("utf-8"))), ids=lambda one: one["file"]
)
def test_every_example_of_the_kit_stands_in_the_starter_kit(example: re.Match[str]) -> None:
    """An example is a part of the file that people will have before them."""
    file = ROOT / "templates" / "halon_templates" / "kit" / example["file"]
    shown, whole = (
        yaml.load(example["text"], Loader=yaml.CSafeLoader),
        yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader),
    )
    assert shown
    assert _missing(shown, whole, "") == []


def _missing(shown: Any, whole: Any, where: str) -> list[str]:
    if isinstance(shown, dict) and isinstance(whole, dict):
        return [
            told
            for key, value in shown.items()
            for told in ([f"{where}/{key}"] if key not in whole else _missing(value, whole[key], f"{where}/{key}"))
        ]
    if isinstance(shown, list) and isinstance(whole, list):
        return [f"{where}: {one}" for one in shown if not any(_missing(one, other, "") == [] for other in whole)]
    return [] if shown == whole else [f"{where}: {shown!r}, not {whole!r}"]


def test_every_type_of_refusal_is_explained() -> None:
    """Scripts branch on the type: each one that a command or a start can be refused with is on the page."""
    text = (DOCS / "refusals.md").read_text("utf-8")
    kinds: set[str] = set()
    for path in [*(ROOT / "src/halon/incident").glob("*.py"), *(ROOT / "workflows").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and path.name == "patience.py":
                kinds |= {one.value for one in node.value.elts[:1] if isinstance(one, ast.Constant) and one.value}
            if not isinstance(node, ast.Call):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            given = {"Refused": node.args[:1], "refuse_signal": node.args[1:2]}.get(called, [])
            given += [word.value for word in node.keywords if called == "ApplicationError" and word.arg == "type"]
            kinds |= {one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    assert {"UnknownGate", "NotSettled", "RefusedTooOften", "UnknownSignal"} <= kinds
    assert len(kinds) > 25
    assert sorted(kind for kind in kinds if f"`{kind}`" not in text) == []


def test_every_type_of_failure_and_problem_is_explained() -> None:
    """What activities fail with, what the front door answers, and the errors of the incident itself."""
    text = (DOCS / "refusals.md").read_text("utf-8")
    assert [name for _, name, _ in FAILURES if f"`{name}`" not in text] == []
    door = ast.parse((ROOT / "src/halon/intake/problems.py").read_text("utf-8"))
    classes = [node for node in ast.walk(door) if isinstance(node, ast.ClassDef)]
    names = re.findall(r"""(?:name(?:, title)? = |name: ClassVar\[str\] = |status, name, title = \d+, )"([a-z-]+)\"""",
                       (ROOT / "src/halon/intake/problems.py").read_text("utf-8"))  # fmt: skip
    assert len(names) == len(classes)
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_command_is_in_the_responders_guide() -> None:
    """Whoever is on call finds each command there, in all three ways of saying it."""
    text = (DOCS / "responder.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"`halon {name}" not in text and f"`{name}`" not in text] == []
    by_phase = text[text.index("## By phase") : text.index("## Handing over")]
    assert [name for name in COMMANDS if f"--name {name}`" not in by_phase] == []


@pytest.mark.parametrize("picture", PICTURES)
def test_every_picture_is_shown_and_small(picture: str) -> None:
    """No picture lies about unused, and none is larger than a page on a phone bears."""
    shown = {
        ((ROOT / page).parent / (found["to"] or found["src"])).resolve()
        for page in ("README.md", *PAGES)
        for found in _SHOWN.finditer((ROOT / page).read_text("utf-8"))
    }
    assert (ROOT / picture).resolve() in shown
    content = (ROOT / picture).read_bytes()
    assert content.startswith(b"\x89PNG\r\n")
    assert len(content) <= LARGEST_PICTURE


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_that_is_shown_exists_and_is_described(page: str) -> None:
    """Who can't see it reads what is on it; a picture of no use to describe is of no use."""
    for found in _SHOWN.finditer((ROOT / page).read_text("utf-8")):
        target = found["to"] or found["src"]
        alt = found["alt"] if found["to"] else (re.search(r'alt="([^"]*)"', found[0]) or [None, ""])[1]
        assert target.startswith("http") or ((ROOT / page).parent / target).is_file(), f"{page}: {target}"
        assert len((alt or "").split()) >= 5, f"{page}: {target} is not described"


def test_the_pictures_are_those_that_the_program_makes() -> None:
    """`docs/pictures.py` names each picture of Temporal's UI that is there."""
    made = set(re.findall(r'_keep\("(ui-[a-z]+)"', (DOCS / "pictures.py").read_text("utf-8")))
    assert made == {Path(picture).stem for picture in PICTURES if Path(picture).name.startswith("ui-")}
    assert len(made) >= 5


@pytest.mark.parametrize("page", PAGES)
def test_the_language_is_plain(page: str) -> None:
    """Half of a page's sentences are short, none goes on for ever, and nothing is sold."""
    sentences = _sentences(page)
    assert sentences, f"{page}: no prose"
    lengths = [len(one.split()) for one in sentences]
    assert statistics.median(lengths) <= 17, f"{page}: {statistics.median(lengths)} words"
    longest = max(sentences, key=lambda one: len(one.split()))
    assert len(longest.split()) <= 50, f"{page}: {longest}"
    text = (ROOT / page).read_text("utf-8").lower()
    assert [word for word in BANNED if re.search(rf"\b{re.escape(word)}\b", text)] == []


def test_a_promise_and_its_tests_stand_on_the_page() -> None:
    """Each of the fifteen has its words and at least one test there."""
    text = (DOCS / "promises.md").read_text("utf-8")
    assert re.findall(r"^(\d+)\. \*\*", text, re.MULTILINE) == [str(number) for number in range(1, 16)]
    assert {int(number) for number in re.findall(r"`test_promise_(\d+)_", text)} == set(range(1, 16))


def test_the_decisions_are_all_listed_and_say_what_they_cost() -> None:
    """Context, options or why, decision, consequences, and among them what speaks against it."""
    found = sorted((DOCS / "decisions").glob("0*.md"))
    index = (DOCS / "decisions" / "README.md").read_text("utf-8")
    assert [path.name[:4] for path in found] == [f"{number:04}" for number in range(1, len(found) + 1)]
    assert [path.name for path in found if f"({path.name})" not in index] == []
    for path in found:
        text = path.read_text("utf-8")
        for part in ("**Context.**", "**Decision.**", "**Consequences.**", "Against it: "):
            assert part in text, f"{path.name} has no {part}"


def test_the_browser_of_the_pictures_is_one_of_its_own() -> None:
    """The program that makes the pictures loads, and says what is missing where there is no Chromium."""
    spec = importlib.util.spec_from_file_location("halon_docs_chromium", DOCS / "chromium.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert issubclass(module.BrowserFailed, Exception)
    assert callable(module.Browser.picture)

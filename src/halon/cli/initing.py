"""``halon init``: a kit that teaches, with at most five questions; without a terminal, or with --defaults, with none."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from halon.cli import screen
from halon.cli.options import Json
from halon.cli.problems import CommandFailed, Usage

ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
URL = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~/-]*)?")
EXAMPLES = ("agents/support-bot.yaml", "agents/billing-bot.yaml", "connectors/sandbox-agent.yaml")
TRIES = 3


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody said. An empty ``agent`` leaves the examples of the starter kit."""

    organisation: str = "Acme"
    agent: str = ""
    url: str = "http://127.0.0.1:8000/halon"
    tools: tuple[str, ...] = ()
    person: str = "ann"


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a folder that does not exist yet, or is empty")],
    defaults: Annotated[bool, typer.Option("--defaults", help="ask nothing: the starter kit as it is")] = False,
    as_json: Json = False,
) -> None:
    """Write a kit to DIR, to be made your own. Asks at most five questions."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandFailed(f"{folder} is there already and not empty", "name another folder: halon init DIR")
    ask = not (defaults or as_json) and sys.stdin.isatty() and sys.stdout.isatty()
    said = questions(_prompt) if ask else Answers()
    try:
        write(folder, said)
    except OSError as error:
        raise CommandFailed(
            f"{folder} can't be written ({error.strerror or error})", "name a folder of yours"
        ) from error
    made = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if as_json:
        screen.value({"folder": str(folder), "files": made})
        return
    screen.line(f"{'A kit for ' + said.agent if said.agent else 'The starter kit'} is in {folder}: {len(made)} files.")
    mine = folder / "agents" / f"{said.agent}.yaml" if said.agent else folder / "agents"
    for step in steps(folder, mine, said):
        screen.line(step)


def steps(folder: Path, mine: Path, said: Answers) -> list[str]:
    """What to do next, one step a line, and what is still an example."""
    if said.agent:
        still = "The other people, the entity acme-eu and the addresses of notices are examples"
    else:
        still = "Agents, people, the entity acme-eu and the addresses of notices are examples"
    about = [f"{said.agent} is only observed until its file says another mode. Its controls: halon control FILE"]
    return [
        f"{still}: put in yours, in oncall.yaml, entities/ and regimes/.",
        *(about if said.agent else []),
        f"1. edit {mine}",
        f"2. halon kit check {folder}",
        f"3. HALON_KIT={folder} halon up",
    ]


def questions(ask: Callable[[str, str], str]) -> Answers:
    """Ask the five questions. ``ask`` gets a question and its default. Raises Usage after three unusable answers."""
    organisation = _asked(ask, "What is your organisation called?", "Acme", lambda text: text.isprintable() and len(text) < 80,
                          "one line of text")  # fmt: skip
    agent = _asked(ask, "Which agent first? Its name as alerts will say it (Enter: keep the examples)", "",
                   lambda text: not text or bool(ID.fullmatch(text)), "lower case, digits, - and _")  # fmt: skip
    if not agent:
        return Answers(organisation=organisation)
    url = _asked(ask, "Where is its control API? With halon.control: the agent's address and /halon",
                 "http://127.0.0.1:8000/halon", lambda text: bool(URL.fullmatch(text)), "such as https://agent.example/halon")  # fmt: skip
    tools = _asked(ask, "Which of its tools change or send something? Names, with commas between", "send_email",
                   lambda text: all(ID.fullmatch(one) for one in _names(text)) and bool(_names(text)), "such as send_email, refund")  # fmt: skip
    person = _asked(ask, "Who is called first? A short name, such as yours", "ann", lambda text: bool(ID.fullmatch(text)),
                    "lower case, digits, - and _")  # fmt: skip
    return Answers(organisation, agent, url, _names(tools), person)


def write(folder: Path, said: Answers) -> None:
    """Write the kit that these answers ask for. Raises OSError."""
    from halon.kit import starter_path

    shutil.copytree(starter_path(), folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    _replace(folder / "organisation.yaml", "name: Acme", f"name: {_quoted(said.organisation)}")
    if not said.agent:
        return
    for name in EXAMPLES:
        (folder / name).unlink()
    names = {
        "agent": said.agent,
        "url": said.url,
        "person": said.person,
        "covered": ", ".join(f'"{tool}"' for tool in said.tools),
    }
    tools = "\n".join(f'  "{tool}": {{risk: external}}' for tool in said.tools)
    switches = "".join(
        _template("switch").substitute(agent=said.agent, tool=tool, tool_id=tool.replace("_", "-"))
        for tool in said.tools
    )
    (folder / "agents" / f"{said.agent}.yaml").write_text(_template("agent").substitute(names, tools=tools), "utf-8")
    (folder / "actions.yaml").write_text(_template("actions").substitute(names, switches=switches), "utf-8")
    first = said.tools[0].replace("_", "-")
    _replace(folder / "runbooks" / "security.yaml", "prefer: [disable-send-email]", f"prefer: [disable-{first}]")
    _replace(folder / "mutes.yaml", "agents: [support-bot]", f'agents: ["{said.agent}"]')
    if said.person != "ann":
        oncall = folder / "oncall.yaml"
        named = oncall.read_text("utf-8").replace("Ann Archer", f'"{said.person}"')
        oncall.write_text(re.sub(r"\bann\b", f'"{said.person}"', named), "utf-8")


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))


def _asked(ask: Callable[[str, str], str], question: str, default: str, good: Callable[[str], bool], form: str) -> str:
    for _ in range(TRIES):
        answer = ask(question, default).strip()
        if good(answer):
            return answer
        screen.line(f"  That can't be used: write {form}.")
    raise Usage(f"no usable answer to: {question}", "halon init DIR --defaults writes the starter kit and asks nothing")


def _prompt(question: str, default: str) -> str:
    return str(typer.prompt(question, default=default, show_default=bool(default)))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    if old not in text:
        raise RuntimeError(f"{file.name} of the starter kit no longer holds {old!r}")
    file.write_text(text.replace(old, new, 1), "utf-8")


def _template(name: str) -> Template:
    return Template(files("halon_templates").joinpath("init", f"{name}.yaml").read_text("utf-8"))

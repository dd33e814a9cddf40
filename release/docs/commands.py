"""Commands: the options of a connector's command line, and the targets of the Makefile."""

import argparse
import re

from session_source.airbyte import cli

from release.distributions import ROOT
from release.docs.connector import Connector
from release.docs.markdown import sentence, table

_TARGET = re.compile(r"^# make (?P<target>[\w-]+) +(?P<meaning>.+)$", re.MULTILINE)


def options(connector: Connector) -> str:
    """Return the table of a connector's commands and their options."""
    rows = []
    for name, meaning, command in subcommands(connector):
        rows.append((f"`{name}`", " ", sentence(meaning)))
        rows += [(" ", _usage(action), sentence(action.help or "")) for action in arguments(command)]
    return table(("command", "option", "meaning"), rows)


def subcommands(connector: Connector) -> list[tuple[str, str, argparse.ArgumentParser]]:
    """Return the commands: the name, what it does, and its parser."""
    parser = cli.argument_parser(connector.package.name)
    (found,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001 - argparse has no public list
    meanings = {action.dest: action.help or "" for action in found._choices_actions}  # noqa: SLF001
    return [(name, meanings[name], command) for name, command in found.choices.items()]


def arguments(command: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the options of a command, without ``--help``."""
    return [action for action in command._actions if action.dest != "help"]  # noqa: SLF001


def _usage(action: argparse.Action) -> str:
    words = " ".join([*action.option_strings[:1], *([str(action.metavar)] if action.metavar else [])])
    return f"`{words}`" + (" (required)" if action.required else "")


def targets() -> str:
    """Return the table of make's targets, as ``make help`` lists them."""
    found = _TARGET.finditer((ROOT / "Makefile").read_text())
    return table(
        ("target", "what it does"), [(f"`make {one['target']}`", sentence(one["meaning"])) for one in found]
    )

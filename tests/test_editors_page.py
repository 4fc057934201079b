"""The page for editors tells of commands and options that there are."""

import shlex
from pathlib import Path

import click
import pytest

from service.cli import main

PAGE = Path(__file__).parents[1].joinpath("docs", "editors.md").read_text()
LINES = [line for line in PAGE.splitlines() if line.startswith("copperplate ")]


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_page_is_one_that_there_is(line):
    _, *words = shlex.split(line.partition("#")[0].partition(">")[0])
    command = main
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_page_tells_of_every_command_about_editors():
    shown = " ".join(LINES)
    for name in main.commands["editors"].commands:
        assert f"copperplate editors {name}" in shown
    for name in ("sign", "signing-key"):
        assert f"copperplate {name} " in shown

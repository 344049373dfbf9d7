"""Whose the trailers of a message are, however the messages of several commits came into one."""

from __future__ import annotations

import textwrap
from typing import Callable, Dict, List, Sequence, Set

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.core.trailers import staging_message, trailers_about


def old(folder: str, change: str) -> str:
    """As it was before there was a trailer for the project."""
    return f"stage: {change}" + f" in {folder}" * bool(folder) + f"\n\nStaged: {change}\n"


def new(folder: str, change: str) -> str:
    return staging_message(f"stage: {change}", [f"Staged: {change}"], folder)


def by_git(messages: Sequence[str]) -> str:
    return "Squashed commit of the following:\n\n" + "\n".join(
        f"commit 12ab\nAuthor: Ada <ada@example.com>\nDate:   now\n\n{textwrap.indent(one, '    ')}" for one in messages
    )


def by_github(messages: Sequence[str]) -> str:
    return "Topic (#1)\n\n" + "\n".join(f"* {one}" for one in messages) + "\nCo-authored-by: Eve <eve@example.com>\n"


def by_gitlab(messages: Sequence[str]) -> str:
    return "Topic\n\n" + "\n".join(f"* {textwrap.indent(one, '  ').strip()}\n" for one in messages)


def by_rebase(messages: Sequence[str]) -> str:
    return "\n".join(messages)


def by_hand(messages: Sequence[str]) -> str:
    return "Topic\n\n" + "\n".join("* " + one.replace("\n\n", "\n").strip() for one in messages)


def on_a_page(messages: Sequence[str]) -> str:
    return by_github(messages).replace("\n", "\r\n")


def as_a_list(messages: Sequence[str]) -> str:
    return "Topic\n\n" + "\n".join(textwrap.indent(one.partition("\n\n")[2], "- ") for one in messages)


WAYS = [by_git, by_github, by_gitlab, by_rebase, by_hand, on_a_page, as_a_list]
ONE, TWO = "db.update", "db.restart"


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([new("infra", ONE)], {"infra": [ONE]}),
        ([new("infra", ONE), new("shop", TWO)], {"infra": [ONE], "shop": [TWO]}),
        ([new("", ONE), new("shop", TWO)], {"": [ONE], "shop": [TWO]}),
        ([new("a/b", ONE), new("a", TWO), new("", TWO)], {"a/b": [ONE], "a": [TWO], "": [TWO]}),
        ([new("infra", ONE), new("shop", TWO), new("infra", TWO)], {"infra": [ONE, TWO], "shop": [TWO]}),
        ([new("infra", ONE), new("aws", TWO), new("shop", ONE)], {"aws infra": [ONE, TWO], "shop": [ONE]}),
        ([old("infra", ONE)], {"infra": [ONE], "aws infra": [ONE]}),
        ([old("infra", ONE), new("shop", TWO)], {"infra": [ONE], "shop": [TWO]}),
        ([old("infra", ONE), new("", TWO)], {"infra": [ONE, TWO], "": [ONE, TWO]}),  # no message says more
    ],
)
def test_each_project_has_what_was_staged_in_it(messages: List[str], expected: Dict[str, List[str]]) -> None:
    """
    Of two projects with a resource of one name, in folders or at the top, renamed or not, in any way and order.
    """
    for way in WAYS:
        for order in (messages, messages[::-1]):
            for folders, changes in expected.items():
                reported = staged(way(order), set(folders.split() or [""]))
                assert sorted(changes) == sorted(reported), (way.__name__, folders, way(order))


def staged(message: str, folders: Set[str]) -> List[str]:
    return [value for key, value in trailers_about(message, folders) if key == "Staged"]


@given(st.text(min_size=1), st.sampled_from(WAYS))
def test_any_folder_comes_back_from_its_line(folder: str, way: Callable[[Sequence[str]], str]) -> None:
    """
    With newlines, quotes, blanks at its ends, or another trailer in it: it adds no line, and only it is meant.
    """
    message = way([new(folder, ONE), new("a", TWO)])

    assert ([ONE, TWO] if folder == "a" else [ONE]) == staged(message, {folder})
    assert (folder == "a") == (ONE in staged(message, {"a"}))


def test_a_project_in_the_top_folder_writes_no_more_than_ever() -> None:
    """
    The trailer and the subject's end are those of projects in folders.
    """
    assert "stage: a.run\n\nStaged: a.run\n" == new("", "a.run")
    assert "stage: a.run in x/y\n\nProject: x/y\nStaged: a.run\n" == new("x/y", "a.run")
    assert 'stage: a.run in "\\n"\n\nProject: "\\n"\nStaged: a.run\n' == new("\n", "a.run")

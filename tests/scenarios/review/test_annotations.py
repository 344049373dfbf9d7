"""Plans and problems as annotations of a hosting site."""

from __future__ import annotations

from typing import List

import pytest

from tests.build import PLACE, Repo, record

pytestmark = pytest.mark.once


def annotated(repo: Repo, *arguments: str) -> List[str]:
    return repo.ok("plan", "--format", "github", *arguments).out.splitlines()


def test_changes_are_reported_on_the_lines_of_their_values(repo: Repo) -> None:
    """
    In the staged file, at the first value that changes and is still there; a removal has no line, and
    warns of the values that go. The whole output.
    """
    text = "---\nkind: service\n---\n# one\ninputs:\n  b: 1\n  l:\n  - x\n  - y\n  z: 1\n"
    repo.write("resources/a.yaml", text)
    repo.define("child", inputs={"k": "${a.l.1}"})
    record(repo.define("gone").define("lost", inputs={"size": 3}))
    repo.write(
        "resources/a.yaml", "---\nkind: service\n---\n# one\ninputs:\n  l:\n  - x\n  - 'y: 100%, done'\n  z: 1\n"
    )
    repo.delete("gone").delete("lost").stage()
    plan = repo.plan().raw

    child = next(i for i, line in enumerate(repo.read(".staged/child.yaml").splitlines(), 1) if '"k"' in line)
    line = next(i for i, line in enumerate(repo.read(".staged/a.yaml").splitlines(), 1) if "done" in line)
    assert [
        f"::notice title=stagectl plan::Plan: 0 to run, 2 to update, 2 to remove, 0 other. Plan id: {plan['plan_id']}",
        f"::notice file={PLACE}.staged/a.yaml,line={line},title=a.update::a.update: staged%0Ab: 1 -> (gone)%0A"
        'l.1: "y" -> "y: 100%25, done"',
        f"::notice file={PLACE}.staged/child.yaml,line={child},title=child.update::child.update: reads a.update%0A"
        'k: "y" -> "y: 100%25, done"',
        "::notice title=gone.remove::gone.remove: staged",
        "::notice title=lost.remove::lost.remove: staged",
        "::warning title=gone.remove destroys::gone is removed",
        "::warning title=lost.remove destroys::lost is removed; the values that go:%0Asize: 3",
    ] == annotated(repo)


def test_an_action_without_values_is_reported_on_the_first_line(repo: Repo) -> None:
    """
    A restart, and a change that is held back.
    """
    record(repo.define("a", tags=["p"]))
    repo.define("b", tags=["p"], depends_on=["c"]).define("c").stage().stage("a", "-a", "restart")

    assert [
        f"::notice file={PLACE}.staged/a.yaml,line=1,title=a.restart::a.restart: staged by name",
        f"::warning file={PLACE}.staged/b.yaml,line=1,title=b.run is held back::it needs c.run, which is not selected; "
        "--with-parents takes it in",
    ] == annotated(repo, "-t", "p")[1:]


def test_at_most_ten_annotations_of_a_level(repo: Repo) -> None:
    """
    The tenth says how many more there are.
    """
    for index in range(15):
        repo.define(f"a{index:02}", tags=["p"]).define(f"b{index:02}", tags=["p"], depends_on=["c"])
    repo.define("c").commit()
    repo.stage()

    lines = annotated(repo, "-t", "p")

    assert [10, 10] == [sum(line.startswith(f"::{level} ") for line in lines) for level in ("notice", "warning")]
    assert "::notice title=stagectl plan::and 7 more, see the whole plan" == lines[9]
    assert "::warning title=stagectl plan::and 6 more, see the whole plan" == lines[19]


def test_long_lists_of_values_are_cut(repo: Repo) -> None:
    """
    Five values of a change, and how many more.
    """
    repo.define("a", inputs={f"k{index}": index for index in range(8)}).commit()
    repo.stage()

    assert annotated(repo)[1].endswith("::a.run: staged%0Ak0: 0%0Ak1: 1%0Ak2: 2%0Ak3: 3%0Ak4: 4%0Aand 3 more values")


def test_problems_are_errors_on_their_lines(repo: Repo) -> None:
    """
    At most ten, on stdout; the messages stand on stderr as ever, and it exits 1.
    """
    record(repo.define("a"))
    repo.write(".staged/a.yaml", "---\nkind: service\nbad, 100%: 1\n---\n" + "".join(f"k{i}: 1\n" for i in range(12)))

    ran = repo.run("plan", "--format", "github")

    assert 1 == ran.code and 13 == len(ran.err.splitlines())
    assert (
        f"::error file={PLACE}.staged/a.yaml,line=3,col=1,title=stagectl plan::"
        "unknown key 'bad, 100%25'; known keys: kind, tags, moved_from, source, template, actions"
    ) == ran.out.splitlines()[0]
    assert (10, "::error title=stagectl plan::and 4 more, see the whole plan") == (
        len(ran.out.splitlines()),
        ran.out.splitlines()[9],
    )


def test_other_errors_are_annotations_too(repo: Repo) -> None:
    """
    Without a line, as they have none.
    """
    record(repo.define("a"))

    ran = repo.run("plan", "--format", "github", "b")

    assert (1, "::error title=stagectl plan::there is no resource 'b'\n") == (ran.code, ran.out)
    assert "error: there is no resource 'b'\nhint: the resources there are: a\n" == ran.err


@pytest.mark.parametrize("name", ["x\n::stop-commands::y.yaml", "x:9,title=y::z.yaml", "x\r::error::y.yaml"])
def test_names_of_files_cannot_forge_a_command(repo: Repo, name: str) -> None:
    """
    Neither on stdout nor on stderr does a line begin with one of theirs.
    """
    record(repo.define("a"))
    repo.write(f".staged/{name}", "{}")

    ran = repo.run("plan", "--format", "github")

    assert 1 == ran.code
    shown = name.replace("\r", "\\u000d").replace("\n", "%0A").replace(":", "%3A").replace(",", "%2C")
    assert [f"::error file={PLACE}.staged/{shown},line=1,col=1,title=stagectl plan"] == [
        line[: -len(line.partition("title=stagectl plan")[2])] for line in ran.out.splitlines()
    ]
    assert 1 == len(ran.out.splitlines()) and not [line for line in ran.err.splitlines() if line.startswith("::")]


def test_the_subject_of_a_commit_cannot_act(repo: Repo) -> None:
    """
    It is reported in a warning: on a terminal, in a comment and among annotations.
    """
    record(repo.define("a"))
    repo.git("checkout", "-q", "-b", "old")
    repo.git("checkout", "-q", "main")
    repo.define("a", inputs={"x": 1}).write("y", "").stage()
    repo.git("commit", "-q", "--allow-empty", "--amend", "-m", "\x1b[2J\r::error::@ada `x` <b>")
    repo.ok("apply", "--yes")
    repo.git("checkout", "-q", "old")

    plain, comment, notes = (repo.ok("plan", "--format", form) for form in ("text", "markdown", "github"))

    shown = "\\u001b[2J\\u000d::error::@ada `x` <b>"
    assert shown in plain.err and shown in notes.out
    reported = plain.err.partition(": ")[2].strip()
    assert f"``{reported}``" in comment.out  # code, in a fence that is longer than any in it
    assert all("\x1b" not in ran.out + ran.err and "\r" not in ran.out + ran.err for ran in (plain, comment, notes))


def test_a_key_cannot_forge_a_line_of_a_plan(repo: Repo) -> None:
    """
    An input on which a kind replaces is named in the cause.
    """
    repo.kind("node", replace_on=["x\n+ admin.run  (staged)"])
    record(repo.define("a", "node", inputs={"x\n+ admin.run  (staged)": 1}))
    repo.define("a", "node", inputs={"x\n+ admin.run  (staged)": 2}).stage()

    assert (
        'This plan replaces 1 resource:\n  -/+ a\n      ["x\\n+ admin.run  (staged)"]: 1\n\n'
        "-/+ a.remove, a.run  (replace: x\\n+ admin.run  (staged))\n"
        '    ["x\\n+ admin.run  (staged)"]: 1 -> 2\n\nPlan: 1 to run, 0 to update, 1 to remove, 0 other.\n'
    ) == repo.ok("plan").out

"""What a kind may say of its outputs, and every bad form of it with its place."""

from __future__ import annotations

import json

import pytest

from tests.build import Repo, kind
from tests.scenarios.outputs.world import OUTPUTS, REPORTS, world

PORT = "outputs: {properties: {port: {type: integer}}}\n"
NAMELESS = "'outputs' is a JSON Schema of a mapping, which names the outputs in 'properties'"


@pytest.mark.parametrize(
    "text, message",
    [
        ("outputs: [port]\n", f"1:10: {NAMELESS}"),
        ("outputs: {type: object}\n", f"1:10: {NAMELESS}"),
        ("outputs: {type: array, properties: {a: {}}}\n", f"1:10: {NAMELESS}"),
        ("outputs: {properties: {a: {type: int}}}\n", "1:34: not a JSON Schema (draft 2020-12): "),
        (
            f"inputs: {{properties: {{port: {{}}}}}}\n{PORT}",
            "2:24: 'port' is an input of this kind: an output needs a name of its own",
        ),
        (
            "outputs: {properties: {port: {}}, required: [prot]}\n",
            "1:46: 'prot' is no output of this kind; did you mean 'port'?",
        ),
        (
            f"{PORT}sensitive: [port]\n",
            "2:13: 'port' is an output, which git would keep: report where the secret lies instead",
        ),
        ("reports: {run: [port]}\n", "1:1: 'reports' names outputs by action, and this kind has no 'outputs'"),
        (f"{PORT}reports: [run]\n", "2:10: 'reports' must be a mapping of keys to values"),
        (f"{PORT}reports: {{run: port}}\n", "2:16: 'run' must be a list, [...]"),
        (f"{PORT}reports: {{run: [1]}}\n", "2:17: 'reports' lists names of outputs"),
        (f"{PORT}reports: {{run: [host]}}\n", "2:17: 'host' is no output of this kind; it has: port"),
        (
            f"{PORT}reports: {{rnu: [port]}}\n",
            "2:11: 'rnu' is no action of this kind; did you mean 'run'?",
        ),
        (
            f"{PORT}actions: {{run: [x], Fly: [x]}}\nreports: {{fly: [port]}}\n",
            "3:11: 'fly' is no action of this kind; it has: run, update, remove\n",
        ),
        (f"{PORT}reports: {{Run: [port]}}\n", "2:11: 'Run' is no name for an action"),
    ],
)
def test_a_bad_kind_is_an_error_with_its_place(repo: Repo, text: str, message: str) -> None:
    """An output's name may not be an input's name, `sensitive` may not name one, `reports` names what there is."""
    repo.write("kinds/bad.yaml", text)
    ran = repo.run("validate")
    assert ran.code == 1
    assert f"kinds/bad.yaml:{message}" in ran.err


def test_what_reports_says_by_action() -> None:
    """With `reports` what it lists; without it, run and update may change all outputs, and other actions none."""
    listed = kind("database", outputs=OUTPUTS, reports=REPORTS, actions={"rotate": ["x"]})
    assert [sorted(listed.may_report(action)) for action in ("run", "update", "rotate", "look")] == [
        ["endpoint", "key_id", "oid"],
        ["endpoint"],
        ["key_id"],
        [],
    ]
    default = kind("database", outputs=OUTPUTS, actions={"rotate": ["x"]})
    assert [sorted(default.may_report(action)) for action in ("run", "update", "rotate")] == [
        ["endpoint", "key_id", "oid"],
        ["endpoint", "key_id", "oid"],
        [],
    ]


def test_an_input_with_the_name_of_an_output_is_an_error_in_the_definition(repo: Repo) -> None:
    """It would not be known which of the two a reader means; the place is the input's."""
    world(repo).define("db", "database", inputs={"size": 1, "oid": 3}).commit()
    for command in ("validate", "stage"):
        ran = repo.run(command)
        assert ran.code == 1
        assert "resources/db.yaml:8:3: 'oid' is an output of kind database" in ran.err


def test_who_reads_an_output_of_a_kind_that_cannot_be_read_is_no_error_of_its_own(repo: Repo) -> None:
    """The kind has the one problem that there is."""
    world(repo).define("db", "database", inputs={}).define("app", inputs={"url": "${db.endpoint}"}).commit()
    repo.stage()
    repo.write("kinds/database.yaml", f"{PORT}reports: {{run: [host]}}\n")

    said = "kinds/database.yaml:2:17: 'host' is no output of this kind; it has: port\n"

    assert (1, said) == (repo.run("validate").code, repo.run("validate").err)


def test_editors_know_outputs_and_reports(repo: Repo) -> None:
    """The schema of kind files accepts what stagectl accepts, and has words for both keys."""
    from jsonschema import Draft7Validator

    schema = repo.ok("schema", "kind").json()
    world(repo)
    Draft7Validator(schema).validate(json.loads(repo.read("kinds/database.yaml")))
    assert list(Draft7Validator(schema).iter_errors({"outputs": [1]}))
    assert list(Draft7Validator(schema).iter_errors({"reports": {"Run": ["a"]}}))

"""What editors and git get from stagectl, through the real command line."""

from __future__ import annotations

from pathlib import Path

from jsonschema import Draft7Validator

from tests.build import ROOT, Ran, Repo

LINE = "# yaml-language-server: $schema=../../.stagectl/schema/kinds/service.json\n"


def test_schema_prints_one_json_value(tmp_path: Path) -> None:
    """
    All four without a word, one by its name; no repository is needed.
    """
    repo = Repo(tmp_path, init=False, folder="")

    found = repo.ok("schema").json()

    assert ["definition", "staged", "kind", "config"] == list(found)
    for which, schema in found.items():
        Draft7Validator.check_schema(schema)
        assert schema == repo.ok("schema", which).json()
        assert "http://json-schema.org/draft-07/schema#" == schema["$schema"]
    assert repo.run("schema", "definitoin") == Ran(
        64,
        "",
        "error: there is no schema 'definitoin'; did you mean 'definition'?\n"
        "hint: there are: definition, staged, kind, config\n",
    )


def test_a_kind_contributes_its_inputs(repo: Repo) -> None:
    """
    For definitions and for staged files; not for anything else.
    """
    repo.kind("web", inputs={"properties": {"port": {"type": "integer"}}})

    for arguments in (["--kind", "web"], ["staged", "--kind", "web"]):
        found = repo.ok("schema", *arguments).json()
        assert "port" in found["definitions"]["inputs"]["properties"]
        assert ["web"] == found["then"]["properties"]["kind"]["enum"]
    assert "error: there is no kind 'wbe'; did you mean 'web'?\n" in repo.run("schema", "--kind", "wbe").err
    assert 64 == repo.run("schema", "config", "--kind", "web").code
    assert 64 == repo.run("schema", "config", "--write").code


def test_what_init_and_create_write_leads_editors_to_the_schemas(tmp_path: Path) -> None:
    """
    A comment in each of the two documents; it lives through edits and is copied with the body. Every path exists.
    """
    repo = Repo(tmp_path, init=False, folder="").begin_with_git()
    repo.ok("init")
    repo.commit()

    repo.ok("create", "prod/web", "--kind", "service", "--tag", "a", "--set", "port=1")
    repo.ok("update", "prod/web", "--set", "port=2", "--tag", "b", "--set", "more.deep=x")

    text = repo.read("resources/prod/web.yaml")
    assert f"---\n{LINE}kind: service\ntags: [a, b]\n---\n{LINE}inputs:\n  port: 2\n" in text
    assert text.endswith("  more:\n    deep: x\n")
    assert repo.read(".staged/prod/web.yaml").endswith("---\n" + text.partition("\n---\n")[2])
    for path in ("stagectl.yaml", "kinds/service.yaml", "resources/prod/web.yaml"):
        first = next(line for line in repo.read(path).splitlines() if "$schema=" in line)
        assert (repo.root / path).parent.joinpath(first.partition("$schema=")[2]).resolve().is_file()
    assert repo.run("validate") == Ran(0, "All is well: 1 definitions, 1 staged files, 1 kinds.\n", "")


def test_the_example_refers_to_the_schemas_too(tmp_path: Path) -> None:
    """
    Its config and kinds.
    """
    repo = Repo(tmp_path, init=False, folder="")
    repo.git("init", "-q", "-b", "main")
    repo.ok("init", "--example")

    paths = ["stagectl.yaml", *(f"kinds/{path.name}" for path in (ROOT / "fixtures/shop/kinds").iterdir())]
    for path in paths:
        first = repo.read(path).splitlines()[0]
        assert (repo.root / path).parent.joinpath(first.partition("$schema=")[2]).resolve().is_file()


def test_without_the_folder_nothing_refers_to_it(repo: Repo) -> None:
    """
    A repository whose owners did not want it has no dead references.
    """
    repo.commit()
    repo.ok("create", "prod/web", "--kind", "service")

    assert "$schema" not in repo.read("resources/prod/web.yaml")
    assert repo.run("validate").err == ""


def test_a_changed_kind_makes_its_schema_old(repo: Repo) -> None:
    """
    validate says so and stays at peace; --write writes what differs and takes away what is no kind any more.
    """
    repo.ok("schema", "--write")
    before = repo.read(".stagectl/schema/kinds/service.json")
    assert repo.run("schema", "--write") == Ran(0, "Everything is up to date.\n", "")

    repo.kind("service", actions=("run", "reload"))
    (repo.root / "kinds/plain.yaml").unlink()
    reported = repo.run("validate")
    names = ("definition", "kinds/plain", "kinds/service", "staged", "templates/plain", "templates/service")
    old = [f".stagectl/schema/{name}.json" for name in names]
    assert 0 == reported.code
    assert f"note: not up to date, for editors: {', '.join(old)}; write them: stagectl schema --write\n" == reported.err

    assert "".join(f"{path}\n" for path in old) == repo.ok("schema", "--write").out
    assert "reload" in repo.read(".stagectl/schema/kinds/service.json") != before
    assert not (repo.root / ".stagectl/schema/kinds/plain.json").exists()
    assert repo.run("validate").err == ""

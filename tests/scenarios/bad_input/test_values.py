"""Values are read as the JSON subset of YAML 1.2."""

from __future__ import annotations

from tests.build import Repo
from tests.scenarios.bad_input.world import front

VALUES = {
    "no": "no",
    "on": "on",
    "Yes": "Yes",
    "y": "y",
    "off": "off",
    "2024-01-01": "2024-01-01",
    "2024-01-01T00:00:00Z": "2024-01-01T00:00:00Z",
    "1_000": "1_000",
    "1:30": "1:30",
    "0b11": "0b11",
    "1.2.3": "1.2.3",
    "=": "=",
    "TrUe": "TrUe",
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
    "0o17": 15,
    "017": 17,
    "0x1F": 31,
    "-12": -12,
    "+12": 12,
    "12345678901234567890123": 12345678901234567890123,
    "1e3": 1000.0,
    "1.0": 1.0,
    ".5": 0.5,
    "'1'": "1",
    '"no"': "no",
    "'<<'": "<<",
}


def test_values_are_read_as_json_by_yaml_1_2(repo: Repo) -> None:
    """
    `no`, `on`, dates and 1_000 are strings; 0o17, 0x1F, 1e3, true and null are what YAML 1.2 says.
    """
    lines = "".join(f"  k{number}: {text}\n" for number, text in enumerate(VALUES))
    repo.write("resources/a.yaml", front() + "inputs:\n" + lines).stage()

    leaves = {entry["path"]: entry["after"] for entry in repo.plan().change("a.run")["diff"]}

    got = {text: leaves[f"k{number}"] for number, text in enumerate(VALUES)}
    assert {text: (type(value), value) for text, value in VALUES.items()} == {
        text: (type(value), value) for text, value in got.items()
    }


def test_the_same_value_in_another_form_is_no_change(repo: Repo) -> None:
    """
    0x10 and 16 are one value, also 1.0 and 1 as JSON numbers are not.
    """
    repo.define("a", inputs={"n": 16, "f": 1}).apply_all()
    repo.write("resources/a.yaml", front() + "inputs: {n: 0x10, f: 1.0}\n").stage()

    assert [("f", 1, 1.0)] == [(e["path"], e["before"], e["after"]) for e in repo.plan().change("a.update")["diff"]]

"""What Ansible is given: one host and nothing else, values and nothing that acts."""

from __future__ import annotations

import json
import string
from typing import Any, List

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from stagectl.adapters.handlers import ansible_files
from stagectl.adapters.handlers.inside import Failed


class Marked(str):
    """A string that had Ansible's tag."""


class Old(yaml.SafeLoader):
    """YAML 1.1 as ansible-core reads it before 2.19."""


class New(yaml.SafeLoader):
    """And since: what has the tag is read as if it stood there without quotes."""


def resolved(loader: New, node: yaml.ScalarNode) -> Any:
    tag = loader.resolve(yaml.ScalarNode, node.value, (True, False))
    value = loader.construct_object(yaml.ScalarNode(tag, node.value))
    return Marked(value) if isinstance(value, str) else value


Old.add_constructor("!unsafe", lambda loader, node: Marked(loader.construct_scalar(node)))
New.add_constructor("!unsafe", resolved)
LOADERS = pytest.mark.parametrize("loader", [Old, New])

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def strings(value: Any) -> List[str]:
    """Every string in a value, keys too."""
    if isinstance(value, dict):
        return [text for key, part in value.items() for text in [key, *strings(part)]]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []


WORDS = ["", *"no Y ON 1_000 0x1f 1:30 1.5e+3 .inf -.INF .NaN ~ null = << ! & *".split()]
DATES = ["2024-01-01", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "2001-12-15 2:59:43\t+01:00"]
SIGNS = [" ", "\x7f\x85\u2028\ufeff\ufffe", "😀", '"', "\\", "{{ x }}", "{% x %}", "{# x", "#jinja2: x"]


@LOADERS
@given(value=JSON)
@example(value=[{text: text} for text in (*WORDS, *DATES, *SIGNS)])
def test_values_arrive_as_they_are_and_no_string_is_a_template(loader: Any, value: Any) -> None:
    """
    Every string is marked, but those of harmless characters, which Ansible would take for something else.
    """
    read = yaml.load(ansible_files.unsafe(value), loader)

    assert json.dumps(value) == json.dumps(read)
    for text in strings(read):
        assert isinstance(text, Marked) or not set(text) - set(string.ascii_letters + string.digits + "_.:+~=<!&*\t -")


def test_inputs_are_variables_where_ansible_allows_the_name() -> None:
    """
    All are in stagectl_inputs; an input that is called like one of ours does not replace it; no file is JSON.
    """
    inputs = {"port": 1, "a-b": 2, "class": 3, "é": 4, "1a": 5, "stagectl_action": "mine", "_x": 6, "on": 7}

    text = ansible_files.variables_text(inputs, action="run", before={"port": 0})

    expected = {
        "port": 1,
        "_x": 6,
        "on": 7,
        "stagectl_inputs": inputs,
        "stagectl_action": "run",
        "stagectl_before": {"port": 0},
    }
    assert expected == yaml.load(text, Old)
    with pytest.raises(ValueError):
        json.loads(ansible_files.variables_text({}))


def test_the_inventory_is_one_host() -> None:
    """
    localhost is reached without ssh, with the Python that runs stagectl; another is left to Ansible.
    """
    local = {"ansible_connection": "local", "ansible_python_interpreter": "/py"}

    assert {"all": {"hosts": {"localhost": local}}} == ansible_files.inventory("localhost", "/py")
    assert {"all": {"hosts": {"web1": {}}}} == ansible_files.inventory("web1", "/py")


@pytest.mark.parametrize(
    "target", ["localhost", "web1", "web-1.example.org", "10.0.0.1", "::1", "fe80::1%eth0", "web1:2222", "_a"]
)
def test_hosts_are_names_and_addresses(target: str) -> None:
    """
    With a port, too; no target is localhost.
    """
    assert target == ansible_files.host({"target": target})
    assert "localhost" == ansible_files.host({}) == ansible_files.host({"target": None})


@pytest.mark.parametrize(
    "target",
    ["", "a b", "a ansible_connection=local", "a\nb", "a\n", "{{ x }}", 1, ["a"],
     *"web[1:9] a,b -oProxyCommand=x a@b ü".split()],
)  # fmt: skip
def test_what_is_no_host_is_refused(target: Any) -> None:
    """
    Spaces and lines, ranges and lists of hosts, options of ssh, templates.
    """
    with pytest.raises(Failed) as failed:
        ansible_files.host({"target": target})

    assert (
        f"the input 'target' is not the name or address of one host, but {json.dumps(target)}; "
        "letters, digits and _ . - : % are expected"
    ) == str(failed.value)

"""All that is wrong is reported in one go: files, schemas and relations together."""

from __future__ import annotations

from tests.build import Repo

LINES = """\
resources/d.yaml:4:13: kind s: must be a whole number, not "x"
resources/d.yaml:4:19: ${nope.v}: there is no resource 'nope'
resources/e.yaml:4:15: not YAML: did not find expected ',' or ']' while parsing a flow sequence
resources/f.yaml:2:7: there is no kind 'zz'; add kinds/zz.yaml
resources/f.yaml:4:13: ${a.vv}: 'a' has no input 'vv'; did you mean 'v'?
"""


def test_a_resource_has_all_its_problems(repo: Repo) -> None:
    """
    An input that its schema refuses is reported beside one that does not resolve, also of the same resource; what is
    only missing because a value is, is not.
    """
    repo.write("kinds/s.yaml", "inputs: {required: [w], properties: {v: {type: integer}, w: {type: integer}}}\n")
    repo.define("a", "s", inputs={"v": 1, "w": 2}).apply_all()
    repo.write("resources/d.yaml", '---\nkind: s\n---\ninputs: {v: x, w: "${nope.v}"}\n')
    repo.write("resources/e.yaml", "---\nkind: s\n---\ninputs: {v: [1}\n")
    repo.write("resources/f.yaml", '---\nkind: zz\n---\ninputs: {v: "${a.vv}"}\n')

    for words in (("validate",), ("stage",)):
        done = repo.run(*words)
        assert (1, LINES) == (done.code, done.out + done.err), words
    repo.delete("e").delete("f")
    assert LINES[: LINES.index("resources/e")] == repo.run("stage").err

"""Values of `${env:NAME}` reach the action and nothing else: every byte that a run leaves is searched for them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest

from tests.build import ROOT, Ran, Repo

pytestmark = pytest.mark.once

PLAIN = "Kanarienvogel-4711-geheim"
PEM = (
    "-----BEGIN KEY-----\n"
    + "\n".join(f"MIIEpAIBAAKCAQEA{number:04}qqZZ+/xyz" for number in range(9))
    + "\n-----END KEY-----\n"
)
SECRETS = {
    "plain": PLAIN,
    "pem": PEM,
    "regex": r"a.*b+(c|d)[e]$^{3}\w?secret",
    "unicode": "Пароль-日本-ß-🐤-geheim",
    "quotes": 'it\'s "quoted" \\back\\slash secret',
    "lines": "first line of secret\nsecond line of secret\ttab",
    "url": "p@ss/w?rd&x=1 y#%20 secret",
    "newline": "trail3d-secret\n",
}

# Prints its secret in every way there is; how is its argument, and the secret comes from its inputs.
TELL = """
import base64, html, json, os, sys, time, urllib.parse
s = json.load(open(os.environ["STAGECTL_INPUTS"]))["token"]
raw = s.encode()
print(s); print(s.strip()); print(json.dumps(s)); print(json.dumps({"token": s}, ensure_ascii=False)); print(repr(s))
print(urllib.parse.quote(s)); print(urllib.parse.quote_plus(s))
print(urllib.parse.quote(s, safe="").replace("%2F", "%2f"))
print(urllib.parse.quote(s, safe="!~*'()/:@"))
print(base64.b64encode(raw).decode()); print(base64.b64encode(raw + b"\\n").decode())
print(base64.urlsafe_b64encode(raw).decode()); print(base64.encodebytes(raw).decode())
print(base64.b64encode(b"user:" + raw).decode()); print(base64.b64encode(b"u:" + raw + b"@h").decode())
for width in (20, 33):
    text = base64.b64encode(b"user:" + raw).decode()
    print(*(text[at : at + width] for at in range(0, len(text), width)), sep="\\n")
print("x" * 65500 + s); print("x" * 65530 + s + "y" * 70000)
print("before", s, "after", file=sys.stderr)
sys.stdout.flush()
half = len(s) // 2
os.write(1, s[:half].encode()); time.sleep(0.05); os.write(1, s[half:].encode() + b"\\n")
encoded = raw[: len(raw) // 2 + 1]
os.write(1, encoded); time.sleep(0.05); os.write(1, raw[len(encoded):] + b"\\n")
if "message" in sys.argv:
    json.dump({"message": "it is " + s}, open(os.environ["STAGECTL_RESULT"], "w"))
os.write(2, b"no newline at the end: " + raw)
sys.exit(3 if "fail" in sys.argv else 0)
"""
PYTHON = """
def leak(call):
    print(call.inputs["token"])
    raise ValueError("it is " + call.inputs["token"])
def key(call):
    raise KeyError(call.inputs["token"])
"""


class Cage:
    """A repository with a home and a folder for temporary files of its own, and all that commands in it said."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said = folder, b""
        for name in ("tmp", "home", "python"):
            (folder / name).mkdir()
        self.repo = Repo(folder / "repo")
        self.repo.write("tell.py", TELL)
        (folder / "python/leaky.py").write_text(PYTHON)
        tell = {action: [sys.executable, "tell.py", "message"] for action in ("run", "update")}
        failing = {action: [sys.executable, "tell.py", "message", "fail"] for action in ("run", "update")}
        for name, body in {
            "teller": {"actions": tell, "sensitive": ["token"]},
            "failer": {"actions": failing},
            # Actions inherit all of the environment, so one may print what only others' inputs read.
            "curious": {"actions": {"run": ["env"]}},
            "raiser": {"handler": "python", "actions": {"run": "leaky:leak", "update": "leaky:key"}},
        }.items():
            self.repo.write(f"kinds/{name}.yaml", json.dumps(body))

    def environment(self) -> Dict[str, str]:
        """What commands get: each secret as TOKEN_ and its name."""
        paths = {"TMPDIR": self.folder / "tmp", "HOME": self.folder / "home", "PYTHONPATH": self.folder / "python"}
        secrets = {f"TOKEN_{name}": secret for name, secret in SECRETS.items()}
        return {**secrets, "PYTHONIOENCODING": "utf-8", **{key: str(path) for key, path in paths.items()}}

    def first_run(self) -> str:
        return min(path.name for path in (self.repo.place / "runs").iterdir())

    def run(self, *arguments: str) -> Ran:
        ran = self.repo.run(*arguments, env=self.environment())
        self.said += f"$ {arguments}\n{ran.out}{ran.err}".encode()
        return ran

    def left(self) -> Iterator[Tuple[str, bytes]]:
        """All that is there now, git's objects as they were before they were packed, and what was said."""
        yield "what was said", self.said
        for top in ("repo", "tmp", "home"):
            for path in sorted((self.folder / top).rglob("*")):
                if path.is_file():
                    yield str(path), path.read_bytes()
                yield "a name", os.fsencode(path)
        everything = ["git", "cat-file", "--batch-all-objects", "--batch"]
        yield "objects", subprocess.run(everything, cwd=self.repo.root, capture_output=True, check=True).stdout


def forms(secret: str) -> List[bytes]:
    """What must be nowhere: the secret, its longer lines, and what encodings make of them."""
    found = {
        secret,
        secret.strip(),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }
    found |= {urllib.parse.quote(secret, safe=safe) for safe in ("", "/", "!~*'()/:@")} | {
        urllib.parse.quote_plus(secret)
    }
    for lead in (b"", b"user:", b"u:"):
        for end in (b"", b"\n", b"@h"):
            raw = lead + secret.encode() + end
            text = base64.b64encode(raw).decode()
            found |= {text, text.rstrip("="), base64.urlsafe_b64encode(raw).decode()}
            # The inner part does not hang on what stands around it.
            found.add(text[(len(lead) * 8 + 5) // 6 + 2 : (len(lead + secret.strip().encode()) * 8) // 6 - 2])
            found |= {line for line in base64.encodebytes(raw).decode().split("\n") if len(line) >= 60}
            # Of lines that are broken elsewhere, those in the middle are all secret.
            found |= {text[at : at + width] for width in (20, 33) for at in range(width, len(text) - width, width)}
    found |= {line for line in secret.splitlines() if len(line) >= 8}
    return [form.encode() for form in sorted(found) if len(form) >= 6]


def leaks(cage: Cage, secret: str) -> List[str]:
    """Where the secret is, and in which form."""
    wanted = forms(secret)
    return [f"{where}: {form!r}" for where, data in cage.left() for form in wanted if form in data]


def test_what_actions_print_of_their_secrets_is_nowhere_afterwards(tmp_path: Path) -> None:
    """
    Actions print them in every form, in messages and exceptions too; all commands that could show one are asked.
    """
    cage = Cage(tmp_path)
    for which in SECRETS:
        inputs = {"token": "${env:TOKEN_" + which + "}"}
        cage.repo.define(f"{which}/ok", "teller", inputs=inputs).define(f"{which}/bad", "failer", inputs=inputs)
        cage.repo.define(f"{which}/child", "failer", inputs={"token": "x${./ok.token}y"})
        cage.repo.define(f"{which}/raised", "raiser", inputs=inputs)
    cage.repo.define("curious", "curious").commit()

    assert cage.run("stage").code == 0
    for shape in ("text", "json", "markdown", "github", "mermaid", "dot"):
        assert cage.run("plan", "--format", shape).code == 0
    assert cage.run("plan", "--out", "saved.json").code == 0
    assert cage.run("apply", "saved.json", "--json").code == 1
    assert cage.run("apply", "--yes").code == 1
    assert cage.run("retry").code == 1
    for command in (
        ["report"], ["report", "--json"], ["report", "--follow"], ["log"], ["log", "--json"], ["status"],
        ["status", "--json"], ["show", "pem/ok"], ["show", "pem/bad"], ["show", "saved.json"], ["diff"],
        ["diff", "--json"], ["graph"], ["validate"],
    ):  # fmt: skip
        assert cage.run(*command).code == 0, command

    for which, secret in SECRETS.items():
        output = (cage.repo.place / f"runs/{cage.first_run()}/output/{which}+ok.run.log").read_text()
        assert output.count("(sensitive)") > 15, "there was something to take out"
        assert leaks(cage, secret) == []


CRASH = """
import sys
import stagectl.usecases.applying.record as record
def record_run(task, outcomes):
    secret = __import__("os").environ["TOKEN_plain"]
    raise RuntimeError("broken at " + secret)
record.record_run = record_run
from stagectl.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_bug_report_has_no_secret(tmp_path: Path) -> None:
    """
    Neither the file nor what is said of it, though the error itself quotes the value.
    """
    cage = Cage(tmp_path)
    cage.repo.define("ok", "teller", inputs={"token": "${env:TOKEN_plain}"}).commit()
    cage.run("stage")
    done = subprocess.run(
        [sys.executable, "-c", CRASH, "apply", "--yes"],
        cwd=cage.repo.root,
        env={**os.environ, **cage.environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    cage.said += done.stdout + done.stderr

    assert done.returncode == 1 and b"this is a bug in stagectl: RuntimeError: broken at (sensitive)" in done.stderr
    (bug,) = (tmp_path / "tmp").glob("stagectl-bug-*.txt")
    assert "RuntimeError: broken at (sensitive)" in bug.read_text()
    assert leaks(cage, PLAIN) == []


@pytest.mark.parametrize("kind", ["slow", "child"])
def test_a_killed_run_leaves_no_secret_once_it_is_resumed(tmp_path: Path, kind: str) -> None:
    """
    What was made for the action is gone, though no process was there to remove it.
    """
    cage = Cage(tmp_path)
    killer = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    cage.repo.write("kinds/slow.yaml", json.dumps({"actions": {"run": [sys.executable, "-c", killer]}}))
    (tmp_path / "python/deadly.py").write_text(f"def kill(call):\n    {killer}; os._exit(1)\n")
    cage.repo.write("kinds/child.yaml", json.dumps({"handler": "python", "actions": {"run": "deadly:kill"}}))
    cage.repo.define("a", kind, inputs={"token": "${env:TOKEN_plain}"}).commit()
    cage.run("stage")

    assert cage.run("apply", "--yes").code == -9
    assert leaks(cage, PLAIN) != [], "the action's files were there"
    assert cage.run("resume", "--unknown", "done").code == 0
    assert leaks(cage, PLAIN) == []
    assert list((tmp_path / "tmp").iterdir()) == []

"""A hosting site in miniature: repositories, its web API, and a runner that executes workflow files as they are."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple
from urllib.parse import parse_qs, unquote, urlsplit

from ruamel.yaml import YAML

from tests.build import PATIENCE, ROOT

BOT = "github-actions[bot]"
PAGE = 3  # comments on one page, however many are asked for


def parsed(path: Path) -> Any:
    """A YAML file as plain values."""
    return json.loads(_as_json(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=None)
def _as_json(text: str) -> str:
    return json.dumps(YAML(typ="safe", pure=True).load(text))


class Site:
    """The web API of a site, in a thread. It keeps comments, pull requests and artefacts, and notes every call."""

    def __init__(self, repository: str = "shop/infra") -> None:
        self.repository = repository
        self.comments: Dict[int, List[Dict[str, Any]]] = {}
        self.pulls: Dict[int, Dict[str, Any]] = {}
        self.pulls_of: Dict[str, List[int]] = {}  # commit -> numbers
        self.labels: Dict[int, List[str]] = {}
        self.artifacts: Dict[str, bytes] = {}
        self.uploads: Dict[str, Dict[str, bytes]] = {}  # name -> files
        self.issues: Dict[int, Dict[str, Any]] = {}
        self.promotions: Dict[int, Dict[str, Any]] = {}  # pull requests that jobs opened
        self.calls: List[Tuple[str, str, str]] = []  # method, path, token
        self.refuse: Mapping[str, int] = {}  # method -> status
        site = self

        class Handler(BaseHTTPRequestHandler):
            timeout = PATIENCE  # seconds until a connection that says nothing is closed

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                token = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
                site.calls.append((self.command, self.path, token))
                status, value, more = site.answer(self.command, self.path, body)
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                for key, text in more.items():
                    self.send_header(key, text)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def says(self, number: int, text: str, login: str = BOT) -> None:
        """Let an operator write a comment."""
        notes = self.comments.setdefault(number, [])
        person = {"login": login, "id": len(login)}
        address = f"https://site.example/{self.repository}/pull/{number}#comment-{len(notes)}"
        identity = 1000 * number + len(notes)
        notes.append({"id": identity, "body": text, "user": person, "author": person, "html_url": address})

    def bodies(self, number: int) -> List[str]:
        return [comment["body"] for comment in self.comments.get(number, [])]

    def written(self) -> List[str]:
        """The calls that change something, and not the question who we are."""
        return [method for method, path, _ in self.calls if method != "GET" and path != "/graphql"]

    def answer(self, method: str, target: str, body: Any) -> Tuple[int, Any, Dict[str, str]]:
        """The answer to one call: status, value, headers."""
        if method in self.refuse and target != "/graphql":
            return self.refuse[method], {"message": "Resource not accessible by integration"}, {}
        at, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        for pattern, does in self._routes().items():
            wanted, _, path = pattern.partition(" ")
            found = re.fullmatch(path, at)
            if found and wanted == method:
                value = does(*found.groups(), body) if body is not None else does(*found.groups())
                if "page" in query:
                    first = (int(query["page"][0]) - 1) * PAGE
                    value = value[first : first + PAGE]
                return value if isinstance(value, tuple) else (200, value, {})
        return 404, {"message": "Not Found"}, {}

    def _routes(self) -> Dict[str, Any]:
        here, notes = f"/repos/{self.repository}", "/v4/projects/7/merge_requests"
        return {
            f"GET {here}/issues/(\\d+)/labels": lambda n: [{"name": each} for each in self.labels.get(int(n), [])],
            f"POST {here}/issues/(\\d+)/labels": lambda n, body: self.labels.setdefault(int(n), []).extend(
                body["labels"]
            ),
            f"DELETE {here}/issues/(\\d+)/labels/(.+)": lambda n, name: self.labels[int(n)].remove(unquote(name)),
            "POST /graphql": lambda _: {"data": {"viewer": {"login": BOT}}},
            f"GET {here}/issues/(\\d+)/comments": lambda number: self.comments.get(int(number), []),
            f"POST {here}/issues/(\\d+)/comments": self._create,
            f"PATCH {here}/issues/comments/(\\d+)": self._edit,
            f"GET {here}/pulls/(\\d+)": lambda number: self.pulls[int(number)],
            f"GET {here}/commits/(\\w+)/pulls": lambda sha: [self.pulls[each] for each in self.pulls_of.get(sha, [])],
            f"GET {here}/actions/runs/(\\d+)/artifacts": lambda _: {"artifacts": [{"id": 5}] if self.artifacts else []},
            f"GET {here}/actions/artifacts/5/zip": lambda: (302, b"", {"Location": f"{self.url}/storage"}),
            "GET /storage": lambda: (200, self._zip(), {}),
            "GET /v4/user": lambda: {"id": len(BOT)},
            "GET /v4/projects/7/repository/commits/(\\w+)/merge_requests": self._merged,
            f"GET {notes}/(\\d+)/notes": lambda number: self.comments.get(int(number), []),
            f"POST {notes}/(\\d+)/notes": self._create,
            f"PUT {notes}/\\d+/notes/(\\d+)": self._edit,
            f"GET {here}/issues": lambda: [one for one in self.issues.values() if one["state"] == "open"],
            f"POST {here}/issues": self._open,
            f"PATCH {here}/issues/(\\d+)": self._change_issue,
            f"GET {here}/pulls": lambda: [one for one in self.promotions.values() if one["state"] == "open"],
            f"POST {here}/pulls": self._propose,
            f"PATCH {here}/pulls/(\\d+)": self._change_promotion,
            f"GET {notes}": lambda: [one for one in self.promotions.values() if one["state"] == "open"],
            f"POST {notes}": self._propose,
            f"PUT {notes}/(\\d+)": self._change_promotion,
            "GET /v4/projects/7/issues": lambda: [one for one in self.issues.values() if one["state"] == "open"],
            "POST /v4/projects/7/issues": self._open,
            "PUT /v4/projects/7/issues/(\\d+)": self._change_issue,
        }

    def _propose(self, body: Any) -> Any:
        number = 100 + len(self.promotions)
        branch = body.get("head") or body["source_branch"]
        head = {"ref": branch, "sha": "0" * 40, "repo": {"full_name": self.repository}}
        known = {"number": number, "iid": number, "state": "open", "source_project_id": 7}
        self.promotions[number] = {**known, **body, "source_branch": branch, "head": head}
        return self.promotions[number]

    def _change_promotion(self, number: str, body: Any) -> Any:
        self.promotions[int(number)].update(body)
        if body.get("state_event") == "close":
            self.promotions[int(number)]["state"] = "closed"
        return self.promotions[int(number)]

    def _label(self, number: str, body: Any) -> Any:
        self.labels.setdefault(int(number), []).extend(body["labels"])
        return []

    def _merged(self, sha: str) -> Any:
        return [{"iid": each, "state": "merged"} for each in self.pulls_of.get(sha, [])]

    def _open(self, body: Any) -> Any:
        number, person = len(self.issues) + 1, {"login": BOT, "id": len(BOT)}
        known = {"number": number, "iid": number, "user": person, "author": person, "state": "open"}
        self.issues[number] = {**known, **body}
        return self.issues[number]

    def _change_issue(self, number: str, body: Any) -> Any:
        self.issues[int(number)].update(body)
        if body.get("state_event") == "close":
            self.issues[int(number)]["state"] = "closed"
        return self.issues[int(number)]

    def _create(self, number: str, body: Any) -> Any:
        self.says(int(number), body["body"])
        return self.comments[int(number)][-1]

    def _edit(self, identity: str, body: Any) -> Any:
        found = [each for notes in self.comments.values() for each in notes if each["id"] == int(identity)]
        found[0]["body"] = body["body"]
        return found[0]

    def _zip(self) -> bytes:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self.artifacts.items():
                archive.writestr(name, content)
        return data.getvalue()


@dataclass
class Job:
    """What a job's steps did. commands: what the runner would obey in the log, of lines that look like a command."""

    folder: Path
    code: int = 0
    log: str = ""
    outputs: Dict[str, Dict[str, str]] = field(default_factory=dict)

    @property
    def commands(self) -> List[str]:
        found, stopped = [], ""
        for line in self.log.splitlines():
            line = line.strip()
            if stopped:
                stopped = "" if line == f"::{stopped}::" else stopped
            elif line.startswith("::stop-commands::"):
                stopped = line[len("::stop-commands::") :]
            elif line.startswith("::"):
                found.append(line)
        return found

    @property
    def summary(self) -> str:
        path = self.folder / "summary"
        return path.read_text(encoding="utf-8") if path.exists() else ""


class Runner:
    """Runs the jobs of workflow files: `run` steps as they are, `uses: .../stagectl@...` by our own action."""

    def __init__(self, folder: Path, hosted: Path, site: Site) -> None:
        self.folder, self.hosted, self.site = folder, hosted, site
        self.jobs = 0
        self.given: Dict[str, Any] = {}  # what else a job's expressions may read: its matrix, the jobs it needs
        self.programs = programs(folder / "programs")

    def start(self, file: Path, name: str, event: str, payload: Dict[str, Any], commit: str, **inputs: str) -> Job:
        """Run one job of a workflow for an event, with a commit checked out."""
        self.jobs += 1
        job = Job(self.folder / f"job-{self.jobs}")
        (job.folder / "temp").mkdir(parents=True)
        (job.folder / "workspace").mkdir()
        (job.folder / "event.json").write_text(json.dumps(payload), encoding="utf-8")
        self.context = {
            "github": {"token": "the-token", "event_name": event, "event": payload, "ref": "refs/heads/main"},
            "runner": {"temp": str(job.folder / "temp")},
            "inputs": inputs,
            "steps": {},
            **self.given,
        }
        self.commit = commit
        spec = parsed(file)["jobs"][name]
        if self._is_due(spec, job):
            self._steps(spec["steps"], job, "")
        return job

    def _environment(self, job: Job) -> Dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_ACTOR": "ada",
            "GITHUB_ACTOR_ID": "7",
            "GITHUB_API_URL": self.site.url,
            "GITHUB_EVENT_PATH": str(job.folder / "event.json"),
            "GITHUB_GRAPHQL_URL": f"{self.site.url}/graphql",
            "GITHUB_OUTPUT": str(job.folder / "output"),
            "GITHUB_REF_NAME": "main",
            "GITHUB_REPOSITORY": self.site.repository,
            "GITHUB_RUN_ID": "11",
            "GITHUB_SERVER_URL": "https://site.example",
            "GITHUB_SHA": self.commit,
            "GITHUB_STEP_SUMMARY": str(job.folder / "summary"),
            "RUNNER_TEMP": str(job.folder / "temp"),
        }

    def _steps(self, steps: List[Dict[str, Any]], job: Job, inside: str) -> None:
        for step in steps:
            if not self._is_due(step, job):
                continue
            uses = step.get("uses", "")
            given = {key: self._text(value) for key, value in step.get("with", {}).items()}
            if uses.startswith("actions/checkout@"):
                self._checkout(given, job)
            elif uses.startswith("actions/upload-artifact@"):
                self._upload(given)
            elif "/stagectl@" in uses:
                self._action(given, step.get("id"), job)
            else:
                assert not uses, f"a step uses {uses}, which this runner does not know"
                self._script(step, job)

    def _action(self, given: Dict[str, str], identity: Optional[str], job: Job) -> None:
        action = parsed(ROOT / "action.yml")
        assert set(given) <= set(action["inputs"])
        outer = self.context
        defaults = {key: self._text(value.get("default", "")) for key, value in action["inputs"].items()}
        self.context = {**outer, "inputs": {**defaults, **given}, "steps": {}}
        self._steps(action["runs"]["steps"], job, "action")
        outputs = {key: self._text(value["value"]) for key, value in action["outputs"].items()}
        self.context = outer
        if identity:
            self.context["steps"][identity] = {"outputs": outputs}
            job.outputs[identity] = outputs

    def _script(self, step: Dict[str, Any], job: Job) -> None:
        more = {key: self._text(value) for key, value in step.get("env", {}).items()}
        (job.folder / "output").write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=job.folder / "workspace",
            env={**self._environment(job), **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        job.log += done.stdout
        job.code = job.code or done.returncode
        if "id" in step:
            rows = (job.folder / "output").read_text().splitlines()
            outputs = dict(row.split("=", 1) for row in rows)
            self.context["steps"][step["id"]] = {"outputs": outputs}

    def _checkout(self, given: Dict[str, str], job: Job) -> None:
        """As actions/checkout with fetch-depth: 0 does; a commit of no branch is checked out detached."""
        assert given["fetch-depth"] == "0"
        at = job.folder / "workspace"
        refs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/pull/*:refs/remotes/pull/*"]
        for arguments in (
            ["init", "--quiet", "--initial-branch=main"],
            ["remote", "add", "origin", str(self.hosted)],
            ["-c", "maintenance.auto=false", "fetch", "--quiet", "origin", *refs],
            ["checkout", "--quiet", "--detach", self.commit],
        ):
            subprocess.run(["git", *arguments], cwd=at, check=True, capture_output=True, timeout=PATIENCE)

    def _upload(self, given: Dict[str, str]) -> None:
        path = Path(given["path"])
        files = [path] if path.is_file() else sorted(path.glob("*"))
        kept = {file.name: file.read_bytes() for file in files}
        self.site.uploads[given["name"]] = kept
        if given["name"] != "stagectl-plan-page":
            self.site.artifacts = kept

    def _is_due(self, step: Mapping[str, Any], job: Job) -> bool:
        terms = str(step.get("if", "success()"))
        states = {"always()": True, "failure()": job.code != 0, "cancelled()": False, "success()": job.code == 0}
        holds = any(
            all(states[term] if term in states else self._compares(term) for term in either.split(" && "))
            for either in terms.split(" || ")
        )
        return holds and (job.code == 0 or any(state in terms for state in states))

    def _compares(self, term: str) -> bool:
        left, operator, right = re.fullmatch(r"(\S+) (==|!=) '([^']*)'", term).groups()  # type: ignore[union-attr]
        return (self._value(left) == right) is (operator == "==")

    def _value(self, path: str) -> str:
        found: Any = self.context
        for word in path.split("."):
            found = found.get(word, {}) if isinstance(found, dict) else {}
        return "" if found == {} or found is None else str(found)

    def _text(self, value: Any) -> str:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self._value(found.group(1)), text)


def programs(folder: Path, *, real: bool = False) -> Path:
    """A folder for the PATH in which `python3 -m venv` makes an environment with this tree's stagectl, at no cost.

    real: venv and pip are started, too: what Python imports for that, and from where, is what it really does.
    """
    folder.mkdir(parents=True)
    start = f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
    _program(folder / "the-stagectl", f"{start}from stagectl.__main__ import main\nsys.exit(main())\n")
    python = f'exec "{sys.executable}" "$@"\n'
    pip = 'set -- "$1" "$2" "$3" --version' if real else "exit 0"
    _program(folder / "the-python", f'#!/bin/sh\n[ "$3" != pip ] || {pip}\n{python}')
    venv = [
        f'"{sys.executable}" "$1" "$2" "$3" --help > /dev/null' if real else "",
        'mkdir -p "$4/bin"',
        f'ln -s "{folder}/the-stagectl" "$4/bin/stagectl"',
        f'exec ln -s "{folder}/the-python" "$4/bin/python"',
    ]
    _program(folder / "python3", '#!/bin/sh\nif [ "$3" = venv ]; then\n' + "\n".join(venv) + f"\nfi\n{python}")
    return folder


def _program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def scripts_of(value: Any) -> Iterator[str]:
    """Every shell script in a parsed workflow, action or pipeline."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("run", "script", "before_script"):
                yield inner if isinstance(inner, str) else "\n".join(inner)
            else:
                yield from scripts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scripts_of(inner)

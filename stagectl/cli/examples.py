"""Examples for the help of each command: a command line, and what it is for. A test runs them, one after the other."""

from __future__ import annotations

from typing import Dict, Tuple

EXAMPLES: Dict[str, Tuple[Tuple[str, str], ...]] = {
    "create": (
        ("stagectl create prod/mail --kind service --set image=postfix:3 --set port=25", "with its inputs"),
        (
            "stagectl create prod/proxy --kind service --tag edge --set-json 'port=443' --set image=squid",
            "a tag, a JSON value",
        ),
    ),
    "update": (
        ("stagectl update prod/db --set port=5433", "one value; comments and formatting stay"),
        ("stagectl update prod/db --unset size --tag critical", "an input goes, a tag comes"),
    ),
    "remove": (
        ("stagectl remove prod/smoke", "refused while others read it"),
        ("stagectl remove prod/cache --detach", "its readers keep the last applied values"),
    ),
    "move": (
        ("stagectl move prod/db prod/database", "what is live goes on under the new name"),
        ("stagectl move staging/web staging/front", "references to it are rewritten"),
    ),
    "validate": (
        ("stagectl validate", "all files, each error with its line"),
        ("stagectl validate && stagectl stage", "stage only what is right"),
    ),
    "stage": (
        ("stagectl stage -t staging", "the edits of one environment, and no others"),
        ("stagectl stage prod/web -a restart", "an action, for review like any change"),
    ),
    "unstage": (
        ("stagectl unstage prod/db", "its definition stays as you edited it"),
        ("stagectl unstage -t 'prod and not tier=data'", "by tags"),
    ),
    "discard": (
        ("stagectl discard prod/db", "its definition, too, is as applied again"),
        ("stagectl discard --all --force", "everything, and text that no commit has"),
    ),
    "promote": (
        ("stagectl promote staging prod", "what is applied in staging, staged in prod"),
        ("stagectl promote staging prod 'w*'", "only resources whose name begins with w"),
    ),
    "revert": (
        ("stagectl revert HEAD", "the inverse of the newest commit, if it staged something"),
        ("stagectl revert stagectl/applied", "the inverse of the newest apply"),
    ),
    "status": (
        ("stagectl status", "with the next command beside each part"),
        ("stagectl status --short", "one line per thing"),
    ),
    "diff": (
        ("stagectl diff prod/db", "from what is applied to what is staged"),
        ("stagectl diff --unstaged", "from what is staged to the definitions"),
    ),
    "check": (
        ("stagectl check prod/db", "what of it is not as it was applied"),
        ("stagectl check -t staging --json", "for a script"),
    ),
    "adopt": (
        (
            "stagectl create prod/old --kind service --set port=8 --set image=x && stagectl adopt prod/old",
            "nothing runs",
        ),
        ("stagectl adopt -t prod --accept", "with the values that the world has"),
    ),
    "plan": (
        ("stagectl plan -t staging", "what the staged changes of one environment do"),
        ("stagectl plan --out plan.json", "and save it: `stagectl apply plan.json` runs that plan or nothing"),
    ),
    "graph": (
        ("stagectl graph prod/db", "with all that it depends on and all that depends on it"),
        ("stagectl graph --format html > graph.html", "a page to search and walk through"),
    ),
    "apply": (
        ("stagectl apply -t staging", "asks before it runs"),
        ("stagectl apply plan.json", "a plan that was saved and reviewed, or nothing"),
    ),
    "report": (
        ("stagectl report", "the newest run"),
        ("stagectl report --format html > run.html", "its course over time"),
    ),
    "retry": (
        ("stagectl retry", "what failed or was skipped in the newest run"),
        ("stagectl retry --fail-fast --parallel 1", "one by one, up to the first failure"),
    ),
    "resume": (
        ("stagectl resume", "asks what became of changes whose end was not seen"),
        ("stagectl resume --unknown rerun", "runs those again"),
    ),
    "stop": (
        ("stagectl stop 20260101", "the run whose id begins so"),
        ("stagectl stop 20260101 && stagectl report --follow", "and watch it end"),
    ),
    "worker": (
        ("stagectl worker tls://scheduler.example:8786", "in a clone of the repository"),
        ("stagectl worker tls://scheduler.example:8786 --target node1 --parallel 2", "for one target"),
    ),
    "sync": (
        ("stagectl sync", "fetch, put what both applied together, push"),
        ("stagectl sync --json", "for a script"),
    ),
    "locks": (
        ("stagectl locks", "here and on the remote"),
        ("stagectl locks --json", "for a script"),
    ),
    "lock": (
        ("stagectl lock --reason 'moving the database'", "no apply until the unlock"),
        ("stagectl lock --reason 'holiday freeze' && stagectl locks", "and see its id"),
    ),
    "unlock": (
        ("stagectl locks && stagectl unlock 20260101", "the lock whose id begins so"),
        ("stagectl unlock 20260101-120000-ab12cd", "with the whole id"),
    ),
    "show": (
        ("stagectl show prod/db", "as defined, staged and applied"),
        ("stagectl show plan.json", "a plan that `stagectl plan --out plan.json` saved"),
    ),
    "log": (
        ("stagectl log prod/db --since '2 weeks ago'", "what was staged and applied of it"),
        ("stagectl log --blame prod/db", "who set each value, and the apply that made it live"),
    ),
    "projects": (
        ("stagectl projects", "every folder with a stagectl.yaml, and what it has pending"),
        ("stagectl projects --json --changed-since main", "those that this branch touches, for a matrix in CI"),
    ),
    "verify": (
        ("stagectl verify", "every apply is replayed"),
        ("stagectl verify --json", "for a script; with --signed signatures, too"),
    ),
    "kinds": (
        ("stagectl kinds", "with the actions of each"),
        ("stagectl kinds --json", "for a script"),
    ),
    "init": (
        ("stagectl init", "in a repository of yours; what is there stays"),
        ("stagectl init --example", "a shop in two environments, to try things"),
    ),
    "schema": (
        ("stagectl schema definition --kind service", "with the inputs of one kind"),
        ("stagectl schema --write", "where editors find them"),
    ),
    "completion": (
        ('eval "$(stagectl completion bash)"', "in ~/.bashrc; for zsh in ~/.zshrc, with zsh"),
        ("stagectl completion fish > ~/.config/fish/completions/stagectl.fish", "for fish"),
    ),
}

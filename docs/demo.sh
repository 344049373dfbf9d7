#!/bin/sh
# A walk through stagectl in a throwaway folder: every command is shown before its output.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@shop.example GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@shop.example

say() { printf '\n# %s\n' "$*"; }
show() { printf '$ %s\n' "$*"; eval "$*"; }

say "A repository with a small shop: two environments, shared parts, and actions that really do something."
show git init -q -b main
show stagectl init --example
show git add .
show "git commit -q -m 'The shop'"
show "stagectl stage | tail -n 1"
show "stagectl apply --yes | tail -n 2"
show ls world/prod

say "Edit both environments, but stage only one of them, by its tag."
show "sed -i.bak 's/port: 5432/port: 5433/' resources/staging/db.yaml resources/prod/db.yaml && rm resources/*/*.bak"
show stagectl stage -t staging
show stagectl status

say "The plan takes in every child that is really affected; prod is not touched."
show stagectl plan -t staging
show stagectl apply -t staging --yes
show grep database world/staging/app.json world/prod/app.json

say "Restart something that did not change: reviewed, ordered and recorded like any other change."
show stagectl stage prod/web -a restart
show stagectl plan
show stagectl apply --yes

say "Another engine means another database: where it is found is known after its run, which the smoke test reads."
show stagectl update staging/db --set engine=mariadb
show stagectl plan
show stagectl apply --yes --allow-remove staging/db
show "stagectl show staging/smoke | grep database"

say "The audit trail, with stagectl and with plain git."
show stagectl log -n 4
show "git log --first-parent --format='%h %s' stagectl/applied"

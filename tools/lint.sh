#!/bin/sh
# Checks formatting, vet, staticcheck, the requirements of each module, and that
# generated files are up to date:
#   sh tools/lint.sh
set -eu
cd "$(dirname "$0")/.."

unformatted=$(git ls-files -z '*.go' | xargs -0 gofmt -l)
if [ -n "$unformatted" ]; then
  printf 'Not formatted; run gofmt -w on:\n%s\n' "$unformatted" >&2
  exit 1
fi
go tool templ fmt -fail -log-level warn .
go vet ./...
go vet -tags dev . ./assets
go tool -modfile=tools/go.mod staticcheck ./...
go mod tidy -diff
(cd e2e && go vet ./... && go tool -modfile=../tools/go.mod staticcheck ./... && go mod tidy -diff)
(cd tools && go mod tidy -diff)

# Compares the files with newly generated ones, not with the last commit, so that
# it also works before a commit.
generated() { rm -f tmp/index && GIT_INDEX_FILE=tmp/index git add -- '*_templ.go' assets/compressed routes.txt && GIT_INDEX_FILE=tmp/index git write-tree; }
mkdir -p tmp
before=$(generated)
go tool templ generate -log-level warn
go run ./assets/compress
go run . routes --write
if [ "$before" != "$(generated)" ]; then
  echo 'Generated files were stale. They are fresh now: commit them.' >&2
  exit 1
fi

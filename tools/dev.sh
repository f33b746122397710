#!/bin/sh
# What air does for `task dev` (.air.toml), run from the root:
#   sh tools/dev.sh build   makes tmp/app
#   sh tools/dev.sh run     runs it in place of the one before
set -eu
case $1 in
build)
  # Air begins a build at each save, beside the one that still runs. One at a
  # time, so that the last to write tmp/app is one that has read the last save.
  mkdir -p tmp
  until mkdir tmp/building 2>/dev/null; do sleep 0.05; done
  trap 'rmdir tmp/building' EXIT
  trap 'exit 1' INT TERM
  # Quick to make before quick to run: no cgo, no debug information in any
  # package, none of our own optimized, no memory collected below a GB. It takes a
  # third of the time. The first build compiles every package, which takes a minute.
  CGO_ENABLED=0 GOGC=off GOMEMLIMIT=1GiB go build -tags dev -buildvcs=false '-ldflags=-s -w' '-gcflags=all=-dwarf=false' \
    '-gcflags=./...=-N -l -dwarf=false' -o tmp/app.next .
  mv tmp/app.next tmp/app
  ;;
run)
  # Air loses sight of a process when saves follow each other closely. It would
  # keep the port, and go on to serve the pages of an older build.
  before=$(cat tmp/app.pid 2>/dev/null || true)
  if [ -n "$before" ]; then
    case $(ps -o args= -p "$before" 2>/dev/null) in
    tmp/app*)
      kill "$before" 2>/dev/null || true
      while kill -0 "$before" 2>/dev/null; do sleep 0.05; done
      ;;
    esac
  fi
  echo $$ >tmp/app.pid
  # The process before is gone by now, so the reload that the proxy is told of can
  # only be answered by this one. A page that is asked for before it listens is
  # tried again after a tenth of a second.
  (sleep 0.03; "$TEMPL" generate -notify-proxy -proxyport="$PROXY_PORT") >/dev/null 2>&1 &
  exec tmp/app
  ;;
esac

#!/bin/sh
# Runs the app on http://localhost:3000. Save a .go, .templ or .css file, and the
# browser reloads:
#   sh tools/dev.sh
# air calls the two other commands (.air.toml):
#   sh tools/dev.sh build   makes tmp/app
#   sh tools/dev.sh run     runs it and ends the previous one
set -eu
cd "$(dirname "$0")/.."

# settings reads .env as Docker does: each line is a name and a value. The
# environment takes precedence.
settings() {
  while IFS= read -r line || [ -n "$line" ]; do
    name=${line%%=*}
    case $name in
    '' | *[!A-Za-z0-9_]* | [0-9]*) ;;
    *) eval "[ -n \"\${$name+set}\" ]" || export "$name=${line#*=}" ;;
    esac
  done <.env
}

# The browser uses templ's proxy, which adds the script that reloads. The app
# listens one port higher.
serve() {
  [ ! -f .env ] || settings
  host=${HOST:-127.0.0.1}
  export PROXY_PORT="${PORT:-3000}"
  export PORT=$((PROXY_PORT + 1)) HOST=127.0.0.1 TEMPL_DEV_MODE=true APP_URL="${APP_URL:-http://localhost:$PROXY_PORT}"
  echo 'Compiling the tools and the program. The first time this downloads about 40 modules and takes minutes.'
  TEMPL=$(go tool -n templ) && air=$(go tool -modfile=tools/go.mod -n air)
  export TEMPL
  "$TEMPL" generate -watch -watch-pattern '\.(templ|css|js|svg)$' -log-level warn -open-browser=false \
    -proxy "http://127.0.0.1:$PORT" -proxybind "$host" -proxyport "$PROXY_PORT" &
  watcher=$!
  trap 'kill $watcher ${restarter:-} 2>/dev/null || true; wait' EXIT
  trap 'exit 130' INT TERM
  # The proxy answers once the watcher has written every _templ.go. A build before
  # that could read half a file.
  until "$TEMPL" generate -notify-proxy -proxyport "$PROXY_PORT" 2>/dev/null; do
    kill -0 $watcher || exit 1
    sleep 0.1
  done
  rm -rf tmp/building tmp/app.pid # left by a killed run
  "$air" &
  restarter=$!
  wait $restarter
}

case ${1:-serve} in
serve) serve ;;
build)
  # Air starts a build at each save, even if one is running. Builds take turns, so
  # that the last to write tmp/app has read the last save.
  mkdir -p tmp
  until mkdir tmp/building 2>/dev/null; do sleep 0.05; done
  trap 'rmdir tmp/building' EXIT
  trap 'exit 1' INT TERM
  # Build time matters more than speed here: no cgo, no debug information, our own
  # packages not optimized, no garbage collection below a GB. This takes a third
  # of the time. The first build compiles every package, which takes a minute.
  CGO_ENABLED=0 GOGC=off GOMEMLIMIT=1GiB go build -tags dev -buildvcs=false '-ldflags=-s -w' '-gcflags=all=-dwarf=false' \
    '-gcflags=./...=-N -l -dwarf=false' -o tmp/app.next .
  mv tmp/app.next tmp/app
  ;;
run)
  # Air can lose a process when saves follow each other quickly. The process would
  # keep the port and serve the pages of an older build.
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
  # The previous process has ended, so only this one can answer the reload that the
  # proxy starts now. The proxy retries a request every tenth of a second.
  (sleep 0.03; "$TEMPL" generate -notify-proxy -proxyport="$PROXY_PORT") >/dev/null 2>&1 &
  exec tmp/app
  ;;
esac

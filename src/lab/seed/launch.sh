# Sourced by ./process, ./master and ./stopall at the top of the clone, which set `root`: becomes one of the programs in
# this directory, run by the clone's own Node.js whatever is installed. By exec, so that whoever started the tool knows the
# process by its id. The compile cache makes a server start three times as fast.
launch() {
  local program="$root/src/lab/seed/$1/main.ts" node="$root/node_modules/.bin/node"
  if [[ ! -x "$node" ]]; then
    echo "$1: the dependencies are missing: run ./build first" >&2
    exit 1
  fi
  shift
  export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$root/node_modules/.cache/cops-seed/compiled}"
  exec "$node" "$program" "$@"
}

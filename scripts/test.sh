#!/usr/bin/env bash
# npm test: every check of the project, then every test, then one last line: `N passed, N failed, N skipped`.
#
# Each check counts as one. The redis tools and faketime, which some tests use, are installed when they are missing and this
# is root on Debian; otherwise those tests are skipped, counted, and named at the end. Every step has a time limit, so
# that a hang becomes a failure.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/node_modules/.bin:$PATH" NO_COLOR=1

# With five minutes for the installation before, all of it ends within half an hour whatever hangs.
check_limit_s=120
run_limit_s=1380
passed=0 failed=0 skipped=0
failures=() notices=()
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

finish() {
  local line
  echo
  for line in ${failures[@]+"${failures[@]}"}; do echo "FAILED: $line"; done
  for line in ${notices[@]+"${notices[@]}"}; do echo "NOTICE: $line"; done
  echo "$passed passed, $failed failed, $skipped skipped"
  [[ $failed -eq 0 ]]
  exit
}

# check NAME COMMAND...: prints the output only where it failed.
check() {
  local name="$1" started=$SECONDS
  shift
  if timeout --kill-after=5 "$check_limit_s" "$@" >"$scratch/output" 2>&1 </dev/null; then
    passed=$((passed + 1))
    echo "ok      $name ($((SECONDS - started)) s)"
  else
    failed=$((failed + 1))
    failures+=("$name ($*)")
    echo "FAILED  $name"
    sed 's/^/        /' "$scratch/output"
  fi
}

redis_tools_missing() {
  local tool
  for tool in redis-server redis-cli redis-benchmark; do command -v "$tool" >/dev/null || return 0; done
  return 1
}

# Chaos sets the clocks of nodes with it; without it that fault is left out.
faketime_missing() {
  ! compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null
}

ensure_tools() {
  redis_tools_missing || faketime_missing || return 0
  if [[ "$(id -u)" -eq 0 && -f /etc/debian_version ]]; then
    echo "installing redis-server, redis-tools and faketime, which tests compare with, connect from and set clocks with"
    # RUNLEVEL=1: the package must not start a server of its own here.
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 timeout 240 \
      sh -c 'apt-get update -q && apt-get install -q -y --no-install-recommends redis-server redis-tools faketime' \
      >"$scratch/apt" 2>&1 </dev/null || tail -n 5 "$scratch/apt"
  fi
  if faketime_missing; then notices+=("libfaketime is missing, so chaos left the clocks alone. To have it: apt-get install faketime."); fi
  redis_tools_missing || return 0
  export COPS_SKIP_REDIS_TOOLS=1
  notices+=("redis-server, redis-cli or redis-benchmark is missing, so the tests that need them were skipped.")
  notices+=("To run them: apt-get install redis-server redis-tools, then npm test again.")
  echo "NOTICE: the tests that need redis-server and redis-tools are skipped; the end of this run says more"
}

run_tests() {
  local status passes fails skips tests_limit_s=$((run_limit_s - SECONDS))
  timeout --kill-after=10 "$tests_limit_s" vitest run --reporter=default --reporter=json \
    --outputFile.json="$scratch/vitest.json" </dev/null
  status=$?
  [[ $status -ne 124 && $status -ne 137 ]] || echo "the tests were stopped after $tests_limit_s s"
  read -r passes fails skips < <(node scripts/vitest-figures.ts "$scratch/vitest.json" "$status" || echo "0 1 0")
  passed=$((passed + passes)) failed=$((failed + fails)) skipped=$((skipped + skips))
  [[ $fails -eq 0 ]] || failures+=("$fails of the tests above")
}

echo "== prepare"
if [[ ! -x node_modules/.bin/node || ! -x node_modules/.bin/vitest ]]; then
  failed=1
  failures+=("the dependencies are missing: run npm ci first")
  finish
fi
ensure_tools

echo "== checks"
check "format" npm run --silent format:check
check "lint" npm run --silent lint
check "types" npm run --silent typecheck
check "import direction" node scripts/check-imports.ts
check "dead code" npm run --silent deadcode
check "invariants" node scripts/check-invariants.ts
check "documents" node scripts/check-docs.ts
check "limits" node scripts/check-limits.ts
check "messages" node scripts/check-messages.ts
check "words" node scripts/check-words.ts
check "package" npm run --silent check:package

echo "== tests"
run_tests
finish

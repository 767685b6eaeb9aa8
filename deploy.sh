#!/bin/sh
# The platform's own life: building it (more to come: installing, upgrading, removing).
# POSIX sh; needs nothing but what `npm install` brought.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
dist=$root/dist
sources='cockpit master node common package.json package-lock.json deploy.sh'

usage() {
  cat <<'USAGE'
usage: ./deploy.sh <command> [options]

commands:
  build [--stale]   bundle sgrid, sgridnext and sgridnode into dist/
                    --stale  only when a source or a dependency is newer than dist/
  runtime           see to it that node_modules/.bin holds the Node.js that npm brought

  --help            this text

Afterwards dist/bin/ holds three start files: sgrid (cockpit and command line),
sgridnext (master) and sgridnode (agent).
USAGE
}

say() { printf '%s\n' "deploy.sh: $*" >&2; }
die() { say "$*"; exit 1; }
bad_usage() { say "$*"; say "see ./deploy.sh --help"; exit 2; }

# True when dist/ is older than any source, or absent. Directories count too: removing a file touches its directory.
is_stale() {
  [ -f "$dist/.built" ] || return 0
  # shellcheck disable=SC2086 # a list of words
  newer=$(cd "$root" && find $sources node_modules/.package-lock.json -newer dist/.built 2>/dev/null | head -n 1)
  [ -n "$newer" ]
}

# The runtime comes as one package per architecture, all with a command "node". npm 10 installs the one that fits and
# then takes the link away together with the one that does not.
runtime() {
  [ ! -x "$root/node_modules/.bin/node" ] || return 0
  for node in "$root"/node_modules/node-linux-*/bin/node; do
    [ -x "$node" ] || continue
    ln -sf "..${node#"$root/node_modules"}" "$root/node_modules/.bin/node" ||
      die "cannot link Node.js into $root/node_modules/.bin: check its owner and mode"
    return 0
  done
}

# One build at a time: `npm start` and `npm test` may run together. A lock whose holder is gone is taken over.
lock() {
  mkdir -p "$dist" || die "cannot write $dist: check its owner and mode"
  waited=0
  until mkdir "$dist/.lock" 2>/dev/null; do
    holder=$(cat "$dist/.lock/pid" 2>/dev/null || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      rm -rf "$dist/.lock"
      continue
    fi
    [ "$waited" -lt 120 ] || die "another build holds $dist/.lock (pid ${holder:-unknown}); remove it if none runs"
    waited=$((waited + 1))
    sleep 1
  done
  echo $$ >"$dist/.lock/pid"
  trap 'rm -rf "$dist/.lock" "$dist/.new"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# bundle NAME FILE=ENTRY...: one product into dist/.new/NAME, with the list of what went into it.
# Code splitting keeps what is imported lazily (the screen, for `sgrid get`) out of the first file.
# CommonJS dependencies call require(), which an ES module has to be given.
bundle() {
  product=$1
  shift
  (cd "$root" && esbuild "$@" --bundle --platform=node --target=node22 --format=esm --splitting --minify \
    --outdir="$dist/.new/$product" --chunk-names='chunk-[hash]' \
    --define:process.env.NODE_ENV='"production"' \
    --external:better-sqlite3 --external:react-devtools-core \
    --banner:js='import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);' \
    --metafile="$dist/.new/$product/meta.json" --log-level=warning)
  printf '{"type":"module"}\n' >"$dist/.new/$product/package.json"
}

# A start file: finds its own place through symbolic links, then a Node.js that is new enough, and becomes it.
launcher() {
  mkdir -p "$dist/.new/bin"
  sed "s/@NAME@/$1/g" >"$dist/.new/bin/$1" <<'LAUNCHER'
#!/bin/sh
self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=${self%/*}/$link ;;
  esac
done
case $self in
  */*) bin=${self%/*} ;;
  *) bin=. ;;
esac
dist=$(CDPATH='' cd -- "$bin/.." && pwd -P) || exit 1

for node in "$dist/../node_modules/.bin/node" "$dist"/../node_modules/node-linux-*/bin/node; do
  [ ! -x "$node" ] || break
done
if [ ! -x "$node" ]; then
  node=$(command -v node) || {
    echo '@NAME@: no Node.js found: run "npm install" in the checkout, or install Node.js 22 or later' >&2
    exit 1
  }
  version=$("$node" -p 'process.versions.node')
  if [ "${version%%.*}" -lt 22 ]; then
    echo "@NAME@: Node.js $version at $node is too old: run \"npm install\" in the checkout, which brings one, or install 22 or later" >&2
    exit 1
  fi
fi

NODE_ENV=production
NODE_COMPILE_CACHE=$dist/.compile-cache
export NODE_ENV NODE_COMPILE_CACHE
exec "$node" "$dist/@NAME@/index.js" "$@"
LAUNCHER
  chmod 755 "$dist/.new/bin/$1"
}

build() {
  [ -x "$root/node_modules/.bin/esbuild" ] || die "node_modules/ is missing or incomplete: run \"npm install\" first"
  PATH=$root/node_modules/.bin:$PATH
  export PATH
  lock
  # Somebody else may have built while we waited.
  if [ "${1:-}" = --stale ] && ! is_stale; then return 0; fi
  rm -rf "$dist/.new"
  mkdir -p "$dist/.new"
  # Stamped before reading a source, so that one saved while we build counts as newer.
  touch "$dist/.new/.built"
  bundle sgrid index=cockpit/index.ts
  bundle sgridnext index=master/index.ts
  bundle sgridnode index=node/index.ts search-worker=node/log/search/search-worker.ts
  # The agent runs the shim with sh, from beside its own bundle.
  cp "$root/node/process/shim.sh" "$dist/.new/sgridnode/shim.sh"
  launcher sgrid
  launcher sgridnext
  launcher sgridnode
  # A build that is cut off here is stale: the stamp goes first and comes back last.
  rm -f "$dist/.built"
  for part in sgrid sgridnext sgridnode bin; do
    rm -rf "${dist:?}/$part"
    mv "$dist/.new/$part" "$dist/$part"
  done
  mv "$dist/.new/.built" "$dist/.built"
  say "built dist/ in $(($(date +%s) - started)) s"
}

started=$(date +%s)
command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  runtime) runtime ;;
  build)
    runtime
    case ${1:-} in
      '') build ;;
      --stale) if is_stale; then build --stale; fi ;;
      --help | -h) usage ;;
      *) bad_usage "build: unknown option $1" ;;
    esac
    ;;
  --help | -h | help) usage ;;
  '') usage >&2; exit 2 ;;
  *) bad_usage "unknown command $command" ;;
esac

#!/bin/sh
# The platform's own life: building it, and installing, upgrading and removing it on machines.
# POSIX sh. Building needs what `npm install` brought; everything else needs only this file and an archive.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$here
dist=$root/dist
sources='cockpit master node common package.json package-lock.json deploy.sh'
# As for make(1): everything is installed below it, and systemd is left alone.
destdir=${DESTDIR:-}

usage() {
  cat <<'USAGE'
usage: ./deploy.sh <command> [options]

in a checkout:
  compile [--stale]            bundle sgrid, sgridnext and sgridnode into dist/
                               --stale  only when a source or a dependency is newer than dist/
  build [master|node|cockpit]...
                               compile, and make the archives dist/archives/<product>-<version>-linux-<arch>.tar.gz,
                               of all three when none is named
      --arch x64|arm64           for machines of that kind (default: like this one); npm fetches the runtime
      --deb                      Debian packages too
      --fast                     compress less, to try something out: an eighth larger, and several times as fast
  runtime                      see to it that node_modules/.bin holds the Node.js that npm brought

on a machine, as root; again and again with the same result:
  install master|node|cockpit  install from an archive, keep config.json and state, enable and start the unit
      --archive FILE             default: the newest beside this script or in dist/archives
      --no-start                 install only
    master: --host ADDRESS       to listen on (default: all)        --http-port PORT (default: 15872)
            --plain-text         without TLS: where nobody else is on the network
    node:   --main-node URL      the master      --node-index ID   unique in the fleet
            --host ADDRESS       of this node    --alias NAME      for people
            --token-file FILE    token of role agent, or - for standard input
  upgrade master|node|cockpit  the same for what is installed; a version that does not start is taken back, and an
                               older one refused. The order: master, nodes, cockpits
      --archive FILE             --allow-downgrade
  uninstall master|node|cockpit [--purge]
                               remove it; services go on running. --purge removes config, state and logs too
  status                       what is installed here, and how it is
  doctor                       look for what commonly goes wrong, and say what to do

on other machines, over ssh:
  push master|node|cockpit USER@HOST[=NODE_INDEX]... [-- OPTIONS OF install]
                               copy archive and script, install there, several at once; ends with a summary
      --archive FILE             default: for each machine the newest of its kind

  --help                       this text

Afterwards dist/bin/ holds three start files: sgrid (cockpit and command line),
sgridnext (master) and sgridnode (agent). Installed, they are /usr/sgridnext/sgridnext,
/usr/sgridnode/sgridnode and /usr/local/bin/sgrid.

examples:
  ./deploy.sh build
  sudo ./deploy.sh install master --host 10.0.0.1
  ./deploy.sh push node root@10.0.0.7=7 root@10.0.0.8=8 -- \
      --main-node 'https://10.0.0.1:15872#sha256:…' --token-file agent.token
  sudo ./deploy.sh upgrade node --archive sgridnode-0.2.0-linux-x64.tar.gz
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

# lighter PRODUCT: what stands for packages and globals whose loading takes long, see each file.
lighter() {
  [ "$1" = sgrid ] || return 0
  printf '%s ' --alias:node:process=./cockpit/bundle/process.ts --alias:string-width=./cockpit/bundle/string-width.ts \
    --alias:yoga-layout=./cockpit/bundle/yoga.ts --alias:yoga-layout/load=./node_modules/yoga-layout/dist/src/load.js \
    --define:Intl.Segmenter=LazySegmenter --inject:./cockpit/bundle/lazy-segmenter.ts
}

# bundle NAME FILE=ENTRY...: one product into dist/.new/NAME, with the list of what went into it.
# Code splitting keeps what is imported lazily (the screen, for `sgrid get`) out of the first file.
# CommonJS dependencies call require(), which an ES module has to be given.
bundle() {
  product=$1
  shift
  # shellcheck disable=SC2046 # a list of words
  (cd "$root" && esbuild "$@" $(lighter "$product") --bundle --platform=node --target=node22 --format=esm --splitting --minify \
    --outdir="$dist/.new/$product" --chunk-names='chunk-[hash]' \
    --define:process.env.NODE_ENV='"production"' \
    --external:better-sqlite3 --external:react-devtools-core \
    --banner:js='import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);' \
    --metafile="$dist/.new/$product/meta.json" --log-level=warning)
  printf '{"type":"module"}\n' >"$dist/.new/$product/package.json"
}

# One heap of malloc for all threads instead of one each, and large pieces given back at once although larger ones were
# freed before (mallopt(3)): 4 and 3 MB less in an agent with 100 instances.
malloc='MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536'

# flags PRODUCT: what its Node.js is started with.
flags() {
  # engine.io-client looks whether there is a global WebSocket, and that alone loads undici.
  printf '%s' --no-experimental-websocket
  # What a start allocates outlives most of it: without room for it, half of the garbage collector's work is copying.
  [ "$1" != sgrid ] || printf ' %s' --min-semi-space-size=16
  # An agent is collected whole while it takes up its services: with V8's own size it held what is left of that, 20 MB for 100
  # of them, until the first such collection minutes later.
  [ "$1" != sgridnode ] || printf ' %s' --initial-old-space-size=16
}

# launcher NAME: a start file, which finds its own place through symbolic links, then a Node.js that is new enough, and
# becomes it.
launcher() {
  mkdir -p "$dist/.new/bin"
  name=$1
  sed "s/@NAME@/$name/g; s/@FLAGS@/$(flags "$name")/; s/@MALLOC@/$malloc/" >"$dist/.new/bin/$name" <<'LAUNCHER'
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
export NODE_ENV NODE_COMPILE_CACHE @MALLOC@
exec "$node" @FLAGS@ "$dist/@NAME@/index.js" "$@"
LAUNCHER
  chmod 755 "$dist/.new/bin/$name"
}

compile() {
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
  bundle sgridnode index=node/index.ts search-worker=node/log/search/search-worker.ts \
    unpack-worker=node/release/unpack-worker.ts
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
  say "compiled dist/ in $(($(date +%s) - started)) s"
}

# --- archives -------------------------------------------------------------------------------------------------------

version() { sed -n 's/^ *"version": "\([^"]*\)".*/\1/p' "$root/package.json" | head -n 1; }

# arch_of MACHINE: what uname(1) says, as Node.js calls it.
arch_of() {
  case $1 in
    x86_64 | amd64) echo x64 ;;
    aarch64 | arm64) echo arm64 ;;
    *) die "there is no Node.js runtime for $1 in npm's packages; x86_64 and aarch64 have one" ;;
  esac
}
machine_arch() { arch_of "$(uname -m)"; }

# A cockpit starts many times a day, by users who may not write beside it: its compiled code is kept in their cache.
# shellcheck disable=SC2016 # for the start file to expand
user_cache='if [ -n "${XDG_CACHE_HOME:-}${HOME:-}" ]; then
  NODE_COMPILE_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/sgrid
  export NODE_COMPILE_CACHE
fi'

# installed_launcher DIRECTORY PRODUCT SETUP: its start file; nothing of it is looked for elsewhere.
installed_launcher() {
  cat >"$1/$2" <<LAUNCHER
#!/bin/sh
self=\$0
while [ -h "\$self" ]; do
  link=\$(readlink "\$self")
  case \$link in
    /*) self=\$link ;;
    *) self=\${self%/*}/\$link ;;
  esac
done
case \$self in
  */*) home=\$(CDPATH='' cd -- "\${self%/*}" && pwd -P) || exit 1 ;;
  *) home=. ;;
esac
NODE_ENV=production
export NODE_ENV $malloc
$3
exec "\$home/runtime/node" $(flags "$2") "\$home/lib/index.js" "\$@"
LAUNCHER
  chmod 755 "$1/$2"
}

# What the archive of a product holds besides its bundle.
stage_extras() {
  case $1 in
    sgridnext)
      # The one native module, with the build for this system and nothing else of it.
      module=$2/lib/node_modules/better-sqlite3
      mkdir -p "$module/prebuilds"
      cp -R "$root/node_modules/better-sqlite3/lib" "$root/node_modules/better-sqlite3/package.json" \
        "$root/node_modules/better-sqlite3/LICENSE" "$module/"
      cp "$root/node_modules/better-sqlite3/prebuilds/linux-$3.node" "$module/prebuilds/"
      cp "$root/master/install/sgridnext.service" "$root/master/install/config.example.jsonc" "$2/"
      ;;
    sgridnode)
      cp "$root/node/install/sgridnode.service" "$root/node/install/business.slice" \
        "$root/node/install/config.example.jsonc" "$2/"
      ;;
  esac
}

# archive PRODUCT ARCH tar|deb RUNTIME LEVEL: the same sources give the same bytes.
archive() {
  name=$1-$(version)-linux-$2
  stage=$dist/.stage/$name
  rm -rf "$dist/.stage"
  mkdir -p "$stage/lib" "$stage/runtime" "$dist/archives"
  cp -R "$dist/$1/." "$stage/lib/"
  rm -f "$stage/lib/meta.json"
  cp "$4/bin/node" "$stage/runtime/node"
  strip_symbols "$stage/runtime/node" "$2"
  cp "$root/LICENSE" "$stage/"
  cp "$4/LICENSE" "$stage/runtime/LICENSE" 2>/dev/null || true
  version >"$stage/VERSION"
  setup=''
  [ "$1" != sgrid ] || setup=$user_cache
  installed_launcher "$stage" "$1" "$setup"
  stage_extras "$1" "$stage" "$2"
  (cd "$dist/.stage" && tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@1 -cf - "$name" | gzip -n "$5") \
    >"$dist/archives/.$name.new"
  mv "$dist/archives/.$name.new" "$dist/archives/$name.tar.gz"
  (cd "$dist/archives" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
  say "$(du -h "$dist/archives/$name.tar.gz" | cut -f1)  dist/archives/$name.tar.gz"
  [ "$3" != deb ] || debian_package "$1" "$2" "$stage"
  rm -rf "$dist/.stage"
}

# debian_package PRODUCT ARCH STAGE: the archive's tree below /usr/<product>, by dpkg-deb(1).
debian_package() {
  command -v dpkg-deb >/dev/null 2>&1 || die 'a Debian package is made by dpkg-deb: apt-get install dpkg-dev'
  tree=$dist/.stage/deb
  rm -rf "$tree"
  mkdir -p "$tree/DEBIAN" "$tree/usr/share/sgrid" "$tree/usr/share/sgrid/archives"
  case $2 in x64) debian_arch=amd64 ;; *) debian_arch=$2 ;; esac
  case $1 in sgridnext) role=master ;; sgridnode) role=node ;; *) role=cockpit ;; esac
  cp "$root/deploy.sh" "$tree/usr/share/sgrid/deploy-$1.sh"
  cp "$dist/archives/$1-$(version)-linux-$2.tar.gz" "$tree/usr/share/sgrid/archives/"
  cat >"$tree/DEBIAN/control" <<CONTROL
Package: $1
Version: $(version)
Architecture: $debian_arch
Maintainer: SgridNext <root@localhost>
Section: admin
Priority: optional
Depends: libc6 (>= 2.28), libstdc++6
Description: SgridNext $role
 A minimal operations platform: one master, an agent on every machine, a cockpit in the terminal.
CONTROL
  cat >"$tree/DEBIAN/postinst" <<POSTINST
#!/bin/sh
set -e
[ "\$1" = configure ] || exit 0
exec sh /usr/share/sgrid/deploy-$1.sh install $role --if-configured --archive /usr/share/sgrid/archives/$1-$(version)-linux-$2.tar.gz
POSTINST
  cat >"$tree/DEBIAN/prerm" <<PRERM
#!/bin/sh
set -e
[ "\$1" = remove ] || exit 0
exec sh /usr/share/sgrid/deploy-$1.sh uninstall $role
PRERM
  chmod 755 "$tree/DEBIAN/postinst" "$tree/DEBIAN/prerm"
  # The archive is compressed already.
  dpkg-deb --root-owner-group -Znone --build "$tree" "$dist/archives/$1_$(version)_$debian_arch.deb" >/dev/null
  say "$(du -h "$dist/archives/$1_$(version)_$debian_arch.deb" | cut -f1)  dist/archives/$1_$(version)_$debian_arch.deb"
}

# runtime_of ARCH: prints where its Node.js is. npm installs only the one that runs here; another one is fetched, once, and
# has to be what package-lock.json says.
runtime_of() {
  package=node-linux-$1
  found=$root/node_modules/$package
  if [ -x "$found/bin/node" ]; then echo "$found"; return 0; fi
  [ -x "$root/node_modules/.bin/node" ] || die "node_modules/ is missing or incomplete: run \"npm install\" first"
  release=$(sed -n "s/^ *\"$package\": \"\([0-9.]*\)\".*/\1/p" "$root/package.json" | head -n 1)
  wanted=$(sed -n "/\"node_modules\/$package\": {/,/}/s/^ *\"integrity\": \"sha512-\(.*\)\".*/\1/p" "$root/package-lock.json")
  { [ -n "$release" ] && [ -n "$wanted" ]; } || die "package-lock.json knows no $package: run \"npm install\" in the checkout"
  found=$dist/runtimes/$package-$release
  if [ -x "$found/bin/node" ]; then echo "$found"; return 0; fi
  rm -rf "$found.new"
  mkdir -p "$found.new"
  say "fetching $package@$release"
  if ! problem=$(cd "$found.new" && npm pack --loglevel=error "$package@$release" 2>&1); then
    rm -rf "$found.new"
    die "npm cannot fetch $package@$release, the runtime of linux-$1: build where npm reaches its registry, or on such a machine.
$(printf '%s\n' "$problem" | head -n 5)"
  fi
  file=$found.new/$package-$release.tgz
  # shellcheck disable=SC2016 # JavaScript
  got=$("$root/node_modules/.bin/node" -e 'process.stdout.write(require("crypto").hash("sha512", require("fs").readFileSync(process.argv[1]), "base64"))' "$file")
  [ "$got" = "$wanted" ] || { rm -rf "$found.new"; die "$package@$release of npm's registry is not what package-lock.json says"; }
  tar -xzf "$file" -C "$found.new" --strip-components=1 --no-same-owner
  rm "$file"
  rm -rf "$found"
  mv "$found.new" "$found"
  echo "$found"
}

# strip_symbols FILE ARCH: those of the runtime are a seventh of it, and only a debugger reads them.
strip_symbols() {
  case $2 in x64) tools='x86_64-linux-gnu-strip strip' ;; *) tools='aarch64-linux-gnu-strip strip llvm-strip' ;; esac
  for tool in $tools; do
    if command -v "$tool" >/dev/null 2>&1 && "$tool" "$1" 2>/dev/null; then return 0; fi
  done
  say "the archive is larger than it has to be: none of $tools is here for linux-$2 (apt-get install binutils-multiarch)"
}

archives() {
  format=tar products='' level=-9 arch=$(machine_arch)
  while [ $# -gt 0 ]; do
    case $1 in
      --deb) format=deb ;;
      --fast) level=-1 ;;
      --arch)
        case ${2:-} in
          x64 | arm64) arch=$2 ;;
          *) bad_usage "build: there are runtimes for --arch x64 and arm64, not for \"${2:-}\"" ;;
        esac
        shift
        ;;
      -*) bad_usage "build: unknown option $1" ;;
      *) products="$products $(product_of "$1")" ;;
    esac
    shift
  done
  runtime=$(runtime_of "$arch")
  compile
  for product in ${products:-sgridnext sgridnode sgrid}; do archive "$product" "$arch" "$format" "$runtime" "$level"; done
}

# --- a machine -------------------------------------------------------------------------------------------------------

product_of() {
  case $1 in
    master) echo sgridnext ;;
    node) echo sgridnode ;;
    cockpit) echo sgrid ;;
    '' | -*) bad_usage "which one: master, node or cockpit?" ;;
    *) bad_usage "there is master, node and cockpit, but no \"$1\"" ;;
  esac
}

# a_number OPTION VALUE
a_number() { case $2 in '' | *[!0-9]*) bad_usage "$1 wants a number, not \"$2\"" ;; esac; }
# no_words COMMAND WORD...: for a command that takes none.
no_words() { [ $# -eq 1 ] || bad_usage "$1: unknown option $2"; }

has_systemd() { [ -z "$destdir" ] && [ -d /run/systemd/system ]; }

need_root() {
  [ -n "$destdir" ] || [ "$(id -u)" = 0 ] || die "$1 needs root: run it with sudo"
}

# find_archive PRODUCT ARCH: the newest, beside this script or where build puts it.
find_archive() {
  for directory in "$here" "$here/archives" "$dist/archives"; do
    # shellcheck disable=SC2012 # names of our own making
    found=$(ls -t "$directory/$1"-*-linux-"$2".tar.gz 2>/dev/null | head -n 1)
    [ -z "$found" ] || { echo "$found"; return 0; }
  done
  die "no archive of $1 for linux-$2: make it with \"./deploy.sh build --arch $2\", or name it with --archive"
}

json_string() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')"; }

# write_config FILE KEY VALUE...: only where there is none, and only what was given.
write_config() {
  file=$1
  shift
  [ ! -e "$file" ] || { say "$file is kept as it is"; return 0; }
  {
    printf '{'
    separator=''
    while [ $# -gt 0 ]; do
      if [ -n "$2" ]; then
        case $1 in
          nodeIndex | httpPort | tls | allowPlainText) value=$2 ;;
          *) value=$(json_string "$2") ;;
        esac
        printf '%s\n  "%s": %s' "$separator" "$1" "$value"
        separator=,
      fi
      shift 2
    done
    printf '\n}\n'
  } >"$file.new"
  chmod 644 "$file.new"
  mv "$file.new" "$file"
}

# older_than A B: by their versions; a pre-release is older than its release (semver.org, 11).
older_than() {
  [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | tr - '~' | sort -V | head -n 1)" = "$(printf '%s' "$1" | tr - '~')" ]
}

# unpack PRODUCT ARCHIVE MAY_BE_OLDER: into a directory of its own, proved to run here; prints its name below versions/.
unpack() {
  home=$destdir/usr/$1
  [ -r "$2" ] || die "cannot read the archive $2"
  if [ -r "$2.sha256" ]; then
    (cd "$(dirname "$2")" && sha256sum --quiet -c "$(basename "$2").sha256") >&2 ||
      die "$2 is not what $2.sha256 says: copy it again"
  fi
  mkdir -p "$home/versions"
  fresh=$home/versions/.new.$$
  rm -rf "$fresh"
  mkdir "$fresh"
  tar -xzf "$2" -C "$fresh" --strip-components=1 --no-same-owner || { rm -rf "$fresh"; die "$2 cannot be unpacked into $home/versions"; }
  if [ ! -x "$fresh/$1" ] || [ ! -r "$fresh/VERSION" ]; then
    rm -rf "$fresh"
    die "$2 holds no $1"
  fi
  if ! spoken=$("$fresh/$1" --version 2>&1); then
    rm -rf "$fresh"
    die "$1 of $2 does not run on this machine: $spoken"
  fi
  installed=$(cat "$home/current/VERSION" 2>/dev/null || cat "$fresh/VERSION")
  if [ "$3" = no ] && older_than "$(cat "$fresh/VERSION")" "$installed"; then
    found=$(cat "$fresh/VERSION")
    rm -rf "$fresh"
    die "$1 $installed is installed, and $found is older: a downgrade is refused, since it may not be able to read what $installed has written. --allow-downgrade does it all the same; $1 itself refuses what it cannot read"
  fi
  label=$(cat "$fresh/VERSION")-$(sha256sum "$2" | cut -c1-8)
  if [ -d "$home/versions/$label" ]; then rm -rf "$fresh"; else mv "$fresh" "$home/versions/$label"; fi
  echo "$label"
}

# switch_to PRODUCT LABEL: from one rename(2) to the next everything is of one version.
switch_to() {
  home=$destdir/usr/$1
  ln -sfn "versions/$2" "$home/.current.new"
  mv -fT "$home/.current.new" "$home/current"
  for name in "$1" config.example.jsonc; do
    if [ -e "$home/current/$name" ] && [ ! -h "$home/$name" ]; then ln -sfn "current/$name" "$home/$name"; fi
  done
}

current_of() {
  link=$(readlink "$destdir/usr/$1/current" 2>/dev/null) || return 0
  echo "${link#versions/}"
}

# drop_old_versions PRODUCT LABEL BEFORE: all but these and what still runs. A service of type node has the runtime that its
# agent had, of which it may begin workers at any time; a cockpit loads its screens from where it was started.
drop_old_versions() {
  running=$(readlink /proc/[0-9]*/exe 2>/dev/null | sort -u) || true
  for directory in "$destdir/usr/$1/versions"/*; do
    label=$(basename "$directory")
    [ -d "$directory" ] || continue
    case "$label" in "$2" | "$3") continue ;; esac
    case "$running" in *"/usr/$1/versions/$label/"*) ;; *) rm -rf "$directory" ;; esac
  done
  rm -rf "$destdir/usr/$1/versions"/.new.*
}

install_units() {
  units=$destdir/etc/systemd/system
  mkdir -p "$units"
  for unit in "$destdir/usr/$1/current"/*.service "$destdir/usr/$1/current"/*.slice; do
    [ ! -f "$unit" ] || cp "$unit" "$units/"
  done
  ! has_systemd || systemctl daemon-reload
}

# Ready as systemd sees it: Type=notify, so this waits until the product says so.
start_unit() { systemctl --quiet enable "$1.service" && systemctl restart "$1.service"; }

make_user() {
  [ -z "$destdir" ] || return 0
  getent passwd "$1" >/dev/null 2>&1 ||
    useradd --system --home-dir "/var/lib/$1" --shell /usr/sbin/nologin "$1" || die "cannot make the user $1"
}

# take_token FILE: never an argument, since everybody can read those.
take_token() {
  state=$destdir/var/lib/sgridnode
  mkdir -p "$state"
  (umask 077 && cat "$1" >"$state/.agent.token.new") || die "cannot read the token from $1"
  [ -s "$state/.agent.token.new" ] || { rm -f "$state/.agent.token.new"; die "the token from $1 is empty"; }
  mv "$state/.agent.token.new" "$state/agent.token"
}

# config_value FILE KEY: of what --check-config prints, one key a line.
config_value() { sed -n "s/^  \"$2\": \"\(.*\)\",\{0,1\}\$/\1/p" "$1"; }

# put_database_back LABEL MARKER: what a new master has migrated, the old one cannot read, so the copy that was made ahead
# of the migration takes its place. Nothing is lost by that: a master that did not get ready has answered nobody.
put_database_back() {
  used=$(mktemp)
  "$home/versions/$1/sgridnext" --config "$home/config.json" --check-config >"$used" 2>/dev/null || true
  database=$(config_value "$used" db)
  [ -n "$database" ] || database=$(config_value "$used" stateDir)/sgridnext.db
  rm -f "$used"
  copy=$(find "$(dirname "$database")" -maxdepth 1 -name "$(basename "$database").v*.bak" -newer "$2" | sort | head -n 1)
  [ -n "$copy" ] || return 0
  cp -p "$copy" "$database.restored" || die "cannot copy $copy to $database.restored: make space, and put it in the place of $database"
  for part in '' -wal -shm; do
    [ ! -e "$database$part" ] || ln -f "$database$part" "$database.of-$1$part"
  done
  rm -f "$database-wal" "$database-shm"
  mv -f "$database.restored" "$database"
  say "$1 had migrated the database: it is as before again, and the migrated one kept as $database.of-$1"
}

install_product() {
  role=${1:-}
  product=$(product_of "$role")
  shift
  archive='' main_node='' node_index='' host='' alias='' token='' http_port='' tls=true start=yes upgrade=no if_configured=no may_be_older=no
  while [ $# -gt 0 ]; do
    case $1 in
      --no-start) start=no; shift; continue ;;
      --upgrade) upgrade=yes; shift; continue ;;
      --plain-text) tls=false; shift; continue ;;
      --if-configured) if_configured=yes; shift; continue ;;
      --allow-downgrade) may_be_older=yes; shift; continue ;;
    esac
    case $role$1 in
      *--archive | node--main-node | node--node-index | node--alias | node--token-file | node--host | master--host | master--http-port)
        [ $# -ge 2 ] || bad_usage "install $role: a value is missing behind $1" ;;
      *) bad_usage "install $role: unknown option $1" ;;
    esac
    case $role$1 in
      *--archive) archive=$2 ;;
      node--main-node) main_node=$2 ;;
      node--node-index) a_number "$1" "$2"; node_index=$2 ;;
      node--alias) alias=$2 ;;
      node--token-file) token=$2 ;;
      node--host | master--host) host=$2 ;;
      master--http-port) a_number "$1" "$2"; http_port=$2 ;;
    esac
    shift 2
  done
  need_root "install $role"
  home=$destdir/usr/$product
  [ "$upgrade" = no ] || [ -e "$home/current" ] ||
    die "$product is not installed here; install it with \"./deploy.sh install $role\""
  if [ "$role" = node ] && [ "$if_configured" = no ] && [ ! -e "$home/config.json" ] &&
    { [ -z "$main_node" ] || [ -z "$node_index" ]; }; then
    bad_usage 'a new node needs --main-node URL and --node-index ID'
  fi
  [ -z "$token" ] || [ "$token" = - ] || [ -r "$token" ] || die "cannot read the token file $token"
  if [ -z "$archive" ]; then
    arch=$(machine_arch)
    archive=$(find_archive "$product" "$arch")
  fi
  before=$(current_of "$product")
  label=$(unpack "$product" "$archive" "$may_be_older")
  had_config=no
  [ ! -e "$home/config.json" ] || had_config=yes
  case $role in
    master)
      plain=''
      [ "$tls" = true ] || plain=true
      write_config "$home/config.json" host "${host:-0.0.0.0}" httpPort "$http_port" tls "$tls" allowPlainText "$plain"
      ;;
    node)
      if [ -n "$main_node" ]; then
        write_config "$home/config.json" mainNode "$main_node" nodeIndex "$node_index" host "$host" alias "$alias"
      fi
      [ -z "$token" ] || take_token "$token"
      ;;
  esac
  if [ -e "$home/config.json" ] && ! problem=$("$home/versions/$label/$product" --config "$home/config.json" --check-config 2>&1 >/dev/null); then
    # Else what was mistyped would be "kept as it is" the next time.
    [ "$had_config" = yes ] || rm -f "$home/config.json"
    [ "$label" = "$before" ] || rm -rf "$home/versions/${label:?}"
    die "$home/config.json does not fit $label: $problem"
  fi
  if [ "$role" = cockpit ]; then
    switch_to "$product" "$label"
    mkdir -p "$destdir/usr/local/bin"
    ln -sfn "/usr/sgrid/current/sgrid" "$destdir/usr/local/bin/sgrid"
    drop_old_versions "$product" "$label" "$before"
    say "sgrid $label is installed; start it with: sgrid"
    return 0
  fi
  [ "$role" != master ] || make_user sgridnext
  switch_to "$product" "$label"
  install_units "$product"
  if [ ! -e "$home/config.json" ]; then
    say "$product $label is installed, and does not know its master yet: deploy.sh install $role --main-node URL --node-index ID"
    return 0
  fi
  if ! has_systemd; then
    drop_old_versions "$product" "$label" "$before"
    say "$product $label is installed; there is no systemd here, start it with: /usr/$product/$product --config /usr/$product/config.json"
    return 0
  fi
  if [ "$start" = no ]; then
    say "$product $label is installed; start it with: systemctl enable --now $product"
    return 0
  fi
  begun=$(mktemp)
  if start_unit "$product"; then
    rm -f "$begun"
    drop_old_versions "$product" "$label" "$before"
    say "$product $label runs"
    [ "$role" != master ] || next_steps
    return 0
  fi
  journalctl -u "$product" -n 15 --no-pager -o cat >&2 || true
  if [ -n "$before" ] && [ "$before" != "$label" ] && [ -d "$home/versions/$before" ]; then
    # It is being started again and again.
    systemctl --quiet stop "$product" || true
    [ "$role" != master ] || put_database_back "$label" "$begun"
    rm -f "$begun"
    switch_to "$product" "$before"
    install_units "$product"
    start_unit "$product" || die "$product $label did not start, and $before does not either: see journalctl -u $product"
    die "$product $label did not start and was taken back; $before runs. Services went on running"
  fi
  rm -f "$begun"
  die "$product $label did not start: see journalctl -u $product, mend it, and run this again"
}

# What the machines of the fleet need to know of a new master.
next_steps() {
  state=/var/lib/sgridnext
  address=$(cat "$state/address" 2>/dev/null) || return 0
  say "nodes and cockpits reach it at: $address"
  say "a node:    ./deploy.sh push node USER@HOST=INDEX -- --main-node '$address' --token-file $state/tokens/agent.token"
  say "a cockpit: sgrid --master '$address' --token-file FILE, with a copy of $state/tokens/operator.token"
}

# Whether a service of this node runs: then so does its shim (node/process/shim.sh), whatever group they are in.
services_run() {
  for cmdline in /proc/[0-9]*/cmdline; do
    case $(tr '\0' ' ' 2>/dev/null <"$cmdline") in *'/shim.sh sgrid-shim '*' /var/lib/sgridnode/'*) return 0 ;; esac
  done 2>/dev/null
  return 1
}

uninstall_product() {
  role=${1:-}
  product=$(product_of "$role")
  shift
  purge=no
  for option in "$@"; do
    case $option in
      --purge) purge=yes ;;
      *) bad_usage "uninstall: unknown option $option" ;;
    esac
  done
  need_root "uninstall $role"
  if [ -z "$(find "$destdir/usr/$product" "$destdir/var/lib/$product" "$destdir/etc/systemd/system/$product.service" -maxdepth 0 2>/dev/null)" ]; then
    say "$product is not installed here"
    return 0
  fi
  if [ "$purge" = yes ] && [ "$role" = node ] && [ -z "$destdir" ] && services_run; then
    die 'services of this node are running, and --purge would take away what they log to: stop and remove them with sgrid first'
  fi
  if has_systemd && [ -e "/etc/systemd/system/$product.service" ]; then
    systemctl --quiet disable --now "$product.service" || true
  fi
  rm -f "$destdir/etc/systemd/system/$product.service"
  [ "$role" != cockpit ] || rm -f "$destdir/usr/local/bin/sgrid"
  for name in current "$product" config.example.jsonc; do rm -rf "$destdir/usr/${product:?}/$name"; done
  drop_old_versions "$product" '' ''
  rmdir "$destdir/usr/$product/versions" 2>/dev/null || true
  if [ "$purge" = yes ]; then
    rm -rf "$destdir/usr/${product:?}" "$destdir/var/lib/${product:?}" "$destdir/var/cache/${product:?}"
    [ "$role" != node ] || rm -f "$destdir/etc/systemd/system/business.slice"
  else
    rmdir "$destdir/usr/$product" 2>/dev/null || true
  fi
  ! has_systemd || systemctl daemon-reload
  if [ "$role" = cockpit ]; then say "$product is gone"
  elif [ "$purge" = yes ]; then say "$product is gone, with config and state"
  else say "$product is gone; config in /usr/$product and state in /var/lib/$product are kept (--purge removes them)"; fi
  [ "$role" != node ] || say 'services that ran go on running'
}

status() {
  found=no
  for role in master node cockpit; do
    product=$(product_of "$role")
    label=$(current_of "$product")
    [ -n "$label" ] || continue
    found=yes
    if [ "$role" = cockpit ]; then
      printf '%-10s %s\n' "$product" "$label"
      continue
    fi
    unit='no systemd'
    if has_systemd; then
      unit=$(systemctl show -p ActiveState,SubState,ActiveEnterTimestamp --value "$product" | tr '\n' ' ')
    fi
    printf '%-10s %-24s %s\n' "$product" "$label" "$unit"
  done
  [ "$found" = yes ] || { say 'nothing of SgridNext is installed here'; return 3; }
}

doctor() {
  worst=0
  found=no
  for role in master node; do
    product=$(product_of "$role")
    start=$destdir/usr/$product/$product
    [ -x "$start" ] || continue
    found=yes
    echo "== $product"
    config=$destdir/usr/$product/config.json
    if [ -e "$config" ]; then "$start" --config "$config" --doctor || worst=1; else "$start" --doctor || worst=1; fi
  done
  [ "$found" = yes ] || die 'neither sgridnext nor sgridnode is installed here; run "./deploy.sh install …" first'
  return "$worst"
}

# --- other machines ---------------------------------------------------------------------------------------------------

# send: the script and the archive, for push_one.
send() {
  if [ -z "$file" ]; then
    arch=$(arch_of "$machine") || return 1
    file=$(find_archive "$product" "$arch") || return 1
  fi
  sum=$file.sha256
  [ -r "$sum" ] || sum=''
  scp -q -o BatchMode=yes "$here/deploy.sh" "$file" ${sum:+"$sum"} "$target:$there/"
}

# push_one ROLE HOST INDEX ARCHIVE TOKEN OPTIONS...: everything that goes wrong ends with its own status and text. Without an
# ARCHIVE it is the newest for a machine of that kind.
push_one() {
  role=$1 product=$(product_of "$1") target=$2 index=$3 file=$4 secret=$5
  shift 5
  if [ -n "$index" ]; then set -- "$@" --node-index "$index"; fi
  quoted=''
  for word in "$@"; do quoted="$quoted '$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"; done
  there=$(ssh -o BatchMode=yes -o ConnectTimeout=20 "$target" 'umask 077 && uname -m && mktemp -d /tmp/sgrid-push.XXXXXX') || return 1
  machine=${there%%[!a-z0-9_]*} there=/tmp/${there##*/}
  send || {
    # shellcheck disable=SC2029 # expanded here on purpose
    ssh -o BatchMode=yes "$target" "rm -rf '$there'"
    return 1
  }
  [ -z "$secret" ] || quoted="$quoted --token-file -"
  # shellcheck disable=SC2029 # quoted here on purpose
  ssh -o BatchMode=yes "$target" "
    as_root=; [ \"\$(id -u)\" = 0 ] || as_root='sudo -n'
    \$as_root sh '$there/deploy.sh' install $role --archive '$there/$(basename "$file")' $quoted
    status=\$?; rm -rf '$there'; exit \$status" <"${secret:-/dev/null}"
}

push() {
  role=${1:-}
  product=$(product_of "$role")
  shift
  targets='' secret='' file=''
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    case $1 in
      --archive)
        file=${2:-}
        [ -r "$file" ] || die "cannot read the archive $file"
        shift
        ;;
      -*) bad_usage "push: unknown option $1; options of install stand behind --" ;;
      *) targets="$targets $1" ;;
    esac
    shift
  done
  [ $# -eq 0 ] || shift
  [ -n "$targets" ] || bad_usage 'push: name at least one USER@HOST'
  # The token travels by standard input, never by an argument.
  count=$#
  while [ "$count" -gt 0 ]; do
    if [ "$1" = --token-file ]; then
      [ "$count" -ge 2 ] || bad_usage 'push: a file is missing behind --token-file'
      secret=$2
      [ -r "$secret" ] || die "cannot read the token file $secret"
      shift 2
      count=$((count - 2))
      continue
    fi
    set -- "$@" "$1"
    shift
    count=$((count - 1))
  done
  logs=$(mktemp -d)
  trap 'rm -rf "$logs"' EXIT
  say "$product goes to:$targets"
  number=0
  for target in $targets; do
    number=$((number + 1))
    case $target in
      *=*) index=${target##*=} target=${target%=*} ;;
      *) index='' ;;
    esac
    (
      if push_one "$role" "$target" "$index" "$file" "$secret" "$@" >"$logs/$number.raw" 2>&1
      then echo ok; else echo failed; fi >"$logs/$number.status"
      # ssh ends its own lines with CR LF.
      tr -d '\r' <"$logs/$number.raw" >"$logs/$number.log"
      echo "$target" >"$logs/$number.target"
    ) &
  done
  wait
  failed=0
  at=0
  while [ "$at" -lt "$number" ]; do
    at=$((at + 1))
    outcome=$(cat "$logs/$at.status")
    printf '%-7s %-32s %s\n' "$outcome" "$(cat "$logs/$at.target")" "$(tail -n 1 "$logs/$at.log")"
    if [ "$outcome" != ok ]; then
      failed=$((failed + 1))
      sed 's/^/        /' "$logs/$at.log"
    fi
  done
  say "$((number - failed)) of $number machines have $product"
  [ "$failed" = 0 ]
}

started=$(date +%s)
command=${1:-}
[ $# -eq 0 ] || shift
case " $* " in *' --help '* | *' -h '*) usage; exit 0 ;; esac
case $command in
  runtime) no_words runtime "$@"; runtime ;;
  compile)
    runtime
    case ${1:-} in
      '') compile ;;
      --stale) if is_stale; then compile --stale; fi ;;
      *) bad_usage "compile: unknown option $1" ;;
    esac
    ;;
  build) runtime; archives "$@" ;;
  install) install_product "$@" ;;
  upgrade)
    role=${1:-}
    [ $# -eq 0 ] || shift
    install_product "$role" --upgrade "$@"
    ;;
  uninstall) uninstall_product "$@" ;;
  push) push "$@" ;;
  status) no_words status "$@"; status ;;
  doctor) no_words doctor "$@"; doctor ;;
  --help | -h | help) usage ;;
  '') usage >&2; exit 2 ;;
  *) bad_usage "unknown command $command" ;;
esac

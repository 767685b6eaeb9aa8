#!/bin/sh
# build.sh VERSION DIRECTORY: fills DIRECTORY with the package of this service.
# Without a C compiler the program becomes an executable script for the Node.js that the platform itself runs on.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
if command -v cc >/dev/null 2>&1; then
  cc -O2 -Wall -Wextra -o "$2/native" "$here/server.c"
else
  echo 'no C compiler (cc) here: "native" runs as a Node.js script instead of a compiled program' >&2
  node=$(CDPATH='' cd -- "$here/../../../node_modules/.bin" && pwd -P)/node
  [ -x "$node" ] || node=$(command -v node)
  cp "$here/without-cc.mjs" "$2/native.mjs"
  # shellcheck disable=SC2016 # expanded when it runs, not now
  printf '#!/bin/sh\nexec "%s" "${SGRID_PACKAGE_DIR:-.}/native.mjs"\n' "$node" >"$2/native"
  chmod 755 "$2/native"
fi
printf '%s\n' "$1" >"$2/VERSION"

#!/bin/sh
# build.sh VERSION DIRECTORY: fills DIRECTORY with the package of this service.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
PATH=$here/../../../node_modules/.bin:$PATH
esbuild "$here/server.ts" --bundle --platform=node --target=node22 --format=cjs --log-level=error --outfile="$2/server.cjs"
cp "$here/greeter.proto" "$2/greeter.proto"
printf '%s\n' "$1" >"$2/VERSION"

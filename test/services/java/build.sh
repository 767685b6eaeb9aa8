#!/bin/sh
# build.sh VERSION DIRECTORY: fills DIRECTORY with the package of this service.
# Exit status 3: cannot be built here, with the reason on standard error.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
for tool in java javac jar; do
  command -v "$tool" >/dev/null 2>&1 || {
    echo "no \"$tool\" here: the Java sample is left out" >&2
    exit 3
  }
done
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
javac -d "$classes" "$here/Server.java"
jar --create --file "$2/server.jar" --main-class Server -C "$classes" .
printf '%s\n' "$1" >"$2/VERSION"

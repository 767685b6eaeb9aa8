#!/bin/sh
# Programs of another user and health checks of a command behind the real systemd-run, and the warning before a memory limit.
# shellcheck disable=SC2034 # used by what is sourced
scenario=programs
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/product.sh

start_product
with_product programs.ts

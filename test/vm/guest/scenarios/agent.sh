#!/bin/sh
# The product as it is installed: a service with limits, and everything that may happen to the agent's unit. Ends after a
# reboot.
# shellcheck disable=SC2034 # used by what is sourced
scenario=agent
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/product.sh

start_product
with_product main.ts "$1" || exit 1
[ "$1" = rebooted ] || exit 88

#!/bin/sh
# A service in its limits does not disturb its neighbours, and without them it does.
# shellcheck disable=SC2034 # used by what is sourced
scenario=limits
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/product.sh

start_product
with_product limits.ts

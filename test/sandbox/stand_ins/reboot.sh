#!/bin/sh
# reboot(8): returns at once, and the machine goes down a little later.
. "${0%/*}/.common"
fail_if_told reboot
need_root 'Call to Reboot failed: Interactive authentication required.'
: >"$control/reboot-requested"

#!/bin/sh
# SPDX-License-Identifier: ISC
# What xl runs when a guest's interface comes and goes: the bridge's port.
export PATH=/bin:/usr/bin LD_LIBRARY_PATH=/lib
[ "$1" = online ] || exit 0
mtu=$(xenstore-read "$XENBUS_PATH/mtu" 2>/dev/null) && ip link set "$vif" mtu "$mtu"
ip link set "$vif" up
brctl addif xenbr0 "$vif"
xenstore-write "$XENBUS_PATH/hotplug-status" connected

#!/bin/sh
# SPDX-License-Identifier: ISC
# The first process of a Linux guest: its network, by what the command line says, and its services.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
modprobe xen-netfront
tries=0
until ip link set eth0 up 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -gt 100 ] && echo 'no eth0' && poweroff -f
    usleep 50000
done
# shellcheck disable=SC2013: words are what is wanted.
for word in $(cat /proc/cmdline); do
    case $word in address=*) ip addr add "${word#*=}" dev eth0 ;; esac
done
exec /bin/sockets

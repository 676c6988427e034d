#!/bin/sh
# SPDX-License-Identifier: ISC
# dom0's first process: what Xen's tools need, a bridge, then the test, and off.
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin:/usr/lib/xen-4.17/bin LD_LIBRARY_PATH=/lib

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mkdir -p /run/xen /run/lock /var/log/xen/console /var/lib/xen /var/lib/xenstored
ln -s /run /var/run
ln -s /run/lock /var/lock

for module in xen-evtchn xen-privcmd xen-gntdev xen-gntalloc xenfs bridge xen-netback; do
    modprobe $module || echo "no module $module"
done
# One processor would mean one queue.
echo 2 >/sys/module/xen_netback/parameters/max_queues
mount -t xenfs xenfs /proc/xen

# A static program can load no other ways to look names up, and would crash.
for base in hosts services networks protocols passwd group; do echo "$base: files"; done \
    >/etc/nsswitch.conf
echo 'http 80/tcp' >/etc/services

xenstored --pid-file=/run/xen/xenstored.pid
tries=0
until xenstore-read / >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -gt 100 ] && echo 'XEN-TEST FAIL xenstored does not answer' && poweroff -f
    usleep 50000
done
xen-init-dom0
xenconsoled --log=guest --log-dir=/var/log/xen/console --pid-file=/run/xen/xenconsoled.pid

ip link set lo up
brctl addbr xenbr0
# No snooping: with one port, nobody would answer its queries.
echo 0 >/sys/class/net/xenbr0/bridge/multicast_snooping
ip addr add 10.99.0.1/24 dev xenbr0
echo 0 >/proc/sys/net/ipv6/conf/xenbr0/accept_dad
ip -6 addr add fd99::1/64 dev xenbr0
ip link set xenbr0 up

echo "XEN-READY $(cut -d' ' -f1 /proc/uptime)"
sh /test/run.sh
echo "XEN-TEST-END rc=$?"
poweroff -f

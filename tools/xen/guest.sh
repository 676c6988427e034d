# SPDX-License-Identifier: ISC
# Runs in dom0 for `mstack xen run`: one guest beside the emulator's network device, and word of
# both by the second serial port. Each line there begins with what it is: ready, console (the
# guest's), xen, xl, and at last ended, with Xen's number of the reason, if there is one.
stty -F /dev/ttyS1 raw 115200
exec 3>/dev/ttyS1

# The emulator's end of the bridge. dom0 takes no part in that network.
modprobe virtio-pci
modprobe virtio-net
ip addr flush dev xenbr0
brctl addif xenbr0 eth0
ip link set eth0 up

console=/var/log/xen/console/guest-guest.log
: >$console
tail -f $console | while IFS= read -r line; do echo "console $line"; done >&3 &
# What Xen says from here on is about the guest.
xl dmesg -c >/dev/null
echo ready >&3

xl create -F /test/guest.cfg >/tmp/xl.log 2>&1
# tail looks once a second.
sleep 2
reason=$(sed -n 's/.* has shut down, reason code \([0-9]*\).*/\1/p' /tmp/xl.log)
# A fault in a PVH guest is a restart to the tools, and a crash to everybody else.
xl dmesg | grep -q 'Triple fault' && reason=3
xl dmesg | tail -n 40 | sed 's/^/xen /' >&3
tail -n 10 /tmp/xl.log | sed 's/^/xl /' >&3
echo "ended $reason" >&3

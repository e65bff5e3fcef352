#!/bin/bash
# First process of the guest kernel: its root is the host's, read-only. What it may write is /run/work, the host's
# folder GUEST_WORK, where it runs the script `job` and leaves its output in `log` and its exit code in `code`.
# The kernel's command line hands over GUEST_WORK and GUEST_MODULES (with commas).
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC HOME=/root TMPDIR=/run
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/shm
# The host's: tests keep images there.
mount -t hostfs -o ro,/dev/shm hostfs /dev/shm || mount -t tmpfs tmpfs /dev/shm
for folder in /mnt /run; do mount -t tmpfs tmpfs $folder; done
mkdir -p /run/work /run/modules/lib /mnt/image
mount -t hostfs -o "$GUEST_WORK" hostfs /run/work
cd /run/work || /bin/busybox poweroff -f
{
  ip link set lo up
  ln -s /usr/lib/uml/modules /run/modules/lib/modules
  [ -z "$GUEST_MODULES" ] || modprobe -d /run/modules -a ${GUEST_MODULES//,/ }
  [ ! -d /sys/kernel/config ] || mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
  bash ./job
  echo $? >code
} >log 2>&1
sync
/bin/busybox poweroff -f

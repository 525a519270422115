#!/usr/bin/env bash
# machine.sh FOLDER: runs a machine that is a copy of this one, in namespaces and a cgroup of its own,
# until its process 1 ends: this machine's files, with changes in memory, no network but loopback, and
# a systemd that has started nothing. Needs a mount namespace; FOLDER is empty. Prints the id of the
# process whose child the machine's process 1 is. /run/changes in the machine is what has changed.
set -euo pipefail
if [ $# = 1 ]; then
  mount --make-rprivate /
  mount -t cgroup2 cgroup2 "$1"
  group=$1/logi-machine-$$
  mkdir "$group"
  (
    echo $BASHPID >"$group/cgroup.procs"
    exec setpriv --pdeathsig KILL unshare --mount --net --pid --ipc --uts --cgroup --fork --kill-child bash "$0" "$1" inside
  ) >&2 &
  echo $!
  wait $! || true
  find "$group" -depth -type d -exec rmdir {} +
  exit
fi
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir changes work root
mount -t overlay overlay -o lowerdir=/,upperdir=changes,workdir=work root
cd root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs dev
for device in null zero full random urandom tty; do
  touch dev/$device
  mount --bind /dev/$device dev/$device
done
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mkdir run/changes run/old run/systemd run/systemd/system
mount --bind "$1/changes" run/changes
ip link set lo up
printf '[Unit]\nDefaultDependencies=no\n' >run/systemd/system/nothing.target
pivot_root . run/old
cd /
umount -l run/old
export container=lxc
exec /lib/systemd/systemd --system --unit=nothing.target --log-target=null --show-status=no </dev/null

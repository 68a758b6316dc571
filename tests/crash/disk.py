# SPDX-License-Identifier: Apache-2.0
"""An ext4 of its own in a file, whose power can be cut: what was not synced is then lost, although the
machine runs on. Mounts are made in a namespace of this process alone, so they end with it.
"""
import ctypes
import errno
import fcntl
import os
import pathlib
import struct
import subprocess

SIZE = 1 << 30  # sparse
PAGE = 4096
EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2  # EXT4_GOING_FLAGS_NOLOGFLUSH: the journal in memory is lost too
CLONE_NEWNS = 0x20000
MS_REC_PRIVATE = 0x4000 | 0x40000
SYNC_FILE_RANGE_ALL = 1 | 2 | 4  # wait before, write, wait after

libc = ctypes.CDLL(None, use_errno=True)
libc.sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)


class NotPermitted(Exception):
    """Why there can be no such disk here."""


def run(*command, fine=(0,)):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode not in fine:
        raise OSError(errno.EIO, f"{command[0]}: {done.returncode} {done.stderr.strip() or done.stdout}")
    return done


def leave_namespace():
    """From now on this process and its children mount for themselves."""
    if libc.unshare(CLONE_NEWNS) or libc.mount(b"none", b"/", None, MS_REC_PRIVATE, None):
        raise NotPermitted(f"no mount namespace of one's own: {os.strerror(ctypes.get_errno())}")


class Disk:
    def __init__(self, folder):
        self.image, self.place = pathlib.Path(folder, "disk.ext4"), pathlib.Path(folder, "disk")
        self.place.mkdir()
        with self.image.open("wb") as image:
            image.truncate(SIZE)
        try:
            run("mkfs.ext4", "-q", "-F", "-b", PAGE, "-J", "size=16", self.image)
            self.mount()
        except OSError as error:
            raise NotPermitted(f"no ext4 on a loop device: {error}") from None

    def mount(self):
        run("mount", "-o", "loop,noatime", self.image, self.place)

    def unmount(self):
        run("umount", self.place)

    def cut(self):
        """No byte reaches the disk from here on."""
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def revive(self):
        """Power is back: the journal is replayed. Everybody who used the disk must have ended."""
        self.unmount()
        run("e2fsck", "-p", self.image, fine=(0, 1))
        self.mount()

    def write_some_back(self, chance):
        """Some pages of each file that were not synced reach the disk, and others do not, in no
        order, as a kernel may write them at any time."""
        for path in self.place.rglob("*"):
            try:
                descriptor = os.open(path, os.O_RDONLY)
            except OSError:
                continue  # it has gone
            pages = os.fstat(descriptor).st_size // PAGE + 1
            for page in range(max(0, pages - 256), pages):  # what is new is at the end
                if path.is_file() and chance.random() < 0.5:
                    libc.sync_file_range(descriptor, page * PAGE, PAGE, SYNC_FILE_RANGE_ALL)
            os.close(descriptor)

    def commit_journal(self):
        """Sizes and names as they are now reach the disk, though nobody asked for them."""
        descriptor = os.open(self.place / "unrelated", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, b"x")
        os.fsync(descriptor)
        os.close(descriptor)

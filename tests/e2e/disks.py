# SPDX-License-Identifier: Apache-2.0
"""Small disks for tests, where they may be mounted: one that runs full, and one that dies."""
import errno
import fcntl
import os
import pathlib
import subprocess

from harness import eventually

# EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32), and its flag: not even the journal is written, so that
# all is lost that was not synced. Every call on the file system fails with EIO from then on.
SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2


def run(*words):
    """None when it went well, else what it said."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr.strip() or f"{words[0]}: {done.returncode}"


class SmallDisk:
    """`size` bytes at `path`, which somebody else fills and empties."""

    def __init__(self, case, path, size):
        self.path = pathlib.Path(path)
        self.path.mkdir()
        problem = run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path)
        if problem:
            case.skipTest(f"no small disk can be mounted: {problem}")
        case.addCleanup(run, "umount", "--lazy", self.path)

    def free(self):
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, leave):
        """Takes all of it but `leave` bytes; again: more. Where others write meanwhile, what is left."""
        try:
            with (self.path / "ballast").open("ab") as ballast:
                ballast.write(b"x" * max(0, self.free() - leave))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def empty(self):
        (self.path / "ballast").unlink()


class DyingDisk:
    """An ext4 in a file, which can lose its power, and be put back."""

    def __init__(self, case, path, image, size):
        self.path, self.image = pathlib.Path(path), pathlib.Path(image)
        self.path.mkdir()
        with self.image.open("wb") as file:
            file.truncate(size)
        problem = run("mkfs.ext4", "-q", self.image) or self.mount()
        if problem:
            case.skipTest(f"no ext4 can be mounted: {problem}")
        case.addCleanup(run, "umount", "--lazy", self.path)

    def mount(self):
        return run("mount", "-o", "loop", self.image, self.path)

    def die(self):
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, NO_LOG_FLUSH.to_bytes(4, "little"))
        finally:
            os.close(descriptor)

    def come_back(self):
        eventually(lambda: run("umount", self.path) is None, "nobody uses the dead disk")
        problem = self.mount()
        if problem:
            raise AssertionError(problem)

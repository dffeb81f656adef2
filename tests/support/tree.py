"""Trees of files for the tests: one to copy, and what two of them have in common."""

import hashlib
import os
import random


def describe(root, skip=()):
    """{path: what is there} below root: kind, permissions, content or target, links, seconds."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in skip]
        for name in folders + names:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            mode = status.st_mode
            if os.path.islink(path):
                entry = ("link", os.readlink(path))
            elif os.path.isdir(path):
                entry = ("folder", oct(mode))
            else:
                with open(path, "rb") as source:
                    entry = ("file", oct(mode), status.st_size,
                             hashlib.sha256(source.read()).hexdigest(), int(status.st_mtime))
            found[os.path.relpath(path, root)] = entry
    return found


def without_times(tree):
    return {path: entry[:4] for path, entry in tree.items()}


def grow(root, files=120, seed=3):
    """A tree as programs have it: small and some larger files, modes, links, empty things, age."""
    generator = random.Random(seed)
    for number in range(files):
        folder = os.path.join(root, f"part{number % 7}", *(["deep"] * (number % 3)))
        os.makedirs(folder, exist_ok=True)
        name = generator.choice(["plain", "with space", "größe"])
        path = os.path.join(folder, f"{name}{number}")
        size = generator.choice([0, 1, 100, 4096, 70_000]) if number else 3 << 20
        with open(path, "wb") as target:
            target.write(generator.randbytes(size))
        os.chmod(path, generator.choice([0o644, 0o600, 0o755, 0o444]))
        age = 1_600_000_000 + number * 1000
        os.utime(path, (age, age))
    os.mkdir(os.path.join(root, "empty"))
    os.symlink("part0", os.path.join(root, "to-folder"))
    os.symlink("nothing/there", os.path.join(root, "dangling"))

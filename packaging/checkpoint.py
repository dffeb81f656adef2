#!/usr/bin/env python3
"""Saves and restores a checkpoint the way training programs do; used by packaging/quickstart.

    checkpoint.py save FILE REFERENCE [--mib N]    write FILE, and a plain copy to REFERENCE
    checkpoint.py restore FILE REFERENCE           map FILE, compare it with REFERENCE
    checkpoint.py torch-save | torch-restore ...   the same by torch.save and torch.load

FILE has the shape of a safetensors file and is written as that library writes: a temporary file
beside it, opened exclusively, given its full length first, filled by writes of 1 MiB, renamed.
"""

import argparse
import hashlib
import json
import mmap
import os
import random
import struct
import time

MIB = 1 << 20


def make_tensors(size_mib):
    """Tensors of unequal sizes that add up to size_mib, with bytes that do not repeat."""
    generator = random.Random(20)
    tensors, left, layer = {}, size_mib * MIB, 0
    while left:
        size = min(left, generator.choice([1, 3, 8, 20]) * MIB + 4096)
        tensors[f"layers.{layer:03d}.weight"] = b"".join(
            generator.randbytes(min(MIB, size - at)) for at in range(0, size, MIB))
        left -= size
        layer += 1
    return tensors


def encode_header(tensors):
    entries, at = {"__metadata__": {"format": "pt"}}, 0
    for name, content in tensors.items():
        entries[name] = {"dtype": "U8", "shape": [len(content)],
                         "data_offsets": [at, at + len(content)]}
        at += len(content)
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def write_file(path, header, tensors):
    temporary = f"{path}.tmp{os.getpid()}"
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    with open(descriptor, "wb", buffering=MIB) as target:
        os.ftruncate(descriptor, len(header) + sum(map(len, tensors.values())))
        target.write(header)
        for content in tensors.values():
            view = memoryview(content)
            for at in range(0, len(view), MIB):
                target.write(view[at:at + MIB])
    os.rename(temporary, path)


def report(verb, path, size, seconds):
    print(f"  {verb:<9} {os.path.basename(path)}: {size / MIB:.0f} MiB in {seconds:.2f} s, "
          f"{size / MIB / seconds:.0f} MiB/s", flush=True)


def save(path, reference, size_mib):
    tensors = make_tensors(size_mib)
    header = encode_header(tensors)
    began = time.monotonic()
    write_file(path, header, tensors)
    seconds = time.monotonic() - began
    report("save", path, os.stat(path).st_size, seconds)
    write_file(reference, header, tensors)


def map_tensors(path):
    """What safetensors does on load: maps the file, closes it, copies each tensor out."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        mapping = mmap.mmap(descriptor, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    finally:
        os.close(descriptor)
    with mapping:
        length, = struct.unpack("<Q", mapping[:8])
        entries = json.loads(mapping[8:8 + length])
        entries.pop("__metadata__", None)
        base = 8 + length
        return {name: mapping[base + begin:base + end]
                for name, (begin, end) in ((n, e["data_offsets"]) for n, e in entries.items())}


def digest(tensors):
    total = hashlib.sha256()
    for name in sorted(tensors):
        total.update(name.encode() + b"\0" + tensors[name])
    return total.hexdigest()


def restore(path, reference):
    began = time.monotonic()
    tensors = map_tensors(path)
    seconds = time.monotonic() - began
    report("restore", path, os.stat(path).st_size, seconds)
    wanted, got = digest(map_tensors(reference)), digest(tensors)
    if wanted != got:
        raise SystemExit(f"checkpoint: {path} differs from what was saved: {got}, not {wanted}")
    print(f"  verify    {len(tensors)} tensors, SHA-256 {got[:16]}..., every byte as saved")


def torch_save(path, reference):
    import torch
    torch.manual_seed(20)
    state = {"model": {f"layers.{i}.weight": torch.randn(1024, 1024) for i in range(16)},
             "step": 20}
    began = time.monotonic()
    torch.save(state, path)
    seconds = time.monotonic() - began
    report("save", path, os.stat(path).st_size, seconds)
    torch.save(state, reference)


def torch_restore(path, reference):
    import torch
    began = time.monotonic()
    state = torch.load(path)
    seconds = time.monotonic() - began
    report("restore", path, os.stat(path).st_size, seconds)
    wanted = torch.load(reference)
    same = state["step"] == wanted["step"] and state["model"].keys() == wanted["model"].keys()
    if not same or not all(torch.equal(state["model"][k], v) for k, v in wanted["model"].items()):
        raise SystemExit(f"checkpoint: {path} differs from what was saved")
    print(f"  verify    {len(state['model'])} tensors by torch.equal, every value as saved")


VERBS = {"save": save, "restore": restore, "torch-save": torch_save, "torch-restore": torch_restore}


def main():
    parser = argparse.ArgumentParser(description="Save and restore a checkpoint.")
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("file")
    parser.add_argument("reference")
    parser.add_argument("--mib", type=int, default=256, help="size of what `save` writes")
    options = parser.parse_args()
    os.makedirs(os.path.dirname(options.file), exist_ok=True)
    sizes = {"size_mib": options.mib} if options.verb == "save" else {}
    VERBS[options.verb](options.file, options.reference, **sizes)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        raise SystemExit(f"checkpoint: {error}") from error

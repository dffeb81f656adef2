"""Memory that is not new: on a virtual machine the first use of a page may cost a fault in the host."""
import mmap
import os

HUGE_PAGE = 2 << 20


def touch_memory(size):
    """Touches so much memory and gives it back, so that what runs next gets it from this machine's pages.

    In a process of its own: the peak memory of this one would count as that of all it starts.
    """
    child = os.fork()
    if child == 0:
        memory = mmap.mmap(-1, size)
        memory.madvise(mmap.MADV_HUGEPAGE)
        for offset in range(0, size, HUGE_PAGE):
            memory[offset] = 1
        os._exit(0)
    os.waitpid(child, 0)

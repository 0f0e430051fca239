#include "io/heap.h"

#include <malloc.h>

namespace winrm::io {

void keep_freed_memory() noexcept
{
    constexpr int unmapped_below = 4 * 1024 * 1024, kept_at_most = 4 * 1024 * 1024;
    ::mallopt(M_MMAP_THRESHOLD, unmapped_below);
    ::mallopt(M_TRIM_THRESHOLD, kept_at_most);
}

} // namespace winrm::io

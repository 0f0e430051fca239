// What the allocator gives back to the system.
#pragma once

namespace winrm::io {

/// For a process that moves answers: their buffers are some hundred kilobytes, which the allocator would otherwise
/// fetch from the system and give back each time, a page fault for every 4 KiB of output. Keeps at most 4 MiB.
void keep_freed_memory() noexcept;

} // namespace winrm::io

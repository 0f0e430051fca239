// What OpenSSL keeps for each thread that has used it.
#pragma once

namespace winrm::crypto {

/// Frees it for the calling thread; it comes back with the next use. For a thread that may still be there when the
/// process ends, where nobody frees it any more.
void release_thread_state() noexcept;

} // namespace winrm::crypto

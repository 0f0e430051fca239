// What OpenSSL keeps for each thread.
#pragma once

namespace winrm::crypto {

/// Gives back what OpenSSL keeps for the calling thread (error queue, random numbers); it makes it anew when needed.
/// For threads that may still run when the process ends, which is too late for the library to do it by itself.
void drop_thread_state() noexcept;

} // namespace winrm::crypto

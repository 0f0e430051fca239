#include "crypto/thread_state.h"

#include <openssl/crypto.h>

namespace winrm::crypto {

void release_thread_state() noexcept { ::OPENSSL_thread_stop(); }

} // namespace winrm::crypto

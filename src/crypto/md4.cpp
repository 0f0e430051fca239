// OpenSSL 3 offers MD4 by name only in its legacy provider, which no system loads; these functions need no provider.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/md4.h"

#include <openssl/md4.h>

#include <cstdlib>

namespace winrm::crypto {

secret_128 md4(base::bytes_view data)
{
    secret_128 digest;
    MD4_CTX state;
    const bool made = MD4_Init(&state) == 1 && MD4_Update(&state, data.data(), data.size()) == 1 &&
                      MD4_Final(reinterpret_cast<unsigned char*>(digest.data()), &state) == 1;
    base::wipe(&state, sizeof state);
    if (!made) std::abort();
    return digest;
}

} // namespace winrm::crypto

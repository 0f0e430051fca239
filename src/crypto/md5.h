// MD5 and HMAC-MD5 (RFC 1321, RFC 2104), which every key and signature of NTLM is made of. From OpenSSL's default
// provider: in FIPS mode there is none.
#pragma once

#include "crypto/secret_128.h"

#include <initializer_list>
#include <memory>

struct evp_md_ctx_st;

namespace winrm::crypto {

/// Does this system's OpenSSL give MD5? Everything below aborts if not. A process that locks itself in later asks this
/// before: OpenSSL looks its algorithms up at the first use.
[[nodiscard]] bool md5_available() noexcept;

/// Of the parts one after the other.
[[nodiscard]] secret_128 md5(std::initializer_list<base::bytes_view> parts);
[[nodiscard]] secret_128 hmac_md5(const secret_128& key, std::initializer_list<base::bytes_view> parts);

/// Many messages under one key.
class hmac_md5_stream
{
public:
    explicit hmac_md5_stream(const secret_128& key);

    void update(base::bytes_view data);
    /// Digest of what came since the last one; begins the next message.
    [[nodiscard]] secret_128 finish();

private:
    struct context_free
    {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    using context = std::unique_ptr<evp_md_ctx_st, context_free>;
    static context keyed(const secret_128& key, unsigned char pad);

    context inner_, outer_; // after the padded key, copied for each message
    context now_;
};

} // namespace winrm::crypto

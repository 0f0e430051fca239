// AES in CBC mode with ciphertext stealing as Kerberos uses it (RFC 3962 5: CBC-CS3, zero IV), in place, with the last
// block kept apart: in a rotated token it does not lie behind the others (RFC 4121 4.2.5).
#pragma once

#include <cstddef>
#include <memory>
#include <span>

struct evp_cipher_ctx_st;

namespace winrm::auth::krb5 {

class aes_cts
{
public:
    static constexpr std::size_t block = 16;

    /// Key of 16 or 32 bytes. Aborts without memory or without AES in the library.
    aes_cts(std::span<const unsigned char> key, bool encrypt);

    /// The text is `most` followed by `last`, which is exactly 16 bytes; both are changed in place.
    /// Precondition: most.size() >= 16.
    void crypt(std::span<unsigned char> most, std::span<unsigned char, block> last);

private:
    struct free_context
    {
        void operator()(evp_cipher_ctx_st* context) const noexcept;
    };
    using context = std::unique_ptr<evp_cipher_ctx_st, free_context>;

    void bulk(std::span<unsigned char> text);
    void one_block(unsigned char* text);

    context chain_;  ///< CBC
    context single_; ///< ECB, for the last two blocks
    bool encrypt_;
};

} // namespace winrm::auth::krb5

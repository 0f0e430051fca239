#include "auth/krb5/seal.h"

#include "auth/krb5/sealers.h"

namespace winrm::auth::krb5 {

sealer_base::sealer_base(const context_values& values, random_source random)
    : own_(values.own), send_(values.send_sequence), receive_(values.receive_sequence), random_(std::move(random))
{}

bool sealer_base::seal(std::span<char> token)
{
    const seal_room least = room(0);
    if (dead_ || token.size() < least.header + least.pad) return false;
    seal_octets({reinterpret_cast<unsigned char*>(token.data()), token.size()});
    ++send_;
    return true;
}

unsealed sealer_base::unseal(std::span<char> token)
{
    if (dead_) return {seal_failure::dead, {}, 0};
    const found got = unseal_octets({reinterpret_cast<unsigned char*>(token.data()), token.size()});
    if (got.failed != seal_failure::none) {
        dead_ = true;
        base::wipe(token.data(), token.size()); // it may be half decrypted
        return {got.failed, {}, 0};
    }
    ++receive_;
    return {seal_failure::none, token.subspan(got.at, got.size), got.pad};
}

std::unique_ptr<message_sealer> make_sealer(const context_values& values, random_source random)
{
    const auto type = static_cast<enctype>(values.enctype);
    if (!random || key_size(type) == 0 || values.key.reveal().size() != key_size(type)) return nullptr;
    const bool rc4 = type == enctype::rc4_hmac;
    if (values.protocol != (rc4 ? 0 : 1)) return nullptr;
    if (rc4 && !crypto::md5_available()) return nullptr;
    if (rc4) return std::make_unique<arcfour_sealer>(values, std::move(random));
    return std::make_unique<aes_sealer>(values, type, std::move(random));
}

} // namespace winrm::auth::krb5

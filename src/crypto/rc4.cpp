// As MD4: by name only in the legacy provider. These functions need none, and are half as fast again as those of other
// libraries of Debian's.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/rc4.h"

#include <openssl/rc4.h>

namespace winrm::crypto {

struct rc4::state
{
    RC4_KEY key;
    state() = default;
    state(const state&) = default;
    state& operator=(const state&) = delete;
    ~state() { base::wipe(&key, sizeof key); }
};

rc4::rc4(base::bytes_view key) : state_(std::make_unique<state>())
{
    RC4_set_key(&state_->key, static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(key.data()));
}

rc4::rc4(std::unique_ptr<state> made) noexcept : state_(std::move(made)) {}
rc4::rc4(rc4&&) noexcept = default;
rc4& rc4::operator=(rc4&&) noexcept = default;
rc4::~rc4() = default;

void rc4::apply(std::span<char> data) noexcept
{
    if (data.empty()) return;
    auto* bytes = reinterpret_cast<unsigned char*>(data.data());
    RC4(&state_->key, data.size(), bytes, bytes);
}

rc4 rc4::clone() const { return rc4(std::make_unique<state>(*state_)); }

} // namespace winrm::crypto

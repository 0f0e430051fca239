#include "auth/ntlm/session.h"

#include "auth/ntlm/little_endian.h"
#include "crypto/digest.h"

#include <algorithm>
#include <limits>

namespace winrm::auth::ntlm {
namespace {

constexpr std::size_t piece = 8 * 1024; // what is hashed is still in the nearest cache when it is encrypted

constexpr signature unsigned_signature{1}; // 3.4.4.3: version, zeros

role other(role self) noexcept { return self == role::client ? role::server : role::client; }

base::bytes number(std::uint32_t value)
{
    base::bytes out;
    put_number<4>(out, value);
    return out;
}

base::bytes_view view(std::span<const char> bytes) noexcept { return {bytes.data(), bytes.size()}; }

} // namespace

session::direction::direction(const secret_128& session_key, role sender, std::uint32_t first)
    : mac(sign_key(session_key, sender)), cipher(seal_key(session_key, sender).reveal()), next(first)
{}

session::session(role self, session_keys keys)
    : session_key_(std::move(keys.session_key)), agreed_(keys.agreed), key_exchange_(keys.key_exchange),
      out_(session_key_, self, keys.sent), in_(session_key_, other(self), keys.got)
{}

// 3.4.4.2. The number is the one that the digest was begun with.
signature session::make_signature(direction& side, const secret_128& digest, bool encrypt)
{
    signature out = unsigned_signature;
    digest.reveal().copy(out.data() + 4, 8);
    if (encrypt) side.cipher.apply({out.data() + 4, 8});
    number(side.next).copy(out.data() + 12, 4);
    return out;
}

/// Moves on to the next sequence number. Each is used once: after the last one this direction is at its end.
void session::take_number(direction& side)
{
    if (side.next == std::numeric_limits<std::uint32_t>::max()) side.used_up = true;
    ++side.next;
}

bool session::seal(std::span<char> message, signature& out)
{
    if (agreed_ != protection::sealing || stage_ == stage::broken || out_.used_up) return false;
    stage_ = stage::sealed;
    session_key_.clear();
    out_.mac.update(number(out_.next));
    while (!message.empty()) {
        const auto part = message.first(std::min(piece, message.size()));
        out_.mac.update(view(part));
        out_.cipher.apply(part);
        message = message.subspan(part.size());
    }
    out = make_signature(out_, out_.mac.finish(), key_exchange_);
    take_number(out_);
    return true;
}

bool session::unseal(std::span<char> message, base::bytes_view got)
{
    const bool right_place = agreed_ == protection::sealing && stage_ != stage::broken && !in_.used_up &&
                             got.size() == signature_size && get_u32(got) == 1 && get_u32(got.substr(12)) == in_.next;
    stage_ = right_place ? stage::sealed : stage::broken;
    session_key_.clear();
    if (right_place) {
        in_.mac.update(number(in_.next));
        for (auto rest = message; !rest.empty();) {
            const auto part = rest.first(std::min(piece, rest.size()));
            in_.cipher.apply(part);
            in_.mac.update(view(part));
            rest = rest.subspan(part.size());
        }
        const signature wanted = make_signature(in_, in_.mac.finish(), key_exchange_);
        if (crypto::equal_secret(view(wanted), got)) {
            take_number(in_);
            return true;
        }
        stage_ = stage::broken;
    }
    base::wipe(message.data(), message.size());
    return false;
}

std::optional<signature> session::sign(base::bytes_view data)
{
    if (stage_ != stage::fresh || out_.used_up) return std::nullopt;
    if (agreed_ == protection::none) return unsigned_signature;
    out_.mac.update(number(out_.next));
    out_.mac.update(data);
    crypto::rc4 before = out_.cipher.clone();
    const signature made = make_signature(out_, out_.mac.finish(), key_exchange_);
    out_.cipher = std::move(before);
    take_number(out_);
    return made;
}

bool session::verify(base::bytes_view data, base::bytes_view got)
{
    signature wanted = unsigned_signature;
    bool good = stage_ == stage::fresh && !in_.used_up;
    if (good && agreed_ != protection::none) {
        in_.mac.update(number(in_.next));
        in_.mac.update(data);
        crypto::rc4 before = in_.cipher.clone();
        wanted = make_signature(in_, in_.mac.finish(), key_exchange_);
        in_.cipher = std::move(before);
        take_number(in_);
    }
    good = good && crypto::equal_secret(view(wanted), got);
    if (!good) stage_ = stage::broken;
    return good;
}

std::optional<session_keys> session::hand_over()
{
    if (stage_ != stage::fresh) return std::nullopt;
    stage_ = stage::broken;
    return session_keys{std::move(session_key_), agreed_, key_exchange_, out_.next, in_.next};
}

} // namespace winrm::auth::ntlm

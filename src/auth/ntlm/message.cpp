#include "auth/ntlm/message.h"

#include "auth/ntlm/flags.h"
#include "auth/ntlm/little_endian.h"

#include <algorithm>

namespace winrm::auth::ntlm {
namespace {

constexpr base::bytes_view signature{"NTLMSSP\0", 8};
// For debugging only (2.2.2.10): major, minor, build, three reserved bytes, revision 15 of the protocol.
constexpr base::bytes_view version{"\x0a\0\0\0\0\0\0\x0f", 8};

enum class type : std::uint32_t { negotiate = 1, challenge = 2, authenticate = 3 };

// The fixed parts end here; Version follows, and in an AUTHENTICATE the MIC.
constexpr std::size_t negotiate_fixed = 32, challenge_fixed = 48, authenticate_fixed = 64;
constexpr std::size_t version_size = 8;

/// Takes the payload apart: every field lies behind the fixed part and within the message, no two share a byte.
class payload_reader
{
public:
    payload_reader(base::bytes_view message, std::size_t fixed) : message_(message), fixed_(fixed) {}

    /// The field whose length and offset are at `at`. An empty one may point anywhere.
    base::bytes_view field(std::size_t at)
    {
        const std::size_t size = get_u16(message_.substr(at));
        const std::size_t offset = get_u32(message_.substr(at + 4));
        if (size == 0) return {};
        if (offset < fixed_ || offset > message_.size() || size > message_.size() - offset) {
            good_ = false;
            return {};
        }
        for (std::size_t i = 0; i < count_; ++i) {
            if (offset < taken_[i].end && taken_[i].begin < offset + size) good_ = false;
        }
        taken_[count_++] = {offset, offset + size};
        return message_.substr(offset, size);
    }
    [[nodiscard]] bool good() const noexcept { return good_; }
    /// Where the payload starts; the end of the message if there is none.
    [[nodiscard]] std::size_t start() const noexcept
    {
        std::size_t least = message_.size();
        for (std::size_t i = 0; i < count_; ++i) least = std::min(least, taken_[i].begin);
        return least;
    }

private:
    struct span
    {
        std::size_t begin, end;
    };
    base::bytes_view message_;
    std::size_t fixed_;
    std::array<span, 6> taken_{};
    std::size_t count_ = 0;
    bool good_ = true;
};

failure check_head(base::bytes_view message, type wanted, std::size_t least)
{
    if (message.size() < 12) return failure::malformed;
    if (message.substr(0, signature.size()) != signature) return failure::not_ntlm;
    if (get_u32(message.substr(8)) != static_cast<std::uint32_t>(wanted)) return failure::wrong_message;
    if (message.size() < least || message.size() > max_message) return failure::malformed;
    return failure::none;
}

/// The fixed part and, behind it, the fields in the order in which they were placed.
class payload_writer
{
public:
    struct placed
    {
        std::size_t size, offset;
    };
    payload_writer(type which, std::size_t start) : start_(start)
    {
        head_ = signature;
        put_number<4>(head_, static_cast<std::uint32_t>(which));
    }
    base::bytes& head() { return head_; }
    placed place(base::bytes_view value)
    {
        payload_ += value;
        return {value.size(), start_ + payload_.size() - value.size()};
    }
    void field(placed where)
    {
        put_number<2>(head_, where.size);
        put_number<2>(head_, where.size);
        put_number<4>(head_, where.offset);
    }
    base::bytes done()
    {
        head_.resize(start_, '\0');
        return head_ + payload_;
    }

private:
    std::size_t start_;
    base::bytes head_, payload_;
};

} // namespace

failure read(base::bytes_view message, negotiate_message& out)
{
    // Old clients end after the flags; Version is nothing to us.
    if (const failure bad = check_head(message, type::negotiate, 16); bad != failure::none) return bad;
    out.flags = get_u32(message.substr(12));
    payload_reader payload(message, std::min(message.size(), negotiate_fixed));
    if (message.size() >= 24 && flag::has(out.flags, flag::oem_domain_supplied)) payload.field(16);
    if (message.size() >= 32 && flag::has(out.flags, flag::oem_workstation_supplied)) payload.field(24);
    return payload.good() ? failure::none : failure::malformed;
}

failure read(base::bytes_view message, challenge_message& out)
{
    if (const failure bad = check_head(message, type::challenge, challenge_fixed); bad != failure::none) return bad;
    payload_reader payload(message, challenge_fixed);
    out.flags = get_u32(message.substr(20));
    message.substr(24).copy(out.server_challenge.data(), out.server_challenge.size());
    // "Required" and "ignored on receipt" hang on the flags, but hosts that set the one without the other are about.
    out.target_name = payload.field(12);
    out.target_info = payload.field(40);
    if (!payload.good()) return failure::malformed;
    return failure::none;
}

failure read(base::bytes_view message, authenticate_message& out)
{
    if (const failure bad = check_head(message, type::authenticate, authenticate_fixed); bad != failure::none)
        return bad;
    payload_reader payload(message, authenticate_fixed);
    out.lm_response = payload.field(12);
    out.nt_response = payload.field(20);
    out.domain = payload.field(28);
    out.user = payload.field(36);
    out.workstation = payload.field(44);
    out.session_key = payload.field(52);
    out.flags = get_u32(message.substr(60));
    if (!payload.good()) return failure::malformed;
    const std::size_t room = payload.start() - authenticate_fixed;
    out.mic_at = room >= version_size + mic_size ? mic_offset         // as Windows sends it
                 : room >= mic_size              ? authenticate_fixed // Version left out
                                                 : 0;
    return failure::none;
}

base::bytes write(const negotiate_message& message)
{
    payload_writer out(type::negotiate, negotiate_fixed + version_size);
    put_number<4>(out.head(), message.flags);
    const auto none = out.place({}); // names are for hosts of the last century
    out.field(none);
    out.field(none);
    if (flag::has(message.flags, flag::version)) out.head() += version;
    return out.done();
}

base::bytes write(const challenge_message& message)
{
    payload_writer out(type::challenge, challenge_fixed + version_size);
    const auto target_name = out.place(message.target_name), target_info = out.place(message.target_info);
    out.field(target_name);
    put_number<4>(out.head(), message.flags);
    out.head().append(message.server_challenge.data(), message.server_challenge.size());
    put_number<8>(out.head(), 0);
    out.field(target_info);
    if (flag::has(message.flags, flag::version)) out.head() += version;
    return out.done();
}

base::bytes write(const authenticate_message& message)
{
    const std::size_t start = mic_offset + (message.mic_at != 0 ? mic_size : 0);
    payload_writer out(type::authenticate, start);
    // The order of Windows: names first.
    const auto domain = out.place(message.domain), user = out.place(message.user);
    const auto workstation = out.place(message.workstation);
    const auto lm = out.place(message.lm_response), nt = out.place(message.nt_response);
    const auto key = out.place(message.session_key);
    for (const auto& where : {lm, nt, domain, user, workstation, key}) out.field(where);
    put_number<4>(out.head(), message.flags);
    if (flag::has(message.flags, flag::version)) out.head() += version;
    return out.done();
}

} // namespace winrm::auth::ntlm

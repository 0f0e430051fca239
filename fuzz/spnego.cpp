// Whatever tokens arrive, either end of Negotiate comes to an end within its legs, and is done only when its mechanism
// was; what a token says survives being written and read again.
#include "auth/spnego/acceptor.h"
#include "auth/spnego/initiator.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <type_traits>
#include <utility>

namespace {

using namespace winrm::auth;
using namespace winrm::auth::spnego;

/// Goes on, ends or fails as the peer's token says.
class obedient final : public login_mechanism
{
public:
    explicit obedient(bool& done) : done_(done) {}
    [[nodiscard]] leg step(winrm::base::bytes_view token) override
    {
        if (done_) std::abort(); // not called again after done
        const char order = token.empty() ? 'g' : token.front();
        if (order == 'f') return {leg_state::failed, "error", login_failure::other};
        if (order == 'w') return {leg_state::waiting, {}};
        done_ = order == 'd' || order == 'e';
        return {done_ ? leg_state::done : leg_state::go_on, order == 'e' ? "" : "g"};
    }
    [[nodiscard]] leg resume() override
    {
        done_ = true;
        return {leg_state::done, {}};
    }
    [[nodiscard]] winrm::base::bytes sign_mechlist(winrm::base::bytes_view) override { return must_be_done("m"); }
    [[nodiscard]] bool verify_mechlist(winrm::base::bytes_view, winrm::base::bytes_view mic) override
    {
        return must_be_done(mic) == "m";
    }
    [[nodiscard]] bool needs_mechlist_mic() const noexcept override { return true; }
    [[nodiscard]] std::unique_ptr<message_sealer> take_sealer() override
    {
        static_cast<void>(must_be_done(""));
        return nullptr;
    }

private:
    [[nodiscard]] winrm::base::bytes must_be_done(winrm::base::bytes_view text) const
    {
        if (!done_) std::abort();
        return winrm::base::bytes(text);
    }
    bool& done_;
};

/// Tokens: two bytes of length each, little-endian.
winrm::base::bytes_view next_token(winrm::base::bytes_view& rest)
{
    if (rest.size() < 2) return std::exchange(rest, {});
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
    const std::size_t size = std::min<std::size_t>(byte(0) | byte(1) << 8, rest.size() - 2);
    const auto token = rest.substr(2, size);
    rest.remove_prefix(2 + size);
    return token;
}

template <class End> void drive(winrm::base::bytes_view rest, bool begins)
{
    bool kerberos_done = false, ntlm_done = false;
    std::vector<offer> offers;
    offers.push_back({mechanism_kind::kerberos, std::make_unique<obedient>(kerberos_done)});
    offers.push_back({mechanism_kind::ntlm, std::make_unique<obedient>(ntlm_done)});
    End one(std::move(offers));
    if (begins) static_cast<void>(one.step({}));
    for (int legs = 0; !rest.empty(); ++legs) {
        negotiate_leg got = one.step(next_token(rest));
        if constexpr (std::is_same_v<End, acceptor>) {
            if (got.state == leg_state::waiting) {
                if (one.take_sealer()) std::abort();
                got = one.resume();
            }
        }
        if (got.state == leg_state::done && !(one.chosen() == mechanism_kind::ntlm ? ntlm_done : kerberos_done))
            std::abort();
        if (got.state == leg_state::failed && got.failed == negotiate_failure::none) std::abort();
        static_cast<void>(one.take_sealer());
        if (got.state != leg_state::go_on) return;
        if (legs > max_legs) std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const winrm::base::bytes_view input(reinterpret_cast<const char*>(data), size);
    drive<acceptor>(input, false);
    drive<initiator>(input, true);

    winrm::base::bytes_view rest = input;
    const auto token = next_token(rest);
    if (const auto init = parse_init(token)) {
        const auto again = parse_init(write(*init));
        if (!again || again->mechanisms != init->mechanisms || again->token != init->token || again->mic != init->mic)
            std::abort();
    }
    if (const auto resp = parse_resp(token)) {
        const auto again = parse_resp(write(*resp));
        if (!again || again->state != resp->state || again->mechanism != resp->mechanism ||
            again->token != resp->token || again->mic != resp->mic)
            std::abort();
    }
    return 0;
}

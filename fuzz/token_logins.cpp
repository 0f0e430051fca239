// Whatever fronts pass on as tokens, in any order and on any connection: the table stays within its bounds, a refusal
// brings neither keys nor a token, and nobody gets in whose token was changed on the way.
#include "auth/spnego/initiator.h"
#include "service/token/login_table.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace winrm;
using service::wire::login_verdict;
namespace ntlm = auth::ntlm;

void require(bool holds)
{
    if (!holds) std::abort();
}

void some_random(std::span<unsigned char> out) { std::fill(out.begin(), out.end(), static_cast<unsigned char>(7)); }
std::uint64_t some_time() { return 133'000'000'000'000'000; }

service::wire::token_setup setup(bool winbind)
{
    service::wire::token_setup out;
    out.ntlm = true;
    out.ntlm_accounts.push_back({"ada", "", base::secret(std::string("0123456789abcdef"))});
    out.nb_computer = "WEB1";
    out.bindings = {{service::wire::channel_binding::relaxed, service::wire::channel_binding::relaxed}};
    out.max_logins = 4;
    out.winbind = winbind;
    return out;
}

/// The client whose tokens are passed on, perhaps changed.
class client
{
public:
    explicit client(bool negotiate)
    {
        ntlm::client_login login;
        login.user = "ada";
        login.nt_hash = ntlm::secret_128("0123456789abcdef");
        auto made = std::make_unique<ntlm::client_mechanism>(std::move(login), some_random, some_time);
        if (!negotiate) {
            bare_ = std::move(made);
            return;
        }
        std::vector<auth::spnego::offer> offers;
        offers.push_back({auth::mechanism_kind::ntlm, std::move(made)});
        wrapped_ = std::make_unique<auth::spnego::initiator>(std::move(offers));
    }
    base::bytes step(base::bytes_view token) { return bare_ ? bare_->step(token).token : wrapped_->step(token).token; }

private:
    std::unique_ptr<auth::login_mechanism> bare_;
    std::unique_ptr<auth::spnego::initiator> wrapped_;
};

class input
{
public:
    explicit input(std::string_view rest) : rest_(rest) {}
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    unsigned char byte()
    {
        if (rest_.empty()) return 0;
        const auto out = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return out;
    }
    std::string_view piece()
    {
        const std::size_t size = std::min<std::size_t>(byte() | std::size_t{byte()} << 8, rest_.size());
        const std::string_view out = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return out;
    }

private:
    std::string_view rest_;
};

service::wire::token_answer ask(service::token::login_table& table, service::wire::token_step step,
                                base::time_point now)
{
    const std::uint64_t number = step.step;
    auto answer = table.step(std::move(step), now);
    require(answer.step == number && table.size() <= 4 && table.bytes() <= table.most_bytes());
    const bool accepted = answer.verdict == login_verdict::accepted;
    require(accepted || answer.keys.blob.empty());
    if (answer.verdict == login_verdict::ask_account) {
        require(answer.asked.challenge.size() == 8 && !answer.asked.user.empty() && answer.token.empty());
        require(!answer.asked.nt_response.empty() && answer.asked.nt_response.size() <= service::wire::max_nt_response);
    }
    require(answer.verdict != login_verdict::denied || (answer.token.empty() && !answer.reason.empty()));
    return answer;
}

/// Tokens as they come: no genuine client is near, so nobody gets in.
void foreign_tokens(input& in, service::token::login_table& table, bool winbind)
{
    constexpr std::string_view schemes[] = {"Negotiate", "NTLM", "Kerberos", "Digest"};
    base::time_point now{};
    for (std::uint64_t number = 1; !in.empty(); ++number) {
        const unsigned char how = in.byte();
        service::wire::token_step step;
        step.step = number;
        step.front = how >> 7;
        step.connection = how & 7;
        step.scheme = schemes[how >> 3 & 3];
        step.first = (how & 32) != 0;
        step.tls = (how & 64) != 0;
        step.token = in.piece();
        if (how == 0x5f && !winbind) { // a domain's answer to a login that waits for none
            step.session_key = base::secret(std::string(16, 'k'));
            step.account = "CORP\\ada";
        }
        require(ask(table, std::move(step), now).verdict != login_verdict::accepted);
        now += base::milliseconds{how};
    }
}

/// A genuine login of which some bytes are changed.
void changed_login(input& in, service::token::login_table& table, bool negotiate)
{
    client c(negotiate);
    base::bytes token = c.step({});
    bool changed = false;
    for (std::uint64_t leg = 1; leg < 6 && !token.empty(); ++leg) {
        for (unsigned count = in.byte() & 3; count > 0; --count) {
            const std::size_t at = (in.byte() | std::size_t{in.byte()} << 8) % token.size();
            const auto change = static_cast<char>(in.byte());
            token[at] = static_cast<char>(token[at] ^ change);
            changed = changed || change != 0;
        }
        auto answer = ask(table, {leg, 1, 1, "Negotiate", false, {}, leg == 1, token}, {});
        if (answer.verdict == login_verdict::accepted) require(answer.facts.account == "ada");
        if (answer.verdict == login_verdict::denied) require(changed);
        if (answer.verdict != login_verdict::go_on) return;
        token = c.step(answer.token);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size)
{
    input in(std::string_view(reinterpret_cast<const char*>(data), size));
    const unsigned char kind = in.byte();
    const bool winbind = kind % 6 == 3; // a name that is changed would be the domain's
    service::token::login_table table({setup(winbind), nullptr}, some_random, some_time);
    if (kind % 3 == 0) foreign_tokens(in, table, winbind);
    else changed_login(in, table, kind % 3 == 1);
    return 0;
}

// Whatever a host answers, a client_connection ends in one answer or one named error, never larger than allowed, and
// the same one whether the bytes come whole or one by one, without a login and in the legs of one.
#include "http/client_connection.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace winrm;

constexpr std::size_t max_body = 4096;

/// Two tokens of its own, any of the host's; what is sealed begins with '!'.
class easy_login final : public auth::client_login
{
public:
    [[nodiscard]] base::bytes_view scheme() const noexcept override { return "Negotiate"; }
    [[nodiscard]] auth::leg step(base::bytes_view token) override
    {
        sent_ = token.empty() ? 0 : sent_;
        if (token.starts_with('x')) return {};
        if (sent_ == 2) return {auth::leg_state::done, {}, {}};
        return {auth::leg_state::go_on, std::to_string(++sent_), {}};
    }
    [[nodiscard]] bool unseal(auth::message& m) override
    {
        if (!m.body.starts_with('!')) return false;
        m.body.erase(0, 1);
        return true;
    }

private:
    int sent_ = 0;
};

std::string outcome(std::string_view text, std::size_t step, bool login)
{
    http::client_options options;
    options.host = "h";
    if (login) options.login = std::make_shared<easy_login>();
    options.max_body = max_body;
    http::client_connection connection{std::move(options), {}};
    connection.start("<ask/>", "application/soap+xml");
    const auto write = [&connection] {
        while (!connection.output().empty()) connection.written(connection.output().size());
    };
    write();
    for (std::size_t at = 0; at < text.size(); at += step) {
        connection.received(text.substr(at, step));
        write();
    }
    connection.end_of_stream();
    auto got = connection.poll();
    if (!got || connection.poll()) std::abort();
    if (!*got) return to_string(got->error());
    const http::response& r = got->value();
    if (r.body.size() > max_body || r.status < 200 || r.keep_alive) std::abort();
    std::string out =
        std::to_string(r.status) + r.media_type + '|' + r.charset + '|' + r.server + '|' + r.reason + '|' + r.body;
    for (const auto& c : r.challenges) out += '|' + c;
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (outcome(text, size + 1, false) != outcome(text, 1, false)) std::abort();
    // Cut to pieces, a leg's answer and the next one may be told apart, which in one piece they are not.
    (void)outcome(text, size + 1, true);
    (void)outcome(text, 1, true);
    return 0;
}

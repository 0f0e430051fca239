// Whatever arrives, a server_connection answers it or closes, in bounded memory, and says the same whether the bytes
// come whole, one by one or cut as the input says.
#include "http/server_connection.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace winrm;

struct transcript
{
    std::string said, seen;
    bool closed = false;
    bool operator==(const transcript&) const = default;
};

class owner
{
public:
    owner(const crypto::keyed_digest& digest, bool tls, const base::limits& limits)
        : connection_(options(tls), limits, digest, now_)
    {}

    transcript run(std::string_view data, std::size_t step, std::size_t growth)
    {
        while (!data.empty() && !out_.closed && connection_.wants_input()) {
            const auto part = data.substr(0, step);
            connection_.received(part, now_);
            data.remove_prefix(part.size());
            settle();
            step = (step * growth) % 251 + 1;
        }
        connection_.end_of_stream(now_);
        settle();
        if (!out_.closed) std::abort();
        return std::move(out_);
    }

private:
    static http::server_options options(bool tls)
    {
        http::server_options o;
        o.tls = tls;
        o.identify_body = "<identify/>";
        o.token_schemes = {"Negotiate", "NTLM"};
        return o;
    }

    void settle()
    {
        for (bool again = true; again;) {
            again = false;
            while (auto event = connection_.poll()) {
                again = true;
                std::visit([this](auto&& e) { handle(e); }, *event);
            }
            while (!connection_.output().empty()) {
                again = true;
                out_.said.append(connection_.output());
                connection_.written(connection_.output().size(), now_);
            }
        }
    }

    void handle(http::login_wanted& e)
    {
        if (connection_.authenticated()) std::abort();
        if (e.scheme != "Basic" && (e.token.empty() || !e.credentials.user.empty())) std::abort();
        out_.seen += "login " + e.scheme + (e.first ? " " : " again ") + e.credentials.user + e.token + "\n";
        auto verdict = e.credentials.user.size() % 2 == 1 ? auth::login_verdict::accepted : auth::login_verdict::denied;
        if (!e.token.empty()) verdict = static_cast<auth::login_verdict>(static_cast<unsigned char>(e.token[0]) % 4);
        connection_.login_answered(verdict, e.token, now_);
    }

    void handle(http::request_arrived& e)
    {
        if (!connection_.authenticated() || e.body.size() > 4096) std::abort();
        out_.seen += "request " + e.charset + " " + e.body + "\n";
        connection_.respond(200, std::move(e.body), "application/soap+xml", now_);
    }

    void handle(http::closing&) { out_.closed = true; }

    base::time_point now_{};
    http::server_connection connection_;
    transcript out_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const crypto::keyed_digest digest;
    if (size < 1) return 0;
    base::limits limits;
    limits.envelope = 4096;
    limits.http_head = 2048;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    const bool tls = data[0] % 4 != 0;
    const transcript whole = owner{digest, tls, limits}.run(text, text.size(), 1);
    const transcript bytewise = owner{digest, tls, limits}.run(text, 1, 0);
    const transcript cut = owner{digest, tls, limits}.run(text, data[0] + 1u, 7);
    if (!(whole == bytewise) || !(whole == cut)) std::abort();
    return 0;
}

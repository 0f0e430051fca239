// A service's owner in miniature: feeds a server_connection, answers its events, keeps what was said.
#pragma once

#include "base/base64.h"
#include "fake_login.h"
#include "http/server_connection.h"

#include <algorithm>
#include <string>
#include <vector>

namespace winrm::http::test {

inline std::string basic(const std::string& user_and_password)
{
    return "Basic " + base::base64_encode(user_and_password);
}
inline const std::string ada = basic("ada:pw");

/// A POST of soap to /wsman; `fields` are whole lines.
inline std::string post(const std::string& body, const std::string& fields = "Authorization: " + ada + "\r\n",
                        const std::string& path = "/wsman")
{
    return "POST " + path +
           " HTTP/1.1\r\nHost: h\r\nContent-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body;
}

inline server_options safe_options()
{
    server_options o;
    o.tls = true;
    o.identify_body = "<identify/>";
    return o;
}

class server_driver
{
public:
    explicit server_driver(server_options options = safe_options(), const base::limits& limits = {})
        : connection(std::move(options), limits, digest, now)
    {}

    /// In pieces of `piece` bytes, as long as the connection takes them.
    void feed(std::string_view data, std::size_t piece = std::string::npos)
    {
        while (!data.empty() && !closed && connection.wants_input()) {
            const auto part = data.substr(0, piece);
            connection.received(part, now);
            data.remove_prefix(part.size());
            settle();
        }
    }

    void settle()
    {
        for (bool again = true; again;) {
            again = false;
            while (auto event = connection.poll()) {
                again = true;
                std::visit([this](auto&& e) { handle(std::move(e)); }, std::move(*event));
            }
            while (writing && !connection.output().empty()) {
                again = true;
                said.append(connection.output());
                connection.written(connection.output().size(), now);
            }
        }
    }

    void handle(login_wanted&& e)
    {
        if (e.scheme != "Basic") return handle_leg(e);
        logins.push_back(e.credentials.user + ":" + std::string{e.credentials.password.reveal()});
        if (!answering) return;
        if (logins.back() == "ada:pw") connection.login_answered(auth::login_verdict::accepted, {}, now);
        else connection.login_answered(auth::login_verdict::denied, {}, now);
    }

    /// The host's end of fake_login.
    void handle_leg(const login_wanted& e)
    {
        was_logged_in = was_logged_in || connection.authenticated();
        logins.push_back(e.scheme + ":" + e.token.substr(1, 2));
        if (!answering) return;
        leg = e.first ? 1 : leg + 1;
        if (e.token != fake_token('c', leg)) return connection.login_answered(auth::login_verdict::denied, {}, now);
        const auto token = fake_token('s', leg);
        if (leg < shape.client_tokens) return connection.login_answered(auth::login_verdict::go_on, token, now);
        connection.login_answered(auth::login_verdict::accepted, shape.host_last ? token : base::bytes{}, now,
                                  shape.seals ? std::make_unique<fake_seal>() : nullptr);
    }

    void handle(request_arrived&& e)
    {
        requests.push_back(std::move(e.body));
        charsets.push_back(std::move(e.charset));
        if (answering)
            connection.respond(200, "<re:" + requests.back() + ">", "application/soap+xml;charset=UTF-8", now);
    }

    void handle(closing&& e)
    {
        closed = true;
        refused = e.refused;
    }

    /// Status of the answers so far, interim ones included: "100 200 401".
    [[nodiscard]] std::string statuses() const
    {
        std::string out;
        for (std::size_t at = 0; (at = said.find("HTTP/1.1 ", at)) != std::string::npos; at += 9) {
            out += (out.empty() ? "" : " ") + said.substr(at + 9, 3);
        }
        return out;
    }

    [[nodiscard]] bool has(std::string_view text) const { return said.find(text) != std::string::npos; }

    void advance(base::milliseconds time) { now += time; }
    void ring()
    {
        connection.handle_timeout(now);
        settle();
    }

    std::string refused; ///< a body, as told with the end
    crypto::keyed_digest digest;
    base::time_point now{};
    server_connection connection;
    bool answering = true, writing = true, closed = false;
    fake_shape shape = two_legs;
    int leg = 0;
    bool was_logged_in = false; ///< while a leg was asked about
    std::string said;
    std::vector<std::string> logins, requests, charsets;
};

} // namespace winrm::http::test

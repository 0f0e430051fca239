// A host on loopback that answers what the test says, on the same loop as the client under test.
#pragma once

#include "io/loop.h"
#include "net/stream.h"
#include "wsman/message.h"

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <winrm/target.h>

namespace winrm::test {

struct http_request
{
    int number = 0;     ///< of this host, from 1
    int connection = 0; ///< from 1
    std::string head, body;
    /// Parsed as the service parses; fails the test when it cannot be.
    [[nodiscard]] wsman::incoming_request envelope() const;
};

/// What the host does with one request: writes `bytes`, then maybe closes.
struct http_reply
{
    std::string bytes;
    bool close = false;
    bool hold = false; ///< never answers
};

class fake_host
{
public:
    using handler = std::function<http_reply(const http_request&)>;
    /// @param tls  nullptr = plain HTTP
    fake_host(io::loop& on, handler answer, const net::tls_context* tls = nullptr);
    ~fake_host();
    [[nodiscard]] winrm::target target() const;
    /// An answer held back before.
    void write(int connection, const std::string& bytes);
    /// Refuses further connections.
    void stop_listening() { listener_.reset(); }
    /// At the same port as before.
    void listen_again();
    /// Drops every connection just now.
    void hang_up();
    [[nodiscard]] const std::vector<http_request>& requests() const { return requests_; }
    [[nodiscard]] int connections() const { return connections_; }

private:
    struct peer;
    void accept();
    void arrived(peer& p, result<base::bytes_view> data);
    io::loop& on_;
    handler answer_;
    const net::tls_context* tls_;
    std::unique_ptr<io::descriptor> listener_;
    std::list<std::unique_ptr<peer>> peers_;
    std::vector<http_request> requests_;
    std::uint16_t port_ = 0;
    int connections_ = 0;
};

/// "HTTP/1.1 STATUS x" with fields and Content-Length.
[[nodiscard]] std::string
http_answer(int status, const std::string& body,
            const std::string& fields = "Content-Type: application/soap+xml;charset=UTF-8\r\n");
/// The reply envelope to `r`.
[[nodiscard]] std::string soap_answer(const http_request& r, const wsman::body_writer& body);
[[nodiscard]] std::string fault_answer(const http_request& r, wsman::fault_code code);

/// Runs the loop until `done`, or fails the test: nothing may hang.
template <class Condition> [[nodiscard]] bool run_until(io::loop& loop, Condition done)
{
    bool late = false;
    io::timer guard(loop);
    guard.set_after(std::chrono::seconds(30), [&] { late = true; });
    while (!done() && !late && loop.run_one()) {}
    return done();
}

/// As many turns of the loop: what could happen at once has happened then.
inline void turn(io::loop& loop, int times)
{
    for (int i = 0; i < times; ++i) {
        bool turned = false;
        loop.post([&] { turned = true; });
        while (!turned && loop.run_one()) {}
    }
}

} // namespace winrm::test

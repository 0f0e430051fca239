// HTTPS or HTTP, where nobody said which: both ports of a host raced, as its addresses are (RFC 8305).
#pragma once

#include "base/duration.h"
#include "io/loop.h"
#include "io/unique_fd.h"
#include "net/resolve.h"

#include <winrm/result.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace winrm::net {

enum class race_port { tls, plain };

struct race_timing
{
    /// RFC 8305 section 5, "Connection Attempt Delay": the plain port is tried when the TLS port was silent for so
    /// long.
    base::milliseconds head_start{250};
    /// The plain port connected first: TLS is still taken if it connects within this. A round trip on most networks;
    /// the TLS port has had the head start and the plain port's round trip before.
    base::milliseconds grace{100};
};

/// Which port is tried, and which is taken. The TLS port first; the plain one at once when that fails, or after the
/// head start. Pure: `now` is an argument.
class race_decision
{
public:
    enum class step {
        try_tls,
        try_plain,
        take_tls,
        take_plain,
        give_up ///< this and both take_… come last, one of them in each race
    };

    /// @param until  what is connected then is taken, else the race is given up; time_point::max() = never
    race_decision(base::time_point until, base::time_point now, race_timing timing = {});

    /// A port whose try has ended already, or that was never tried, is ignored.
    void handle_connected(race_port which, base::time_point now);
    void handle_failed(race_port which);
    [[nodiscard]] base::time_point deadline() const noexcept;
    void handle_timeout(base::time_point now);
    [[nodiscard]] std::optional<step> poll();

    enum class phase {
        tls_first,   ///< within the head start
        both,        ///< neither has answered
        tls_last,    ///< the plain port has failed
        plain_last,  ///< the TLS port has failed
        plain_waits, ///< the plain port is connected: within the grace
        decided
    };
    enum class event { tls_connected, tls_failed, plain_connected, plain_failed, waited, out_of_time };

private:
    void take(event what);

    race_timing timing_;
    base::time_point until_, next_;
    phase at_ = phase::tls_first;
    std::deque<step> steps_{step::try_tls};
};

struct race_ports
{
    std::uint16_t tls = 5986, plain = 5985;
};

struct raced_socket
{
    bool tls = false;
    io::unique_fd socket; ///< connected; nothing was sent
};

/// Pending race over all addresses of a host, with one lookup of its name; destroyed = cancelled, and nothing is left
/// open. Must not outlive the resolver.
///
/// The plain port wins against whoever drops packets to the TLS port: a caller must send no more there than it would
/// to a host that has no TLS.
class transport_race
{
public:
    /// `done` is called from the loop, never from within.
    /// @errors unresolved; connect (both ports failed) and timeout: tell about both ports
    transport_race(resolver& names, std::string host, base::time_point deadline,
                   std::function<void(result<raced_socket>)> done, race_ports ports = {}, race_timing timing = {});
    ~transport_race();
    transport_race(const transport_race&) = delete;
    transport_race& operator=(const transport_race&) = delete;

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::net

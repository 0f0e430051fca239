// Accepts connections and keeps their number within bounds. No table across connections but number → connection.
#pragma once

#include "service/front/front_connection.h"
#include "service/front/turned_away.h"
#include "service/wire/log_summary.h"

#include <map>
#include <vector>

namespace winrm::service::front {

/// What a front reports to the monitor about logins.
struct login_desk_link
{
    std::function<void(wire::login_request&&)> ask;
    std::function<void(std::uint64_t)> withdraw; ///< the connection that asked has ended
};

class front_server
{
public:
    static constexpr std::size_t max_closing = 32; ///< closing connections beyond max_connections

    /// @param listeners  one bound and listening socket per setup.listeners, in order.
    /// @param tls        needed if one of them is a TLS listener.
    /// @param logins     leads to the monitor; its answers come to login_answered(). `log` outlives this object.
    front_server(io::loop& on, const wire::front_setup& setup, std::vector<io::unique_fd> listeners,
                 std::optional<net::tls_context> tls, base::log_sink& log, login_desk_link logins);
    ~front_server();
    front_server(const front_server&) = delete;
    front_server& operator=(const front_server&) = delete;

    void start();
    /// Accepts nothing more and closes the listening sockets. Idle connections end at once, the others with their next
    /// answer. @param empty  called once, when the last connection has ended.
    void drain(std::function<void()> empty);
    /// An answer is due or not yet sent completely.
    [[nodiscard]] bool busy() const;
    /// The monitor checks its password now.
    void login_started(std::uint64_t connection);
    /// An answer for a connection that has ended meanwhile is dropped, its descriptor closed.
    void login_answered(const wire::login_answer& answer, std::vector<io::unique_fd> fds);
    [[nodiscard]] std::size_t size() const noexcept { return connections_.size(); }

private:
    struct listening
    {
        io::descriptor socket;
        bool tls;
        std::uint32_t number; ///< position in the settings
        io::timer pause;
    };
    void wait(listening& l);
    void accept_some(listening& l);
    void add(const listening& l, io::unique_fd socket, std::string peer);
    void turn_away(const listening& l, io::unique_fd socket, std::string peer);
    void update(std::uint64_t number);
    void remove(std::uint64_t number);
    void make_room(const std::string& peer);
    [[nodiscard]] bool drop_unauthenticated(const std::string& newcomer);
    void drop_of_largest_account();
    [[nodiscard]] bool full() const;
    [[nodiscard]] bool free_closing_slot();
    /// Rate limited, because no login is needed to cause such a line.
    void report(base::log_level level, base::bytes_view event, const std::string& peer, const std::string& reason);
    void arm_summary();

    io::loop& loop_;
    std::optional<net::tls_context> tls_;
    crypto::keyed_digest digest_;
    connection_context context_;
    std::size_t max_connections_;
    std::uint64_t next_number_ = 1, next_unauthenticated_ = 1, last_limited_ = 0;
    std::map<std::uint64_t, std::unique_ptr<front_connection>> connections_;
    std::vector<std::unique_ptr<front_connection>> ended_;
    std::vector<std::unique_ptr<listening>> listeners_;
    turned_away turned_away_;
    std::function<void()> drained_;
    io::timer reap_timer_; ///< destroys `ended_` outside of their own calls
    wire::log_summary summary_;
    io::timer summary_clock_;
};

} // namespace winrm::service::front

// One account's service: connections of the front on one side, the shell table in the middle, processes on the other
// side.
#pragma once

#include "base/log_sink.h"
#include "io/loop.h"
#include "io/message_socket.h"
#include "service/user/rules.h"
#include "service/user/shell_host.h"
#include "service/user/ticket_file.h"
#include "service/wire/frames.h"
#include "shell/server_table.h"
#include "soap/charset.h"

#include <functional>
#include <map>
#include <memory>

namespace winrm::service::user {

class user_server final : private shell_news
{
public:
    /// @param status  called after a change in the number of shells or connections.
    /// `log` outlives this object.
    user_server(io::loop& on, const wire::user_setup& setup, base::log_sink& log,
                std::function<void(wire::user_status)> status);
    ~user_server() override;
    user_server(const user_server&) = delete;
    user_server& operator=(const user_server&) = delete;

    /// One logged-in connection of the front. It carries one request at a time: a second one before the reply, or
    /// anything but a request or answer_now, ends the connection. Its end wakes what waits for it and closes no shell.
    /// @param ticket  forwarded with its login, "" = none: kept as a file until the connection has ended, and the last
    /// shell whose
    ///                first command came by it
    void add_connection(const std::string& peer, io::unique_fd socket, const base::secret& ticket = {});
    /// One that did not get here, because this process had no number left for its descriptor. The front sees it end.
    void connection_lost(const std::string& peer);
    /// Closes every shell and kills every tree; replies already made are still sent.
    /// @return false: processes are left that could not be killed.
    bool close_all();
    /// Bytes of replies that the front has not taken yet.
    [[nodiscard]] std::size_t unsent() const;
    [[nodiscard]] wire::user_status status() const;

private:
    struct connection
    {
        std::string peer;
        std::unique_ptr<io::message_socket> socket;
        connection_state state = connection_state::idle;
        shell::request_token waiting{};
        std::uint64_t number = 0;
        soap::charset encoding = soap::charset::utf8;
        std::shared_ptr<const ticket_file> ticket;
    };

    void started(shell::process_ref p, std::uint32_t pid) override;
    void not_started(shell::process_ref p, shell::start_failure why) override;
    void output(shell::process_ref p, std::size_t stream, base::bytes_view data) override;
    void output_end(shell::process_ref p, std::size_t stream) override;
    void input_taken(shell::process_ref p) override;
    void exited(shell::process_ref p, int status) override;
    void shell_not_started(shell::process_ref p, shell::start_failure why, const std::string& text) override;
    void lost(shell::process_ref p, std::string text) override;
    void connected(shell::process_ref p, std::optional<base::bytes> answer) override;

    void frame_arrived(std::uint64_t id, base::bytes&& payload);
    void handle_request(std::uint64_t id, connection& c, wire::request&& request);
    void connection_ended(std::uint64_t id);
    void give_ticket(const std::string& shell_id, std::vector<shell::variable>& session);
    void drop_tickets();
    void send_reply(shell::outgoing_reply&& reply);
    /// Hands on everything the table wants done, until it wants nothing.
    void pump();
    void arm_timer();
    void report_status();

    io::loop& loop_;
    base::log_sink& log_;
    std::function<void(wire::user_status)> report_;
    wire::user_status reported_;
    std::size_t max_frame_;
    wsman::config_resource config_;
    shell::server_table table_;
    std::map<std::uint64_t, connection> connections_;
    std::map<shell::request_token, std::uint64_t> tokens_;                           ///< waiting request → connection
    std::map<std::string, std::shared_ptr<const ticket_file>, std::less<>> tickets_; ///< of shells, by their ids
    std::uint64_t asking_ = 0; ///< connection whose request is being handled; 0 = none
    std::uint64_t next_connection_ = 1, next_token_ = 1;
    bool pumping_ = false;
    io::timer timer_;
    base::time_point armed_ = base::time_point::max();
    shell_host host_; ///< last: goes first, while the table can still take its news
};

} // namespace winrm::service::user

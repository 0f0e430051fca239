// Rejected connections (max_connections is reached). Each is answered with HTTP 503, over TLS too; bounded in number
// and time, so that it stays cheap.
#pragma once

#include "io/loop.h"
#include "io/unique_fd.h"
#include "net/stream.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace winrm::service::front {

class turned_away
{
public:
    static constexpr std::size_t most = 16; ///< with one more, the oldest is closed without an answer

    explicit turned_away(io::loop& on);
    ~turned_away();
    /// Answers the first bytes of a request, whatever they are.
    void add(io::unique_fd socket, std::optional<net::tls_session> tls);
    void clear();

private:
    struct connection;
    void answer(std::uint64_t number);
    void end(std::uint64_t number);

    io::loop& loop_;
    std::uint64_t next_ = 1;
    std::map<std::uint64_t, std::unique_ptr<connection>> all_; ///< oldest first
    std::vector<std::unique_ptr<connection>> ended_;
    io::timer reap_timer_; ///< destroys `ended_` outside of their own calls
};

} // namespace winrm::service::front

// A client_connection and a service, tied together in memory.
#pragma once

#include "http/client_connection.h"
#include "server_driver.h"

namespace winrm::http::test {

/// Carries bytes both ways in pieces of at most `piece` until the client has its answer or nothing moves any more.
/// @param heard  bytes that the client has had of what the service said.
inline std::optional<result<response>> carry_from(client_connection& client, server_driver& server, std::size_t heard,
                                                  std::size_t piece)
{
    for (bool moved = true; moved;) {
        moved = false;
        if (!client.output().empty() && !server.closed && server.connection.wants_input()) {
            const std::string part{client.output().substr(0, piece)};
            server.feed(part);
            client.written(part.size());
            moved = true;
        }
        if (heard < server.said.size()) {
            const auto part = std::string_view{server.said}.substr(heard, piece);
            client.received(part);
            heard += part.size();
            moved = true;
        } else if (server.closed && !moved) {
            client.end_of_stream();
        }
        if (auto got = client.poll()) return got;
    }
    return std::nullopt;
}

inline std::optional<result<response>> carry(client_connection& client, server_driver& server, std::size_t piece)
{
    return carry_from(client, server, server.said.size(), piece);
}

inline constexpr std::size_t pieces[] = {1, 7, 4096, std::string::npos};
inline constexpr std::string_view soap = "application/soap+xml;charset=UTF-8";

} // namespace winrm::http::test

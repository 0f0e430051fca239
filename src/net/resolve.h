// Name to addresses, without holding up the loop.
#pragma once

#include "io/loop.h"

#include <winrm/result.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace winrm::net {

struct address
{
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] int family() const noexcept { return storage.ss_family; }
    /// Numeric, without port: "192.0.2.1", "2001:db8::1".
    [[nodiscard]] std::string text() const;
    /// Link-local IPv6 without the interface that leads to it: no connection can be made.
    [[nodiscard]] bool lacks_zone() const noexcept;
};

/// Numeric addresses are known at once, names are asked for on a thread of their own (getaddrinfo blocks).
/// Destroyed = the answer is not waited for; the thread ends by itself.
class resolve_operation
{
public:
    /// `done` is called from the loop with at least one address, families taking turns (RFC 8305 section 4).
    /// @errors unresolved
    resolve_operation(io::loop& on, std::string host, std::uint16_t port,
                      std::function<void(result<std::vector<address>>)> done);
    ~resolve_operation();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::net

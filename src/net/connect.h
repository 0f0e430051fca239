// Name to connected socket: the resolver's addresses tried in turn with a head start each (RFC 8305).
#pragma once

#include "io/loop.h"
#include "io/unique_fd.h"
#include "net/resolve.h"

#include <winrm/result.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace winrm::net {

/// Pending connect; destroyed = cancelled. Must not outlive the resolver.
class connect_operation
{
public:
    /// @errors unresolved, connect (refused, unreachable: names the address), timeout.
    connect_operation(resolver& names, std::string host, std::uint16_t port, base::time_point deadline,
                      std::function<void(result<io::unique_fd>)> done);
    /// The same for a host that was looked up before: its addresses are tried in their order, at this port.
    connect_operation(resolver& names, std::vector<address> found, std::uint16_t port, base::time_point deadline,
                      std::function<void(result<io::unique_fd>)> done);
    ~connect_operation();

private:
    struct impl;
    connect_operation(resolver& names, std::uint16_t port, base::time_point deadline,
                      std::function<void(result<io::unique_fd>)> done);
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::net

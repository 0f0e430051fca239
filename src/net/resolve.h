// Names to addresses, without holding up the loop.
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
    void set_port(std::uint16_t port) noexcept;
    /// Link-local IPv6 without the interface that leads to it: no connection can be made.
    [[nodiscard]] bool lacks_zone() const noexcept;
};

/// What getaddrinfo says.
struct lookup
{
    int failure = 0; ///< EAI_…
    int number = 0;  ///< errno of EAI_SYSTEM
    std::vector<address> found;
};

struct resolver_options
{
    std::size_t workers = 4;   ///< threads at most; a lookup that hangs holds one until the system gives it up
    std::size_t queue = 20000; ///< names that wait for a worker at most
    std::size_t cached = 1024; ///< names kept at most
    /// How long the addresses of a name are given out again without asking for them.
    base::milliseconds cache_time{10'000};
    /// Called on the workers, one name at a time each; nullptr = the system's getaddrinfo.
    std::function<lookup(const std::string& name)> look_up = nullptr;
};

/// Asks for names on a few threads (getaddrinfo blocks). They start when first needed and end when idle for a while.
/// One lookup serves all who ask for the same name meanwhile and shortly after; failures are not kept. Destroyed =
/// nobody is answered any more. It does not wait: a thread within a lookup ends by itself after it.
/// @thread  as its loop
class resolver
{
public:
    explicit resolver(io::loop& on, resolver_options options = {});
    ~resolver();
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;

    [[nodiscard]] io::loop& loop() noexcept;
    /// The addresses kept of this name are good for nothing: the next one to ask gets new ones.
    void forget(const std::string& host);
    [[nodiscard]] std::size_t threads_started() const; ///< ever

private:
    friend class resolve_operation;
    struct impl;
    std::shared_ptr<impl> impl_;
};

/// Pending question; destroyed = not called. It may outlive the resolver.
class resolve_operation
{
public:
    /// `done` is called from the loop, never from within, with at least one address, families taking turns (RFC 8305
    /// section 4). Numeric addresses take no thread.
    /// @errors unresolved
    resolve_operation(resolver& by, std::string host, std::uint16_t port,
                      std::function<void(result<std::vector<address>>)> done);
    ~resolve_operation();
    resolve_operation(const resolve_operation&) = delete;
    resolve_operation& operator=(const resolve_operation&) = delete;

private:
    friend class resolver;
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::net

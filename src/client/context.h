// What the sessions of one loop have in common, once however many they are.
#pragma once

#include "base/uuid.h"
#include "client/worker_pool.h"
#include "gss/password_verdicts.h"
#include "io/loop.h"
#include "net/resolve.h"
#include "net/tls.h"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace winrm::remote {

/// Given by reference to sessions, which it must outlive. What later is of use to all of them (a cache of tickets, a
/// limit of logins at once) belongs here, too.
/// @thread  as its loop
class context
{
public:
    explicit context(io::loop& on, net::resolver_options names = {});
    context(const context&) = delete;
    context& operator=(const context&) = delete;

    [[nodiscard]] io::loop& loop() noexcept { return on_; }
    [[nodiscard]] net::resolver& names() noexcept { return names_; }
    [[nodiscard]] const base::random_source& random() const noexcept { return random_; }
    /// Of passwords that sessions have tried. Kept by logins, which may outlive this.
    [[nodiscard]] const std::shared_ptr<gss::password_verdicts>& verdicts() const noexcept { return verdicts_; }
    /// For steps of a login that block. No thread starts before the first of them.
    [[nodiscard]] worker_pool& workers();
    /// The one for these settings: a file of authorities is read with the first session that names it, and again when
    /// it has changed since. Failures are not kept.
    /// @errors tls: unreadable CA file
    [[nodiscard]] result<net::tls_context> tls(const net::tls_client_options& settings);
    [[nodiscard]] std::uint64_t tls_contexts_made() const noexcept { return made_; } ///< ever
    [[nodiscard]] std::size_t tls_contexts_kept() const noexcept { return tls_.size(); }

private:
    struct trust
    {
        std::string version; ///< of the file
        net::tls_context made;
    };

    io::loop& on_;
    net::resolver names_;
    std::optional<worker_pool> workers_; ///< made when first asked for
    base::random_source random_;
    std::shared_ptr<gss::password_verdicts> verdicts_ = std::make_shared<gss::password_verdicts>();
    std::map<net::tls_client_options, trust> tls_;
    std::uint64_t made_ = 0;
};

} // namespace winrm::remote

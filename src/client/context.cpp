#include "client/context.h"

namespace winrm::remote {

namespace {

/// Beyond it those that no session uses any more go: hosts may have a file each.
constexpr std::size_t most_unused = 16;

} // namespace

context::context(io::loop& on, net::resolver_options names)
    : on_(on), names_(on, std::move(names)), random_(base::system_random())
{}

worker_pool& context::workers() { return workers_ ? *workers_ : workers_.emplace(on_); }

result<net::tls_context> context::tls(const net::tls_client_options& settings)
{
    std::string version = net::trust_version(settings);
    const auto known = tls_.find(settings);
    if (known != tls_.end() && known->second.version == version) return known->second.made;
    auto made = net::tls_context::client(settings);
    if (!made) return made;
    ++made_;
    tls_.insert_or_assign(settings, trust{std::move(version), *made});
    if (tls_.size() > most_unused) std::erase_if(tls_, [](const auto& t) { return t.second.made.unshared(); });
    return made;
}

} // namespace winrm::remote

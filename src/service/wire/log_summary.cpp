#include "service/wire/log_summary.h"

#include "service/wire/source_network.h"

#include <algorithm>

namespace winrm::service::wire {
namespace {

constexpr const char* others = "others";

}

void log_summary::write(base::time_point now, base::log_level level, base::bytes_view event, const std::string& peer,
                        const std::string& reason, std::initializer_list<base::log_field> fields)
{
    key k{std::string{event}, reason, source_network(peer)};
    auto at = counts_.find(k);
    if (at == counts_.end() && counts_.size() >= most_) {
        std::get<2>(k) = others; // one more entry per event and reason, of which there are few
        at = counts_.find(k);
    }
    if (at != counts_.end()) {
        ++at->second.more;
        return;
    }
    counts_.emplace(std::move(k), count{level, now});
    log_.write(level, event, fields);
}

base::time_point log_summary::deadline() const noexcept
{
    base::time_point first = base::time_point::max();
    for (const auto& [k, c] : counts_) first = std::min(first, c.since + interval_);
    return first;
}

void log_summary::handle_timeout(base::time_point now)
{
    for (auto at = counts_.begin(); at != counts_.end();) {
        count& c = at->second;
        if (c.since + interval_ > now) {
            ++at;
        } else if (c.more == 0) {
            at = counts_.erase(at);
        } else {
            report((at++)->first, c, now);
        }
    }
}

void log_summary::report_all(base::time_point now)
{
    for (auto& [k, c] : counts_)
        if (c.more != 0) report(k, c, now);
}

void log_summary::report(const key& k, count& c, base::time_point now)
{
    const auto& [event, reason, source] = k;
    const std::string more = std::to_string(c.more),
                      seconds = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now - c.since).count());
    c.more = 0;
    c.since = now;
    if (source.empty()) log_.write(c.level, event, {{"reason", reason}, {"more", more}, {"seconds", seconds}});
    else log_.write(c.level, event, {{"source", source}, {"reason", reason}, {"more", more}, {"seconds", seconds}});
}

} // namespace winrm::service::wire

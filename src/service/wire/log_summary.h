// Rate limit for log lines that can be caused without a login: a flood of them must not hide the others. Pure: `now` is
// an argument.
#pragma once

#include "base/duration.h"
#include "base/log_sink.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

namespace winrm::service::wire {

/// The first line of an event and reason from a source is written at once. The next ones are counted and reported by
/// one line per source and interval: "EVENT source=… reason=… more=N seconds=60". After an interval without any the
/// next one is written at once again. When the table is full, new sources are counted together, as source=others.
class log_summary
{
public:
    static constexpr base::milliseconds usual_interval{60'000};
    static constexpr std::size_t usual_sources = 64;
    /// `log` outlives this object.
    explicit log_summary(base::log_sink& log, base::milliseconds interval = usual_interval,
                         std::size_t most_sources = usual_sources)
        : log_(log), interval_(interval), most_(most_sources)
    {}

    /// @param peer    address, "" = none; counted by source_network().
    /// @param fields  of the line that is written if this is the first.
    void write(base::time_point now, base::log_level level, base::bytes_view event, const std::string& peer,
               const std::string& reason, std::initializer_list<base::log_field> fields);
    [[nodiscard]] base::time_point deadline() const noexcept; ///< max() = nothing is counted
    void handle_timeout(base::time_point now);
    /// At the end: reports what was counted so far.
    void report_all(base::time_point now);

private:
    using key = std::tuple<std::string, std::string, std::string>; ///< event, reason, source
    struct count
    {
        base::log_level level;
        base::time_point since;
        std::uint64_t more = 0;
    };
    void report(const key& k, count& c, base::time_point now);
    base::log_sink& log_;
    base::milliseconds interval_;
    std::size_t most_;
    std::map<key, count> counts_;
};

} // namespace winrm::service::wire

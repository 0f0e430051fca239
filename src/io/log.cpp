// The only file that includes spdlog. Header-only, so that a program without a log links neither spdlog nor fmt.
#define FMT_HEADER_ONLY 1
#define SPDLOG_NO_THREAD_ID 1 // one thread, and one system call less inside a sandbox
#include "io/log.h"

#include "base/text.h"

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#endif
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#include <ctime>

namespace winrm::io {

namespace {

constexpr std::size_t longest_value = 4096; // bytes of one field; a command line may be long

spdlog::level::level_enum level_of(base::log_level level)
{
    switch (level) {
    case base::log_level::debug: return spdlog::level::debug;
    case base::log_level::info: return spdlog::level::info;
    case base::log_level::warning: return spdlog::level::warn;
    case base::log_level::error: break;
    }
    return spdlog::level::err;
}

bool needs_quotes(base::bytes_view value)
{
    return value.empty() || value.find_first_of(" \"=\\") != base::bytes_view::npos;
}

void append_value(std::string& line, base::bytes_view raw)
{
    const std::string value = base::printable(raw, longest_value);
    if (!needs_quotes(value)) {
        line += value;
        return;
    }
    line += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') line += '\\';
        line += c;
    }
    line += '"';
}

class stderr_sink final : public base::log_sink
{
public:
    stderr_sink(base::bytes_view program, base::log_level least)
        : logger_(std::string(program), std::make_shared<spdlog::sinks::stderr_sink_st>())
    {
        ::tzset(); // reads its files now, not later inside a sandbox
        logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %n %v",
                                                                          spdlog::pattern_time_type::utc));
        logger_.set_level(level_of(least));
        logger_.flush_on(spdlog::level::debug);
    }

    void write(base::log_level level, base::bytes_view event, std::initializer_list<base::log_field> fields) override
    {
        const auto wanted = level_of(level);
        if (!logger_.should_log(wanted)) return;
        std::string line(event);
        for (const base::log_field& field : fields) {
            line += ' ';
            line += field.key;
            line += '=';
            append_value(line, field.value);
        }
        logger_.log(wanted, spdlog::string_view_t(line.data(), line.size()));
    }

private:
    spdlog::logger logger_;
};

} // namespace

std::unique_ptr<base::log_sink> stderr_log(base::bytes_view program, base::log_level least)
{
    return std::make_unique<stderr_sink>(program, least);
}

} // namespace winrm::io

// The only file that includes spdlog. Header-only, so that a program without a log links neither spdlog nor fmt.
#define FMT_HEADER_ONLY 1
#define SPDLOG_NO_THREAD_ID 1 // one thread, and one system call less inside a sandbox
#include "io/log.h"

#include "base/text.h"
#include "io/line_writer.h"

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#endif
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#include <ctime>
#include <unistd.h>

namespace winrm::io {

namespace {

constexpr base::milliseconds retry_pause{100};
constexpr int last_wait_ms = 200;           // for room, when the program ends
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

using weight = line_writer::weight;

/// spdlog's end: what it has formatted goes to the writer.
class writer_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex>
{
public:
    line_writer writer{STDERR_FILENO};

private:
    void sink_it_(const spdlog::details::log_msg& message) override
    {
        spdlog::memory_buf_t text;
        formatter_->format(message, text);
        writer.write(std::string(text.data(), text.size()),
                     message.level >= spdlog::level::warn ? weight::heavy : weight::light);
    }
    void flush_() override {}
};

class stderr_sink final : public base::log_sink
{
public:
    stderr_sink(loop& on, base::bytes_view program, base::log_level least)
        : sink_(std::make_shared<writer_sink>()), logger_(std::string(program), sink_), retry_(on)
    {
        ::tzset(); // reads its files now, not later inside a sandbox
        logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %n %v",
                                                                          spdlog::pattern_time_type::utc));
        logger_.set_level(level_of(least));
    }
    ~stderr_sink() override
    {
        if (sink_->writer.waits()) sink_->writer.flush_within(last_wait_ms);
        tell_lost();
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
        tell_lost();
        logger_.log(wanted, spdlog::string_view_t(line.data(), line.size()));
        retry_later();
    }

private:
    /// When all that was kept is out. A line that fails as well counts as one more.
    void tell_lost()
    {
        line_writer& w = sink_->writer;
        if (w.lost() == 0 || !w.flush()) return;
        const std::uint64_t before = w.lost();
        const std::string line = "log_lines_lost count=" + std::to_string(before);
        logger_.log(spdlog::level::err, spdlog::string_view_t(line.data(), line.size()));
        if (w.lost() == before) w.told_lost();
    }
    void retry_later()
    {
        if (!sink_->writer.waits() || waiting_) return;
        waiting_ = true;
        retry_.set_after(retry_pause, [this] {
            waiting_ = false;
            sink_->writer.flush();
            tell_lost();
            retry_later();
        });
    }
    std::shared_ptr<writer_sink> sink_;
    spdlog::logger logger_;
    timer retry_;
    bool waiting_ = false; ///< retry_ is set
};

} // namespace

std::unique_ptr<base::log_sink> stderr_log(loop& on, base::bytes_view program, base::log_level least)
{
    return std::make_unique<stderr_sink>(on, program, least);
}

} // namespace winrm::io

// Where events go. Pure code takes a reference; io/log.h makes the real one.
#pragma once

#include "base/bytes.h"

#include <initializer_list>
#include <utility>

namespace winrm::base {

enum class log_level { debug, info, warning, error };

struct log_field
{
    bytes_view key;    ///< lower_snake, from our code
    std::string value; ///< anything; the sink escapes it
};

class log_sink
{
public:
    virtual ~log_sink() = default;
    /// One structured line. `event` is a stable lower_snake word ("login", "command_end"). Never pass secrets,
    /// authorization headers, stdin data, environment values, or command arguments above level debug.
    virtual void write(log_level level, bytes_view event, std::initializer_list<log_field> fields) = 0;
};

/// Drops everything.
class null_log final : public log_sink
{
public:
    void write(log_level, bytes_view, std::initializer_list<log_field>) override {}
};

} // namespace winrm::base

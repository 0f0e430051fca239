// A log whose level can change while the program runs.
#pragma once

#include "base/log_sink.h"

#include <memory>

namespace winrm::service::wire {

class level_log final : public base::log_sink
{
public:
    /// @param all  takes every level.
    level_log(std::unique_ptr<base::log_sink> all, base::log_level least) : all_(std::move(all)), least_(least) {}

    void write(base::log_level level, base::bytes_view event, std::initializer_list<base::log_field> fields) override
    {
        if (level >= least_) all_->write(level, event, fields);
    }
    void set_level(base::log_level least) noexcept { least_ = least; }
    [[nodiscard]] base::log_level level() const noexcept { return least_; }

private:
    std::unique_ptr<base::log_sink> all_;
    base::log_level least_;
};

/// The level in a frame; an invalid number counts as the highest.
[[nodiscard]] constexpr base::log_level log_level_of(std::uint8_t number) noexcept
{
    return number < static_cast<std::uint8_t>(base::log_level::error) ? static_cast<base::log_level>(number)
                                                                      : base::log_level::error;
}

} // namespace winrm::service::wire

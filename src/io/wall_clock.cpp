#include "io/wall_clock.h"

#include <chrono>

namespace winrm::io {
namespace {

template <class Duration> Duration since_1970() noexcept
{
    return std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch());
}

} // namespace

std::int64_t unix_time() noexcept { return since_1970<std::chrono::seconds>().count(); }

std::uint64_t windows_time() noexcept
{
    constexpr std::uint64_t years_1601_to_1970 = 116'444'736'000'000'000;
    using ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
    return years_1601_to_1970 + static_cast<std::uint64_t>(since_1970<ticks>().count());
}

} // namespace winrm::io

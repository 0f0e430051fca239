#include "auth/clocks.h"

#include <chrono>
#include <cstdlib>

namespace winrm::auth {
namespace {

std::string two_digits(std::int64_t number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); }

/// "2026-11-28 14:20:00 UTC"
std::string in_words(std::int64_t time)
{
    namespace chrono = std::chrono;
    const chrono::sys_seconds at{chrono::seconds{time}};
    const auto midnight = chrono::floor<chrono::days>(at);
    const chrono::year_month_day day{midnight};
    const std::int64_t second = (at - midnight).count();
    return std::to_string(static_cast<int>(day.year())) + '-' + two_digits(static_cast<unsigned>(day.month())) + '-' +
           two_digits(static_cast<unsigned>(day.day())) + ' ' + two_digits(second / 3600) + ':' +
           two_digits(second / 60 % 60) + ':' + two_digits(second % 60) + " UTC";
}

} // namespace

std::string clock_sentence(std::int64_t here, std::int64_t there, std::string_view at)
{
    return "The clocks differ by " + std::to_string(std::abs(here - there)) +
           " s, which is too much for Kerberos: here it is " + in_words(here) + ", at the " + std::string(at) + ' ' +
           in_words(there) + ".";
}

} // namespace winrm::auth

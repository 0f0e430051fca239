// xs:dateTime and xs:duration with the 100 ns of .NET's DateTime and TimeSpan.
#include "clixml/primitives.h"

#include <charconv>
#include <limits>

namespace winrm::clixml {

void format_date_time(date_time t, std::string& out);
void format_duration(duration d, std::string& out);

namespace {

constexpr std::int64_t second = 10'000'000;
constexpr std::int64_t minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr std::int64_t last_tick = 3'155'378'975'999'999'999; // 9999-12-31T23:59:59.9999999

/// Days from 0001-01-01 in the Gregorian calendar (after H. Hinnant, "chrono-compatible low-level date algorithms").
constexpr std::int64_t days_of(std::int64_t y, std::int64_t m, std::int64_t d)
{
    y -= m <= 2 ? 1 : 0;
    const std::int64_t era = y / 400, of_era = y - era * 400;
    const std::int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 306;
}
static_assert(days_of(1, 1, 1) == 0 && days_of(1970, 1, 1) == 719'162);

struct date
{
    std::int64_t year, month, day;
};

constexpr date date_of(std::int64_t days)
{
    const std::int64_t z = days + 306, era = z / 146'097, of_era = z - era * 146'097;
    const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted = (5 * of_year + 2) / 153;
    const std::int64_t m = shifted + (shifted < 10 ? 3 : -9);
    return {year_of_era + era * 400 + (m <= 2 ? 1 : 0), m, of_year - (153 * shifted + 2) / 5 + 1};
}

/// Takes texts apart from the front; good() stays false after the first thing that is not there.
class cutter
{
public:
    explicit cutter(base::bytes_view s) : rest_(s) {}
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool done() const { return good_ && rest_.empty(); }
    [[nodiscard]] bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
    bool take(char c)
    {
        if (!at(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void need(char c) { good_ = take(c) && good_; }
    /// Exactly `size` digits.
    std::int64_t digits(std::size_t size)
    {
        if (rest_.size() < size) {
            good_ = false;
            return 0;
        }
        std::int64_t n = 0;
        for (std::size_t i = 0; i < size; ++i) {
            if (rest_[i] < '0' || rest_[i] > '9') good_ = false;
            n = n * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(size);
        return good_ ? n : 0;
    }
    /// Any number of digits, at least one.
    std::uint64_t number()
    {
        std::uint64_t n = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), n);
        if (error != std::errc{}) good_ = false;
        else rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return good_ ? n : 0;
    }
    /// After a point: 100-ns units; what is finer is rounded or cut.
    std::int64_t fraction(bool round)
    {
        std::int64_t n = 0;
        std::size_t i = 0;
        for (; i < rest_.size() && rest_[i] >= '0' && rest_[i] <= '9'; ++i) {
            if (i < 7) n = n * 10 + (rest_[i] - '0');
            else if (i == 7 && round && rest_[i] >= '5') ++n;
        }
        if (i == 0) good_ = false;
        rest_.remove_prefix(i);
        for (; i < 7; ++i) n *= 10;
        return n;
    }

private:
    base::bytes_view rest_;
    bool good_ = true;
};

std::int64_t days_in(std::int64_t year, std::int64_t month)
{
    return month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1);
}

void append_padded(std::int64_t n, int width, std::string& out)
{
    char buffer[8];
    for (int i = width; i-- > 0; n /= 10) buffer[i] = static_cast<char>('0' + n % 10);
    out.append(buffer, static_cast<std::size_t>(width));
}

/// ".0000001", without zeros at the end; nothing for 0.
void append_fraction(std::int64_t ticks, std::string& out)
{
    if (ticks == 0) return;
    out += '.';
    append_padded(ticks, 7, out);
    out.erase(out.find_last_not_of('0') + 1);
}

} // namespace

std::optional<date_time> parse_date_time(base::bytes_view text) noexcept
{
    cutter c(text);
    const std::int64_t year = c.digits(4);
    c.need('-');
    const std::int64_t month = c.digits(2);
    c.need('-');
    const std::int64_t of_month = c.digits(2);
    if (!c.good() || year < 1 || month < 1 || month > 12 || of_month < 1 || of_month > days_in(year, month))
        return std::nullopt;
    date_time made;
    made.ticks = days_of(year, month, of_month) * day;
    if (c.take('T')) {
        const std::int64_t h = c.digits(2);
        c.need(':');
        const std::int64_t m = c.digits(2);
        c.need(':');
        const std::int64_t s = c.digits(2);
        const std::int64_t f = c.take('.') ? c.fraction(true) : 0;
        if (m > 59 || s > 59 || h > 24 || (h == 24 && m + s + f != 0)) return std::nullopt;
        made.ticks += h * hour + m * minute + s * second + f;
    }
    if (c.take('Z')) {
        made.in = date_time::zone::utc;
    } else if (c.at('+') || c.at('-')) {
        const bool minus = c.take('-');
        if (!minus) c.need('+');
        const std::int64_t h = c.digits(2);
        c.need(':');
        const std::int64_t m = c.digits(2);
        if (h > 14 || m > 59 || (h == 14 && m != 0)) return std::nullopt;
        made.in = date_time::zone::offset;
        made.offset_minutes = static_cast<std::int16_t>((minus ? -1 : 1) * (h * 60 + m));
    }
    if (!c.done() || made.ticks > last_tick) return std::nullopt;
    return made;
}

std::optional<duration> parse_timespan(base::bytes_view text) noexcept
{
    cutter c(text);
    const bool minus = c.take('-');
    c.need('P');
    // .NET's TimeSpan: a year is 365 days, a month 30.
    static constexpr struct
    {
        char letter;
        std::int64_t ticks;
    } dated[] = {{'Y', 365 * day}, {'M', 30 * day}, {'D', day}}, timed[] = {{'H', hour}, {'M', minute}, {'S', second}};
    __extension__ using wide = unsigned __int128;
    wide sum = 0;
    bool any = false;
    const auto fields = [&](const auto& rows) {
        std::size_t row = 0;
        while (c.good() && !c.done() && !c.at('T')) {
            const std::uint64_t n = c.number();
            const bool point = c.take('.');
            const std::int64_t f = point ? c.fraction(false) : 0;
            while (row < 3 && !c.at(rows[row].letter)) ++row;
            if (row == 3 || (point && rows[row].letter != 'S')) return false;
            c.need(rows[row].letter);
            sum += static_cast<wide>(n) * static_cast<wide>(rows[row].ticks) + static_cast<wide>(f);
            any = true;
            ++row;
        }
        return c.good();
    };
    if (!c.good() || !fields(dated)) return std::nullopt;
    if (c.take('T')) {
        any = false;
        if (!fields(timed)) return std::nullopt;
    }
    constexpr wide most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!any || !c.done() || sum > most + (minus ? 1 : 0)) return std::nullopt;
    const auto size = static_cast<std::uint64_t>(sum);
    return duration{static_cast<std::int64_t>(minus ? 0 - size : size)};
}

void format_date_time(date_time t, std::string& out)
{
    const date d = date_of(t.ticks / day);
    std::int64_t rest = t.ticks % day;
    append_padded(d.year, 4, out);
    out += '-';
    append_padded(d.month, 2, out);
    out += '-';
    append_padded(d.day, 2, out);
    out += 'T';
    append_padded(rest / hour, 2, out);
    out += ':';
    append_padded(rest / minute % 60, 2, out);
    out += ':';
    append_padded(rest / second % 60, 2, out);
    rest %= second;
    append_fraction(rest, out);
    if (t.in == date_time::zone::utc) out += 'Z';
    if (t.in != date_time::zone::offset) return;
    const std::int64_t offset = t.offset_minutes;
    out += offset < 0 ? '-' : '+';
    append_padded((offset < 0 ? -offset : offset) / 60, 2, out);
    out += ':';
    append_padded((offset < 0 ? -offset : offset) % 60, 2, out);
}

void format_duration(duration d, std::string& out)
{
    std::uint64_t rest = d.ticks < 0 ? 0 - static_cast<std::uint64_t>(d.ticks) : static_cast<std::uint64_t>(d.ticks);
    const auto part = [&](std::uint64_t unit, char letter) {
        if (rest >= unit) out += std::to_string(rest / unit) + letter;
        rest %= unit;
    };
    if (d.ticks < 0) out += '-';
    out += 'P';
    part(day, 'D');
    if (rest == 0 && d.ticks != 0) return;
    out += 'T';
    part(hour, 'H');
    part(minute, 'M');
    if (rest == 0 && d.ticks != 0) return;
    out += std::to_string(rest / second);
    append_fraction(static_cast<std::int64_t>(rest % second), out);
    out += 'S';
}

} // namespace winrm::clixml

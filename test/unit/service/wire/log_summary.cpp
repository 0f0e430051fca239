#include "service/wire/log_summary.h"

#include <gtest/gtest.h>

#include <chrono>

using namespace winrm;
using namespace winrm::service::wire;
using namespace std::chrono_literals;

namespace {

class lines final : public base::log_sink
{
public:
    void write(base::log_level, base::bytes_view event, std::initializer_list<base::log_field> fields) override
    {
        std::string line{event};
        for (const base::log_field& f : fields) line += ' ' + std::string{f.key} + '=' + f.value;
        all.push_back(std::move(line));
    }
    std::vector<std::string> all;
};

/// Item 6 of the issue on attacks.
class LogSummary : public testing::Test
{
protected:
    void refuse(const std::string& peer, const std::string& reason = "full")
    {
        summary.write(now, base::log_level::warning, "connection_dropped", peer, reason, {{"peer", peer}});
    }
    void wait(base::milliseconds time)
    {
        now += time;
        while (summary.deadline() <= now) summary.handle_timeout(now);
    }
    std::vector<std::string> said() { return std::exchange(log.all, {}); }
    using text = std::vector<std::string>;
    lines log;
    log_summary summary{log, 60s, 3};
    base::time_point now{};
};

TEST_F(LogSummary, TheFirstAtOnceThenTotals)
{
    EXPECT_EQ(summary.deadline(), base::time_point::max());
    for (int i = 0; i < 1600; ++i) refuse("192.0.2.7");
    EXPECT_EQ(said(), (text{"connection_dropped peer=192.0.2.7"}));
    refuse("192.0.2.8");
    refuse("192.0.2.7", "other");
    EXPECT_EQ(said(), (text{"connection_dropped peer=192.0.2.8", "connection_dropped peer=192.0.2.7"}));
    wait(59s);
    EXPECT_EQ(said(), text{});
    wait(1s);
    EXPECT_EQ(said(), (text{"connection_dropped source=192.0.2.7 reason=full more=1599 seconds=60"}));
    refuse("192.0.2.7"); // goes on: no line before the interval is over
    EXPECT_EQ(said(), text{});
    wait(60s);
    EXPECT_EQ(said(), (text{"connection_dropped source=192.0.2.7 reason=full more=1 seconds=60"}));
    wait(60s);
    EXPECT_EQ(said(), text{});
    EXPECT_EQ(summary.deadline(), base::time_point::max()) << "nothing is kept of those who are quiet";
    refuse("192.0.2.7");
    EXPECT_EQ(said(), (text{"connection_dropped peer=192.0.2.7"}));
}

TEST_F(LogSummary, AnIPv6SourceIsItsNetwork)
{
    refuse("2001:db8::1");
    refuse("2001:db8::2");
    EXPECT_EQ(said(), (text{"connection_dropped peer=2001:db8::1"}));
    wait(60s);
    EXPECT_EQ(said(), (text{"connection_dropped source=2001:db8::/64 reason=full more=1 seconds=60"}));
}

TEST_F(LogSummary, ManySourcesAreCountedTogetherAndNothingGrows)
{
    for (int i = 0; i < 1000; ++i) refuse("192.0.2." + std::to_string(i));
    EXPECT_EQ(said().size(), 4u); // three of their own, one for all others
    wait(60s);
    EXPECT_EQ(said(), (text{"connection_dropped source=others reason=full more=996 seconds=60"}));
}

TEST_F(LogSummary, TheEndTellsWhatWasCounted)
{
    for (int i = 0; i < 3; ++i) refuse("");
    EXPECT_EQ(said(), (text{"connection_dropped peer="}));
    now += 5s;
    summary.report_all(now);
    EXPECT_EQ(said(), (text{"connection_dropped reason=full more=2 seconds=5"}));
    summary.report_all(now);
    EXPECT_EQ(said(), text{});
}

} // namespace

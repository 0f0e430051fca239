#include "base/duration.h"

#include <gtest/gtest.h>

using namespace winrm::base;

constexpr std::int64_t longest = 207'360'000'000; // 2400 days

// Item 13: everything that has an exact length.
TEST(duration, i13_reads_xs_duration)
{
    const std::pair<const char*, std::int64_t> good[] = {{"PT20S", 20'000},
                                                         {"PT60.000S", 60'000},
                                                         {"PT7200.000S", 7'200'000},
                                                         {"P0DT0H0M0S", 0},
                                                         {"P1DT2H3M4.5S", 93'784'500},
                                                         {"PT0.001S", 1},
                                                         {"PT0.0019S", 1},
                                                         {"PT1M", 60'000},
                                                         {"PT1H", 3'600'000},
                                                         {"P1D", 86'400'000},
                                                         {"PT1H1S", 3'601'000},
                                                         {"PT2147483.647S", 2'147'483'647},
                                                         {"PT0S", 0},
                                                         {"P2400D", 207'360'000'000},
                                                         {"P0Y0M0DT0H1M0S", 60'000}, // what Java writes
                                                         {"P0MT60S", 60'000},
                                                         {"P0YT60S", 60'000},
                                                         {"P000Y00M01D", 86'400'000},
                                                         {"P0Y", 0},
                                                         {"P0M", 0},
                                                         {"P0D", 0},
                                                         {"P0M1DT0H", 86'400'000},
                                                         {"-P0Y0M0DT0H0M0.000S", 0},
                                                         {"-PT0S", 0},
                                                         {"-PT0.0004S", 0},
                                                         {"PT90M", 5'400'000},
                                                         {"PT00000000000000000000000000001S", 1000},
                                                         {"PT1.50000000000000000000000000S", 1500},
                                                         // More than can be counted: as much as can.
                                                         {"P2401D", longest},
                                                         {"P2400DT0.001S", longest},
                                                         {"P10675199DT2H48M5.4775807S", longest}, // .NET's longest
                                                         {"PT99999999999999999999S", longest},
                                                         {"PT18446744073709551616S", longest},
                                                         {"P213503982334601DT1H1M1S", longest},
                                                         {"PT9999999999999999999999H0.5S", longest}};
    for (const auto& [text, ms] : good) EXPECT_EQ(parse_duration(text), milliseconds{ms}) << text;
    for (const char* bad : {"",
                            "P",
                            "PT",
                            "20S",
                            "PT20",
                            "-PT20S",
                            "PT-20S",
                            "P1Y",
                            "P1M",
                            "P1DT",
                            "PT1S1M",
                            "PT1M1M",
                            "PTS",
                            "PT.5S",
                            "PT1.S",
                            "PT1.5M",
                            "P1.5D",
                            "P1H",
                            "PT1D",
                            "pt20s",
                            "PT20S ",
                            " PT20S",
                            "PT1,5S",
                            "PT1TS",
                            "P1Y0M",
                            "P0Y1M",
                            "P0Y1MT60S",
                            "P99999999999999999999999Y",
                            "P0.0Y",
                            "P0.5M",
                            "P0YT",
                            "P0M0Y",
                            "P1D0M",
                            "P0Y0Y",
                            "PT0Y",
                            "P0W",
                            "-",
                            "-P",
                            "--PT0S",
                            "+PT1S",
                            "-P1D",
                            "-PT0.001S",
                            "-P99999999999D",
                            "P-0D",
                            "0",
                            "PT1e3S"}) {
        EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
    }
}

TEST(duration, writes_seconds_with_three_places)
{
    EXPECT_EQ(format_duration(milliseconds{20'000}), "PT20.000S");
    EXPECT_EQ(format_duration(milliseconds{7'200'001}), "PT7200.001S");
    EXPECT_EQ(format_duration(milliseconds{0}), "PT0.000S");
    EXPECT_EQ(format_duration(milliseconds{45}), "PT0.045S");
    EXPECT_EQ(format_duration(milliseconds{-5}), "PT0.000S");
    for (const std::int64_t ms : {0, 1, 999, 1000, 59'999, 86'400'000}) {
        EXPECT_EQ(parse_duration(format_duration(milliseconds{ms})), milliseconds{ms});
    }
}

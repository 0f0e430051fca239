#include "io/log.h"
#include "io/unique_fd.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace winrm;

TEST(log, one_escaped_line_per_event_from_the_level_on)
{
    testing::internal::CaptureStderr();
    io::loop loop;
    const auto log = io::stderr_log(loop, "winrmd-front", base::log_level::info);
    log->write(base::log_level::debug, "hidden", {});
    log->write(base::log_level::info, "login",
               {{"user", "ada"}, {"from", "a b"}, {"evil", "x\n\x1b[2J\"y"}, {"none", ""}});
    log->write(base::log_level::info, "forged", {{"user", "x\\\" result=ok peer=6.6.6.6 reason=y"}});
    log->write(base::log_level::error, "trouble", {});
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_EQ(text.find("hidden"), std::string::npos);
    EXPECT_NE(text.find("Z info winrmd-front login user=ada from=\"a b\" evil="), std::string::npos) << text;
    EXPECT_NE(text.find("none=\"\""), std::string::npos) << text;
    EXPECT_NE(text.find("user=\"x\\\\\\\" result=ok peer=6.6.6.6 reason=y\"\n"), std::string::npos) << text;
    EXPECT_NE(text.find("error winrmd-front trouble\n"), std::string::npos) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << "nothing foreign may start a line: " << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    // "2026-11-23T20:01:02.345Z "
    ASSERT_GT(text.size(), 25u);
    EXPECT_EQ(text[4], '-');
    EXPECT_EQ(text[10], 'T');
    EXPECT_EQ(text[23], 'Z');
}

} // namespace

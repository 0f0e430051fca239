#include "client/redact.h"

#include "shell/messages.h"

#include <gtest/gtest.h>

namespace {

using namespace winrm;

TEST(redact, stdin_and_environment_are_struck_out_and_nothing_else)
{
    auto send = shell::make_send(std::string(wsman::resource_uri::cmd), "SHELL", "COMMAND", "topsecret", true);
    std::string text = wsman::write_request(send);
    std::string seen = remote::redact_request(text);
    EXPECT_EQ(seen.find(base::base64_encode("topsecret")), std::string::npos) << seen;
    EXPECT_NE(seen.find("struck out"), std::string::npos);
    EXPECT_NE(seen.find("COMMAND"), std::string::npos);

    shell::create_shell c;
    c.environment = {{"TOKEN", "hidden-value"}, {"B", ""}};
    c.working_directory = "C:\\Temp";
    text = wsman::write_request(shell::make_create(c));
    seen = remote::redact_request(text);
    ASSERT_NE(text.find("hidden-value"), std::string::npos);
    EXPECT_EQ(seen.find("hidden-value"), std::string::npos) << seen;
    EXPECT_NE(seen.find("TOKEN"), std::string::npos);
    EXPECT_NE(seen.find("C:\\Temp"), std::string::npos);
}

TEST(redact, broken_envelopes_do_not_leak_either)
{
    EXPECT_EQ(remote::redact_request("<rsp:Stream Name=\"stdin\">c2VjcmV0").find("c2VjcmV0"), std::string::npos);
    EXPECT_EQ(remote::redact_request("no envelope"), "no envelope");
    EXPECT_EQ(remote::redact_request("<rsp:Stream"), "<rsp:Stream");
}

} // namespace

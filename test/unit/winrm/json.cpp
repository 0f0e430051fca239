#include "winrm/json.h"
#include "winrm/report.h"

#include <gtest/gtest.h>

using namespace winrm::cli;

TEST(Json, ObjectsArraysAndCommas)
{
    json_writer w;
    w.begin_object();
    w.text("a", "x");
    w.begin_array("list");
    w.begin_object();
    w.end_object();
    w.begin_object();
    w.number("n", -3);
    w.boolean("b", true);
    w.end_object();
    w.end_array();
    w.null("none");
    w.end_object();
    EXPECT_EQ(w.str(), R"({"a":"x","list":[{},{"n":-3,"b":true}],"none":null})");
}

TEST(Json, Escapes)
{
    EXPECT_EQ(json_string("a\"b\\c\n\r\t\x01\x1b\x7f"), R"("a\"b\\c\n\r\t\u0001\u001b\u007f")");
    EXPECT_EQ(json_string("\xc3\xbc\xf0\x9d\x84\x9e"), "\"\xc3\xbc\xf0\x9d\x84\x9e\"");
    EXPECT_EQ(json_string("\xff\xc3\xbc\xc3"), "\"\xef\xbf\xbd\xc3\xbc\xef\xbf\xbd\"");
}

TEST(Json, StreamsThatAreNoTextAreMarked)
{
    json_writer w;
    w.begin_object();
    w.stream("stdout", "caf\xc3\xa9");
    w.stream("stderr", "\xff\x00");
    w.end_object();
    EXPECT_EQ(w.str(), "{\"stdout\":\"caf\xc3\xa9\",\"stderr\":\"/w==\",\"stderr_encoding\":\"base64\"}");
}

TEST(Report, OneLineWithExplanation)
{
    winrm::fault_info f;
    f.code = 0x8033805B;
    f.message = "The shell\r\n was \x1b[31mnot found.";
    const winrm::error e(winrm::errc::fault, "the host refused the request", f);
    const auto line = error_line("web1", e);
    EXPECT_EQ(line.rfind("winrm: web1: the host refused the request: The shell was \\x1b[31mnot found. (2150858843 = "
                         "0x8033805B: there is no such shell",
                         0),
              0U)
        << line;
    EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(Report, ForeignTextCannotAddLines)
{
    const auto e = winrm::error(winrm::errc::not_wsman, "this is no WS-Management service")
                       .with_peer_text("<html>\nwinrm: all is well\n");
    const auto line = error_line("a\nb", e);
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    EXPECT_NE(line.find("no WS-Management service"), std::string::npos);
}

TEST(Report, ErrorObject)
{
    winrm::fault_info f;
    f.code = 5;
    f.reason = "no";
    json_writer w;
    w.begin_object();
    write_error(w, winrm::error(winrm::errc::fault, "refused", f));
    w.end_object();
    EXPECT_EQ(w.str().rfind(R"({"error":{"code":"fault","message":"refused","fault":{"code":5,"hex":"0x00000005")", 0),
              0U)
        << w.str();
}

#include "cli/json.h"
#include "cli/report.h"

#include "base/base64.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(Json, LargeStreamsLeaveInPieces)
{
    std::string text, bytes;
    while (text.size() < 300'000) text += "a\"\xc3\xbc\xf0\x9d\x84\x9e\n";
    while (bytes.size() < 300'001) bytes += static_cast<char>(bytes.size() * 7 % 251);
    const auto write = [&](json_writer& w) {
        w.begin_object();
        w.stream("stdout", text);
        w.stream("stderr", bytes);
        w.end_object();
    };
    json_writer whole;
    write(whole);
    EXPECT_EQ(whole.str(), "{\"stdout\":" + json_string(text) + ",\"stderr\":\"" + winrm::base::base64_encode(bytes) +
                               "\",\"stderr_encoding\":\"base64\"}");
    std::string got;
    std::size_t largest = 0;
    json_writer pieces([&](winrm::base::bytes_view piece) {
        got += piece;
        largest = std::max(largest, piece.size());
        return true;
    });
    write(pieces);
    EXPECT_TRUE(pieces.finish());
    EXPECT_EQ(got, whole.str() + "\n");
    EXPECT_LT(largest, 350'000U / 2);

    int calls = 0;
    json_writer broken([&](winrm::base::bytes_view) { return ++calls < 2; });
    write(broken);
    EXPECT_FALSE(broken.finish());
    EXPECT_EQ(calls, 2); // a disk that is full is asked once
}

TEST(Report, AddressIsNotSaidTwice)
{
    const winrm::error e(winrm::errc::connect, "127.0.0.1 port 1 refuses the connection");
    EXPECT_EQ(error_line("127.0.0.1", e), "winrm: 127.0.0.1: port 1 refuses the connection\n");
    EXPECT_EQ(error_line("localhost", e), "winrm: localhost: 127.0.0.1 port 1 refuses the connection\n");
    EXPECT_EQ(error_line("", e), "winrm: 127.0.0.1 port 1 refuses the connection\n");
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

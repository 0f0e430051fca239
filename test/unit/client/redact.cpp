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

TEST(redact, secrets_of_an_answers_head_are_struck_out_and_nothing_else)
{
    const struct
    {
        const char *sent, *seen;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {"HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nwww-authenticate:Basic realm=\"a,b\"\r\n",
         "HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nwww-authenticate:Basic realm=\"a,b\"\r\n"},
        {"WWW-Authenticate: Negotiate oYG2==, Basic realm=x\r\n",
         "WWW-Authenticate: Negotiate [6 characters struck out], Basic realm=x\r\n"},
        {"proxy-authenticate: NTLM TlRM\n", "proxy-authenticate: NTLM [4 characters struck out]\n"},
        {"Set-Cookie: id=123; path=/\r\nX: y\r\n", "Set-Cookie: [14 characters struck out]\r\nX: y\r\n"},
        {"Set-Cookie: a\r\n b=c\r\nX: y\r\n",
         "Set-Cookie: [1 characters struck out]\r\n [4 characters struck out]\r\nX: y\r\n"},
        {"Location: https://ada:pw@web2/x?t=1\r\n",
         "Location: https://[6 characters struck out]@web2/x?[3 characters struck out]\r\n"},
        {"Location: /x\r\n", "Location: /x\r\n"},
        {"Location: https://ada:p;w@web2/x;v=1?t\r\n",
         "Location: https://[7 characters struck out]@web2/x;[5 characters struck out]\r\n"},
        {"Location: /x;jsessionid=1\r\n", "Location: /x;[12 characters struck out]\r\n"},
        {"WWW-Authenticate: Negotiate\r\n YIIabc\r\nX: y\r\n",
         "WWW-Authenticate: Negotiate\r\n [7 characters struck out]\r\nX: y\r\n"},
        {"Location:\r\n https://ada:pw@h/\r\n", "Location:\r\n [18 characters struck out]\r\n"},
        {"\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\n",
         "\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: [3 characters struck out]\r\n\r\n"},
        {"X: y\rX-Auth-Token: abc\nZ: 1", "X: y\rX-Auth-Token: [3 characters struck out]\nZ: 1"},
        {"Set-Cookie: sid=abc\rX: y\r\rz\r\nX: y",
         "Set-Cookie: [7 characters struck out]\r[4 characters struck out]\r\r[1 characters struck out]\r\nX: y"},
        {"HTTP/1.1 200 OK\r\r\nX: y\r\r\nSet-Cookie: s\r\r\n\r\r\nCookie: of the body",
         "HTTP/1.1 200 OK\r\r\nX: y\r\r\nSet-Cookie: [1 characters struck out]\r\r\n\r\r\nCookie: of the body"},
        {"Location: https://ada:p/w@web2/x\r\n", "Location: [15 characters struck out]@web2/x\r\n"},
        {"Location: https://ada:12/w@web2/x\r\n", "Location: [16 characters struck out]@web2/x\r\n"},
        {"Location: https://ada@x:p?w@web2/x\r\n", "Location: [17 characters struck out]@web2/x\r\n"},
        {"Location: https:/\\ada:pw@web2/x\r\n", "Location: [14 characters struck out]@web2/x\r\n"},
        {"Location: https://DOM\\ada:pw@web2/x\r\n", "Location: [18 characters struck out]@web2/x\r\n"},
        {"Location: HTTPS:ada:pw@web2\r\n", "Location: [12 characters struck out]@web2\r\n"},
        {"Location: https: //ada:pw@web2/x\r\n", "Location: [15 characters struck out]@web2/x\r\n"},
        {"Location: ada:pw@web2/x\r\n", "Location: [6 characters struck out]@web2/x\r\n"},
        {"Location: https://web2/goto/https://ada:pw@web3/x\r\n", "Location: [32 characters struck out]@web3/x\r\n"},
        {"Location: /a@b\r\n", "Location: /a@b\r\n"},
        {"Location: /goto/https://ada:pw@web3/x\r\n", "Location: [20 characters struck out]@web3/x\r\n"},
        {"Location: /\\ada:pw@web2\r\n", "Location: [8 characters struck out]@web2\r\n"},
        {"Location: https://[::1]:5986/x?a@b\r\n", "Location: https://[::1]:5986/x?[3 characters struck out]\r\n"},
        {"Location: https://ada@[::1]/x\r\n", "Location: https://[3 characters struck out]@[::1]/x\r\n"},
        {"Location: /x?t=s&n=http://web2/\r\n", "Location: /x?[18 characters struck out]\r\n"},
        {"Refresh: 0; URL=//ada:pw@web2/x?y\r\n",
         "Refresh: 0;[1 characters struck out]URL=//[6 characters struck out]@web2/x?[1 characters struck out]\r\n"},
        {"X: y\r\n Set-Cookie: s\r\n", "X: y\r\n Set-Cookie: [1 characters struck out]\r\n"},
        {"Set-Cookie\r: s\r\n", "Set-Cookie\r[3 characters struck out]\r\n"},
        {"HTTP/1.1 100 Go on\r\n\r\n\r\nHTTP/1.1 200 OK\r\nCookie: x\r\n\r\n",
         "HTTP/1.1 100 Go on\r\n\r\n\r\nHTTP/1.1 200 OK\r\nCookie: [1 characters struck out]\r\n\r\n"},
        {"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\nCookie: x\r\n\r\nCookie: of the body",
         "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\nCookie: [1 characters struck out]\r\n\r\nCookie: of the body"},
        {"Set-Cookie: cut", "Set-Cookie: [3 characters struck out]"},
        {"SSH-2.0-OpenSSH\r\n", "SSH-2.0-OpenSSH\r\n"},
        {"", ""},
    };
    for (const auto& r : rows) EXPECT_EQ(remote::redact_answer(r.sent), r.seen);
}

TEST(redact, broken_envelopes_do_not_leak_either)
{
    EXPECT_EQ(remote::redact_request("<rsp:Stream Name=\"stdin\">c2VjcmV0").find("c2VjcmV0"), std::string::npos);
    EXPECT_EQ(remote::redact_request("no envelope"), "no envelope");
    EXPECT_EQ(remote::redact_request("<rsp:Stream"), "<rsp:Stream");
}

} // namespace

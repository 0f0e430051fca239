// Every answer that is no WS-Management reply has its code and its sentence.
#include "client/answer.h"

#include <gtest/gtest.h>

namespace {

using namespace winrm;

struct row
{
    const char* what;
    int status;
    const char* media_type;
    const char* body;
    std::vector<std::string> challenges;
    errc code;
    const char* sentence;
    const char* peer = "";
};

const row rows[] = {
    {"Basic refused",
     401,
     "",
     "",
     {"Basic realm=\"WSMAN\""},
     errc::login_denied,
     "refused the login for CORP\\ada with Basic (it offers Basic)"},
    {"Basic not offered",
     401,
     "",
     "",
     {"Negotiate", "Kerberos"},
     errc::login_not_offered,
     "refused the login for CORP\\ada with Basic (it offers Negotiate, Kerberos)"},
    {"a web page",
     200,
     "text/html",
     "\n <title>Welcome</title>\n",
     {},
     errc::not_wsman,
     "no WS-Management message",
     "Welcome"},
    {"not found", 404, "text/html", "Not Found", {}, errc::not_wsman, "404", "Not Found"},
    {"no POST", 405, "", "", {}, errc::not_wsman, "405"},
    {"a redirect", 302, "text/html", "", {}, errc::http_status, "not followed"},
    {"a gateway", 502, "text/html", "Bad Gateway", {}, errc::http_status, "proxy", "Bad Gateway"},
    {"too large", 413, "", "", {}, errc::too_large, "MaxEnvelopeSizekb"},
    {"500 without words", 500, "", "", {}, errc::http_status, "AllowUnencrypted=false"},
    {"400 without words", 400, "", "", {}, errc::http_status, "400"},
    {"SOAP type, no SOAP", 200, "application/soap+xml", "<html/>", {}, errc::protocol, ""},
    {"SOAP cut short",
     200,
     "application/soap+xml",
     "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>",
     {},
     errc::protocol,
     ""},
    {"DTD", 200, "application/soap+xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", {}, errc::protocol, ""},
};

TEST(answer, each_strange_answer_is_named)
{
    const base::limits limits;
    for (const row& r : rows) {
        SCOPED_TRACE(r.what);
        http::response answer;
        answer.status = r.status;
        answer.media_type = r.media_type;
        answer.body = r.body;
        answer.challenges = r.challenges;
        auto got = remote::read_answer(std::move(answer), {"CORP\\ada", false, "uuid:1", limits});
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code(), r.code) << got.error();
        EXPECT_NE(got.error().message().find(r.sentence), std::string::npos) << got.error();
        EXPECT_NE(got.error().peer_text().find(r.peer), std::string::npos) << got.error();
        EXPECT_EQ(got.error().http_status(), r.status);
    }
}

TEST(answer, the_offered_schemes_are_data)
{
    const base::limits limits;
    for (const char* user : {"", "ada"}) {
        http::response answer;
        answer.status = 401;
        answer.challenges = {"Negotiate", "Basic realm=\"WSMAN\""};
        const auto got = remote::read_answer(std::move(answer), {user, true, "", limits});
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().offered(), (std::vector<std::string>{"Negotiate", "Basic"}));
    }
    http::response answer;
    answer.status = 404;
    answer.challenges = {"Negotiate"};
    const auto got = remote::read_answer(std::move(answer), {"ada", true, "", limits});
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().offered().empty());
}

TEST(answer, control_characters_of_the_peer_do_not_reach_our_words)
{
    const base::limits limits;
    http::response answer;
    answer.status = 401;
    answer.challenges = {"\x1b[2JEvil"};
    auto got = remote::read_answer(std::move(answer), {"ada", true, "", limits});
    ASSERT_FALSE(got);
    EXPECT_EQ(to_string(got.error()).find('\x1b'), std::string::npos);
}

} // namespace

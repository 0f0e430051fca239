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
    const char* location = "";
};

constexpr const char* foreign = "another service on this port, wrote it or cut it short";

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
    {"a page with a title in the usual place",
     404,
     "text/html",
     "\xEF\xBB\xBF<!DOCTYPE HTML>\n<html><head><TITLE lang=\"en\">\n Not\x1b[1m here </TITLE></head>",
     {},
     errc::not_wsman,
     "404",
     "=Not\\x1b[1m here"},
    {"a page without a title", 404, "text/html", "<!DOCTYPE HTML>\n<h1>Not here</h1>", {}, errc::not_wsman, "404", "="},
    {"a page cut within its title", 404, "text/html", "<html><title>Not he", {}, errc::not_wsman, "404", "="},
    {"not found", 404, "text/html", "Not Found", {}, errc::not_wsman, "404", "Not Found"},
    {"no POST", 405, "", "", {}, errc::not_wsman, "405"},
    {"a redirect", 302, "text/html", "", {}, errc::http_status, "not followed"},
    {"a redirect that says where to",
     301,
     "text/html",
     "<title>Moved</title>",
     {},
     errc::http_status,
     "if that place is the right one, name it instead of this host",
     "=https://web2.example:5986/wsman",
     "https://ada:secret@web2.example:5986/wsman?token=1#there"},
    {"a redirect within the host", 308, "", "", {}, errc::http_status, "name it", "=/a@b\\x1b", "/a@b\x1b"},
    {"401 without a scheme",
     401,
     "",
     "",
     {},
     errc::login_denied,
     "with Basic (it names no scheme): check user and password, and the port"},
    {"a gateway", 502, "text/html", "Bad Gateway", {}, errc::http_status, "proxy", "Bad Gateway"},
    {"too large", 413, "", "", {}, errc::too_large, "MaxEnvelopeSizekb"},
    {"500 without words", 500, "", "", {}, errc::http_status, "AllowUnencrypted=false"},
    {"400 without words", 400, "", "", {}, errc::http_status, "400"},
    {"SOAP type, no SOAP",
     200,
     "application/soap+xml",
     "<html><title>A portal</title></html>",
     {},
     errc::protocol,
     "no WS-Management message: the message is no SOAP envelope; ",
     "=A portal"},
    {"XML cut short", 200, "text/xml", "<a><b>", {}, errc::protocol, "message: the XML ends too early (line 1", "="},
    {"SOAP cut short",
     200,
     "application/soap+xml",
     "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>",
     {},
     errc::protocol,
     foreign},
    {"SOAP 1.1",
     200,
     "text/xml",
     "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"/>",
     {},
     errc::not_wsman,
     "no WS-Management message: the message is SOAP 1.1"},
    {"DTD", 200, "application/soap+xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", {}, errc::protocol, foreign},
    {"the answer to another request keeps its own words",
     200,
     "application/soap+xml",
     "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body/></s:Envelope>",
     {},
     errc::protocol,
     "the answer belongs to another request"},
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
        answer.location = r.location;
        auto got = remote::read_answer(std::move(answer), {"CORP\\ada", "Basic", false, "uuid:1", limits});
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code(), r.code) << got.error();
        EXPECT_NE(got.error().message().find(r.sentence), std::string::npos) << got.error();
        const base::bytes_view peer = r.peer; // "=…": exactly that
        if (peer.starts_with('=')) {
            EXPECT_EQ(got.error().peer_text(), peer.substr(1));
        } else {
            EXPECT_NE(got.error().peer_text().find(peer), std::string::npos) << got.error();
        }
        EXPECT_EQ(got.error().http_status(), r.status);
        const bool another = got.error().message().ends_with(foreign);
        EXPECT_EQ(got.error().remedy(), another ? remedy::check_port : remedy::none) << got.error();
    }
}

/// Issue 8, item 22: a sentence is whole with and without the peer's words, and blames nothing that was right before.
TEST(answer, s22_no_sentence_ends_in_nothing_or_blames_what_has_worked)
{
    const base::limits limits;
    const std::vector<std::string> dangling{":",      ";",      ",",       "(",      " is",
                                            " it is", " names", " offers", " until", " from"};
    const char* blamed[] = {"AllowUnencrypted", "listens on this port", "port right", "is no WS-Management service",
                            "check user and password"};
    for (const bool before : {false, true}) {
        for (int status = 200; status < 600; ++status) {
            for (const char* type : {"", "application/soap+xml", "text/html"}) {
                for (const char* body : {"", " \n ", "<", "<a", "<a/>", "<title> </title>", "\x01", "."}) {
                    for (const char* location : {"", "/", ".", "https://ada:secret@"}) {
                        if (status / 100 != 3 && *location != '\0') continue;
                        http::response answer;
                        answer.status = status;
                        answer.media_type = type;
                        answer.body = body;
                        answer.location = location;
                        answer.challenges = {",", " "};
                        const auto got =
                            remote::read_answer(std::move(answer), {"ada", "Basic", false, "uuid:1", limits, before});
                        ASSERT_FALSE(got);
                        const std::string& text = got.error().message();
                        for (const auto& end : dangling) ASSERT_FALSE(text.ends_with(end)) << status << ' ' << text;
                        for (const char* nothing : {": )", "()", ":  ", ", ,", "offers )"})
                            ASSERT_EQ(text.find(nothing), std::string::npos) << status << ' ' << text;
                        for (const char* what : blamed)
                            ASSERT_TRUE(!before || text.find(what) == std::string::npos) << status << ' ' << text;
                        ASSERT_TRUE(!before || got.error().code() != errc::not_wsman || *body != '\0') << text;
                    }
                }
            }
        }
    }
}

TEST(answer, s22_windows_takes_local_names_without_a_prefix)
{
    const base::limits limits;
    struct login
    {
        const char *user, *hint; ///< hint "" = none
    };
    for (const login& r : {login{"DOM\\ada", "a domain or computer: ada"}, login{".\\ada", "a domain or computer: ada"},
                           login{"ada@dom.example", "a domain or computer: ada"},
                           login{"DOM\\", "a domain or computer"}, login{"ada", ""}}) {
        http::response answer;
        answer.status = 401;
        answer.challenges = {"Basic realm=\"WSMAN\""};
        const auto got = remote::read_answer(std::move(answer), {r.user, "Basic", true, "", limits});
        ASSERT_FALSE(got);
        const std::string& text = got.error().message();
        EXPECT_TRUE(text.ends_with(*r.hint != '\0' ? r.hint : "may log in there")) << text;
    }
}

TEST(answer, the_offered_schemes_are_data)
{
    const base::limits limits;
    for (const char* user : {"", "ada"}) {
        http::response answer;
        answer.status = 401;
        answer.challenges = {"Negotiate", "Basic realm=\"WSMAN\""};
        const auto got = remote::read_answer(std::move(answer), {user, *user == 0 ? "" : "Basic", true, "", limits});
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().offered(), (std::vector<std::string>{"Negotiate", "Basic"}));
    }
    http::response answer;
    answer.status = 404;
    answer.challenges = {"Negotiate"};
    const auto got = remote::read_answer(std::move(answer), {"ada", "Basic", true, "", limits});
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().offered().empty());
}

TEST(answer, control_characters_of_the_peer_do_not_reach_our_words)
{
    const base::limits limits;
    http::response answer;
    answer.status = 401;
    answer.challenges = {"\x1b[2JEvil"};
    auto got = remote::read_answer(std::move(answer), {"ada", "Basic", true, "", limits});
    ASSERT_FALSE(got);
    EXPECT_EQ(to_string(got.error()).find('\x1b'), std::string::npos);
}

} // namespace

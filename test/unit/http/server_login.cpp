#include "server_driver.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

using namespace test;

TEST(server_login, S1_no_route_but_identify_is_open)
{
    for (const char* path : {"/wsman", "/wsman/", "/wsman?x=y"}) {
        server_driver d;
        d.feed(post("<a/>", "", path));
        EXPECT_EQ(d.statuses(), "401") << path;
        EXPECT_TRUE(d.has("WWW-Authenticate: Basic realm=\"WSMAN\"\r\n")) << path;
        EXPECT_TRUE(d.has("Content-Length: 0\r\n")) << path;
        EXPECT_FALSE(d.has("Content-Type")) << path;
        EXPECT_FALSE(d.closed) << path;
        EXPECT_TRUE(d.requests.empty() && d.logins.empty()) << path;
    }
}

// Item 7: not even which paths and methods there are is told without a login.
TEST(server_login, S1_no_method_and_no_path_is_told_apart_without_a_login)
{
    const std::string rest = " HTTP/1.1\r\nHost: h\r\n";
    for (const std::string first :
         {"GET /wsman", "TRACE /wsman", "OPTIONS /wsman", "GET /", "POST /elsewhere", "GET /wsman-anon/identify"}) {
        server_driver d, refused;
        d.feed(first + rest + "\r\n");
        EXPECT_EQ(d.statuses(), "401") << first;
        EXPECT_TRUE(d.said.ends_with("\r\n\r\n")) << d.said;
        EXPECT_TRUE(d.logins.empty()) << first;
        refused.feed(first + rest + "Authorization: " + basic("ada:wrong") + "\r\n\r\n");
        EXPECT_EQ(refused.statuses(), "401") << first;
    }
    server_driver elsewhere;
    elsewhere.feed(post("x", "WSMANIDENTIFY: unauthenticated\r\n", "/elsewhere"));
    EXPECT_EQ(elsewhere.statuses(), "401");
}

TEST(server_login, S1_anonymous_identify_is_a_fixed_text_whatever_is_asked)
{
    for (const std::string& body : {std::string{}, std::string{"<!DOCTYPE not xml"}, std::string(100'000, 'x')}) {
        server_driver by_path, by_field;
        by_path.feed(post(body, "", "/wsman-anon/identify"));
        by_field.feed(post(body, "WSMANIDENTIFY: unauthenticated\r\n"));
        for (const auto* d : {&by_path, &by_field}) {
            EXPECT_EQ(d->statuses(), "200");
            EXPECT_TRUE(d->has("\r\n\r\n<identify/>"));
            EXPECT_TRUE(d->requests.empty() && d->logins.empty());
            EXPECT_FALSE(d->connection.authenticated());
        }
    }
    server_driver other;
    other.feed(post("x", "WSMANIDENTIFY: authenticated\r\n"));
    EXPECT_EQ(other.statuses(), "401");
    server_driver large;
    large.feed(post(std::string(600 * 1024, 'x'), "", "/wsman-anon/identify"));
    EXPECT_EQ(large.statuses(), "413");
}

TEST(server_login, S2_nobody_is_logged_in_before_the_answer)
{
    server_driver d;
    d.answering = false;
    EXPECT_FALSE(d.connection.authenticated());
    d.feed(post("one"));
    ASSERT_EQ(d.logins, std::vector<std::string>{"ada:pw"});
    EXPECT_FALSE(d.connection.authenticated());
    EXPECT_FALSE(d.connection.wants_input());
    EXPECT_TRUE(d.requests.empty());
    d.connection.login_answered(auth::login_verdict::accepted, {}, d.now);
    d.settle();
    EXPECT_TRUE(d.connection.authenticated());
    EXPECT_EQ(d.requests, std::vector<std::string>{"one"});
}

TEST(server_login, the_same_credentials_need_no_second_login)
{
    server_driver d;
    d.feed(post("one") + post("two") + post("three"));
    EXPECT_EQ(d.statuses(), "200 200 200");
    EXPECT_EQ(d.logins.size(), 1u);
    EXPECT_EQ(d.requests, (std::vector<std::string>{"one", "two", "three"}));
}

TEST(server_login, S3_other_credentials_drop_who_was_logged_in_before_they_are_read)
{
    server_driver d;
    d.feed(post("one"));
    ASSERT_TRUE(d.connection.authenticated());
    d.answering = false;
    d.feed(post("two", "Authorization: " + basic("ada:other") + "\r\n"));
    EXPECT_EQ(d.logins.size(), 2u);
    EXPECT_FALSE(d.connection.authenticated());
    d.connection.login_answered(auth::login_verdict::denied, {}, d.now);
    d.settle();
    EXPECT_EQ(d.statuses(), "200 401");
    EXPECT_FALSE(d.connection.authenticated());
    // What was right before is asked again.
    d.answering = true;
    d.feed(post("three"));
    EXPECT_EQ(d.statuses(), "200 401 200");
    EXPECT_EQ(d.logins.size(), 3u);
    EXPECT_EQ(d.requests, (std::vector<std::string>{"one", "three"}));
}

TEST(server_login, S3_nothing_of_a_login_outlives_what_is_not_the_same)
{
    const std::string no_login[] = {
        post("x", ""),                                            // RFC 7617: each request proves itself
        post("x", "Authorization: Negotiate YII=\r\n"),           // another scheme
        post("x", "Authorization: Basic ???\r\n"),                // no credentials at all
        post("x", "Authorization: " + ada + "=\r\n"),             // nearly the same
        post("x", "WSMANIDENTIFY: unauthenticated\r\n"),          // anonymous by wish
        post("x", "Authorization: Basic YQ==\r\n", "/elsewhere"), // refused for another reason
    };
    for (const std::string& text : no_login) {
        server_driver d;
        d.feed(post("one"));
        ASSERT_TRUE(d.connection.authenticated());
        d.feed(text);
        EXPECT_FALSE(d.connection.authenticated()) << text;
        EXPECT_EQ(d.requests.size(), 1u) << text;
        d.feed(post("two"));
        EXPECT_EQ(d.logins.size(), 2u) << text;
    }
}

TEST(server_login, S3_a_second_connection_inherits_nothing)
{
    const crypto::keyed_digest digest;
    server_connection one{safe_options(), {}, digest, {}}, two{safe_options(), {}, digest, {}};
    one.received(post("x"), {});
    ASSERT_TRUE(std::holds_alternative<login_wanted>(*one.poll()));
    one.login_answered(auth::login_verdict::accepted, {}, {});
    two.received(post("x"), {});
    EXPECT_FALSE(two.authenticated());
    EXPECT_TRUE(std::holds_alternative<login_wanted>(*two.poll()));
}

TEST(server_login, S4_basic_in_the_clear_is_neither_offered_nor_read)
{
    server_options plain = safe_options();
    plain.tls = false;
    server_driver d{plain};
    d.feed(post("x", "") + post("x"));
    EXPECT_EQ(d.statuses(), "401 401");
    EXPECT_FALSE(d.has("WWW-Authenticate"));
    EXPECT_TRUE(d.logins.empty());

    plain.policy.allow_unencrypted = true;
    server_driver allowed{plain};
    allowed.feed(post("x", "") + post("x"));
    EXPECT_EQ(allowed.statuses(), "401 200");
    EXPECT_TRUE(allowed.has("WWW-Authenticate: Basic"));
}

TEST(server_login, S4_basic_that_is_switched_off_is_neither_offered_nor_read)
{
    server_options o = safe_options();
    o.offer_basic = false;
    server_driver d{o};
    d.feed(post("x", "") + post("x"));
    EXPECT_EQ(d.statuses(), "401 401");
    EXPECT_FALSE(d.has("WWW-Authenticate"));
    EXPECT_TRUE(d.logins.empty());
}

TEST(server_login, S8_the_number_of_failed_logins_is_bounded)
{
    server_options o = safe_options();
    o.max_login_attempts = 3;
    const std::string wrong = post("x", "Authorization: " + basic("ada:no") + "\r\n"),
                      foreign = post("x", "Authorization: NTLM x\r\n");
    server_driver d{o};
    d.feed(wrong + foreign);
    EXPECT_FALSE(d.closed);
    d.feed(post("good"));
    d.feed(wrong);
    EXPECT_EQ(d.statuses(), "401 401 200 401");
    EXPECT_TRUE(d.closed);
    d.feed(post("late"));
    EXPECT_EQ(d.requests.size(), 1u);
}

TEST(server_login, expect_is_answered_only_after_the_login)
{
    server_driver d;
    d.answering = false;
    const std::string head =
        "POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Type: application/soap+xml\r\nContent-Length: 3\r\n"
        "Expect: 100-continue\r\nAuthorization: " +
        ada + "\r\n\r\n";
    d.feed(head);
    EXPECT_EQ(d.said, "");
    d.connection.login_answered(auth::login_verdict::accepted, {}, d.now);
    d.settle();
    EXPECT_EQ(d.said, "HTTP/1.1 100 Continue\r\n\r\n");
    d.feed("one");
    EXPECT_EQ(d.requests, std::vector<std::string>{"one"});

    server_driver denied;
    denied.answering = false;
    denied.feed(head);
    denied.connection.login_answered(auth::login_verdict::denied, {}, denied.now);
    denied.settle();
    EXPECT_EQ(denied.statuses(), "401");
    EXPECT_TRUE(denied.closed);
}

TEST(server_login, a_login_service_out_of_order_is_503_and_leaves_nobody_logged_in)
{
    server_driver d;
    d.answering = false;
    d.feed(post("one"));
    d.connection.login_answered(auth::login_verdict::unavailable, {}, d.now);
    d.settle();
    EXPECT_EQ(d.statuses(), "503");
    EXPECT_FALSE(d.connection.authenticated());
    EXPECT_FALSE(d.closed);
}

} // namespace
} // namespace winrm::http

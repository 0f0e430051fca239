#include "service/front/front_server.h"

#include "front_fixture.h"

namespace winrm::service::front {
namespace {

using front_test = front_fixture;

// S1: whatever the route, without credentials nobody but the front is asked.
TEST_F(front_test, no_route_leads_anywhere_without_credentials)
{
    const struct
    {
        const char* request;
        const char* status;
    } rows[] = {
        {"POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Type: application/soap+xml\r\nContent-Length: 0\r\n\r\n", "401"},
        {"POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Type: application/soap+xml\r\nContent-Length: 5\r\n\r\n<a/>\n",
         "401"},
        {"POST /wsman?PSVersion=5.1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/soap+xml\r\nContent-Length: "
         "0\r\n\r\n",
         "401"},
        {"POST /wsman HTTP/1.1\r\nHost: h\r\nAuthorization: Negotiate YII=\r\nContent-Type: "
         "application/soap+xml\r\nContent-Length: 0\r\n\r\n",
         "401"},
        {"GET /wsman HTTP/1.1\r\nHost: h\r\n\r\n", "401"},
        {"POST /elsewhere HTTP/1.1\r\nHost: h\r\nContent-Type: application/soap+xml\r\nContent-Length: 0\r\n\r\n",
         "401"},
        {"POST /wsman HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\nHost: h\r\n\r\n", "400"},
        {"nonsense\r\n\r\n", "400"},
    };
    for (const auto& row : rows) {
        const auto c = connect();
        c->send(row.request);
        ASSERT_TRUE(until([&] { return c->got.find("\r\n\r\n") != std::string::npos || c->closed; })) << row.request;
        EXPECT_EQ(c->got.substr(0, 13), "HTTP/1.1 " + std::string{row.status} + " ") << row.request;
    }
    EXPECT_TRUE(logins.empty());
}

TEST_F(front_test, anonymous_identify_is_answered_from_a_fixed_text)
{
    const auto c = connect();
    c->send(post("<s:Envelope/>", "WSMANIDENTIFY: unauthenticated\r\n"));
    ASSERT_TRUE(until([&] { return c->has("</s:Envelope>"); }));
    EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 200");
    EXPECT_TRUE(c->has("<wsmid:ProductVendor>OpenWinRM</wsmid:ProductVendor>"));
    EXPECT_TRUE(logins.empty());
}

TEST_F(front_test, media_type_and_size_are_settled_here)
{
    const auto wrong = connect();
    wrong->send(post("x", "Authorization: Basic YWRhOnB3\r\n", "text/plain"));
    ASSERT_TRUE(until([&] { return wrong->has("\r\n\r\n"); }));
    EXPECT_EQ(wrong->got.substr(0, 12), "HTTP/1.1 415");

    const auto large = connect();
    large->send("POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Type: application/soap+xml\r\nContent-Length: 99999999\r\n"
                "Authorization: Basic YWRhOnB3\r\n\r\n");
    ASSERT_TRUE(until([&] { return large->has("\r\n\r\n"); }));
    EXPECT_EQ(large->got.substr(0, 12), "HTTP/1.1 413");
    EXPECT_TRUE(logins.empty());
}

TEST_F(front_test, an_accepted_login_carries_envelopes_both_ways)
{
    const auto c = connect();
    c->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    EXPECT_EQ(logins[0].user, "ada");
    EXPECT_EQ(logins[0].password.reveal(), "pw");
    EXPECT_EQ(logins[0].peer, "127.0.0.1");
    EXPECT_FALSE(logins[0].tls);
    const auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    EXPECT_EQ(user->requests[0].envelope, "<one/>");
    user->reply(user->requests[0].number, "<answer/>");
    ASSERT_TRUE(until([&] { return c->has("<answer/>"); }));
    EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 200");
    EXPECT_TRUE(c->has("application/soap+xml;charset=UTF-8"));

    // The same credentials again are remembered: no second login, the same user's process.
    c->got.clear();
    c->send(post("<two/>"));
    ASSERT_TRUE(until([&] { return user->requests.size() == 2; }));
    EXPECT_EQ(logins.size(), 1U);
    user->reply(user->requests[1].number, "<fault/>", true);
    ASSERT_TRUE(until([&] { return c->has("<fault/>"); }));
    EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 500");
    EXPECT_FALSE(c->closed);
}

TEST_F(front_test, large_replies_pass_whole)
{
    const auto c = connect();
    c->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    const auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    const std::string body(500 * 1024, 'x');
    user->reply(1, body);
    ASSERT_TRUE(until([&] { return c->got.ends_with(body); }));
}

TEST_F(front_test, a_denied_login_gets_401_and_reaches_nothing)
{
    const auto c = connect();
    c->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    answer(wire::login_verdict::denied);
    ASSERT_TRUE(until([&] { return c->has("\r\n\r\n"); }));
    EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 401");
    EXPECT_TRUE(c->has("WWW-Authenticate: Basic"));
}

TEST_F(front_test, login_out_of_order_is_503_also_when_the_descriptor_is_missing)
{
    for (const auto verdict : {wire::login_verdict::unavailable, wire::login_verdict::accepted}) {
        const auto c = connect();
        const std::size_t before = logins.size();
        c->send(post("<one/>"));
        ASSERT_TRUE(login_asked(before + 1));
        answer(verdict);
        ASSERT_TRUE(until([&] { return c->has("\r\n\r\n"); }));
        EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 503");
    }
}

// S3
TEST_F(front_test, other_credentials_drop_the_old_identity_before_the_new_one_is_known)
{
    const auto c = connect();
    c->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    const auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    user->reply(1, "<answer/>");
    ASSERT_TRUE(until([&] { return c->has("<answer/>"); }));
    c->send(post("<two/>", "Authorization: Basic YWRhOnh4\r\n"));
    ASSERT_TRUE(login_asked(2));
    EXPECT_TRUE(until([&] { return user->closed; }));
    EXPECT_EQ(user->requests.size(), 1U);
    c->got.clear();
    answer(wire::login_verdict::denied);
    ASSERT_TRUE(until([&] { return c->has("\r\n\r\n"); }));
    EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 401");
}

// S3
TEST_F(front_test, a_second_connection_inherits_nothing)
{
    const auto first = connect();
    first->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    const auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    const auto second = connect();
    second->send(post("<two/>", ""));
    ASSERT_TRUE(until([&] { return second->has("\r\n\r\n"); }));
    EXPECT_EQ(second->got.substr(0, 12), "HTTP/1.1 401");
    EXPECT_EQ(user->requests.size(), 1U);
}

TEST_F(front_test, the_users_process_going_ends_the_exchange)
{
    const auto c = connect();
    c->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    user.reset();
    ASSERT_TRUE(until([&] { return c->closed; }));
    EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 503");
    c->stream.reset();
    EXPECT_TRUE(until([&] { return server->size() == 0; }));
}

TEST_F(front_test, the_client_going_ends_the_exchange_at_once)
{
    auto c = connect();
    c->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    const auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    c.reset(); // while the answer is outstanding, as in a long Receive
    EXPECT_TRUE(until([&] { return user->closed; }));
    EXPECT_TRUE(until([&] { return server->size() == 0; }));
}

TEST_F(front_test, a_client_that_has_closed_its_side_gets_its_answer)
{
    const auto early = connect();
    early->send(post("<one/>"));
    early->stream->shutdown();
    ASSERT_TRUE(login_asked());
    const auto first = accept();
    ASSERT_TRUE(until([&] { return first->requests.size() == 1; }));
    first->reply(1, "<answer/>");
    EXPECT_TRUE(until([&] { return early->has("<answer/>") && early->closed; }));

    const auto late = connect();
    late->send(post("<one/>"));
    ASSERT_TRUE(login_asked(2));
    const auto second = accept();
    ASSERT_TRUE(until([&] { return second->requests.size() == 1; }));
    late->stream->shutdown();
    ASSERT_TRUE(until([&] { return late->has("100 Continue"); }));
    bool waited = false; // longer than it takes to see that a client has gone
    io::timer clock{loop};
    clock.set_after(base::milliseconds{600}, [&] { waited = true; });
    ASSERT_TRUE(until([&] { return waited; }));
    EXPECT_FALSE(second->closed);
    second->reply(1, "<answer/>");
    EXPECT_TRUE(until([&] { return late->has("<answer/>") && late->closed; }));
    EXPECT_TRUE(until([&] { return server->size() == 0; }));
}

TEST_F(front_test, draining_ends_what_is_silent_at_once_and_the_rest_with_its_next_answer)
{
    const auto idle = connect(), busy = connect(), fresh = connect();
    std::vector<std::unique_ptr<user_end>> users;
    for (raw_client* c : {idle.get(), busy.get()}) {
        c->send(post("<one/>"));
        ASSERT_TRUE(login_asked(users.size() + 1));
        users.push_back(accept());
        ASSERT_TRUE(until([&] { return users.back()->requests.size() == 1; }));
    }
    users[0]->reply(1, "<answer/>");
    ASSERT_TRUE(until([&] { return idle->has("<answer/>") && server->size() == 3; }));
    EXPECT_TRUE(server->busy());
    bool empty = false;
    server->drain([&] { empty = true; });
    EXPECT_TRUE(until([&] { return idle->closed && users[0]->closed; }));
    EXPECT_EQ(server->size(), 2U);
    EXPECT_FALSE(busy->closed);

    fresh->send(post("<one/>", "WSMANIDENTIFY: unauthenticated\r\n"));
    EXPECT_TRUE(until([&] { return fresh->has("</s:Envelope>") && fresh->closed; }));
    EXPECT_TRUE(fresh->has("Connection: close\r\n"));
    users[1]->reply(1, "<answer/>");
    EXPECT_TRUE(until([&] { return busy->has("<answer/>") && busy->closed; }));
    EXPECT_TRUE(busy->has("Connection: close\r\n"));
    EXPECT_FALSE(server->busy());
    busy->stream.reset();
    fresh->stream.reset();
    EXPECT_TRUE(until([&] { return empty; }));
}

TEST_F(front_test, a_login_for_a_connection_that_has_gone_is_dropped)
{
    auto c = connect();
    c->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    c.reset();
    ASSERT_TRUE(until([&] { return server->size() == 0; }));
    const auto user = accept();
    EXPECT_TRUE(until([&] { return user->closed; }));
}

TEST_F(front_test, a_users_process_that_breaks_the_rules_ends_only_its_connection)
{
    const std::function<void(user_end&)> sins[] = {
        [](user_end& u) { u.reply(77, "<x/>"); },
        [](user_end& u) { u.reply(1, "<x/>", false, "text/html\r\nSet-Cookie: a=b"); },
        [](user_end& u) { u.socket->send("noise"); },
        [](user_end& u) { u.socket->send(wire::encode(wire::frame{wire::stop{}})); },
    };
    for (const auto& sin : sins) {
        const auto c = connect();
        const std::size_t before = logins.size();
        c->send(post("<one/>"));
        ASSERT_TRUE(login_asked(before + 1));
        const auto user = accept();
        ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
        sin(*user);
        ASSERT_TRUE(until([&] { return c->closed; }));
        EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 503");
        EXPECT_FALSE(c->has("Set-Cookie"));
    }
}

TEST_F(front_test, no_request_is_read_before_the_answer_has_left)
{
    const auto c = connect();
    c->send(post("<one/>") + post("<two/>"));
    ASSERT_TRUE(login_asked());
    const auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    user->reply(1, "<first/>");
    ASSERT_TRUE(until([&] { return user->requests.size() == 2; }));
    EXPECT_TRUE(until([&] { return c->has("<first/>"); }));
    EXPECT_EQ(user->requests[1].envelope, "<two/>");
    user->reply(2, "<second/>");
    EXPECT_TRUE(until([&] { return c->has("<second/>"); }));
}

struct small_front_test : front_fixture
{
    static wire::front_setup small()
    {
        wire::front_setup s = plain_setup();
        s.max_connections = 4;
        return s;
    }
    small_front_test() : front_fixture(small()) {}
};

TEST_F(small_front_test, connections_without_login_may_hold_all_slots_until_others_come)
{
    std::vector<std::unique_ptr<raw_client>> strangers;
    for (int i = 0; i < 5; ++i) strangers.push_back(connect());
    EXPECT_TRUE(until([&] { return strangers[0]->closed; }));
    EXPECT_EQ(server->size(), 4U);
    for (std::size_t i = 1; i < 5; ++i) EXPECT_FALSE(strangers[i]->closed) << i;
}

TEST_F(small_front_test, a_crowd_pushes_out_its_own_even_where_its_logins_are_under_way)
{
    const auto guest = connect(nullptr, 9);
    guest->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    std::vector<std::unique_ptr<raw_client>> crowd;
    for (std::size_t i = 0; i < 6; ++i) {
        crowd.push_back(connect());
        crowd.back()->send(post("<one/>"));
        ASSERT_TRUE(login_asked(i + 2));
        if (i < 3) continue;
        ASSERT_TRUE(until([&] { return crowd[i - 3]->closed && withdrawn.size() == i - 2; }));
        EXPECT_EQ(withdrawn.back(), logins[i - 2].connection);
        EXPECT_TRUE(crowd[i - 3]->has(" 503 ")) << crowd[i - 3]->got;
    }
    EXPECT_FALSE(guest->closed);
    for (std::size_t i = 3; i < 6; ++i) EXPECT_FALSE(crowd[i]->closed) << i;
}

TEST_F(small_front_test, whose_password_is_being_looked_at_stays)
{
    std::vector<std::unique_ptr<raw_client>> crowd;
    for (std::size_t i = 0; i < 4; ++i) {
        crowd.push_back(connect());
        crowd.back()->send(post("<one/>"));
        ASSERT_TRUE(login_asked(i + 1));
    }
    server->login_started(logins[0].connection);
    server->login_started(logins[2].connection);
    for (const std::size_t leaves : {1U, 3U}) {
        crowd.push_back(connect());
        crowd.back()->send(post("<one/>"));
        ASSERT_TRUE(until([&] { return crowd[leaves]->closed; }));
        ASSERT_TRUE(login_asked(crowd.size()));
    }
    EXPECT_FALSE(crowd[0]->closed || crowd[2]->closed || crowd[4]->closed || crowd[5]->closed);
}

TEST_F(small_front_test, the_silent_give_way_before_a_login_that_waits)
{
    const auto guest = connect(nullptr, 9);
    guest->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    std::vector<std::unique_ptr<raw_client>> silent;
    for (unsigned source = 20; source < 28; ++source) {
        silent.push_back(connect(nullptr, source));
        if (silent.size() < 4) continue;
        ASSERT_TRUE(until([&] { return silent[silent.size() - 4]->closed; }));
    }
    EXPECT_FALSE(guest->closed);
}

TEST_F(small_front_test, of_sources_that_hold_the_same_the_one_that_came_first_leaves)
{
    std::vector<std::unique_ptr<raw_client>> clients;
    for (const unsigned source : {9U, 7U, 8U, 6U, 5U}) clients.push_back(connect(nullptr, source));
    EXPECT_TRUE(until([&] { return clients[0]->closed; }));
    for (std::size_t i = 1; i < 5; ++i) EXPECT_FALSE(clients[i]->closed) << i;
}

TEST_F(small_front_test, few_without_login_are_dropped_only_of_a_source_that_holds_more)
{
    std::vector<std::unique_ptr<raw_client>> clients;
    std::vector<std::unique_ptr<user_end>> users;
    for (int i = 0; i < 3; ++i) { // logged in and busy
        clients.push_back(connect());
        clients.back()->send(post("<one/>"));
        ASSERT_TRUE(login_asked(clients.size()));
        users.push_back(accept());
        ASSERT_TRUE(until([&] { return users.back()->requests.size() == 1; }));
    }
    const auto stranger = connect(nullptr, 7), newcomer = connect(nullptr, 8);
    newcomer->send(post("<one/>"));
    EXPECT_TRUE(until([&] { return newcomer->closed; })) << "one of one source, as the newcomer";
    EXPECT_FALSE(stranger->closed);
    users[0]->reply(1, "<answer/>"); // the last one on its connection
    ASSERT_TRUE(until([&] { return clients[0]->closed && server->size() == 3; }));
    const auto second = connect(nullptr, 7);
    ASSERT_TRUE(until([&] { return server->size() == 4; }));
    const auto guest = connect(nullptr, 8);
    EXPECT_TRUE(until([&] { return stranger->closed; }));
    EXPECT_FALSE(second->closed || guest->closed);
}

TEST_F(small_front_test, one_too_many_is_told_so)
{
    std::vector<std::unique_ptr<raw_client>> clients;
    std::vector<std::unique_ptr<user_end>> users;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(connect());
        clients.back()->send(post("<one/>"));
        ASSERT_TRUE(login_asked(clients.size()));
        users.push_back(accept());
        ASSERT_TRUE(until([&] { return users.back()->requests.size() == 1; }));
    }
    const auto fifth = connect();
    fifth->send(post("<one/>"));
    ASSERT_TRUE(until([&] { return fifth->closed; }));
    EXPECT_EQ(fifth->got.substr(0, 12), "HTTP/1.1 503");
    // Nobody was silent; so that slots change hands, the first of them leaves with its answer.
    users[0]->reply(1, "<answer/>");
    EXPECT_TRUE(until([&] { return clients[0]->has("<answer/>") && clients[0]->closed; }));
    EXPECT_TRUE(clients[0]->has("Connection: close\r\n"));
    users[1]->reply(1, "<answer/>");
    EXPECT_TRUE(until([&] { return clients[1]->has("<answer/>"); }));
    EXPECT_FALSE(clients[1]->has("Connection: close\r\n"));
}

TEST_F(small_front_test, nobody_holds_every_slot_who_does_not_use_them)
{
    std::vector<std::unique_ptr<raw_client>> clients;
    std::vector<std::unique_ptr<user_end>> users;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(connect());
        clients.back()->send(post("<one/>"));
        ASSERT_TRUE(login_asked(clients.size()));
        users.push_back(accept());
        ASSERT_TRUE(until([&] { return users.back()->requests.size() == 1; }));
    }
    for (const std::size_t i : {2U, 1U}) { // the others are busy
        users[i]->reply(1, "<answer/>");
        ASSERT_TRUE(until([&] { return clients[i]->has("<answer/>"); }));
    }
    bool waited = false;
    io::timer clock{loop};
    clock.set_after(base::milliseconds{1100}, [&] { waited = true; });
    ASSERT_TRUE(until([&] { return waited; }));
    const auto fifth = connect();
    fifth->send(post("<one/>", "WSMANIDENTIFY: unauthenticated\r\n"));
    EXPECT_TRUE(until([&] { return fifth->has("</s:Envelope>"); }));
    EXPECT_TRUE(until([&] { return clients[2]->closed && users[2]->closed; }));
    EXPECT_FALSE(clients[0]->closed || clients[1]->closed || clients[3]->closed);
    EXPECT_EQ(server->size(), 4U);
}

// Item 2: slots are shared out by account. The account that holds most loses one, whatever its connections do.
struct account_test : small_front_test
{
    /// Account 7 holds three connections and 8 one, each with a request that waits in its user's process.
    void fill()
    {
        for (const std::uint64_t account : {8U, 7U, 7U, 7U}) {
            clients.push_back(connect());
            clients.back()->send(post("<wait/>"));
            ASSERT_TRUE(login_asked(clients.size()));
            users.push_back(accept(account));
            ASSERT_TRUE(until([&] { return users.back()->requests.size() == 1; }));
        }
    }
    /// @return a newcomer that has been served
    std::unique_ptr<raw_client> newcomer()
    {
        auto c = connect();
        c->send(post("<x/>", "WSMANIDENTIFY: unauthenticated\r\n"));
        EXPECT_TRUE(until([&] { return c->has("</s:Envelope>") || c->closed; }));
        EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 200");
        return c;
    }
    std::vector<std::unique_ptr<raw_client>> clients;
    std::vector<std::unique_ptr<user_end>> users;
};

TEST_F(account_test, its_longest_waiting_request_is_answered_now_and_its_connection_ends)
{
    fill();
    const auto guest = newcomer();
    ASSERT_TRUE(until([&] { return !users[1]->urgent.empty(); }));
    EXPECT_EQ(users[1]->urgent, std::vector<std::uint64_t>{1});
    users[1]->reply(1, "<timed-out/>", true);
    EXPECT_TRUE(until([&] { return clients[1]->closed && users[1]->closed; }));
    EXPECT_TRUE(clients[1]->has("HTTP/1.1 500 ") && clients[1]->has("<timed-out/>"));
    EXPECT_TRUE(clients[1]->has("Connection: close\r\n"));
    EXPECT_FALSE(guest->closed || clients[0]->closed || clients[2]->closed || clients[3]->closed);
    EXPECT_TRUE(users[0]->urgent.empty() && users[2]->urgent.empty() && users[3]->urgent.empty());
    clients[1]->stream.reset();
    EXPECT_TRUE(until([&] { return server->size() == 4; }));
}

TEST_F(account_test, a_users_process_that_does_not_answer_now_is_waited_for_only_a_moment)
{
    fill();
    const auto guest = newcomer();
    EXPECT_TRUE(until([&] { return clients[1]->closed && users[1]->closed; }));
    EXPECT_EQ(clients[1]->got.substr(0, 12), "HTTP/1.1 503");
    EXPECT_FALSE(guest->closed || clients[0]->closed);
}

TEST_F(account_test, a_request_that_has_not_come_whole_gives_way_too)
{
    fill();
    for (const std::size_t i : {1U, 2U, 3U}) {
        users[i]->reply(1, "<answer/>");
        ASSERT_TRUE(until([&] { return clients[i]->has("<answer/>"); }));
        clients[i]->send("POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Type: application/soap+xml\r\nContent-Length: "
                         "9\r\nAuthorization: Basic YWRhOnB3\r\n\r\n<");
    }
    bool waited = false;
    io::timer clock{loop};
    clock.set_after(base::milliseconds{1100}, [&] { waited = true; });
    ASSERT_TRUE(until([&] { return waited; }));
    const auto guest = newcomer();
    EXPECT_TRUE(until([&] { return clients[1]->closed; }));
    EXPECT_TRUE(clients[1]->has("HTTP/1.1 503 "));
    EXPECT_FALSE(guest->closed || clients[0]->closed || clients[2]->closed);
}

struct strict_front_test : front_fixture
{
    static wire::front_setup strict()
    {
        wire::front_setup s = plain_setup();
        s.allow_unencrypted = false;
        return s;
    }
    strict_front_test() : front_fixture(strict()) {}
};

// S4
TEST_F(strict_front_test, basic_in_clear_is_refused_though_it_is_right_and_not_offered)
{
    const auto c = connect();
    c->send(post("<one/>"));
    ASSERT_TRUE(until([&] { return c->has("\r\n\r\n"); }));
    EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 401");
    EXPECT_FALSE(c->has("Basic"));
    EXPECT_TRUE(logins.empty());
}

struct impatient_front_test : front_fixture
{
    static wire::front_setup impatient()
    {
        wire::front_setup s = plain_setup();
        s.answer_time_ms = 100;
        return s;
    }
    impatient_front_test() : front_fixture(impatient()) {}
};

TEST_F(impatient_front_test, an_answer_that_never_comes_frees_the_slot)
{
    const auto c = connect();
    c->send(post("<one/>"));
    ASSERT_TRUE(login_asked());
    const auto user = accept();
    ASSERT_TRUE(until([&] { return user->requests.size() == 1; }));
    EXPECT_TRUE(until([&] { return c->closed && user->closed; }));
    EXPECT_EQ(c->got.substr(0, 12), "HTTP/1.1 503");
    c->stream.reset();
    EXPECT_TRUE(until([&] { return server->size() == 0; }));
}

struct hasty_front_test : front_fixture
{
    static wire::front_setup hasty()
    {
        wire::front_setup s = plain_setup();
        s.head_time_ms = 50;
        s.connection_idle_ms = 500;
        return s;
    }
    hasty_front_test() : front_fixture(hasty()) {}
};

// S8: the times themselves are tested with a virtual clock in http; here, that somebody looks at them.
TEST_F(hasty_front_test, slow_and_silent_clients_are_ended)
{
    const auto slow = connect(), silent = connect();
    slow->send("POST /ws");
    EXPECT_TRUE(until([&] { return slow->closed && silent->closed; }));
}

} // namespace
} // namespace winrm::service::front

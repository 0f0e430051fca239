#include "client/context.h"

#include "../net/certificates.h"
#include "client/session.h"
#include "fake_host.h"
#include "wsman/identify.h"

#include <gtest/gtest.h>

#include <fstream>
#include <list>

namespace {

using namespace winrm;

/// Issue 9, part 3.
TEST(context, p3_sessions_with_the_same_settings_share_one_tls_context)
{
    const test::certificate shown({}), other({"somebody", "", -60, 3600, true});
    const test::temporary_file good(shown.pem()), bad(other.pem());
    const auto server = net::tls_context::server(shown.pem(), shown.key_pem());
    ASSERT_TRUE(server);
    io::loop loop;
    remote::context shared(loop);
    test::fake_host host(
        loop, [](const test::http_request&) { return test::http_reply{test::http_answer(400, "")}; }, &*server);
    std::list<remote::session> sessions;
    int answered = 0, refused = 0;
    const auto identify = [&](const std::string& authorities) {
        remote::session_options o;
        o.host = host.target();
        o.ca_file = authorities;
        sessions.emplace_back(shared, o).identify([&](const result<wsman::incoming_reply>& r) {
            ++answered;
            refused += r.error().code() == errc::certificate ? 1 : 0;
        });
    };
    for (int i = 0; i < 20; ++i) identify(good.path());
    ASSERT_TRUE(test::run_until(loop, [&] { return answered == 20; }));
    EXPECT_EQ(refused, 0);
    EXPECT_EQ(shared.tls_contexts_made(), 1u);
    identify(bad.path());
    ASSERT_TRUE(test::run_until(loop, [&] { return answered == 21; }));
    EXPECT_EQ(refused, 1) << "what one trusts is nothing to the others";
    EXPECT_EQ(shared.tls_contexts_made(), 2u);
}

TEST(context, p3_a_file_of_authorities_that_has_changed_is_read_again)
{
    const test::certificate one({}), two({});
    const test::temporary_file file(one.pem());
    io::loop loop;
    remote::context shared(loop);
    const auto first = shared.tls({file.path(), true});
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->unshared());
    ASSERT_TRUE(shared.tls({file.path(), true}));
    ASSERT_TRUE(shared.tls({file.path(), false}));
    EXPECT_EQ(shared.tls_contexts_made(), 2u) << "one that checks, and one that does not";
    std::ofstream(file.path(), std::ios::app) << two.pem();
    ASSERT_TRUE(shared.tls({file.path(), true}));
    EXPECT_EQ(shared.tls_contexts_made(), 3u);
    std::ofstream(file.path()) << "nothing";
    EXPECT_FALSE(shared.tls({file.path(), true})) << "not the one from before";
    EXPECT_FALSE(shared.tls({"/nonexistent/ca.pem", true}));
    std::ofstream(file.path()) << one.pem();
    EXPECT_TRUE(shared.tls({file.path(), true})) << "failures are not kept";
}

TEST(context, p3_tls_contexts_that_nobody_uses_go)
{
    const test::certificate one({});
    io::loop loop;
    remote::context shared(loop);
    std::list<test::temporary_file> files;
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(shared.tls({files.emplace_back(one.pem()).path(), true}));
    EXPECT_LE(shared.tls_contexts_kept(), 17u);
    std::list<result<net::tls_context>> used;
    for (const auto& file : files) used.push_back(shared.tls({file.path(), true}));
    EXPECT_EQ(shared.tls_contexts_kept(), 40u);
}

} // namespace

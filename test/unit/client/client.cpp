// The public client, blocking and asynchronous, against a host on a thread of its own.
#include <winrm/client.h>

#include "fake_host.h"
#include "shell/messages.h"

#include <gtest/gtest.h>

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

namespace {

using namespace winrm;
using test::http_reply;
using test::http_request;
namespace action = wsman::action;

/// Answers every verb of a shell; commands print "hello" and end with `exit_code`.
class shell_host
{
public:
    shell_host() : wake_(loop_, ::eventfd(0, EFD_CLOEXEC))
    {
        wake_.when_readable([this] { loop_.stop(); });
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~shell_host() { stop(); }

    /// Joins the host's thread; verbs() may be looked at then.
    void stop()
    {
        if (!thread_.joinable()) return;
        const std::uint64_t one = 1;
        EXPECT_EQ(::write(wake_.fd(), &one, sizeof one), 8);
        thread_.join();
    }
    [[nodiscard]] int connections() const { return host_.connections(); }
    [[nodiscard]] long count(const char* verb) const { return std::count(verbs_.begin(), verbs_.end(), verb); }

    winrm::client connect()
    {
        client_options o;
        o.scheme = login_scheme::basic;
        o.allow_unencrypted = true;
        return {host_.target(), credentials("ada", "secret"), o};
    }

    std::optional<std::int32_t> exit_code = 3; ///< set before the first call
    /// Commands that a shell takes before it is worn out, and what it says then; set before the first call.
    long wears_after = 1'000'000;
    wsman::fault_code worn = wsman::fault_code::quota_operations_per_user;
    std::vector<std::string> directories; ///< of each Create

private:
    http_reply answer(const http_request& r)
    {
        if (r.head.find("WSMANIDENTIFY") != std::string::npos) {
            verbs_.emplace_back("Identify");
            return {test::http_answer(200,
                                      "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>"
                                      "<i:IdentifyResponse xmlns:i=\"http://schemas.dmtf.org/wbem/wsman/identity/1/"
                                      "wsmanidentity.xsd\"><i:ProtocolVersion>p</i:ProtocolVersion>"
                                      "<i:ProductVendor>v</i:ProductVendor></i:IdentifyResponse></s:Body>"
                                      "</s:Envelope>")};
        }
        const auto request = r.envelope();
        const std::string& a = request.header().action;
        verbs_.push_back(a.substr(a.rfind('/') + 1));
        const std::string command_id = "22222222-2222-2222-2222-222222222222";
        if (a == action::create) {
            taken_ = 0;
            directories.push_back(std::get<shell::create_shell>(shell::read_create(request)).working_directory);
            shell::shell_info info;
            info.shell_id = "11111111-1111-1111-1111-111111111111";
            info.resource_uri = wsman::resource_uri::cmd;
            return {test::soap_answer(
                r, [&](xml::writer& w) { shell::write_create_reply(w, info, "http://localhost/wsman"); })};
        }
        if (a == action::command && taken_++ >= wears_after) return {test::fault_answer(r, worn)};
        if (a == action::command)
            return {test::soap_answer(r, [&](xml::writer& w) { shell::write_command_reply(w, command_id); })};
        if (a != action::receive) return {test::soap_answer(r, {})};
        return {test::soap_answer(r, [&](xml::writer& w) {
            shell::write_receive_reply(w, command_id, {{"stdout", "hello", false}}, shell::command_state::done,
                                       exit_code);
        })};
    }

    io::loop loop_;
    io::descriptor wake_;
    test::fake_host host_{loop_, [this](const http_request& r) { return answer(r); }};
    std::vector<std::string> verbs_;
    long taken_ = 0;
    std::thread thread_;
};

TEST(client, a_blocking_run_leaves_no_shell_behind_however_long_the_next_call_takes)
{
    shell_host host;
    auto client = host.connect();
    const auto got = client.run("dir");
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->out, "hello");
    EXPECT_EQ(got->exit_code, 3);
    EXPECT_FALSE(got->output_uncertain);
    host.stop(); // nothing that the client does later can help
    EXPECT_EQ(host.count("Signal"), 1);
    EXPECT_EQ(host.count("Delete"), 1);
}

TEST(client, a_kept_shell_is_deleted_once_and_by_its_end)
{
    shell_host host;
    auto client = host.connect();
    {
        auto shell = client.open_shell();
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(shell.run("dir"));
    }
    host.stop();
    EXPECT_EQ(host.count("Create"), 1);
    EXPECT_EQ(host.count("Command"), 3);
    EXPECT_EQ(host.count("Delete"), 1);
}

/// Issue 8, item 17.
TEST(client, s17_a_kept_shell_that_is_worn_out_is_replaced_by_one_like_it)
{
    for (const auto worn :
         {wsman::fault_code::quota_operations_per_user, wsman::fault_code::quota_plugin_operations,
          wsman::fault_code::quota_plugin_operations_per_user, wsman::fault_code::quota_processes_per_shell}) {
        shell_host host;
        host.wears_after = 2;
        host.worn = worn;
        auto client = host.connect();
        {
            auto shell = client.open_shell();
            for (int i = 0; i < 5; ++i) {
                run_options o;
                o.working_directory = i == 0 ? "first" : "later";
                const auto got = shell.run("dir", o);
                ASSERT_TRUE(got) << got.error();
                EXPECT_EQ(got->out, "hello");
            }
        }
        host.stop();
        EXPECT_EQ(host.count("Command"), 7) << "five, and two that were refused";
        EXPECT_EQ(host.count("Delete"), 3);
        EXPECT_EQ(host.directories, (std::vector<std::string>{"first", "first", "first"}));
    }
}

TEST(client, s17_a_host_that_takes_no_command_at_all_is_asked_once)
{
    shell_host host;
    host.wears_after = 0;
    auto client = host.connect();
    {
        auto shell = client.open_shell();
        const auto got = shell.run("dir");
        ASSERT_FALSE(got);
        ASSERT_NE(got.error().fault(), nullptr);
    }
    host.stop();
    EXPECT_EQ(host.count("Command"), 1);
    EXPECT_EQ(host.count("Create"), 1);
    EXPECT_EQ(host.count("Delete"), 1);
}

TEST(client, a_kept_shell_outlives_an_end_without_exit_code)
{
    shell_host host;
    host.exit_code.reset();
    auto client = host.connect();
    {
        auto shell = client.open_shell();
        for (int i = 0; i < 2; ++i) {
            const auto got = shell.run("dir");
            ASSERT_FALSE(got);
            EXPECT_EQ(got.error().code(), errc::protocol);
        }
    }
    host.stop();
    EXPECT_EQ(host.count("Create"), 1);
    EXPECT_EQ(host.count("Delete"), 1);
}

std::size_t descriptors_of_this_process()
{
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Issue 9, part 3.
TEST(client, p3_clients_on_one_loop_share_it_and_one_that_has_not_been_used_has_none)
{
    constexpr std::size_t count = 50;
    shell_host host;
    event_loop loop;
    const auto before = descriptors_of_this_process();
    std::vector<winrm::client> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(host.connect());
    EXPECT_EQ(descriptors_of_this_process(), before);
    std::size_t ended = 0;
    for (auto& client : clients) {
        client.async_run(loop, "dir", {}, [&](const result<run_output>& r) {
            EXPECT_TRUE(r);
            ++ended;
        });
    }
    loop.run();
    EXPECT_EQ(ended, count);
    EXPECT_LE(descriptors_of_this_process(), before + 2 * count) << "both ends of each connection are in this process";
    host.stop();
}

TEST(client, p3_no_descriptor_for_a_loop_is_an_error_and_not_the_end)
{
#ifdef OPENWINRM_SANITIZED
    GTEST_SKIP()
        << "the sanitizer looks at objects through a pipe, for which there is no descriptor; clang's build runs it";
#endif
    shell_host host;
    auto client = host.connect();
    const auto stop_at = [](rlim_t most) {
        rlimit now{};
        ::getrlimit(RLIMIT_NOFILE, &now);
        const rlim_t was = std::exchange(now.rlim_cur, most);
        ::setrlimit(RLIMIT_NOFILE, &now);
        return was;
    };
    const auto was = stop_at(3);
    const auto got = client.run("dir");
    const auto who = client.identify();
    stop_at(was);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::connect);
    EXPECT_EQ(got.error().delivery(), delivery::not_sent);
    EXPECT_NE(got.error().message().find("files open"), std::string::npos) << got.error();
    EXPECT_FALSE(who);
    EXPECT_TRUE(client.run("dir")) << "when there are some again";
}

TEST(client, asynchronous_runs_end_with_their_loop_and_the_loop_may_go_before_the_client)
{
    shell_host host;
    auto client = host.connect();
    for (int round = 0; round < 2; ++round) {
        event_loop loop; // maybe at the same address each time
        int done = 0;
        for (int i = 0; i < 3; ++i)
            client.async_run(loop, "dir", {}, [&](result<run_output> r) {
                ASSERT_TRUE(r) << r.error();
                EXPECT_EQ(r->out, "hello");
                ++done;
            });
        loop.run();
        EXPECT_EQ(done, 3);
    }
    host.stop();
    EXPECT_EQ(host.count("Delete"), 6);
}

TEST(client, identify_asks_again_on_the_connection_that_it_has)
{
    shell_host host;
    auto client = host.connect();
    for (int i = 0; i < 3; ++i) {
        const auto id = client.identify();
        ASSERT_TRUE(id) << id.error();
        EXPECT_EQ(id->product_vendor, "v");
    }
    host.stop();
    EXPECT_EQ(host.count("Identify"), 3);
    EXPECT_EQ(host.connections(), 1);
}

} // namespace

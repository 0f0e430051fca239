// What a host says of a command, and what the public client and remote::run make of it.
#include <winrm/client.h>

#include "client/run.h"
#include "fake_host.h"
#include "shell/messages.h"

#include <gtest/gtest.h>

#include <thread>

#include <sys/eventfd.h>
#include <unistd.h>

namespace {

using namespace winrm;
using test::http_reply;
using test::http_request;
namespace action = wsman::action;

/// One Receive answers `body`; every other verb of a shell succeeds.
class answering_host
{
public:
    explicit answering_host(std::string body) : body_(std::move(body)), wake_(loop_, ::eventfd(0, EFD_CLOEXEC))
    {
        wake_.when_readable([this] { loop_.stop(); });
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~answering_host()
    {
        const std::uint64_t one = 1;
        EXPECT_EQ(::write(wake_.fd(), &one, sizeof one), 8);
        thread_.join();
    }
    result<run_output> run()
    {
        client_options o;
        o.scheme = login_scheme::basic;
        o.allow_unencrypted = true;
        return client(host_.target(), credentials("ada", "secret"), o).run("x");
    }

private:
    http_reply answer(const http_request& r)
    {
        const auto request = r.envelope();
        const std::string& a = request.header().action;
        const auto reply = [&](const wsman::body_writer& w) { return http_reply{test::soap_answer(r, w)}; };
        if (a == action::create) {
            return reply([](xml::writer& w) {
                shell::shell_info info;
                info.shell_id = "11111111-1111-1111-1111-111111111111";
                info.resource_uri = wsman::resource_uri::cmd;
                shell::write_create_reply(w, info, "http://localhost/wsman");
            });
        }
        if (a == action::command)
            return reply([](xml::writer& w) { shell::write_command_reply(w, "22222222-2222-2222-2222-222222222222"); });
        if (a == action::receive)
            return reply([this](xml::writer& w) { w.open("rsp:ReceiveResponse").raw(body_).close(); });
        return reply({});
    }

    std::string body_;
    io::loop loop_;
    io::descriptor wake_;
    test::fake_host host_{loop_, [this](const http_request& r) { return answer(r); }};
    std::thread thread_;
};

std::string stream(const std::string& name, const std::string& data)
{
    return "<rsp:Stream Name=\"" + name + "\" CommandId=\"22222222-2222-2222-2222-222222222222\">" +
           base::base64_encode(data) + "</rsp:Stream>";
}

std::string done(const std::string& code)
{
    return "<rsp:CommandState CommandId=\"22222222-2222-2222-2222-222222222222\" "
           "State=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done\"><rsp:ExitCode>" +
           code + "</rsp:ExitCode></rsp:CommandState>";
}

TEST(client_results, s19_the_exit_code_is_the_number_that_the_host_sent)
{
    for (const std::int64_t code :
         {0LL, 1LL, 255LL, 256LL, 2147943401LL, 4294967295LL, -1LL, -1073741510LL, 3221225786LL}) {
        const auto got = answering_host(done(std::to_string(code))).run();
        ASSERT_TRUE(got) << got.error();
        EXPECT_EQ(got->exit_code, code);
    }
    EXPECT_EQ(static_cast<std::uint32_t>(std::int64_t{-1073741510}), 3221225786U) << "as client.h says";
}

TEST(client_results, s23_a_third_stream_is_no_output)
{
    const auto got = answering_host(stream("stdout", "out") + stream("pr", "progress") + stream("", "?") +
                                    stream("STDERR", "err") + done("0"))
                         .run();
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->out, "out");
    EXPECT_EQ(got->err, "err");
}

} // namespace

// run_front as a process of its own, with the sandbox on: what it serves, what the kernel says about it, how it ends.
#include "service/front/front.h"

#include "io/message_socket.h"
#include "io/unique_fd.h"
#include "service/wire/frames.h"
#include "throwaway_certificate.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::service::front {
namespace {

class front_process_test : public testing::Test
{
protected:
    void begin()
    {
        auto [mine, theirs] = io::make_socket_pair();
        child = ::fork();
        if (child == 0) {
            mine.reset();
            ::_exit(run_front(theirs.release()));
        }
        theirs.reset();
        control.emplace(loop, std::move(mine), wire::max_control_frame, 0);
        control->start([](io::message_socket::message) {}, [] {});
    }
    ~front_process_test() override
    {
        if (child > 0) {
            ::kill(child, SIGKILL);
            ::waitpid(child, nullptr, 0);
        }
    }
    static wire::front_setup setup(bool tls)
    {
        wire::front_setup s;
        s.listeners = {{"127.0.0.1:0", tls}};
        s.product_vendor = "OpenWinRM";
        s.log_level = 3;
        return s;
    }
    void send_setup(const wire::front_setup& s, std::size_t listeners = 1)
    {
        std::vector<io::unique_fd> fds;
        for (std::size_t i = 0; i < listeners; ++i) {
            io::unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
            address = {};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
            ASSERT_EQ(::listen(fd.get(), 8), 0);
            socklen_t size = sizeof address;
            ASSERT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
            fds.push_back(std::move(fd));
        }
        control->send(wire::encode(s), std::move(fds));
        bool drained = false;
        control->when_drained([&] { drained = true; });
        while (!drained && control->pending() != 0) loop.run_one();
    }
    /// Blocking: one request, all of the answer (the connection is told to close).
    [[nodiscard]] std::string identify() const
    {
        const io::unique_fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return "refused";
        const timeval patience{20, 0};
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        const std::string request =
            "POST /wsman HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/soap+xml\r\n"
            "Content-Length: 13\r\nWSMANIDENTIFY: unauthenticated\r\n\r\n<s:Envelope/>";
        if (::send(socket.get(), request.data(), request.size(), 0) < 0) return "unsent";
        std::string got;
        char piece[4096];
        for (ssize_t n; (n = ::recv(socket.get(), piece, sizeof piece, 0)) > 0;)
            got.append(piece, static_cast<std::size_t>(n));
        return got;
    }
    [[nodiscard]] std::string kernel_says(const std::string& key) const
    {
        std::ifstream status{"/proc/" + std::to_string(child) + "/status"};
        for (std::string line; std::getline(status, line);)
            if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
        return "?";
    }
    int exit_status()
    {
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        child = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }

    io::loop loop;
    std::optional<io::message_socket> control;
    sockaddr_in address{};
    pid_t child = -1;
};

TEST_F(front_process_test, serves_from_within_the_sandbox_and_stops_when_told)
{
    begin();
    send_setup(setup(false));
    const std::string answer = identify();
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 200") << answer;
    EXPECT_EQ(kernel_says("NoNewPrivs"), "1");
    EXPECT_EQ(kernel_says("Seccomp"), "2");
    EXPECT_EQ(kernel_says("CapEff"), "0000000000000000");
    EXPECT_NE(kernel_says("Uid").substr(0, 2), "0\t");
    control->send(wire::encode(wire::frame{wire::stop{}}));
    while (control->pending() != 0) loop.run_one();
    EXPECT_EQ(exit_status(), 0);
}

TEST_F(front_process_test, ends_with_the_monitor)
{
    begin();
    send_setup(setup(false));
    EXPECT_EQ(identify().substr(0, 12), "HTTP/1.1 200");
    control.reset();
    EXPECT_EQ(exit_status(), 0);
}

TEST_F(front_process_test, takes_a_certificate_before_the_sandbox)
{
    begin();
    wire::front_setup s = setup(true);
    throwaway_certificate c = make_throwaway_certificate();
    s.certificate_pem = c.certificate_pem;
    s.key_pem = base::secret{std::move(c.key_pem)};
    send_setup(s);
    EXPECT_EQ(identify(), ""); // clear text on a TLS port: closed, and the process lives
    EXPECT_EQ(kernel_says("Seccomp"), "2");
    control.reset();
    EXPECT_EQ(exit_status(), 0);
}

TEST_F(front_process_test, refuses_to_run_without_a_valid_setup)
{
    begin();
    control->send("noise");
    while (control->pending() != 0) loop.run_one();
    EXPECT_EQ(exit_status(), 1);
}

TEST_F(front_process_test, refuses_a_wrong_number_of_sockets)
{
    begin();
    send_setup(setup(false), 2);
    EXPECT_EQ(exit_status(), 1);
}

TEST_F(front_process_test, refuses_a_broken_certificate)
{
    begin();
    wire::front_setup s = setup(true);
    s.certificate_pem = "no certificate";
    send_setup(s);
    EXPECT_EQ(exit_status(), 1);
}

TEST_F(front_process_test, s9_a_frame_without_a_row_ends_it)
{
    begin();
    send_setup(setup(false));
    EXPECT_EQ(identify().substr(0, 12), "HTTP/1.1 200");
    control->send(wire::encode(wire::frame{wire::user_connection{"192.0.2.7"}}));
    while (control->pending() != 0) loop.run_one();
    EXPECT_EQ(exit_status(), 1);
}

TEST_F(front_process_test, s9_a_second_setup_ends_it)
{
    begin();
    send_setup(setup(false));
    EXPECT_EQ(identify().substr(0, 12), "HTTP/1.1 200");
    send_setup(setup(false));
    EXPECT_EQ(exit_status(), 1);
}

} // namespace
} // namespace winrm::service::front

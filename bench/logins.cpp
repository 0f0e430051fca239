// One login after the other, each on a connection of its own and with one small request:
// bench_logins URL USER SCHEME COUNT, password in WINRM_PASSWORD (none: the ticket cache), authorities as the system
// has them. Prints: wall ms | CPU ms for a login, both the client's own.
#include "measure.h"

#include "client/session.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>

namespace {

using namespace winrm;

login_scheme scheme_of(std::string_view text)
{
    for (const auto one : {login_scheme::negotiate, login_scheme::kerberos, login_scheme::ntlm, login_scheme::basic})
        if (name(one) == text) return one;
    std::cerr << "no such scheme: " << text << '\n';
    std::exit(2);
}

void log_in(io::loop& on, remote::context& in, const remote::session_options& options)
{
    remote::session session(in, options);
    std::optional<error> failed;
    bool answered = false;
    wsman::outgoing_request request;
    request.header.action = wsman::action::get;
    request.header.resource_uri = wsman::resource_uri::config;
    session.ask(std::move(request), {}, [&](result<wsman::incoming_reply> reply) {
        answered = true;
        if (!reply) failed = reply.error();
    });
    while (!answered && on.run_one()) {}
    if (!failed) return;
    std::cerr << *failed << '\n';
    std::exit(1);
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 5) {
        std::fputs("usage: [WINRM_PASSWORD=…] bench_logins URL USER SCHEME COUNT\n", stderr);
        return 2;
    }
    const char* password = std::getenv("WINRM_PASSWORD");
    const int count = std::atoi(argv[4]);
    io::loop loop;
    remote::context in(loop);
    remote::session_options options;
    options.host = target::parse(argv[1]).value();
    options.login = password != nullptr ? credentials(argv[2], password) : credentials::ticket_cache(argv[2]);
    options.scheme = scheme_of(argv[3]);
    options.trusted_for_ntlm = true; // on loopback
    log_in(loop, in, options);       // what is made once

    const double cpu = bench::cpu_ms();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) log_in(loop, in, options);
    const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - begin;
    std::printf("%.3f %.3f\n", wall.count() / count, (bench::cpu_ms() - cpu) / count);
}

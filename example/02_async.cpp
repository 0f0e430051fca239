// Several commands at once on one loop: 02_async URL USER [CA-FILE], password in WINRM_PASSWORD.
#include <winrm/client.h>

#include <cstdlib>
#include <deque>
#include <iostream>

int main(int argc, char** argv)
{
    if (argc < 3 || !std::getenv("WINRM_PASSWORD")) return 2;
    winrm::client_options options;
    if (argc > 3) options.ca_file = argv[3];
    winrm::event_loop loop;
    std::deque<winrm::client> hosts; // one each, as if they were different machines
    int failed = 0;
    for (int n = 1; n <= 3; ++n) {
        auto& host = hosts.emplace_back(winrm::target::parse(argv[1]).value(),
                                        winrm::credentials{argv[2], std::getenv("WINRM_PASSWORD")}, options);
        host.async_run(loop, "echo answer " + std::to_string(n), {},
                       [&failed, n](winrm::result<winrm::run_output> got) {
                           if (!got || got->exit_code != 0) ++failed;
                           else std::cout << "host " << n << ": " << got->out;
                       });
    }
    loop.run();
    return failed;
}

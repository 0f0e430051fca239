// Ten lines to the first result: 01_run URL USER [CA-FILE], password in WINRM_PASSWORD.
#include <winrm/client.h>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv)
{
    if (argc < 3 || !std::getenv("WINRM_PASSWORD")) return 2;
    winrm::client_options options;
    if (argc > 3) options.ca_file = argv[3];
    winrm::client host{winrm::target::parse(argv[1]).value(), {argv[2], std::getenv("WINRM_PASSWORD")}, options};
    auto got = host.run("echo hello from the other side");
    if (!got) {
        std::cerr << got.error() << '\n';
        return 255;
    }
    std::cout << got->out;
    return static_cast<int>(got->exit_code);
}

// A PowerShell script, objects as they come: 05_script URL USER SCRIPT [CA-FILE], password in WINRM_PASSWORD.
#include <winrm/client.h>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv)
{
    if (argc < 4 || !std::getenv("WINRM_PASSWORD")) return 2;
    winrm::client_options options;
    if (argc > 4) options.ca_file = argv[4];
    winrm::client host{winrm::target::parse(argv[1]).value(), {argv[2], std::getenv("WINRM_PASSWORD")}, options};
    const auto how = host.run_script(argv[3], {}, [](const winrm::script_record& r) {
        if (r.stream == winrm::script_stream::output) std::cout << r.value.json() << '\n';
        else std::cerr << r.message << '\n';
    });
    if (!how) {
        std::cerr << how.error() << '\n';
        return 255;
    }
    if (how->failed) std::cerr << how->reason << '\n';
    return how->exit_code.value_or(how->failed ? 1 : 0);
}

// One shell for many commands, with stdin: 04_shell URL USER [CA-FILE], password in WINRM_PASSWORD.
#include <winrm/client.h>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv)
{
    if (argc < 3 || !std::getenv("WINRM_PASSWORD")) return 2;
    winrm::client_options options;
    if (argc > 3) options.ca_file = argv[3];
    winrm::client host{winrm::target::parse(argv[1]).value(), {argv[2], std::getenv("WINRM_PASSWORD")}, options};
    auto id = host.identify();
    if (!id) {
        std::cerr << id.error() << '\n';
        return 255;
    }
    std::cout << "talking to " << id->product_vendor << '\n';
    auto shell = host.open_shell(true);
    winrm::run_options run;
    for (const char* text : {"pear\napple\n", "2\n1\n"}) {
        run.input = text;
        auto got = shell.run("sort", run);
        if (!got) {
            std::cerr << got.error() << '\n';
            return 255;
        }
        std::cout << got->out;
    }
}

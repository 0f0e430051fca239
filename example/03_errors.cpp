// Telling errors apart: 03_errors URL USER [CA-FILE] uses a wrong password on purpose and expects to be refused.
#include <winrm/client.h>

#include <iostream>

int main(int argc, char** argv)
{
    if (argc < 3) return 2;
    winrm::client_options options;
    if (argc > 3) options.ca_file = argv[3];
    winrm::client host{winrm::target::parse(argv[1]).value(), {argv[2], "certainly not the password"}, options};
    const auto got = host.run("whoami");
    if (got) return 1;
    switch (got.error().origin()) {
    case winrm::error_origin::usage: std::cout << "our own mistake: "; break;
    case winrm::error_origin::transport: std::cout << "the way there: "; break;
    case winrm::error_origin::protocol: std::cout << "not as agreed: "; break;
    case winrm::error_origin::fault: std::cout << "the host says no, code " << got.error().fault()->code << ": "; break;
    }
    std::cout << name(got.error().code()) << ": " << got.error() << '\n';
    return got.error().code() == winrm::errc::login_denied ? 0 : 1;
}

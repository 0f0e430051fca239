// What a user's program looks like: nothing but the installed headers and one target.
#include <winrm/client.h>

#include <iostream>

int main()
{
    auto where = winrm::target::parse("http://127.0.0.1:1");
    winrm::client host{where.value(), {"user", "password"}};
    auto got = host.run("true");
    std::cout << (got ? "unexpected" : name(got.error().code())) << '\n';
    return !got && got.error().code() == winrm::errc::unencrypted_refused ? 0 : 1;
}

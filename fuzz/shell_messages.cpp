// Any envelope may be read as any message of a shell: a value or an error, never a crash.
#include "shell/messages.h"

#include <cstdint>

using namespace winrm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string text(data, data + size);
    const base::limits limits;
    const auto request = wsman::read_request(text, limits);
    if (const auto* r = std::get_if<wsman::incoming_request>(&request)) {
        (void)shell::read_create(*r);
        (void)shell::read_command(*r);
        (void)shell::read_send(*r);
        (void)shell::read_receive(*r);
        (void)shell::read_signal(*r);
    }
    if (const auto reply = wsman::read_reply(text, limits, {})) {
        (void)shell::read_create_reply(*reply);
        (void)shell::read_command_reply(*reply);
        (void)shell::read_receive_reply(*reply);
    }
    return 0;
}

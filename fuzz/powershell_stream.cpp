// What PowerShell's process writes, and what a client sends to it: the bridge never grows beyond its bounds, and names
// its end.
#include "psrp/process_bridge.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace winrm;
    const base::bytes_view input(reinterpret_cast<const char*>(data), size);
    psrp::stream_watch once(4096), cut(4096);
    const bool good = once.pass(input);
    bool same = true;
    for (const char c : input) same = cut.pass(base::bytes_view(&c, 1));
    if (size > 0 && same != good) std::abort();
    while (const auto m = once.poll())
        if (cut.poll() != m) std::abort();
    (void)psrp::collect_messages(input);
    psrp::pool_memory memory;
    memory.created(input);
    memory.output(input);
    (void)memory.connect(input);

    psrp::bridge_options o;
    o.max_line = 4096;
    o.max_message = 4096;
    psrp::process_bridge bridge(o);
    const base::uuid guid = *base::uuid::parse("11111111-2222-3333-4444-555555555555");
    const base::time_point now{};
    (void)bridge.open({}, "x", now);
    (void)bridge.open(guid, base::bytes(input.substr(0, size / 2)), now);
    for (const base::bytes_view part : {input.substr(0, size / 2), input.substr(size / 2)}) {
        bridge.received(part, now);
        bridge.written(bridge.output().size());
        int ends = 0;
        while (auto e = bridge.poll_event()) ends += std::holds_alternative<psrp::bridge_ended>(*e) ? 1 : 0;
        if (ends > 1) std::abort();
        bridge.send(guid, psrp::packet_stream::prompt_response, "y", now);
        if (bridge.conversations() > 2) std::abort();
    }
    bridge.shut_down(now);
    bridge.handle_timeout(now + o.close_time);
    if (!bridge.finished()) std::abort();
    return 0;
}

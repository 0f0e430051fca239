// What a host sends to a client's pool, for the pool (even first byte of a piece) and for a pipeline: events and orders
// are bounded, and close() ends it whatever came before.
#include "psrp/client_pool.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace winrm;

namespace {

void settle(psrp::client_pool& pool)
{
    for (int round = 0; round < 1000; ++round) {
        bool moved = false;
        while (auto order = pool.poll_carry({})) {
            moved = true;
            pool.handle_done(order->id);
        }
        while (auto e = pool.poll_event()) {
            moved = true;
            if (auto* call = std::get_if<psrp::host_call_made>(&*e)) pool.fail(*call, "no");
        }
        if (!moved) return;
    }
    std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    psrp::client_pool_options o;
    o.id = *base::uuid::parse("11111111-1111-1111-1111-111111111111");
    o.limits = {.blob = 10'000, .message = 50'000};
    o.values.values = 5'000;
    psrp::client_pool pool{std::move(o), base::system_random()};
    pool.open();
    const base::uuid id =
        pool.run(psrp::pipeline::script("x"), base::uuid::parse("22222222-2222-4222-8222-222222222222"));
    settle(pool);
    // Pieces: whose, two octets of length, bytes.
    for (std::size_t at = 0; at + 3 <= size;) {
        const bool of_pool = (data[at] & 1U) == 0;
        const std::size_t length = std::min<std::size_t>(data[at + 1] * 256u + data[at + 2], size - at - 3);
        pool.received(of_pool ? std::nullopt : std::optional{id},
                      {reinterpret_cast<const char*>(data) + at + 3, length});
        settle(pool);
        at += 3 + length;
    }
    pool.close();
    settle(pool);
    if (!pool.finished()) std::abort();
    return 0;
}

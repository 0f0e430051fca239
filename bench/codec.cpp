// Hot paths of a stream block: base64 both ways, UTF-16 both ways, a full Receive answer written and read.
#include "base/base64.h"
#include "base/text.h"
#include "shell/messages.h"

#include <benchmark/benchmark.h>

using namespace winrm;

namespace {

std::string sample(std::size_t size)
{
    std::string data(size, '\0');
    unsigned state = 12345;
    for (char& c : data) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
    return data;
}

void base64_encode(benchmark::State& state)
{
    const std::string raw = sample(32 * 1024);
    std::string out;
    for (auto _ : state) {
        out.clear();
        base::base64_encode(raw, out);
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * raw.size()));
}
BENCHMARK(base64_encode);

void base64_decode(benchmark::State& state)
{
    const std::string raw = sample(32 * 1024);
    const std::string text = base::base64_encode(raw);
    std::string out;
    for (auto _ : state) {
        out.clear();
        benchmark::DoNotOptimize(base::base64_decode(text, out));
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * raw.size()));
}
BENCHMARK(base64_decode);

void utf16(benchmark::State& state)
{
    std::string text;
    while (text.size() < 64 * 1024) text += state.range(0) ? "größe 部屋 " : "plain text ";
    for (auto _ : state) {
        auto wide = base::utf8_to_utf16(text, base::utf16_order::little);
        auto back = base::utf16_to_utf8(*wide, base::utf16_order::little);
        benchmark::DoNotOptimize(back->data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(utf16)->Arg(0)->Arg(1);

void receive_answer(benchmark::State& state)
{
    const std::string raw = sample(360 * 1024);
    for (auto _ : state) {
        const std::string envelope = wsman::write_reply(
            {"uuid:1", "uuid:2"}, wsman::action::response_of(wsman::action::receive), [&](xml::writer& w) {
                shell::write_receive_reply(w, "C", {{"stdout", raw, false}}, shell::command_state::running, {});
            });
        base::limits limits;
        limits.envelope = 2'000'000;
        const auto reply = wsman::read_reply(envelope, limits, "uuid:2");
        auto got = shell::read_receive_reply(*reply);
        benchmark::DoNotOptimize(got->blocks.data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * raw.size()));
}
BENCHMARK(receive_answer);

} // namespace

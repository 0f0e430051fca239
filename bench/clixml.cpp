// CLIXML read and written: the objects of engine.md's part 4 (20 000 of five properties), or a file as PowerShell wrote
// it. clixml [FILE]: one line "bytes objects read_ms write_ms read_json_ms write_json_ms", best of several, processor
// time.
#include "clixml/json.h"
#include "clixml/reader.h"
#include "clixml/writer.h"
#include "io/heap.h"

#include "measure.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace winrm;

namespace {

constexpr int rounds = 15;

clixml::value sample()
{
    constexpr int count = 20'000;
    const clixml::type_names types{"System.Management.Automation.PSCustomObject", "System.Object"};
    std::vector<clixml::value> items;
    for (int i = 0; i < count; ++i) {
        items.emplace_back(clixml::object(types)
                               .with("Name", "object number " + std::to_string(i))
                               .with("Index", i)
                               .with("Ratio", i / 7.0)
                               .with("When", clixml::date_time{638'000'000'000'000'000 + i * 12'345'678LL,
                                                               clixml::date_time::zone::utc, 0})
                               .with("Text", "line <one> & line\ttwo\n" + std::to_string(i)));
    }
    return clixml::object::array_list(std::move(items));
}

struct best
{
    double read = 1e9, write = 1e9, read_json = 1e9, write_json = 1e9;
};

template <class Work> void time_of(double& least, const Work& work)
{
    const double begin = bench::cpu_ms();
    work();
    least = std::min(least, bench::cpu_ms() - begin);
}

} // namespace

int main(int argc, char** argv)
{
    io::keep_freed_memory();
    std::string xml;
    if (argc > 1) {
        std::ifstream in(argv[1], std::ios::binary);
        xml.assign(std::istreambuf_iterator<char>(in), {});
    } else {
        xml = clixml::write(sample(), {.document = true});
    }
    best found;
    std::size_t objects = 0, out = 0, json_size = 0;
    for (int i = 0; i < rounds; ++i) {
        clixml::value v;
        time_of(found.read, [&] {
            auto got = clixml::read(xml);
            if (!got) std::fprintf(stderr, "bench: %s\n", got.error().message().c_str());
            else v = std::move(*got);
        });
        if (v.is_null()) return 1;
        objects = v.items().size();
        std::string again, json;
        time_of(found.write, [&] { again = clixml::write(v, {.document = true}); });
        time_of(found.write_json, [&] { json = clixml::to_json(v); });
        time_of(found.read_json, [&] { static_cast<void>(clixml::from_json(json)); });
        out = again.size();
        json_size = json.size();
    }
    std::printf("%zu %zu %zu %.3f %.3f %.3f %.3f\n", xml.size(), out, objects, found.read, found.write, found.read_json,
                found.write_json);
    std::fprintf(
        stderr,
        "read %.0f MB/s, %.0f objects/ms; written %.0f MB/s, %.0f objects/ms; JSON read %.0f MB/s, written %.0f MB/s\n",
        static_cast<double>(xml.size()) / found.read / 1e3, static_cast<double>(objects) / found.read,
        static_cast<double>(out) / found.write / 1e3, static_cast<double>(objects) / found.write,
        static_cast<double>(json_size) / found.read_json / 1e3,
        static_cast<double>(json_size) / found.write_json / 1e3);
    return 0;
}

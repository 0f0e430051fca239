// Our LZ77+Huffman against wimlib's, which reads and writes the same blocks in Windows' image files: each must read
// what the other wrote. Exit 0 = all agree. With "bench": MB/s of ours and of wimlib's, packing and unpacking.
#include "xpress/xpress.h"

#include <wimlib.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using winrm::base::bytes;
using winrm::xpress::max_block;

struct free_wimlib
{
    void operator()(wimlib_compressor* c) const noexcept { wimlib_free_compressor(c); }
    void operator()(wimlib_decompressor* d) const noexcept { wimlib_free_decompressor(d); }
};

class wimlib
{
public:
    wimlib()
    {
        wimlib_compressor* c = nullptr;
        wimlib_decompressor* d = nullptr;
        good_ = wimlib_create_compressor(WIMLIB_COMPRESSION_TYPE_XPRESS, max_block, 0, &c) == 0 &&
                wimlib_create_decompressor(WIMLIB_COMPRESSION_TYPE_XPRESS, max_block, &d) == 0;
        compressor_.reset(c);
        decompressor_.reset(d);
    }
    [[nodiscard]] bool good() const noexcept { return good_; }
    /// Empty: it would not become smaller.
    [[nodiscard]] bytes pack(const bytes& data)
    {
        bytes out(data.size(), '\0');
        out.resize(wimlib_compress(data.data(), data.size(), out.data(), out.size(), compressor_.get()));
        return out;
    }
    [[nodiscard]] bool unpack(const bytes& packed, bytes& out)
    {
        return wimlib_decompress(packed.data(), packed.size(), out.data(), out.size(), decompressor_.get()) == 0;
    }

private:
    bool good_ = false;
    std::unique_ptr<wimlib_compressor, free_wimlib> compressor_;
    std::unique_ptr<wimlib_decompressor, free_wimlib> decompressor_;
};

bytes clixml(std::mt19937& random, std::size_t size)
{
    bytes made;
    for (int i = 0; made.size() < size; ++i)
        made += "<Obj RefId=\"" + std::to_string(i) + "\"><MS><I32 N=\"Id\">" + std::to_string(random() % 100'000) +
                "</I32><S N=\"Name\">process_x005F_" + std::to_string(random() % 50) + "</S></MS></Obj>";
    made.resize(size);
    return made;
}

std::vector<bytes> samples()
{
    std::mt19937 random(11);
    std::vector<bytes> made;
    for (const std::size_t size : {1U, 3U, 266U, 1'000U, 4'096U, 30'000U, 65'535U, 65'536U}) {
        bytes noise, letters;
        for (std::size_t i = 0; i < size; ++i) {
            noise += static_cast<char>(random());
            letters += static_cast<char>('a' + std::min(random() % 26, random() % 26));
        }
        made.insert(made.end(),
                    {noise, letters, clixml(random, size), bytes(size, 'x'), noise.substr(0, size / 2) + noise});
        made.back().resize(size);
    }
    return made;
}

int check(wimlib& other)
{
    for (const auto& data : samples()) {
        bytes there(data.size(), '\0'), back;
        if (!other.unpack(winrm::xpress::compress(data), there) || there != data)
            return std::fprintf(stderr, "wimlib does not read what we packed (%zu octets)\n", data.size()), 1;
        const auto packed = other.pack(data);
        if (packed.empty()) continue;
        const auto read = winrm::xpress::decompress(packed, data.size(), back);
        if (!read || back != data)
            return std::fprintf(stderr, "we do not read what wimlib packed (%zu octets): %s\n", data.size(),
                                read ? "other data" : read.error().message().c_str()),
                   1;
    }
    return 0;
}

/// MB/s of `work`, which handles `size` octets a call, over half a second.
template <class F> double rate(std::size_t size, F work)
{
    using clock = std::chrono::steady_clock;
    const auto begin = clock::now();
    double done = 0;
    std::chrono::duration<double> took{};
    do {
        work();
        done += static_cast<double>(size);
        took = clock::now() - begin;
    } while (took.count() < 0.5);
    return done / took.count() / 1e6;
}

int bench(wimlib& other)
{
    std::mt19937 random(5);
    const auto data = clixml(random, max_block);
    const auto ours = winrm::xpress::compress(data), theirs = other.pack(data);
    bytes out(data.size(), '\0');
    std::printf("%.0f %.0f %.0f %.0f %zu %zu\n", rate(data.size(), [&] { (void)winrm::xpress::compress(data); }),
                rate(data.size(), [&] { (void)other.pack(data); }),
                rate(data.size(), [&] { out.clear(), (void)winrm::xpress::decompress(ours, data.size(), out); }),
                rate(data.size(), [&] { out.resize(data.size()), (void)other.unpack(theirs, out); }), ours.size(),
                theirs.size());
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    wimlib other;
    if (!other.good()) return std::fputs("wimlib does not start\n", stderr), 1;
    return argc > 1 && std::string_view(argv[1]) == "bench" ? bench(other) : check(other);
}

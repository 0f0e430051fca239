// MS-XCA 2.2, with every place checked before it is read or written.
#include "xpress/huffman.h"
#include "xpress/xpress.h"

#include <cassert>
#include <cstdint>
#include <cstring>

namespace winrm::xpress {
namespace {

constexpr std::size_t table_size = symbol_count / 2;

winrm::error broken(const char* what) { return {errc::protocol, std::string("compressed stream: ") + what}; }

/// Words of 16 bits, one of them ahead; octets stand between.
class bit_reader
{
public:
    explicit bit_reader(base::bytes_view data) : data_(data)
    {
        next_ = word() << 16;
        next_ |= word();
    }

    [[nodiscard]] std::uint32_t peek(unsigned count) const noexcept { return next_ >> (32 - count); }
    void skip(unsigned count)
    {
        next_ <<= count;
        extra_ -= static_cast<int>(count);
        if (extra_ >= 0) return;
        next_ |= word() << -extra_;
        extra_ += 16;
    }
    [[nodiscard]] std::uint32_t octet()
    {
        if (at_ == data_.size()) missing_bits_ = all_bits;
        return next_octet();
    }
    /// Bits were used that are not there. Words ahead may be missing: what is read of them is read for nothing.
    [[nodiscard]] bool cut() const noexcept { return missing_bits_ > 16 + extra_; }

private:
    static constexpr int all_bits = 1 << 20;

    std::uint32_t next_octet()
    {
        if (at_ < data_.size()) return static_cast<unsigned char>(data_[at_++]);
        missing_bits_ += 8;
        return 0;
    }
    std::uint32_t word()
    {
        const auto low = next_octet();
        return low | next_octet() << 8;
    }

    base::bytes_view data_;
    std::size_t at_ = 0;
    std::uint32_t next_ = 0;
    int extra_ = 16, missing_bits_ = 0;
};

code_lengths read_lengths(base::bytes_view table) noexcept
{
    code_lengths lengths{};
    for (std::size_t i = 0; i < table_size; ++i) {
        const auto both = static_cast<unsigned char>(table[i]);
        lengths[2 * i] = both & 0x0F;
        lengths[2 * i + 1] = both >> 4;
    }
    return lengths;
}

/// Octets of a match whose symbol says so much; 0 = no such length.
std::size_t match_length(unsigned in_symbol, bit_reader& in)
{
    constexpr unsigned in_octets = 15;
    if (in_symbol < in_octets) return in_symbol + 3;
    const auto more = in.octet();
    if (more != 255) return more + in_octets + 3;
    const auto low = in.octet();
    const auto whole = low | in.octet() << 8;
    return whole < in_octets ? 0 : whole + 3;
}

/// Both within out; they may overlap, and then what has just been written is read again.
void copy_match(char* to, std::size_t distance, std::size_t length) noexcept
{
    if (distance >= length) {
        std::memcpy(to, to - distance, length);
        return;
    }
    const char* const from = to - distance;
    for (std::size_t i = 0; i < length; ++i) to[i] = from[i];
}

result<void> read_symbols(bit_reader& in, const decoding_table& table, char* out, std::size_t size)
{
    for (std::size_t done = 0; done < size;) {
        const auto [symbol, bits] = table.find(in.peek(max_code_bits));
        in.skip(bits);
        if (in.cut()) return broken("it ends too soon");
        if (symbol < 256) {
            out[done++] = static_cast<char>(symbol);
            continue;
        }
        const auto length = match_length(symbol & 15U, in);
        const auto distance_bits = (symbol - 256U) >> 4;
        auto distance = std::size_t{1} << distance_bits;
        if (distance_bits != 0) {
            distance += in.peek(distance_bits);
            in.skip(distance_bits);
        }
        if (in.cut()) return broken("it ends too soon");
        if (length == 0) return broken("a match has a length that another form has");
        if (distance > done) return broken("a match begins before the data");
        if (length > size - done) return broken("it is longer than announced");
        copy_match(out + done, distance, length);
        done += length;
    }
    return {};
}

} // namespace

result<void> decompress(base::bytes_view packed, std::size_t size, base::bytes& out)
{
    assert(size != 0 && size <= max_block);
    if (packed.size() < table_size) return broken("it is shorter than its table of codes");
    decoding_table table;
    if (!table.assign(read_lengths(packed))) return broken("its table of codes is none");
    bit_reader in(packed.substr(table_size));
    const auto old = out.size();
    out.resize(old + size);
    return read_symbols(in, table, out.data() + old, size);
}

} // namespace winrm::xpress

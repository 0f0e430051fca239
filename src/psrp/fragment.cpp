#include "psrp/fragment.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <string>
#include <utility>

namespace winrm::psrp {
namespace {

constexpr unsigned start_flag = 1;
constexpr unsigned end_flag = 2;
// Windows PowerShell sends warnings of a pipeline beside its output, so that ObjectIds are not always in order. A
// message that comes twice is found among the last few.
constexpr std::size_t remembered_ids = 64;

void put(std::uint64_t value, int octets, base::bytes& out)
{
    for (int shift = (octets - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFFU);
}

std::uint64_t get(base::bytes_view bytes)
{
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
    return value;
}

} // namespace

void write_fragment(const fragment& f, base::bytes& out)
{
    put(f.object_id, 8, out);
    put(f.fragment_id, 8, out);
    out += static_cast<char>((f.start ? start_flag : 0) | (f.end ? end_flag : 0));
    put(f.blob.size(), 4, out);
    out += f.blob;
}

result<std::optional<fragment>> read_fragment(base::bytes_view bytes, std::size_t blob_limit)
{
    if (bytes.size() < fragment_header_size) return std::optional<fragment>{};
    const std::uint64_t length = get(bytes.substr(17, 4));
    if (length > blob_limit) return error{errc::protocol, "a PSRP fragment says it is longer than the limit"};
    if (bytes.size() - fragment_header_size < length) return std::optional<fragment>{};
    const auto flags = static_cast<unsigned char>(bytes[16]); // the other six bits are to be ignored
    return std::optional<fragment>{fragment{get(bytes.substr(0, 8)), get(bytes.substr(8, 8)), (flags & start_flag) != 0,
                                            (flags & end_flag) != 0, bytes.substr(fragment_header_size, length)}};
}

void fragmenter::push(std::uint64_t object_id, base::bytes message)
{
    size_ += message.size();
    waiting_.push_back({object_id, std::move(message)});
}

bool fragmenter::take_fragment(std::size_t room, base::bytes& out)
{
    entry& first = waiting_.front();
    const std::size_t left = first.message.size() - first.taken;
    const std::size_t used = fragment_header_size + (left == 0 ? 0 : 1);
    if (room < used) return false;
    const std::size_t length = std::min({left, room - fragment_header_size, largest_blob});
    const base::bytes_view blob = base::bytes_view{first.message}.substr(first.taken, length);
    write_fragment({first.object_id, first.next_fragment, first.next_fragment == 0, length == left, blob}, out);
    first.taken += length;
    ++first.next_fragment;
    size_ -= length;
    if (length == left) waiting_.pop_front();
    return true;
}

base::bytes fragmenter::take(std::size_t piece_size)
{
    assert(piece_size > fragment_header_size);
    base::bytes out;
    while (!waiting_.empty() && take_fragment(piece_size - out.size(), out)) continue;
    return out;
}

base::bytes fragmenter::take_of_one(std::size_t piece_size)
{
    assert(piece_size > fragment_header_size);
    base::bytes out;
    const std::size_t messages = waiting_.size();
    while (!waiting_.empty() && waiting_.size() == messages && take_fragment(piece_size - out.size(), out)) continue;
    return out;
}

void fragmenter::clear()
{
    waiting_.clear();
    size_ = 0;
}

void fragmenter::put_before(fragmenter first)
{
    size_ += first.size_;
    waiting_.insert(waiting_.begin(), std::make_move_iterator(first.waiting_.begin()),
                    std::make_move_iterator(first.waiting_.end()));
}

defragmenter::defragmenter(fragment_limits limits) : limits_{limits} {}

result<void> defragmenter::refuse(error why)
{
    pending_.clear();
    message_.clear();
    failure_ = std::move(why);
    return *failure_;
}

result<void> defragmenter::take(const fragment& f)
{
    if (f.start) {
        if (building_) return refuse({errc::protocol, "a PSRP message begins within another one"});
        if (f.fragment_id != 0)
            return refuse({errc::protocol, "the first fragment of a PSRP message has not the number 0"});
        if (std::find(finished_.begin(), finished_.end(), f.object_id) != finished_.end())
            return refuse({errc::protocol, "a PSRP message came twice"});
        building_ = true;
        object_id_ = f.object_id;
        next_fragment_ = 0;
    }
    if (!building_) return refuse({errc::protocol, "a fragment of a PSRP message came without its start"});
    if (f.object_id != object_id_)
        return refuse({errc::protocol, "a fragment of another PSRP message came in between"});
    if (f.fragment_id != next_fragment_) return refuse({errc::protocol, "a PSRP fragment is missing or came twice"});
    ++next_fragment_;
    if (f.blob.size() > limits_.message - message_.size())
        return refuse({errc::too_large, "a PSRP message is larger than the limit"});
    if (f.blob.empty() && !f.end) return refuse({errc::protocol, "an empty PSRP fragment that ends nothing"});
    message_ += f.blob;
    if (!f.end) return {};
    building_ = false;
    finished_.push_back(f.object_id);
    if (finished_.size() > remembered_ids) finished_.pop_front();
    ready_.push_back(std::exchange(message_, {}));
    return {};
}

result<void> defragmenter::push(base::bytes_view bytes)
{
    if (failure_) return *failure_;
    // What came before is joined only with what completes it: whole fragments are read where they lie.
    base::bytes joined;
    if (!pending_.empty()) {
        joined = std::exchange(pending_, {});
        joined += bytes;
        bytes = joined;
    }
    while (!bytes.empty()) {
        const auto got = read_fragment(bytes, limits_.blob);
        if (!got) return refuse(got.error());
        const std::optional<fragment>& next = *got;
        if (!next) break;
        if (auto taken = take(*next); !taken) return taken;
        bytes.remove_prefix(fragment_header_size + next->blob.size());
    }
    pending_ = bytes;
    return {};
}

std::optional<base::bytes> defragmenter::poll()
{
    if (ready_.empty()) return std::nullopt;
    base::bytes message = std::move(ready_.front());
    ready_.pop_front();
    return message;
}

} // namespace winrm::psrp

#include "shell/output_queue.h"

#include "base/text.h"

#include <algorithm>

namespace winrm::shell {
namespace {

constexpr std::size_t chunk_size = 128 * 1024; // a chunk grows to this before the next begins
/// The same of packets: PowerShell's fragments are 32 KiB, and several fit any envelope that is usual.
constexpr std::size_t packets_size = 32 * 1024;

/// Bytes at the end that begin a UTF-8 sequence without ending it: 0 to 3.
std::size_t unfinished_tail(base::bytes_view text)
{
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
        const auto c = static_cast<unsigned char>(text[text.size() - back]);
        if ((c & 0xC0U) == 0x80U) continue;
        const std::size_t needs = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
        return needs > back ? back : 0;
    }
    return 0;
}

} // namespace

output_queue::output_queue(std::vector<std::string> streams, bool text)
    : names_(std::move(streams)), text_(text), open_((stream_set{1} << names_.size()) - 1), waiting_(names_.size())
{}

std::size_t output_queue::waiting(stream_set of) const noexcept
{
    std::size_t sum = 0;
    for (std::size_t i = 0; i < waiting_.size(); ++i) sum += (of & bit(i)) != 0 ? waiting_[i] : 0;
    return sum;
}

std::size_t output_queue::under_way() const noexcept
{
    std::size_t waits = 0;
    for (const std::size_t bytes : waiting_) waits += bytes;
    return size_ - waits;
}

void output_queue::push(std::size_t stream, base::bytes_view data)
{
    size_ += data.size();
    waiting_[stream] += data.size();
    if (!chunks_.empty() && chunks_.back().stream == stream &&
        chunks_.back().data.size() + data.size() <= (text_ ? chunk_size : packets_size) &&
        chunks_.back().cut == chunks_.back().taken) { // growing would move bytes that are under way
        chunks_.back().data += data;
        return;
    }
    // A character cut by the border of two reads moves over whole: some clients decode block by block.
    std::string start;
    const auto last =
        std::find_if(chunks_.rbegin(), chunks_.rend(), [&](const chunk& c) { return c.stream == stream; });
    if (const std::size_t tail = !text_ || last == chunks_.rend() ? 0 : unfinished_tail(last->rest()); tail > 0) {
        start = last->data.substr(last->data.size() - tail);
        last->data.resize(last->data.size() - tail);
    }
    start += data;
    chunks_.push_back({stream, std::move(start)});
}

void output_queue::move_cut(chunk& c, std::size_t to) noexcept
{
    waiting_[c.stream] += c.cut; // modulo: what is added here is taken off below
    waiting_[c.stream] -= to;
    c.cut = to;
}

output_queue::piece output_queue::cut(stream_set wanted, std::size_t room, std::size_t tags, bool last)
{
    piece p;
    std::size_t last_chunk = 0;
    for (std::size_t i = 0; i < chunks_.size() && p.everything; ++i) {
        chunk& c = chunks_[i];
        if ((wanted & bit(c.stream)) == 0) continue;
        const base::bytes_view rest = c.rest();
        if (rest.empty()) continue; // its bytes moved on with the rest of their character
        const std::size_t fits = room > tags ? base::base64_capacity(room - tags) : 0;
        std::size_t take = rest.size();
        if (take > fits && text_) take = base::utf8_cut(rest, fits);
        else if (take > fits) take = p.blocks.empty() ? fits : 0; // a packet alone that is larger than any answer
        p.everything = take == rest.size();
        if (take == 0) break;
        p.blocks.push_back({names_[c.stream], rest.substr(0, take), false});
        move_cut(c, c.cut + take);
        room -= tags + base::base64_encoded_size(take);
        last_chunk = i;
    }
    if (text_ && !last && p.everything && !p.blocks.empty()) hold_back_tail(p, last_chunk);
    return p;
}

/// A character whose end may still come waits for it, if something else can be said meanwhile.
void output_queue::hold_back_tail(piece& p, std::size_t last_chunk)
{
    outgoing_block& block = p.blocks.back();
    const std::size_t tail = unfinished_tail(block.data);
    if (tail == 0 || tail >= block.data.size()) return;
    block.data.remove_suffix(tail);
    move_cut(chunks_[last_chunk], chunks_[last_chunk].cut - tail);
}

void output_queue::confirm()
{
    for (chunk& c : chunks_) {
        size_ -= c.cut - c.taken;
        c.taken = c.cut;
    }
    std::erase_if(chunks_, [](const chunk& c) { return c.rest().empty(); });
}

void output_queue::rewind()
{
    for (chunk& c : chunks_) move_cut(c, c.taken);
}

bool output_queue::drop_front_outside(stream_set wanted)
{
    if (chunks_.empty()) return false;
    chunk& c = chunks_.front();
    if ((wanted & bit(c.stream)) != 0 || c.cut != c.taken) return false;
    size_ -= c.rest().size();
    move_cut(c, c.data.size());
    chunks_.pop_front();
    return true;
}

} // namespace winrm::shell

#include "clixml/reader.h"

#include "base/text.h"
#include "base/text_encoding.h"
#include "clixml/builder.h"

#include <algorithm>

namespace winrm::clixml {
namespace {

constexpr base::bytes_view little_mark = "\xFF\xFE", big_mark = "\xFE\xFF";

/// Lines and columns of what was read and is gone.
struct position
{
    std::size_t line = 1, column = 1;

    void pass(base::bytes_view text)
    {
        for (const char c : text) {
            if (c == '\n') {
                ++line;
                column = 1;
            } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
                ++column;
            }
        }
    }
};

error located(const builder& made, const position& p)
{
    return {made.code(), std::string(made.why()) + " (line " + std::to_string(p.line) + ", column " +
                             std::to_string(p.column) + ")"};
}

error not_utf16() { return {errc::protocol, "the text has a mark of UTF-16, but is not UTF-16"}; }

result<value> read_utf8(base::bytes_view xml, const limits& bounds)
{
    if (xml.size() > bounds.bytes) return error{errc::too_large, "the CLIXML is too long"};
    scanner from;
    from.rebase(xml);
    from.last();
    builder made(bounds);
    const auto failed = [&](const char* why) -> error {
        position p;
        p.pass(xml.substr(0, from.used()));
        if (why == nullptr) return located(made, p);
        return {errc::protocol,
                std::string(why) + " (line " + std::to_string(p.line) + ", column " + std::to_string(p.column) + ")"};
    };
    switch (made.advance(from)) {
    case builder::step::item: break;
    case builder::step::bad: return failed(nullptr);
    default: return failed("there is no value in the CLIXML");
    }
    value v = made.take().content;
    switch (made.advance(from)) {
    case builder::step::finished: return v;
    case builder::step::bad: return failed(nullptr);
    default: return failed("there is more than one value in the CLIXML");
    }
}

} // namespace

result<value> read(base::bytes_view xml, const limits& bounds)
{
    const bool little = xml.starts_with(little_mark);
    if (!little && !xml.starts_with(big_mark)) return read_utf8(xml, bounds);
    if (xml.size() / 2 > bounds.bytes) return error{errc::too_large, "the CLIXML is too long"};
    const auto utf8 = base::utf16_to_utf8(xml.substr(2), little ? base::utf16_order::little : base::utf16_order::big);
    if (!utf8) return not_utf16();
    return read_utf8(*utf8, bounds);
}

struct reader::state
{
    enum class encoding : std::uint8_t { unknown, utf8, utf16_little, utf16_big };

    explicit state(const limits& l) : bounds(l), made(l) {}

    limits bounds;
    scanner from;
    builder made;
    std::string buffer;    ///< what the scanner has not used up, and what it has since the last drop
    std::string undecoded; ///< UTF-16 that is not whole; the first two octets while the encoding is unknown
    encoding in = encoding::unknown;
    position at;                ///< of buffer's first octet
    std::size_t item_bytes = 0; ///< of the value that is being read, up to buffer's first octet
    std::optional<error> failure;
    bool ended = false;
    std::uint64_t dropped = 0, last_item = 0; ///< octets no longer in buffer; up to the last value given out

    void append(base::bytes_view utf8)
    {
        drop();
        buffer.append(utf8);
        from.rebase(buffer);
    }
    void drop()
    {
        const std::size_t used = from.used();
        at.pass(base::bytes_view(buffer).substr(0, used));
        item_bytes += used;
        dropped += used;
        buffer.erase(0, used);
        from.rebase(buffer);
    }
    void decode(base::bytes_view piece);
    void fail(error e)
    {
        if (!failure) failure = std::move(e);
    }
};

void reader::state::decode(base::bytes_view piece)
{
    if (in == encoding::utf8) return append(piece);
    undecoded.append(piece);
    if (in == encoding::unknown) {
        if (undecoded.size() < 2 && !ended) return;
        in = undecoded.starts_with(little_mark) ? encoding::utf16_little
             : undecoded.starts_with(big_mark)  ? encoding::utf16_big
                                                : encoding::utf8;
        if (in == encoding::utf8) {
            append(undecoded);
            undecoded = {};
            return;
        }
        undecoded.erase(0, 2);
    }
    // Whole code units, and no first half of a pair at the end.
    std::size_t whole = undecoded.size() / 2 * 2;
    if (whole != 0 && !ended) {
        const auto high = static_cast<unsigned char>(undecoded[whole - (in == encoding::utf16_little ? 1 : 2)]);
        if (high >= 0xD8 && high <= 0xDB) whole -= 2;
    }
    if (ended) whole = undecoded.size();
    const auto utf8 =
        base::utf16_to_utf8(base::bytes_view(undecoded).substr(0, whole),
                            in == encoding::utf16_little ? base::utf16_order::little : base::utf16_order::big);
    if (!utf8) return fail(not_utf16());
    undecoded.erase(0, whole);
    append(*utf8);
}

reader::reader(const limits& bounds) : state_(std::make_unique<state>(bounds)) {}
reader::reader(reader&&) noexcept = default;
reader& reader::operator=(reader&&) noexcept = default;
reader::~reader() = default;

void reader::received(base::bytes_view piece)
{
    if (!state_->failure && !state_->ended) state_->decode(piece);
}

void reader::end_of_stream()
{
    if (state_->ended) return;
    state_->ended = true;
    state_->decode({});
    state_->from.last();
}

result<std::optional<item>> reader::poll()
{
    state& s = *state_;
    if (s.failure) return *s.failure;
    const builder::step step = s.made.advance(s.from);
    if (step == builder::step::bad) {
        s.at.pass(base::bytes_view(s.buffer).substr(0, s.from.used()));
        s.fail(located(s.made, s.at));
        return *s.failure;
    }
    if (step == builder::step::need_more && s.item_bytes + s.buffer.size() > s.bounds.bytes) {
        s.fail({errc::too_large, "a value in the CLIXML is too long"});
        return *s.failure;
    }
    if (step != builder::step::item) return std::optional<item>{};
    // What was used up counts for this value, the rest for the next.
    s.item_bytes = 0 - s.from.used();
    s.last_item = s.dropped + s.from.used();
    return std::optional<item>(s.made.take());
}

bool reader::between_documents() const noexcept
{
    return state_->made.between_documents() && state_->from.unread().empty() && state_->undecoded.empty();
}

std::uint64_t reader::used() const noexcept { return state_->last_item; }

} // namespace winrm::clixml

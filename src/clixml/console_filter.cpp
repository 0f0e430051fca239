#include "clixml/console.h"

#include <optional>
#include <utility>

namespace winrm::clixml {
namespace {

constexpr base::bytes_view heading = "#< CLIXML", opening = "<Objs", closing = "</Objs>";

} // namespace

struct console_filter::state
{
    enum class phase : std::uint8_t {
        text,     ///< as it is; where a line begins, a heading may stand
        headed,   ///< after a heading: a document, or text after all
        document, ///< up to its closing tag
        as_it_is  ///< a document could not be read: nothing is looked at any more
    };

    explicit state(const limits& l) : bounds(l) {}

    limits bounds;
    phase in = phase::text;
    bool line_begins = true;
    std::string held; ///< not shown yet: what may become a heading; in a document what belongs to no value given out
    std::string heading_line;
    std::optional<reader> document;
    std::size_t fed = 0;     ///< octets of `held` that the reader has
    std::uint64_t shown = 0; ///< octets of the document that values given out are made of
    std::string out;

    /// One step; false: more must come first.
    bool step(bool ended);
    bool text_step(bool ended);
    bool headed_step(bool ended);
    bool document_step(bool ended);
    void show(std::size_t size)
    {
        out.append(held, 0, size);
        if (size != 0) line_begins = held[size - 1] == '\n';
        held.erase(0, size);
    }
    void give_up()
    {
        out += std::exchange(heading_line, {}); // nothing of the document was readable
        show(held.size());
        document.reset();
        in = phase::as_it_is;
    }
};

bool console_filter::state::text_step(bool ended)
{
    if (held.empty()) return false;
    if (!line_begins) {
        const auto end = held.find('\n');
        show(end == std::string::npos ? held.size() : end + 1);
        return true;
    }
    const base::bytes_view start = base::bytes_view(held).substr(0, heading.size());
    if (!heading.starts_with(start)) {
        line_begins = false;
        return true;
    }
    // Whole, with the end of its line; "\r" alone may still get its "\n".
    const base::bytes_view rest = base::bytes_view(held).substr(start.size());
    const bool more = start.size() < heading.size() || rest.empty() || rest == "\r";
    if (more && !ended) return false;
    const std::size_t end = rest.starts_with("\r\n") ? 2 : rest.starts_with('\n') ? 1 : 0;
    if (end == 0) {
        line_begins = false;
        return true;
    }
    heading_line = held.substr(0, start.size() + end);
    held.erase(0, heading_line.size());
    line_begins = true;
    in = phase::headed;
    return true;
}

bool console_filter::state::headed_step(bool ended)
{
    if (held.empty()) {
        if (ended) out += std::exchange(heading_line, {});
        return false;
    }
    if (line_begins) {
        const base::bytes_view all(held);
        const bool may_open = opening.starts_with(all.substr(0, opening.size()));
        const bool may_head = heading.starts_with(all.substr(0, heading.size()));
        if (may_open && all.size() >= opening.size()) {
            document.emplace(bounds);
            fed = 0;
            shown = 0;
            in = phase::document;
            return true;
        }
        if (may_head && all.size() >= heading.size()) {
            out += std::exchange(heading_line, {});
            in = phase::text;
            return true;
        }
        if ((may_open || may_head) && !ended) return false;
    }
    // The program, or one that it started, wrote itself. A document may come yet, at the beginning of a line.
    out += std::exchange(heading_line, {});
    const auto end = held.find('\n');
    show(end == std::string::npos ? held.size() : end + 1);
    return !held.empty();
}

bool console_filter::state::document_step(bool ended)
{
    const auto found = held.find(closing, fed < closing.size() ? 0 : fed - closing.size());
    const bool closes = found != std::string::npos;
    const std::size_t size = closes ? found + closing.size() : held.size();
    document->received(base::bytes_view(held).substr(fed, size - fed));
    fed = size;
    for (;;) {
        const auto next = document->poll();
        if (!next) {
            give_up();
            return true;
        }
        if (!*next) break;
        heading_line.clear();
        out += console_text(**next, {.information = false});
        const std::uint64_t used = document->used() - shown;
        shown += used;
        held.erase(0, static_cast<std::size_t>(used));
        fed -= static_cast<std::size_t>(used);
    }
    if (closes && document->between_documents()) {
        held.erase(0, fed);
        heading_line.clear();
        document.reset();
        line_begins = true;
        in = phase::text;
        return true;
    }
    if (ended || closes) give_up();
    return false;
}

bool console_filter::state::step(bool ended)
{
    switch (in) {
    case phase::text: return text_step(ended);
    case phase::headed: return headed_step(ended);
    case phase::document: return document_step(ended);
    case phase::as_it_is: show(held.size()); return false;
    }
    return false;
}

console_filter::console_filter(const limits& bounds) : state_(std::make_unique<state>(bounds)) {}
console_filter::console_filter(console_filter&&) noexcept = default;
console_filter& console_filter::operator=(console_filter&&) noexcept = default;
console_filter::~console_filter() = default;

std::string console_filter::pass(base::bytes_view piece)
{
    state_->held.append(piece);
    while (state_->step(false)) {}
    return std::exchange(state_->out, {});
}

std::string console_filter::flush()
{
    while (state_->step(true)) {}
    return std::exchange(state_->out, {});
}

} // namespace winrm::clixml

#include "http/head_scanner.h"

#include "base/secret.h"
#include "http/characters.h"

#include <algorithm>
#include <utility>

namespace winrm::http {

std::size_t head_scanner::feed(std::string_view data)
{
    std::size_t taken = 0;
    while (state_ == progress::more && taken < data.size()) {
        if (text_.size() > line_begin_ && text_.back() != '\r') taken += take_run(data.substr(taken));
        if (taken < data.size()) take(data[taken++]);
    }
    return taken;
}

/// The characters within a line, of which take() has nothing to say: as many as fit what is allocated.
std::size_t head_scanner::take_run(std::string_view data)
{
    data = data.substr(0, std::min(text_.capacity(), max_size_) - text_.size());
    const auto end = std::find_if_not(data.begin(), data.end(), is_field_character);
    text_.append(data.begin(), end);
    return static_cast<std::size_t>(end - data.begin());
}

void head_scanner::take(char c)
{
    if (text_.size() == max_size_) return fail(progress::too_large, "the head is too large");
    const bool after_cr = !text_.empty() && text_.back() == '\r';
    if (after_cr != (c == '\n')) {
        return fail(progress::bad, after_cr ? "a carriage return stands alone" : "a line feed stands alone");
    }
    if (c != '\r' && c != '\n') {
        if (!is_field_character(c)) return fail(progress::bad, "the head holds a control character");
        // RFC 9112 5.2: a line that continues the one before it is read differently by different programs.
        if (text_.size() == line_begin_ && (c == ' ' || c == '\t')) {
            return fail(progress::bad, "a line of the head begins with white space");
        }
    }
    if (text_.size() == text_.capacity()) {
        // Growing by hand, so that no copy with an Authorization in it is left on the heap.
        std::string larger;
        larger.reserve(std::min(std::max<std::size_t>(512, 2 * text_.size()), max_size_));
        larger.append(text_);
        base::wipe(text_.data(), text_.size());
        text_.swap(larger);
    }
    text_.push_back(c);
    if (c == '\n') end_line();
}

void head_scanner::end_line()
{
    const std::string_view line = std::string_view{text_}.substr(line_begin_, text_.size() - line_begin_ - 2);
    line_begin_ = text_.size();
    if (line.empty()) {
        if (lines_ == 0) return fail(progress::bad, "the start line is empty");
        state_ = progress::complete;
        return;
    }
    if (lines_++ == 0) return;
    if (lines_ - 1 > max_fields_) return fail(progress::too_large, "the head has too many fields");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return fail(progress::bad, "a field has no colon");
    if (!is_token(line.substr(0, colon))) return fail(progress::bad, "a field's name is not a token");
}

void head_scanner::fail(progress state, std::string_view why)
{
    state_ = state;
    why_ = why;
}

void head_scanner::reset()
{
    base::wipe(text_.data(), text_.size());
    std::string{}.swap(text_);
    lines_ = line_begin_ = 0;
    state_ = progress::more;
    why_ = {};
}

} // namespace winrm::http

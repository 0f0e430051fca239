#include "http/body_reader.h"

#include "http/characters.h"

#include <algorithm>

namespace winrm::http {
namespace {

constexpr std::size_t max_skipped = 8 * 1024; // bytes of chunk extensions and trailers together
constexpr int max_digits = 8;                 // of a chunk's size

int hex_value(char c) noexcept
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

} // namespace

body_reader::body_reader(framing how, std::uint64_t length, std::size_t limit, grammar rules, storage what)
    : how_(how), rules_(rules), what_(what), state_(progress::more), limit_(limit)
{
    if (how != framing::length) return;
    left_ = length;
    if (length > limit) state_ = progress::too_large;
    else if (length == 0) state_ = progress::complete;
    else if (what == storage::keep) body_.reserve(static_cast<std::size_t>(length));
}

std::size_t body_reader::feed(std::string_view data)
{
    if (state_ != progress::more) return 0;
    if (how_ == framing::chunked) return feed_chunked(data);
    if (how_ == framing::until_close) {
        if (data.size() > limit_ - seen_) {
            state_ = progress::too_large;
            return 0;
        }
        store(data);
        return data.size();
    }
    const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size()));
    store(data.substr(0, now));
    left_ -= now;
    if (left_ == 0) state_ = progress::complete;
    return now;
}

void body_reader::end_of_stream()
{
    if (how_ == framing::until_close && state_ == progress::more) state_ = progress::complete;
}

void body_reader::store(std::string_view data)
{
    seen_ += data.size();
    if (what_ == storage::keep) body_.append(data);
}

std::size_t body_reader::feed_chunked(std::string_view data)
{
    std::size_t at = 0;
    while (state_ == progress::more && at < data.size()) {
        if (step_ != step::data) {
            framing_character(data[at++]);
            continue;
        }
        const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size() - at));
        store(data.substr(at, now));
        at += now;
        left_ -= now;
        if (left_ == 0) step_ = step::data_cr;
    }
    return at;
}

void body_reader::framing_character(char c)
{
    const auto expect = [&](char wanted, step next) {
        if (c == wanted) step_ = next;
        else state_ = progress::bad;
    };
    const auto skip = [&](step lf) {
        if (c == '\r') step_ = lf;
        else if (!is_field_character(c) || ++skipped_ > max_skipped) state_ = progress::bad;
    };
    switch (step_) {
    case step::size_begin:
        left_ = 0;
        digits_ = 0;
        step_ = step::size;
        [[fallthrough]];
    case step::size:
        if (const int value = hex_value(c); value >= 0) {
            if (++digits_ > max_digits) state_ = progress::bad;
            left_ = left_ * 16 + static_cast<unsigned>(value);
        } else if (digits_ > 0 && c == '\r') {
            step_ = step::size_lf;
        } else if (digits_ > 0 && rules_ == grammar::lenient && (c == ';' || c == ' ' || c == '\t')) {
            step_ = step::extension;
        } else {
            state_ = progress::bad;
        }
        return;
    case step::extension: return skip(step::size_lf);
    case step::size_lf:
        if (c != '\n') state_ = progress::bad;
        else end_size();
        return;
    case step::data: return;
    case step::data_cr: return expect('\r', step::data_lf);
    case step::data_lf: return expect('\n', step::size_begin);
    case step::trailer_begin:
        if (c == '\r') step_ = step::last_lf;
        else if (rules_ == grammar::strict) state_ = progress::bad;
        else {
            step_ = step::trailer;
            skip(step::trailer_lf);
        }
        return;
    case step::trailer: return skip(step::trailer_lf);
    case step::trailer_lf: return expect('\n', step::trailer_begin);
    case step::last_lf: state_ = c == '\n' ? progress::complete : progress::bad; return;
    }
}

/// The size line of a chunk is complete: known before a byte of it is taken.
void body_reader::end_size()
{
    if (left_ > limit_ - seen_) state_ = progress::too_large;
    else step_ = left_ == 0 ? step::trailer_begin : step::data;
}

} // namespace winrm::http

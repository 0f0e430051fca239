// A message body coming in: by length, in chunks, or until the peer closes (RFC 9112 6 and 7.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace winrm::http {

class body_reader
{
public:
    enum class framing { length, chunked, until_close };
    enum class progress { more, complete, bad, too_large };
    /// strict: neither chunk extensions nor trailers (server). lenient: both are skipped, within a bound (client).
    enum class grammar { strict, lenient };
    enum class storage { keep, drop };

    body_reader() = default; ///< an empty body, complete
    /// @param length  for framing::length; more than `limit` is too_large at once.
    /// @param limit   bytes of decoded body
    body_reader(framing how, std::uint64_t length, std::size_t limit, grammar rules, storage what);

    /// @return how many bytes belong to the body.
    std::size_t feed(std::string_view data);
    /// No more will come: completes a body that ends so, otherwise leaves the state as it is.
    void end_of_stream();
    [[nodiscard]] progress state() const noexcept { return state_; }
    [[nodiscard]] std::string take() { return std::exchange(body_, {}); }

private:
    enum class step {
        size_begin,
        size,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_begin,
        trailer,
        trailer_lf,
        last_lf
    };
    void store(std::string_view data);
    std::size_t feed_chunked(std::string_view data);
    void framing_character(char c);
    void end_size();

    framing how_ = framing::length;
    grammar rules_ = grammar::strict;
    storage what_ = storage::keep;
    progress state_ = progress::complete;
    step step_ = step::size_begin;
    std::uint64_t left_ = 0; ///< of the body, or of the current chunk
    std::size_t limit_ = 0, seen_ = 0, skipped_ = 0;
    int digits_ = 0;
    std::string body_;
};

} // namespace winrm::http

// Strict check in front of the parser: collects a head byte by byte and accepts only what has one reading. Every parser
// is lenient somewhere, and request smuggling lives on what two programs on one path read differently.
#pragma once

#include "base/limits.h"

#include <string>
#include <string_view>

namespace winrm::http {

class head_scanner
{
public:
    enum class progress {
        more,
        complete, ///< text() ends with the empty line; its lines have the shape of a head
        bad,      ///< why() tells; nothing after it can be trusted
        too_large ///< more bytes or fields than allowed
    };

    head_scanner(std::size_t max_size, std::size_t max_fields) : max_size_(max_size), max_fields_(max_fields) {}

    /// Takes bytes up to the end of the head or to the first that is wrong. @return how many were taken.
    std::size_t feed(std::string_view data);
    [[nodiscard]] progress state() const noexcept { return state_; }
    /// Static text, for bad and too_large.
    [[nodiscard]] std::string_view why() const noexcept { return why_; }
    /// What was collected, until reset(). Never longer than max_size.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    /// Ready for the next head. Wipes (an Authorization was in there) and gives the memory back.
    void reset();

private:
    void take(char c);
    std::size_t take_run(std::string_view data);
    void end_line();
    void fail(progress state, std::string_view why);

    std::size_t max_size_, max_fields_;
    std::size_t lines_ = 0, line_begin_ = 0;
    progress state_ = progress::more;
    std::string_view why_;
    std::string text_;
};

} // namespace winrm::http

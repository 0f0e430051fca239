// JSON as the program prints it: one object on one line, keys in the order written.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <functional>

namespace winrm::cli {

/// Writes the commas; begin and end calls must match.
class json_writer
{
public:
    /// @return false: stop, the reader is gone
    using sink = std::function<bool(base::bytes_view)>;

    /// Collects everything; str() has it.
    json_writer() = default;
    /// Passes the text on in pieces, so that a large stream is never in memory twice; finish() returns whether all was
    /// taken.
    explicit json_writer(sink to) : to_(std::move(to)) {}

    void begin_object(base::bytes_view key = {});
    void end_object();
    void begin_array(base::bytes_view key);
    void end_array();
    /// Text; in an array the key is empty. Bytes that are not UTF-8 become U+FFFD.
    void text(base::bytes_view key, base::bytes_view value);
    void number(base::bytes_view key, std::int64_t value);
    void boolean(base::bytes_view key, bool value);
    void null(base::bytes_view key);
    /// Bytes of a stream: as text if they are UTF-8, else in base64 and a further key "<key>_encoding": "base64".
    void stream(base::bytes_view key, base::bytes_view value);
    [[nodiscard]] const std::string& str() const noexcept { return out_; }
    /// Ends the line.  @return false when the sink did not take all of it
    [[nodiscard]] bool finish();

private:
    void name(base::bytes_view key);
    void pass_on();
    sink to_;
    bool taken_ = true;
    std::string out_;
    bool first_ = true;
};

/// With quotes around it.
[[nodiscard]] std::string json_string(base::bytes_view text);

} // namespace winrm::cli

// Reads CLIXML (MS-PSRP 2.2.5): a message's data at once, or a stream of documents piece by piece.
#pragma once

#include "clixml/value.h"

#include <winrm/result.h>

#include <memory>
#include <optional>

namespace winrm::clixml {

/// What one value at the top may cost; beyond it errc::too_large.
struct limits
{
    std::size_t depth = 100;                 ///< elements inside elements
    std::size_t values = 2'000'000;          ///< values of one at the top, property names and type names counted
    std::size_t bytes = 256ul * 1024 * 1024; ///< of XML of one value at the top
    /// Values, in all of a document, that are brought back by a Ref to a value at the top that was given out before;
    /// also how many values are remembered for such a Ref.
    std::size_t recalled = 2'000'000;
};

/// The whole of `xml` is one value: bare as in a PSRP message (`<Obj>`, `<S>` …, with or without a byte-order mark), or
/// an Objs document with one in it. UTF-8, or UTF-16 with a mark.
/// @errors protocol: not well-formed, a DOCTYPE, not CLIXML, contents that are not of their type, a Ref to nothing;
///         too_large: a bound of `limits`. The message says line and column, never content.
[[nodiscard]] result<value> read(base::bytes_view xml, const limits& bounds = {});

/// A value at the top of a document.
struct item
{
    text stream; ///< the S attribute of PowerShell's own output: "Error", "progress", "Output"…; "" if there is none
    value content;
};

/// Documents in a row: `<Objs>`, or bare values; each may have an XML declaration, and a line `#< CLIXML` before it.
/// White space between them. RefIds hold for their document.
class reader
{
public:
    explicit reader(const limits& bounds = {});
    reader(reader&&) noexcept;
    reader& operator=(reader&&) noexcept;
    ~reader();

    /// Pieces of any size, cut anywhere; UTF-8, or UTF-16 with a mark at the very beginning.
    void received(base::bytes_view piece);
    void end_of_stream();
    /// The next value at the top; nullopt = none yet, or after end_of_stream() the end. An error stays.
    /// @errors as read(); a document that is not complete at the end is one, too.
    [[nodiscard]] result<std::optional<item>> poll();
    /// Nothing but white space stands between the last complete document and what is read next.
    [[nodiscard]] bool between_documents() const noexcept;
    /// Octets of UTF-8 from the very beginning to the end of the last value that was given out.
    [[nodiscard]] std::uint64_t used() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace winrm::clixml

// Values as PowerShell's console would show them, and CLIXML on a stream of text made readable again.
#pragma once

#include "clixml/reader.h"

#include <memory>
#include <string>

namespace winrm::clixml {

/// One value as text: primitives as their text, an enum by its name, an object as lines "Name : value", a list one item
/// after the other. Bounded where much is shared. Without a line feed at the end.
[[nodiscard]] std::string to_text(const value& what);

struct console_options
{
    /// A host that writes its errors as CLIXML shows information (Write-Host, too) on standard output already.
    bool information = true;
};

/// What PowerShell's console shows for a value that came on a stream: an error's lines as they are, but without
/// colours; "WARNING: …"; nothing for progress. Whole lines, but for an error that is not one.
[[nodiscard]] std::string console_text(const item& what, const console_options& options = {});

/// Standard error of a program that may be PowerShell: documents after a line `#< CLIXML` become text, everything else
/// stays byte for byte what it is. Also what begins like CLIXML and is not, and a document that cannot be read: from
/// there on nothing is changed.
class console_filter
{
public:
    /// @param bounds  of what is held back while a value is not whole
    explicit console_filter(const limits& bounds = {
                                .depth = 100, .values = 100'000, .bytes = 4ul * 1024 * 1024, .recalled = 100'000});
    console_filter(console_filter&&) noexcept;
    console_filter& operator=(console_filter&&) noexcept;
    ~console_filter();

    /// What can be shown now.
    [[nodiscard]] std::string pass(base::bytes_view piece);
    /// What is left at the end of the stream.
    [[nodiscard]] std::string flush();

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace winrm::clixml

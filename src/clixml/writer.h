// Writes CLIXML (MS-PSRP 2.2.5) as PowerShell itself does, but without white space between elements.
#pragma once

#include "clixml/value.h"

#include <memory>
#include <string>

namespace winrm::clixml {

struct write_options
{
    /// `<Objs Version="1.1.0.1" xmlns="…">` around it, as files and PowerShell's own deserializer want; without it bare
    /// `<Obj>` or `<S>`, as in the data of a PSRP message (2.2.5).
    bool document = false;
};

/// An object that stands in it several times is written once and referred to by Ref (2.2.5.2.1), type names likewise:
/// the text grows with what is in memory, never with what it would be unfolded. A reference to an object that it does
/// not stand inside of is written as Nil.
[[nodiscard]] std::string write(const value& what, const write_options& options = {});

/// One document of many values, written as they come: what it remembers between them is bounded.
class document_writer
{
public:
    document_writer();
    document_writer(document_writer&&) noexcept;
    document_writer& operator=(document_writer&&) noexcept;
    ~document_writer();

    /// @param stream  the S attribute, "" = none.
    void add(const value& what, std::string_view stream = {});
    void finish();
    /// What has been written since the last call.
    [[nodiscard]] std::string take_output();

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace winrm::clixml

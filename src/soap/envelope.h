// SOAP 1.2 envelope and fault, without WS-Management's meaning.
#pragma once

#include "xml/document.h"
#include "xml/writer.h"

namespace winrm::soap {

class envelope
{
public:
    /// @errors as xml::document::parse; not_wsman: SOAP 1.1; protocol: root is no Envelope, no Body, more than one
    /// Header or
    ///         Body, anything after Body.
    [[nodiscard]] static result<envelope> parse(base::bytes_view utf8, const base::limits& limits);

    /// nullptr if there is none (Identify needs none).
    [[nodiscard]] const xml::element* header() const noexcept { return header_; }
    [[nodiscard]] const xml::element& body() const noexcept { return *body_; }
    /// First element inside Body, nullptr if it is empty.
    [[nodiscard]] const xml::element* payload() const noexcept;
    /// Is Body's payload s:Fault?
    [[nodiscard]] bool is_fault() const noexcept;

private:
    explicit envelope(xml::document&& d) : document_(std::move(d)) {}
    xml::document document_;
    const xml::element* header_ = nullptr;
    const xml::element* body_ = nullptr;
};

/// The soap part of a fault, any subcode.
struct fault
{
    std::string role;    ///< local name: Sender, Receiver, MustUnderstand, VersionMismatch, DataEncodingUnknown
    std::string subcode; ///< table prefix + ':' + local name, whatever the peer's prefix; if its prefix is not
                         ///< declared: as it is if the prefix is one of the table, else the local name alone; empty if
                         ///< none or of an unknown namespace
    std::string reason;
    const xml::element* detail = nullptr; ///< lives in the envelope
};
/// @errors protocol: s:Fault without a code.
[[nodiscard]] result<fault> parse_fault(const envelope& e);

} // namespace winrm::soap

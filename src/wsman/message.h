// WS-Management requests and responses as values, both directions (DSP0226; MS-WSMV 2.2.4, 3.1.4.1).
#pragma once

#include "base/duration.h"
#include "base/limits.h"
#include "soap/envelope.h"
#include "wsman/fault.h"
#include "wsman/names.h"

#include <functional>
#include <optional>
#include <variant>
#include <vector>

namespace winrm::wsman {

struct selector
{
    std::string name, value;
};
/// Names and values compare without case (MS-WSMV 3.1.4.1.2).
class selector_set
{
public:
    void add(std::string name, std::string value) { items_.push_back({std::move(name), std::move(value)}); }
    [[nodiscard]] const std::string* find(base::bytes_view name) const noexcept;
    [[nodiscard]] const std::vector<selector>& items() const noexcept { return items_; }
    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }

private:
    std::vector<selector> items_;
};

struct option
{
    std::string name, value;
    bool must_comply = false;
};
class option_set
{
public:
    void add(std::string name, std::string value, bool must_comply = false);
    /// Value, nullptr if absent; names compare without case.
    [[nodiscard]] const std::string* find(base::bytes_view name) const noexcept;
    [[nodiscard]] const std::vector<option>& items() const noexcept { return items_; }
    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }

private:
    std::vector<option> items_;
};

/// Writes the children of s:Body; empty function = empty Body.
using body_writer = std::function<void(xml::writer&)>;

/// The header part of a request. Client fills it, service gets it.
struct request_header
{
    std::string action;
    std::string resource_uri; ///< empty only for Identify
    std::string to;           ///< never compared with our name
    std::string message_id;   ///< byte for byte, to be echoed in RelatesTo
    selector_set selectors;
    option_set options;
    std::optional<base::milliseconds> operation_timeout;
    std::size_t max_envelope_size = 0; ///< octets; 0 = not given
    std::string locale = "en-US", data_locale = "en-US";
    std::string session_id, activity_id; ///< p:SessionId, p:ActivityId; empty = absent
    std::string compression;             ///< rsp:CompressionType; "" = none (a service without it refuses Create)
};

struct outgoing_request
{
    request_header header;
    body_writer body;
};
/// The whole envelope as UTF-8 text, prefixes and declarations of the table.
[[nodiscard]] std::string write_request(const outgoing_request& r);
[[nodiscard]] std::string write_identify();

/// A request as the service read it. `payload()` views live as long as this value.
class incoming_request
{
public:
    [[nodiscard]] const request_header& header() const noexcept { return header_; }
    [[nodiscard]] const soap::envelope& envelope() const noexcept { return envelope_; }
    [[nodiscard]] const xml::element* payload() const noexcept { return envelope_.payload(); }
    [[nodiscard]] bool is_identify() const noexcept { return identify_; }

private:
    friend struct request_reader;
    explicit incoming_request(soap::envelope&& e) : envelope_(std::move(e)) {}
    soap::envelope envelope_;
    request_header header_;
    bool identify_ = false;
};

/// Why a request could not be read: the fault to send and what of the request is known for the reply.
struct rejected_request
{
    wsman::fault fault;
    std::string message_id; ///< "" if it could not be read: then the reply has no RelatesTo
};

/// Parses and checks what holds for every request (MS-WSMV 3.1.4.1): required headers, duplicates (invalid_header),
/// mustUnderstand, timeouts, envelope size, selectors twice, URI lengths, MessageID. Not: whether resource and action
/// exist.
[[nodiscard]] std::variant<incoming_request, rejected_request> read_request(base::bytes_view utf8,
                                                                            const base::limits& limits);

/// Identifiers for a reply; made once per reply.
struct reply_header
{
    std::string message_id; ///< fresh, "uuid:…"
    std::string relates_to; ///< request's MessageID; empty = left out
};
[[nodiscard]] std::string write_reply(const reply_header& h, base::bytes_view action, const body_writer& body);
/// `machine` goes into WSManFault/@Machine. Quota faults get MSFT_WmiError as a second detail child as well.
[[nodiscard]] std::string write_fault(const reply_header& h, const fault& f, base::bytes_view machine);
/// Bytes that an envelope of write_reply has besides its body, generously: what a Receive answer must leave free.
inline constexpr std::size_t reply_overhead = 2048;

/// A reply as the client read it.
class incoming_reply
{
public:
    [[nodiscard]] const std::string& action() const noexcept { return action_; }
    [[nodiscard]] const std::string& relates_to() const noexcept { return relates_to_; }
    [[nodiscard]] const soap::envelope& envelope() const noexcept { return envelope_; }
    [[nodiscard]] const xml::element* payload() const noexcept { return envelope_.payload(); }
    [[nodiscard]] const std::optional<fault_info>& fault() const noexcept { return fault_; }
    [[nodiscard]] bool is_fault(fault_code c) const noexcept
    {
        return fault_ && fault_->code == static_cast<std::uint32_t>(c);
    }

private:
    friend struct reply_reader;
    explicit incoming_reply(soap::envelope&& e) : envelope_(std::move(e)) {}
    soap::envelope envelope_;
    std::string action_, relates_to_;
    std::optional<fault_info> fault_;
};

/// @param expected_message_id  request's MessageID; a RelatesTo that differs is errc::protocol (C7). A fault without
/// RelatesTo
///                             is taken. "" = do not check (Identify).
/// @errors protocol, too_large. A SOAP fault is a value here, not an error: see incoming_reply::fault.
[[nodiscard]] result<incoming_reply> read_reply(base::bytes_view utf8, const base::limits& limits,
                                                base::bytes_view expected_message_id);

} // namespace winrm::wsman

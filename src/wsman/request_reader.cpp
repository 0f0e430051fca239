#include "base/text.h"
#include "soap/namespaces.h"
#include "wsman/message.h"

#include <algorithm>
#include <array>

namespace winrm::wsman {
namespace {

constexpr std::size_t max_headers = 64;
constexpr std::size_t max_items = 256;          // selectors or options of one request
constexpr std::size_t min_envelope_size = 8192; // MS-WSMV 3.1.4.1.7

using refusal = std::optional<fault>;

fault refuse(fault_code code, std::string text = {}, std::string detail = {})
{
    return {code, std::move(text), std::move(detail)};
}

enum class demand { none, understand, malformed };

/// Only SOAP's own attribute counts: several clients send an unqualified one, or WS-Addressing's. It is an xs:boolean.
demand demand_of(const xml::element& e)
{
    const base::bytes_view* value = e.attribute_value(soap::ns::s, "mustUnderstand");
    if (value == nullptr) return demand::none;
    const base::bytes_view word = base::trim(*value);
    if (word == "true" || word == "1") return demand::understand;
    return word == "false" || word == "0" ? demand::none : demand::malformed;
}

/// SOAP 1.2 part 1, 2.2: a header says which role it is for; the service is the next node and the last one.
bool for_us(const xml::element& e)
{
    const base::bytes_view* role = e.attribute_value(soap::ns::s, "role");
    const base::bytes_view who = role == nullptr ? base::bytes_view() : base::trim(*role);
    return who.empty() || who == soap::role::next || who == soap::role::ultimate_receiver;
}

/// The header of that name that is for us.
const xml::element* our_header(const xml::element& header, base::bytes_view ns, base::bytes_view local)
{
    for (const xml::element* e : header.children())
        if (e->is(ns, local) && for_us(*e)) return e;
    return nullptr;
}

std::string quoted(const xml::element& e) { return "\"" + std::string(e.local()) + "\""; }

std::string attribute_or_empty(const xml::element& e, base::bytes_view ns, base::bytes_view local)
{
    const base::bytes_view* value = e.attribute_value(ns, local);
    return value == nullptr ? std::string() : std::string(*value);
}

refusal read_bounded(const xml::element& e, std::size_t bound, std::string& to)
{
    if (e.trimmed().size() > bound) return refuse(fault_code::uri_limit, "The header " + quoted(e) + " is too long.");
    to = e.trimmed();
    return {};
}

// MS-WSMV 3.1.4.1.12: at most 2048 characters, of which UTF-8's continuation bytes are none.
refusal read_activity(const xml::element& e, std::string& to)
{
    to = e.trimmed();
    const auto characters = std::count_if(to.begin(), to.end(), [](char c) { return (c & 0xC0) != 0x80; });
    if (characters <= 2048) return {};
    return refuse(fault_code::invalid_message_information_header, "The ActivityId is too long.");
}

// ReplyTo and FaultTo: answers go back on the connection, nowhere else (MS-WSMV 3.1.4.1.3, .4; its text for FaultTo
// ends the URI with a slash).
refusal check_anonymous(const xml::element& e)
{
    const xml::element* address = e.child(soap::ns::a, "Address");
    base::bytes_view uri = address == nullptr ? base::bytes_view() : address->trimmed();
    if (!uri.empty() && uri.back() == '/') uri.remove_suffix(1);
    if (uri == soap::anonymous_role) return {};
    return refuse(fault_code::unsupported_feature, "Answers are sent on the connection of the request only.",
                  "AddressingMode");
}

refusal read_timeout(const xml::element& e, request_header& h)
{
    h.operation_timeout = base::parse_duration(e.trimmed());
    if (h.operation_timeout) return {};
    // Windows' own code for it, recorded (doc/PROTOCOL.md).
    return refuse(fault_code::invalid_message_information_header,
                  "The OperationTimeout \"" + std::string(e.trimmed()) + "\" is no duration of an exact length.",
                  "InvalidTimeout");
}

refusal read_envelope_size(const xml::element& e, request_header& h)
{
    const auto value = base::parse_unsigned(e.trimmed());
    if (!value || *value < min_envelope_size) return refuse(fault_code::max_envelope_size_too_small);
    h.max_envelope_size = *value;
    return {};
}

refusal read_selectors(const xml::element& e, request_header& h)
{
    if (e.children().size() > max_items) return refuse(fault_code::encoding_limit, "There are too many selectors.");
    for (const xml::element* c : e.children()) {
        std::string name = attribute_or_empty(*c, {}, "Name");
        if (!c->is(soap::ns::w, "Selector") || name.empty()) {
            return refuse(fault_code::invalid_selectors, "The selector set holds something else than named selectors.");
        }
        if (h.selectors.find(name) != nullptr) {
            return refuse(fault_code::invalid_selectors, "The selector \"" + name + "\" stands twice.",
                          "DuplicateSelectors");
        }
        h.selectors.add(std::move(name), std::string(c->trimmed()));
    }
    return {};
}

refusal read_options(const xml::element& e, request_header& h)
{
    if (e.children().size() > max_items) return refuse(fault_code::encoding_limit, "There are too many options.");
    for (const xml::element* c : e.children()) {
        std::string name = attribute_or_empty(*c, {}, "Name");
        if (!c->is(soap::ns::w, "Option") || name.empty()) {
            return refuse(fault_code::invalid_options, "The option set holds something else than named options.",
                          "InvalidName");
        }
        const base::bytes_view* comply = c->attribute_value({}, "MustComply");
        const auto must = comply == nullptr ? std::optional(false) : base::parse_bool(*comply);
        if (!must) {
            return refuse(fault_code::invalid_options, "MustComply of option \"" + name + "\" is no boolean.",
                          "InvalidValue");
        }
        h.options.add(std::move(name), std::string(c->trimmed()), *must);
    }
    return {};
}

refusal read_language(const xml::element& e, std::string& to)
{
    if (demand_of(e) == demand::understand) return refuse(fault_code::unsupported_feature, {}, std::string(e.local()));
    if (const base::bytes_view* language = e.attribute_value(soap::ns::xml, "lang");
        language != nullptr && language->size() <= 64) {
        to = *language;
    }
    return {};
}

/// Of a message that is no envelope of ours at all.
fault_code code_of(const error& e)
{
    switch (e.code()) {
    case errc::too_large: return fault_code::encoding_limit;
    case errc::not_wsman: return fault_code::soap_version_mismatch; // SOAP 1.2 part 1, 5.4.7
    default: return fault_code::schema_validation_error;
    }
}

refusal refuse_fragment(const xml::element&)
{
    return refuse(fault_code::unsupported_feature, "Fragments of a resource cannot be transferred.",
                  "FragmentLevelAccess");
}

} // namespace

struct request_reader
{
    const base::limits& limits;
    request_header& h;

    refusal read_addressing(const xml::element& e, bool& known) const
    {
        const base::bytes_view name = e.local();
        known = true;
        if (name == "Action") return read_bounded(e, limits.uri, h.action);
        if (name == "To") return read_bounded(e, limits.uri, h.to);
        if (name == "ReplyTo" || name == "FaultTo") return check_anonymous(e);
        known = name == "MessageID" || name == "RelatesTo" || name == "From"; // the first was read before
        return {};
    }

    refusal read_management(const xml::element& e, bool& known) const
    {
        const base::bytes_view name = e.local();
        known = true;
        if (name == "ResourceURI") return read_bounded(e, limits.uri, h.resource_uri);
        if (name == "OperationTimeout") return read_timeout(e, h);
        if (name == "MaxEnvelopeSize") return read_envelope_size(e, h);
        if (name == "SelectorSet") return read_selectors(e, h);
        if (name == "OptionSet") return read_options(e, h);
        if (name == "Locale") return read_language(e, h.locale);
        if (name == "FragmentTransfer") return refuse_fragment(e);
        // To be ignored (MS-WSMV 3.1.4.1.11, .15).
        known = name == "RequestEPR" || name == "RequestTotalItemsCountEstimate";
        return {};
    }

    refusal read_microsoft(const xml::element& e, bool& known) const
    {
        const base::bytes_view name = e.local();
        known = true;
        if (name == "DataLocale") return read_language(e, h.data_locale);
        if (name == "SessionId") return read_bounded(e, limits.uri, h.session_id);
        if (name == "ActivityId") return read_activity(e, h.activity_id);
        known = false; // OperationID, SequenceId: not understood on purpose, they ask for full duplex
        return {};
    }

    refusal read_one(const xml::element& e) const
    {
        if (!for_us(e)) return {};
        const demand wanted = demand_of(e);
        if (wanted == demand::malformed) {
            return refuse(fault_code::invalid_header, "mustUnderstand of the header " + quoted(e) + " is no boolean.");
        }
        bool known = false;
        refusal why;
        if (e.ns() == soap::ns::a) {
            why = read_addressing(e, known);
        } else if (e.ns() == soap::ns::w) {
            why = read_management(e, known);
        } else if (e.ns() == soap::ns::p) {
            why = read_microsoft(e, known);
        } else if (e.is(soap::ns::rsp, "CompressionType")) {
            known = true;
            why = read_bounded(e, limits.uri, h.compression);
        }
        if (why || known || wanted == demand::none) return why;
        return refuse(fault_code::must_understand, "The header " + quoted(e) + " is not understood.");
    }

    // One header cannot mean two things to two readers: each may stand once only.
    static refusal check_duplicates(const xml::element& header)
    {
        const auto& all = header.children();
        if (all.size() > max_headers) return refuse(fault_code::invalid_header, "The request has too many headers.");
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (!all[i]->is(all[j]->ns(), all[j]->local())) continue;
                return refuse(fault_code::invalid_header, "The header " + quoted(*all[i]) + " stands twice.");
            }
        }
        return {};
    }

    refusal check_message_id(const xml::element& header) const
    {
        const xml::element* id = our_header(header, soap::ns::a, "MessageID");
        if (id == nullptr || id->trimmed().empty()) {
            return refuse(fault_code::invalid_message_information_header, "The MessageID is missing or empty.");
        }
        if (id->trimmed().size() > limits.uri) return refuse(fault_code::uri_limit, "The MessageID is too long.");
        return {};
    }

    static refusal check_required(const xml::element& header, const request_header& h)
    {
        if (h.action.empty()) return refuse(fault_code::header_required, "The header \"Action\" is missing.");
        if (h.resource_uri.empty())
            return refuse(fault_code::header_required, "The header \"ResourceURI\" is missing.");
        if (our_header(header, soap::ns::a, "To") == nullptr) {
            return refuse(fault_code::header_required, "The header \"To\" is missing.");
        }
        return {};
    }

    refusal read_headers(const xml::element* header, bool identify) const
    {
        if (header == nullptr) {
            if (identify) return {};
            return refuse(fault_code::header_required, "The request has no SOAP header.");
        }
        if (auto why = check_duplicates(*header)) return why;
        if (!identify) {
            if (auto why = check_message_id(*header)) return why;
        }
        for (const xml::element* e : header->children()) {
            if (auto why = read_one(*e)) return why;
        }
        if (identify) return {};
        return check_required(*header, h);
    }

    // Before anything else, so that whatever is wrong can be answered with RelatesTo.
    static std::string find_message_id(const xml::element* header, const base::limits& limits)
    {
        const xml::element* id = header == nullptr ? nullptr : our_header(*header, soap::ns::a, "MessageID");
        if (id == nullptr || id->trimmed().size() > limits.uri) return {};
        return std::string(id->trimmed());
    }

    static std::variant<incoming_request, rejected_request> read(base::bytes_view utf8, const base::limits& limits)
    {
        auto parsed = soap::envelope::parse(utf8, limits);
        if (!parsed) {
            return rejected_request{
                refuse(code_of(parsed.error()), "The message cannot be read: " + parsed.error().message() + "."), {}};
        }
        incoming_request request(std::move(*parsed));
        const xml::element* payload = request.payload();
        request.identify_ = payload != nullptr && payload->is(soap::ns::wsmid, "Identify");
        request.header_.message_id = find_message_id(request.envelope_.header(), limits);
        const request_reader reader{limits, request.header_};
        if (auto why = reader.read_headers(request.envelope_.header(), request.identify_)) {
            return rejected_request{std::move(*why), request.header_.message_id};
        }
        return request;
    }
};

std::variant<incoming_request, rejected_request> read_request(base::bytes_view utf8, const base::limits& limits)
{
    return request_reader::read(utf8, limits);
}

} // namespace winrm::wsman

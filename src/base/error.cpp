#include <winrm/error.h>

#include "base/text.h"

#include <array>
#include <ostream>
#include <sstream>

namespace winrm {
namespace {

struct row
{
    errc code;
    std::string_view name;
    error_origin origin;
};

constexpr std::array<row, 22> rows{{
    {errc::bad_argument, "bad_argument", error_origin::usage},
    {errc::bad_target, "bad_target", error_origin::usage},
    {errc::bad_config, "bad_config", error_origin::usage},
    {errc::no_credentials, "no_credentials", error_origin::usage},
    {errc::unencrypted_refused, "unencrypted_refused", error_origin::usage},
    {errc::output_limit, "output_limit", error_origin::usage},
    {errc::cancelled, "cancelled", error_origin::usage},
    {errc::internal, "internal", error_origin::usage},
    {errc::unresolved, "unresolved", error_origin::transport},
    {errc::connect, "connect", error_origin::transport},
    {errc::tls, "tls", error_origin::transport},
    {errc::certificate, "certificate", error_origin::transport},
    {errc::connection_lost, "connection_lost", error_origin::transport},
    {errc::answer_cut, "answer_cut", error_origin::transport},
    {errc::timeout, "timeout", error_origin::transport},
    {errc::not_wsman, "not_wsman", error_origin::protocol},
    {errc::http_status, "http_status", error_origin::protocol},
    {errc::protocol, "protocol", error_origin::protocol},
    {errc::too_large, "too_large", error_origin::protocol},
    {errc::login_denied, "login_denied", error_origin::protocol},
    {errc::login_not_offered, "login_not_offered", error_origin::protocol},
    {errc::fault, "fault", error_origin::fault},
}};

struct remedy_row
{
    remedy what;
    std::string_view name;
};

constexpr std::array<remedy_row, 13> remedy_rows{{
    {remedy::none, "none"},
    {remedy::trust_certificate, "trust_certificate"},
    {remedy::trust_issuer, "trust_issuer"},
    {remedy::renew_ca_file, "renew_ca_file"},
    {remedy::trust_for_ntlm, "trust_for_ntlm"},
    {remedy::use_tls, "use_tls"},
    {remedy::leave_password_out, "leave_password_out"},
    {remedy::raise_connect_timeout, "raise_connect_timeout"},
    {remedy::raise_operation_timeout, "raise_operation_timeout"},
    {remedy::raise_timeout, "raise_timeout"},
    {remedy::check_port, "check_port"},
    {remedy::read_answer, "read_answer"},
    {remedy::list_shells, "list_shells"},
}};

const row& row_of(errc code) noexcept
{
    for (const row& r : rows) {
        if (r.code == code) return r;
    }
    return rows[7]; // internal: a value outside of the enumeration can only be our own bug
}

} // namespace

std::string_view name(errc code) noexcept { return row_of(code).name; }
error_origin origin_of(errc code) noexcept { return row_of(code).origin; }

std::string_view name(remedy what) noexcept
{
    for (const remedy_row& r : remedy_rows) {
        if (r.what == what) return r.name;
    }
    return remedy_rows.front().name;
}

error::error(errc code, std::string message) : code_(code), message_(std::move(message)) {}

error::error(errc code, std::string message, fault_info fault)
    : code_(code), message_(std::move(message)), fault_(std::make_shared<const fault_info>(std::move(fault)))
{}

enum remedy error::remedy() const noexcept { return remedies_.empty() ? remedy::none : remedies_.front().what; }

error& error::with_message(errc code, std::string_view before, std::string_view after) &
{
    code_ = code;
    message_.insert(0, before).append(after);
    for (remedy_place& r : remedies_) r.at += before.size();
    return *this;
}

error&& error::with_message(errc code, std::string_view before, std::string_view after) &&
{
    return std::move(with_message(code, before, after));
}

error& error::with_more(std::string_view after) & { return with_message(code_, {}, after); }
error&& error::with_more(std::string_view after) && { return std::move(with_more(after)); }

error& error::with_remedy(enum remedy what) &
{
    if (what != remedy::none) remedies_.push_back({what, message_.size()});
    return *this;
}

error&& error::with_remedy(enum remedy what) && { return std::move(with_remedy(what)); }

error& error::with_peer_text(std::string text) &
{
    peer_text_ = std::move(text);
    return *this;
}

error&& error::with_peer_text(std::string text) && { return std::move(with_peer_text(std::move(text))); }

error& error::with_offered(std::vector<std::string> schemes) &
{
    offered_ = std::move(schemes);
    return *this;
}

error&& error::with_offered(std::vector<std::string> schemes) && { return std::move(with_offered(std::move(schemes))); }

error& error::with_tried(std::vector<login_attempt> attempts) &
{
    tried_ = std::move(attempts);
    return *this;
}

error&& error::with_tried(std::vector<login_attempt> attempts) && { return std::move(with_tried(std::move(attempts))); }

error& error::with_delivery(enum delivery how) & noexcept
{
    delivery_ = how;
    return *this;
}

error&& error::with_delivery(enum delivery how) && noexcept { return std::move(with_delivery(how)); }

error& error::with_http_status(int status) &
{
    http_status_ = status;
    return *this;
}

error&& error::with_http_status(int status) && { return std::move(with_http_status(status)); }

std::ostream& operator<<(std::ostream& out, const error& e)
{
    out << e.message();
    if (!e.peer_text().empty()) {
        out << ": " << base::printable(e.peer_text());
    } else if (e.fault() != nullptr) {
        const fault_info& f = *e.fault();
        const auto words = base::trim(f.message.empty() ? std::string_view(f.reason) : std::string_view(f.message));
        if (!words.empty()) out << ": " << base::printable(words);
    }
    return out;
}

std::string to_string(const error& e)
{
    std::ostringstream out;
    out << e;
    return out.str();
}

} // namespace winrm

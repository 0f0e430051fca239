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

error::error(errc code, std::string message) : code_(code), message_(std::move(message)) {}

error::error(errc code, std::string message, fault_info fault)
    : code_(code), message_(std::move(message)), fault_(std::make_shared<const fault_info>(std::move(fault)))
{}

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

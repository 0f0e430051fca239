#include "http/request_rules.h"

#include "base/text.h"

namespace winrm::http {
namespace {

constexpr std::string_view soap_type = "application/soap+xml";

/// Paths are matched without regard to letter case, as Windows' http.sys does.
bool is_service_path(std::string_view path) { return base::iequals(path, "/wsman") || base::iequals(path, "/wsman/"); }
bool is_identify_path(std::string_view path) { return base::iequals(path, "/wsman-anon/identify"); }

refusal check_length(const request_head& head, std::size_t max_body)
{
    if (head.length.value_or(0) > max_body) return {413, "the message is larger than MaxEnvelopeSizekb allows"};
    return {0, {}};
}

} // namespace

bool is_anonymous_identify(const request_head& head)
{
    if (head.method != "POST") return false;
    return is_identify_path(head.path) || (head.identify && is_service_path(head.path));
}

refusal check_route(const request_head& head)
{
    if (head.method != "POST") return {405, "only POST is taken here"};
    if (is_service_path(head.path) || is_identify_path(head.path)) return {0, {}};
    return {404, "nothing is here; the service is at /wsman"};
}

refusal check_type(const media_type& type)
{
    if (type.type.starts_with("multipart/")) {
        return {415, "sealed (multipart) messages are not taken here: send application/soap+xml over HTTPS"};
    }
    if (type.type != soap_type) return {415, "the message is not application/soap+xml"};
    return {0, {}};
}

refusal check_body(const request_head& head, std::size_t max_body, bool sealed)
{
    if (const refusal r = check_type(head.content); r.status != 0 && !sealed) return r;
    if (head.encoded) return {415, "a Content-Encoding is not taken here"};
    if (head.expect_other) return {417, "only 100-continue may be expected"};
    if (!head.length && !head.chunked) return {411, "the Content-Length is missing"};
    return check_length(head, max_body);
}

refusal check_before_login(const request_head& head, std::size_t max_body, bool leg)
{
    if (leg) return check_length(head, max_body);
    return check_route(head).status == 0 ? check_body(head, max_body) : refusal{0, {}};
}

} // namespace winrm::http

#include "http/sealing.h"

#include "http/media_type.h"

#include <cstring>
#include <utility>

namespace winrm::http {

sealing::sealing(std::unique_ptr<auth::message_sealer> cipher, sealed_protocol protocol, std::size_t envelope_limit)
    : cipher_(std::move(cipher)), protocol_(protocol), limit_(envelope_limit)
{}

bool sealing::seal(auth::message& m)
{
    const media_type type = parse_media_type(m.type);
    sealed_body_writer writer(protocol_, m.body, cipher_->room(m.body.size()), type.type,
                              type.charset.empty() ? "UTF-8" : type.charset);
    if (!cipher_->seal(writer.token())) return false;
    m.body = std::move(writer).finish();
    m.type = sealed_content_type(protocol_);
    return true;
}

bool sealing::unseal(auth::message& m)
{
    const sealed_type outer = parse_sealed_content_type(m.type);
    if (outer.refused != sealed_refusal::none) return false;
    const sealed_body got = parse_sealed_body(m.body, limit_);
    if (got.refused != sealed_refusal::none) return false;
    std::string type(got.original_type);
    if (!got.charset.empty()) type.append(";charset=").append(got.charset);
    const auth::unsealed opened = cipher_->unseal(got.token);
    if (opened.failed != auth::seal_failure::none || !got.length_is(opened.clear.size(), opened.pad)) return false;
    const std::size_t size = opened.clear.size();
    std::memmove(m.body.data(), opened.clear.data(), size);
    m.body.resize(size);
    m.type = std::move(type);
    return true;
}

} // namespace winrm::http

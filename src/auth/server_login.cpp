#include "auth/server_login.h"

#include "auth/challenge.h"
#include "base/base64.h"
#include "base/text.h"

#include <algorithm>
#include <utility>

namespace winrm::auth {

server_login::server_login(const crypto::keyed_digest& digest, bool basic, const std::vector<std::string>& schemes)
    : digest_(digest), schemes_(schemes), basic_(basic)
{}

void server_login::drop()
{
    state_ = state::anonymous;
    keys_.reset();
    legs_ = 0;
}

const std::string* server_login::find_scheme(base::bytes_view authorization) const
{
    const base::bytes_view name = authorization.substr(0, authorization.find(' '));
    const auto at =
        std::find_if(schemes_.begin(), schemes_.end(), [name](const auto& s) { return base::iequals(s, name); });
    return at == schemes_.end() ? nullptr : &*at;
}

server_login::standing server_login::received(const std::optional<base::secret>& authorization)
{
    if (!authorization) {
        if (state_ == state::by_connection) return standing::logged_in;
        drop();
        return standing::nobody;
    }
    const auto given = digest_.of(authorization->reveal());
    if (state_ == state::by_request && crypto::keyed_digest::equal(given_, given)) return standing::logged_in;
    const std::string* scheme = find_scheme(authorization->reveal());
    if (state_ != state::in_legs || scheme != scheme_) drop();
    given_ = given;
    scheme_ = scheme;
    return standing::attempt;
}

std::optional<login_question> server_login::read(const base::secret& authorization)
{
    login_question q;
    bool good = false;
    if (scheme_ != nullptr) {
        q.scheme = *scheme_;
        q.first = state_ != state::in_legs;
        auto token = decode_token(base::trim(authorization.reveal().substr(scheme_->size())));
        good = token && ++legs_ <= max_legs;
        if (good) q.token = std::move(*token);
    } else if (basic_) {
        q.scheme = "Basic";
        auto credentials = parse_basic(authorization.reveal());
        good = credentials.has_value();
        if (good) q.credentials = std::move(*credentials);
    }
    if (!good) {
        ++failures_;
        drop();
        return std::nullopt;
    }
    state_ = state::asking;
    return q;
}

void server_login::answered(login_verdict verdict, std::unique_ptr<body_protection> keys)
{
    if (state_ != state::asking) return;
    switch (verdict) {
    case login_verdict::accepted:
        state_ = scheme_ != nullptr ? state::by_connection : state::by_request;
        keys_ = std::move(keys);
        legs_ = 0;
        return;
    case login_verdict::go_on:
        if (scheme_ != nullptr) {
            state_ = state::in_legs;
            return;
        }
        [[fallthrough]];
    case login_verdict::denied: ++failures_; [[fallthrough]];
    case login_verdict::unavailable: return drop();
    }
}

std::string server_login::challenge(base::bytes_view token) const
{
    constexpr base::bytes_view name = "WWW-Authenticate: ";
    std::string out;
    const bool only = scheme_ != nullptr && (state_ == state::in_legs || state_ == state::by_connection);
    for (const std::string& scheme : schemes_) {
        if (only && &scheme != scheme_) continue;
        out.append(name).append(scheme);
        if (&scheme == scheme_ && !token.empty()) base::base64_encode(token, out.append(1, ' '));
        out.append("\r\n");
    }
    if (only) return out;
    if (basic_) out.append(name).append("Basic realm=\"WSMAN\"\r\n");
    return out;
}

} // namespace winrm::auth

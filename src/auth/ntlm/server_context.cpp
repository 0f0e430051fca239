#include "auth/ntlm/server_context.h"

#include "auth/ntlm/av_pairs.h"
#include "auth/ntlm/flags.h"
#include "auth/ntlm/little_endian.h"
#include "base/text.h"
#include "crypto/digest.h"

#include <algorithm>

namespace winrm::auth::ntlm {
namespace {

constexpr std::size_t max_name = 1024; // bytes of UTF-8, as for Basic
constexpr std::size_t proof_size = 16, before_pairs = proof_size + 28, v1_size = 24;

base::bytes wide(const std::string& text) { return base::utf8_to_utf16(text, base::utf16_order::little).value_or(""); }

bool is_clean(const std::string& text)
{
    return text.size() <= max_name && std::none_of(text.begin(), text.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7f;
           });
}

/// A name in the character set of the message; nothing is known of OEM sets but that they hold ASCII.
std::optional<std::string> to_text(base::bytes_view name, bool unicode)
{
    if (unicode) return base::utf16_to_utf8(name, base::utf16_order::little);
    if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
        return std::nullopt;
    return std::string(name);
}

bool is_zero(base::bytes_view bytes) noexcept
{
    return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

std::uint32_t agree(std::uint32_t asked) noexcept
{
    std::uint32_t flags =
        (asked & flag::ours) | flag::request_target | flag::ntlm | flag::always_sign | flag::target_info;
    if (!flag::has(flags, flag::unicode)) flags |= flag::oem;
    // Keys are for signatures and seals only (2.2.2.5, U, V and W).
    if ((flags & (flag::sign | flag::seal)) == 0) flags &= ~(flag::key_128 | flag::key_56 | flag::key_exchange);
    return flags;
}

protection level(std::uint32_t flags) noexcept
{
    if (flag::has(flags, flag::sealed)) return protection::sealing;
    constexpr std::uint32_t signing = flag::sign | flag::extended_session_security | flag::key_128;
    return flag::has(flags, signing) ? protection::signing : protection::none;
}

bool exchanges_key(std::uint32_t flags) noexcept
{
    return flag::has(flags, flag::key_exchange) && (flags & (flag::sign | flag::seal)) != 0;
}

failure check_response(const authenticate_message& message)
{
    const base::bytes_view response = message.nt_response;
    if (response.empty()) {
        // An anonymous client's LM response is one zero byte, or not there (3.2.5.1.2).
        return message.lm_response.size() > 1 ? failure::lm_only : failure::anonymous;
    }
    if (response.size() == v1_size) return failure::ntlm_v1;
    if (response.size() <= before_pairs || response[proof_size] != 1 || response[proof_size + 1] != 1)
        return failure::malformed;
    return av_pairs::read(response.substr(before_pairs)) ? failure::none : failure::malformed;
}

} // namespace

server_context::server_context(server_options options, challenge_bytes challenge)
    : options_(std::move(options)), nonce_(challenge)
{}

step_result server_context::step(base::bytes_view token, std::uint64_t now)
{
    if (stage_ == stage::start) return challenge(token, now);
    if (stage_ == stage::challenged) return authenticate(token);
    return refuse(failure::out_of_order);
}

step_result server_context::refuse(failure reason)
{
    stage_ = stage::ended;
    keys_.reset();
    return failed(reason);
}

base::bytes server_context::target_info(std::uint64_t now) const
{
    const std::string& domain = options_.nb_domain.empty() ? options_.nb_computer : options_.nb_domain;
    const std::pair<av_id, const std::string&> names[] = {
        {av_id::nb_domain_name, domain},
        {av_id::nb_computer_name, options_.nb_computer},
        {av_id::dns_domain_name, options_.dns_domain},
        {av_id::dns_computer_name, options_.dns_computer},
        {av_id::dns_tree_name, options_.dns_tree},
    };
    base::bytes out;
    for (const auto& [id, name] : names) {
        if (!name.empty() && name.size() <= max_name) add_av_pair(out, id, wide(name));
    }
    base::bytes time;
    put_number<8>(time, now);
    add_av_pair(out, av_id::timestamp, time);
    add_av_pair(out, av_id::eol, {});
    return out;
}

step_result server_context::challenge(base::bytes_view token, std::uint64_t now)
{
    if (!crypto::md5_available()) return refuse(failure::unavailable);
    negotiate_message asked;
    if (const failure bad = read(token, asked); bad != failure::none) return refuse(bad);
    const bool any_text = (asked.flags & (flag::unicode | flag::oem)) != 0;
    flags_ = agree(asked.flags);
    if (!any_text || !flag::has(flags_, flag::extended_session_security)) return refuse(failure::weak);
    if (options_.sealing_required && level(flags_) != protection::sealing) return refuse(failure::weak);

    const bool in_domain = !options_.nb_domain.empty();
    const std::string& name = in_domain ? options_.nb_domain : options_.nb_computer;
    const bool unicode = flag::has(flags_, flag::unicode);
    const base::bytes target_name = unicode ? wide(name) : name;
    const base::bytes info = target_info(now);
    challenge_message message;
    message.target_name = target_name;
    message.flags = flags_ | (in_domain ? flag::target_type_domain : flag::target_type_server);
    message.server_challenge = nonce_;
    message.target_info = info;
    negotiate_ = token;
    challenge_ = write(message);
    stage_ = stage::challenged;
    return {step_state::more, challenge_, failure::none};
}

failure server_context::read_names(const authenticate_message& message)
{
    const bool unicode = flag::has(flags_, flag::unicode);
    auto user = to_text(message.user, unicode), domain = to_text(message.domain, unicode);
    if (!user || !domain || !is_clean(*user) || !is_clean(*domain)) return failure::bad_name;
    if (user->empty()) return failure::anonymous;
    auto workstation = to_text(message.workstation, unicode).value_or(""); // proves nothing and decides nothing
    if (!is_clean(workstation)) workstation.clear();
    user_ = unicode ? base::bytes(message.user) : wide(*user);
    domain_ = unicode ? base::bytes(message.domain) : wide(*domain);
    facts_.account = {std::move(*user), std::move(*domain), std::move(workstation)};
    return failure::none;
}

/// Everything that can be refused without knowing the account is refused here.
step_result server_context::authenticate(base::bytes_view token)
{
    authenticate_message message;
    if (const failure bad = read(token, message); bad != failure::none) return refuse(bad);
    if (const failure bad = check_response(message); bad != failure::none) return refuse(bad);
    if (const failure bad = read_names(message); bad != failure::none) return refuse(bad);
    flags_ &= message.flags | flag::unicode | flag::oem;
    facts_.agreed = level(flags_);
    if (options_.sealing_required && facts_.agreed != protection::sealing) return refuse(failure::weak);
    if (exchanges_key(flags_) && message.session_key.size() != secret_128::size) return refuse(failure::malformed);
    const auto pairs = av_pairs::read(message.nt_response.substr(before_pairs));
    const bool has_mic = (pairs->flags() & av_flag::mic_present) != 0;
    if (has_mic && message.mic_at == 0) return refuse(failure::malformed);
    if (!has_mic && options_.mic_required) return refuse(failure::mic_missing);
    authenticate_ = token;
    stage_ = stage::account_wanted;
    return {step_state::account_wanted, {}, failure::none};
}

response_to_check server_context::response() const
{
    authenticate_message message;
    if (stage_ != stage::account_wanted || read(authenticate_, message) != failure::none) return {};
    return {nonce_, base::bytes(message.nt_response), base::bytes(message.lm_response)};
}

/// SessionBaseKey if the proof is right. The same work whatever is wrong: with the domain as sent, and with none, as
/// some clients compute it (3.2.5.1.2); for an unknown account with a hash of zeros.
std::optional<secret_128> server_context::check_proof(const authenticate_message& message,
                                                      const account_answer& account) const
{
    const base::bytes_view sent = message.nt_response.substr(0, proof_size);
    const base::bytes_view temp = message.nt_response.substr(proof_size);
    bool proven = false;
    secret_128 found;
    for (const base::bytes_view domain : {base::bytes_view(domain_), base::bytes_view()}) {
        const secret_128 key = response_key(account.key, user_, domain);
        const secret_128 wanted = proof(key, nonce_, temp);
        secret_128 session_base = session_base_key(key, wanted);
        if (crypto::equal_secret(wanted.reveal(), sent)) {
            proven = true;
            found = std::move(session_base);
        }
    }
    if (!proven || account.what != account_answer::kind::nt_hash) return std::nullopt;
    return found;
}

/// What the client says within its proof, and the MIC that it says is there.
failure server_context::check_pairs(const authenticate_message& message, const secret_128& session_key)
{
    const auto pairs = av_pairs::read(message.nt_response.substr(before_pairs));
    if ((pairs->flags() & av_flag::mic_present) != 0) {
        base::bytes without = authenticate_;
        without.replace(message.mic_at, mic_size, mic_size, '\0');
        const secret_128 wanted = message_integrity(session_key, negotiate_, challenge_, without);
        const base::bytes_view sent = base::bytes_view(authenticate_).substr(message.mic_at, mic_size);
        if (!crypto::equal_secret(wanted.reveal(), sent)) return failure::mic_wrong;
        facts_.mic = true;
    }

    const base::bytes_view binding = pairs->find(av_id::channel_bindings).value_or("");
    if (options_.binding != binding_policy::none) {
        const bool sent = !is_zero(binding), known = !options_.channel_binding.empty();
        if (sent && known) {
            const secret_128 wanted = channel_binding_hash(options_.channel_binding);
            if (!crypto::equal_secret(wanted.reveal(), binding)) return failure::channel_binding_wrong;
            facts_.channel_bound = true;
        } else if (options_.binding == binding_policy::strict) {
            return failure::channel_binding_missing;
        }
    }

    if ((pairs->flags() & av_flag::target_name_unverified) == 0) facts_.target_name = pairs->name(av_id::target_name);
    const auto meant = [&](const std::string& name) { return base::iequals(name, facts_.target_name); };
    if (!facts_.target_name.empty() && !options_.target_names.empty() &&
        std::none_of(options_.target_names.begin(), options_.target_names.end(), meant))
        return failure::wrong_target_name;
    return failure::none;
}

step_result server_context::resume(account_answer account)
{
    authenticate_message message;
    if (stage_ != stage::account_wanted || read(authenticate_, message) != failure::none)
        return refuse(failure::out_of_order);
    using kind = account_answer::kind;
    std::optional<secret_128> base_key;
    switch (account.what) {
    case kind::unknown: account.key.clear(); [[fallthrough]];
    case kind::nt_hash: base_key = check_proof(message, account); break;
    case kind::session_base_key: base_key = std::move(account.key); break;
    case kind::refused: break;
    }
    if (!base_key) return refuse(account.what == kind::unknown ? failure::unknown_account : failure::wrong_password);

    const bool exchange = exchanges_key(flags_);
    secret_128 session_key = exchange ? exchange_key(*base_key, secret_128(message.session_key)) : std::move(*base_key);
    if (const failure bad = check_pairs(message, session_key); bad != failure::none) return refuse(bad);
    keys_ = session_keys{std::move(session_key), facts_.agreed, exchange};
    stage_ = stage::ended;
    return {step_state::done, {}, failure::none};
}

std::optional<session> server_context::take_session()
{
    if (!keys_) return std::nullopt;
    session out(role::server, std::move(*keys_));
    keys_.reset();
    return out;
}

} // namespace winrm::auth::ntlm

// Whatever a peer sends in place of one of NTLM's messages: no end crashes, none that failed has anything to send, an
// unknown account never gets in, and what our client sends is what our service can read.
#include "auth/ntlm/client_context.h"
#include "auth/ntlm/server_context.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace winrm::auth;

constexpr std::uint64_t now = 133'000'000'000'000'000;
constexpr ntlm::challenge_bytes nonce{'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'};

void require(bool holds)
{
    if (!holds) std::abort();
}

ntlm::client_context new_client()
{
    ntlm::client_login login;
    login.user = "ada";
    login.domain = "CORP";
    login.nt_hash = ntlm::secret_128("sixteen byte hash");
    login.target_name = "HTTP/web1";
    return {std::move(login), {nonce, ntlm::secret_128("sixteen byte key")}};
}

ntlm::server_context new_server(bool sealing_required)
{
    ntlm::server_options options;
    options.nb_computer = "WEB1";
    options.binding = ntlm::binding_policy::relaxed;
    options.channel_binding = "tls-server-end-point:x";
    options.sealing_required = sealing_required;
    return {std::move(options), nonce};
}

void check(const ntlm::step_result& step)
{
    const bool is_failed = step.state == ntlm::step_state::failed;
    require(is_failed == (step.reason != ntlm::failure::none) && !(is_failed && !step.token.empty()));
    require(!ntlm::words(step.reason).empty());
}

void negotiate(std::string_view token)
{
    ntlm::server_context server = new_server(false);
    const auto step = server.step(token, now);
    check(step);
    if (step.state != ntlm::step_state::more) return;
    ntlm::client_context client = new_client();
    (void)client.step("", now);
    check(client.step(step.token, now)); // may be too weak for it
}

void challenge(std::string_view token)
{
    ntlm::client_context client = new_client();
    (void)client.step("", now);
    const auto step = client.step(token, now);
    check(step);
    if (step.state != ntlm::step_state::done) return;
    ntlm::authenticate_message message;
    require(ntlm::read(step.token, message) == ntlm::failure::none);
    require(client.take_session().has_value() && !client.take_session());
}

void authenticate(std::string_view token, bool sealing_required)
{
    for (const bool known : {false, true}) {
        ntlm::server_context server = new_server(sealing_required);
        (void)server.step(new_client().step("", now).token, now);
        const auto step = server.step(token, now);
        check(step);
        if (step.state != ntlm::step_state::account_wanted) return;
        require(!server.account().user.empty() && !server.response().nt_response.empty());
        using kind = ntlm::account_answer::kind;
        const auto end = server.resume({known ? kind::nt_hash : kind::unknown, ntlm::secret_128("sixteen byte hash")});
        check(end);
        require(known || end.reason == ntlm::failure::unknown_account);
        require(server.take_session().has_value() == (end.state == ntlm::step_state::done));
    }
}

void sealed(std::string_view bytes)
{
    const auto size = bytes.size() < ntlm::signature_size ? bytes.size() : ntlm::signature_size;
    ntlm::session session(ntlm::role::client, {ntlm::secret_128("k"), ntlm::protection::sealing, true});
    std::string data(bytes.substr(size));
    if (!session.unseal(data, bytes.substr(0, size))) require(session.broken());
}

} // namespace

/// The first byte says which message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0] % 5) {
    case 0: negotiate(text); break;
    case 1: challenge(text); break;
    case 2: authenticate(text, true); break;
    case 3: authenticate(text, false); break;
    default: sealed(text);
    }
    return 0;
}

// Answers to the host's calls, and secure strings (MS-PSRP 3.1.5.4.15, .16, .27, .28; 2.2.5.1.24).
#include "psrp/client_pool_state.h"

#include "clixml/writer.h"

#include <algorithm>
#include <utility>

namespace winrm::psrp {
namespace {

clixml::value credential_value(const std::string& user, clixml::value password)
{
    static const clixml::type_names types{"System.Management.Automation.PSCredential", "System.Object"};
    return clixml::value{clixml::object{types}
                             .shown_as(types.all().front().view())
                             .with_adapted("UserName", user)
                             .with_adapted("Password", std::move(password))};
}

bool has_secret(const std::variant<clixml::value, base::secret, credential>& v) { return v.index() != 0; }

} // namespace

bool client_pool::state_type::waits(const host_call_made& asked_call)
{
    if (!asked_call.pipeline) return asked.contains(asked_call.call.id);
    const pipeline_entry* entry = find(*asked_call.pipeline);
    return entry != nullptr && entry->phase != pipeline_phase::ended && entry->asked.contains(asked_call.call.id);
}

void client_pool::state_type::send_response(const host_call_made& asked_call, host_response r)
{
    if (!waits(asked_call)) return;
    if (asked_call.pipeline) find(*asked_call.pipeline)->asked.erase(asked_call.call.id);
    else asked.erase(asked_call.call.id);
    r.id = asked_call.call.id;
    r.method = asked_call.call.method;
    queue(asked_call.pipeline ? message_type::pipeline_host_response : message_type::runspacepool_host_response,
          asked_call.pipeline, carry_stream::prompt_response, clixml::write(r.to_value()));
}

result<clixml::value> client_pool::state_type::encode_answer(const answer& content) const
{
    const auto encode_one = [this](const auto& one) -> result<clixml::value> {
        using one_type = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<one_type, clixml::value>) {
            return one;
        } else if constexpr (std::is_same_v<one_type, base::secret>) {
            return key->protect(one.reveal());
        } else {
            auto password = key->protect(one.password.reveal());
            if (!password) return password;
            return credential_value(one.user_name, std::move(*password));
        }
    };
    const auto* fields = std::get_if<std::vector<field_answer>>(&content);
    if (fields == nullptr)
        return std::visit(
            [&](const auto& one) -> result<clixml::value> {
                if constexpr (std::is_same_v<std::decay_t<decltype(one)>, std::vector<field_answer>>)
                    return clixml::value{};
                else return encode_one(one);
            },
            content);
    std::vector<std::pair<clixml::value, clixml::value>> entries;
    for (const field_answer& f : *fields) {
        auto one = std::visit(encode_one, f.value);
        if (!one) return one;
        entries.emplace_back(f.name, std::move(*one));
    }
    return clixml::value{clixml::object::hashtable(std::move(entries))};
}

void client_pool::state_type::respond(host_call_made asked_call, answer content)
{
    if (!waits(asked_call)) return;
    const auto* fields = std::get_if<std::vector<field_answer>>(&content);
    const bool secret = fields != nullptr ? std::any_of(fields->begin(), fields->end(),
                                                        [](const field_answer& f) { return has_secret(f.value); })
                                          : !std::holds_alternative<clixml::value>(content);
    if (secret && !key) {
        want_keys();
        answers.push_back({std::move(asked_call), std::move(content)});
        return;
    }
    auto returned = encode_answer(content);
    if (returned) send_response(asked_call, {0, {}, std::move(*returned), {}});
    else
        send_response(asked_call, {0,
                                   {},
                                   {},
                                   error_record::make(returned.error().message(), "RemoteHostExecutionException",
                                                      error_category::invalid_argument)});
}

void client_pool::respond(const host_call_made& asked, clixml::value returned)
{
    state_->respond(asked, std::move(returned));
}
void client_pool::respond(const host_call_made& asked, base::secret text) { state_->respond(asked, std::move(text)); }
void client_pool::respond(const host_call_made& asked, credential answer) { state_->respond(asked, std::move(answer)); }
void client_pool::respond(const host_call_made& asked, std::vector<field_answer> answers)
{
    state_->respond(asked, std::move(answers));
}

void client_pool::fail(const host_call_made& asked, std::string message)
{
    state_->send_response(
        asked, {0,
                {},
                {},
                error_record::make(std::move(message), "RemoteHostExecutionException", error_category::not_specified)});
}

void client_pool::exchange_keys()
{
    if (state_->key) state_->tell(pool_keys_exchanged{});
    else state_->want_keys();
}

bool client_pool::has_keys() const noexcept { return state_->key.has_value(); }

result<clixml::value> client_pool::protect(base::bytes_view text) const
{
    if (!state_->key) return error{errc::bad_argument, "no keys have been exchanged with the host yet"};
    return state_->key->protect(text);
}

result<base::secret> client_pool::reveal(const clixml::value& secure_string) const
{
    if (!state_->key) return error{errc::bad_argument, "no keys have been exchanged with the host yet"};
    return state_->key->reveal(secure_string);
}

} // namespace winrm::psrp

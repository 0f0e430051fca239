// Any body in any charset becomes a request or a fault that can be sent, and a reply or a named error; nothing crashes.
#include "soap/charset.h"
#include "wsman/config_resource.h"
#include "wsman/enumeration.h"
#include "wsman/identify.h"
#include "wsman/message.h"

#include <cstdint>
#include <cstdlib>

using namespace winrm;

namespace {

void as_request(const std::string& text)
{
    const base::limits limits;
    const auto read = wsman::read_request(text, limits);
    if (const auto* no = std::get_if<wsman::rejected_request>(&read)) {
        // The client understands the refusal as what it is, and as the answer to its own request.
        const auto reply =
            wsman::read_reply(wsman::write_fault({"uuid:1", no->message_id}, no->fault, "m"), limits, no->message_id);
        if (!reply || !reply->is_fault(no->fault.code)) std::abort();
        return;
    }
    const auto& request = std::get<wsman::incoming_request>(read);
    if (!request.is_identify() && (request.header().action.empty() || request.header().message_id.empty()))
        std::abort();
    (void)wsman::read_enumerate(request.payload());
    (void)wsman::read_pull(request.payload());
    (void)wsman::read_release(request.payload());
    // What was read can be written again and says the same.
    if (request.is_identify()) return;
    const auto again = wsman::read_request(wsman::write_request({request.header(), {}}), limits);
    const auto* in = std::get_if<wsman::incoming_request>(&again);
    if (in == nullptr || in->header().action != request.header().action ||
        in->header().message_id != request.header().message_id)
        std::abort();
}

void as_reply(const std::string& text)
{
    const auto reply = wsman::read_reply(text, base::limits{}, "");
    if (!reply) {
        const errc why = reply.error().code();
        if (why != errc::protocol && why != errc::too_large && why != errc::not_wsman) std::abort();
        return;
    }
    if (reply->fault()) (void)to_string(wsman::to_error(*reply->fault()));
    (void)wsman::read_identify_reply(reply->envelope());
    (void)wsman::read_config(reply->payload());
    (void)wsman::read_enumeration(reply->payload());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static constexpr base::bytes_view names[] = {"", "utf-8", "utf-16", "utf-16le", "utf-16be", "utf-7"};
    if (size == 0) return 0;
    auto body =
        soap::decode(std::string(reinterpret_cast<const char*>(data) + 1, size - 1), names[data[0] % std::size(names)]);
    if (!body) {
        if (body.error().code() != errc::protocol) std::abort();
        return 0;
    }
    as_request(body->text);
    as_reply(body->text);
    const soap::charset encoding = body->encoding;
    const std::string text = body->text;
    const auto again = soap::decode(soap::encode(std::move(body->text), encoding),
                                    encoding == soap::charset::utf8 ? "utf-8" : "utf-16");
    if (!again || again->text != text) std::abort();
    return 0;
}

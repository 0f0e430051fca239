#include "soap/namespaces.h"
#include "wsman/message.h"

namespace winrm::wsman {

struct reply_reader
{
    static result<incoming_reply> read(base::bytes_view utf8, const base::limits& limits, base::bytes_view expected)
    {
        auto parsed = soap::envelope::parse(utf8, limits);
        if (!parsed) return std::move(parsed).error();
        incoming_reply reply(std::move(*parsed));
        if (const xml::element* header = reply.envelope_.header()) {
            if (const xml::element* a = header->child(soap::ns::a, "Action")) reply.action_ = a->trimmed();
            if (const xml::element* r = header->child(soap::ns::a, "RelatesTo")) reply.relates_to_ = r->trimmed();
        }
        const bool fault = reply.envelope_.is_fault();
        const bool unrelated_fault = fault && reply.relates_to_.empty(); // the host could not read our MessageID
        if (!expected.empty() && !unrelated_fault && reply.relates_to_ != expected) {
            return error{errc::protocol, "the answer belongs to another request"};
        }
        if (fault) {
            auto info = read_fault(reply.envelope_);
            if (!info) return std::move(info).error();
            reply.fault_ = std::move(*info);
        }
        return reply;
    }
};

result<incoming_reply> read_reply(base::bytes_view utf8, const base::limits& limits,
                                  base::bytes_view expected_message_id)
{
    return reply_reader::read(utf8, limits, expected_message_id);
}

} // namespace winrm::wsman

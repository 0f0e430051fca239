// The data of each type of PSRP message (the first byte says which): a value or an error; what was understood is
// written so that it is understood in the same way again.
#include "psrp/content.h"

#include <cstdint>
#include <cstdlib>

using namespace winrm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    const auto rows = psrp::message_rows();
    psrp::message m;
    m.type = rows[data[0] % rows.size()].type;
    m.data.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
    clixml::limits bounds;
    bounds.values = 5'000;
    bounds.bytes = 100'000;
    const auto content = psrp::read_content(m, bounds);
    if (!content) return 0;
    if (const auto* call = std::get_if<psrp::host_call>(&*content)) {
        (void)psrp::read_host_write(*call);
        (void)psrp::read_choice_prompt(*call);
        (void)psrp::read_field_prompt(*call);
        (void)psrp::read_credential_prompt(*call);
        for (const auto& p : call->parameters) {
            (void)psrp::decode_buffer_cells(p);
            (void)psrp::decode_rectangle(p);
            (void)psrp::decode_key_info(p);
        }
    }
    m.data = psrp::write_content(*content);
    bounds = {};
    const auto again = psrp::read_content(m, bounds);
    if (!again) std::abort();
    if (psrp::write_content(*again) != m.data) std::abort();
    return 0;
}

// No bytes open under keys that nobody used, whatever they say of their lengths, and nothing outside them is touched;
// any text that is sealed opens again.
#include "auth/krb5/seal.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace winrm::auth;

namespace {

krb5::context_values values_of(std::int32_t type, krb5::role own)
{
    krb5::context_values out;
    out.protocol = type == 23 ? 0 : 1;
    out.enctype = type;
    out.key = winrm::base::secret(std::string(krb5::key_size(static_cast<krb5::enctype>(type)), 'k'));
    out.own = own;
    return out;
}

void confounder(std::span<unsigned char> out) { std::fill(out.begin(), out.end(), 0x5a); }

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    static constexpr std::int32_t types[] = {17, 18, 19, 20, 23};
    const std::int32_t type = types[data[0] % std::size(types)];
    const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);

    const auto stranger = krb5::make_sealer(values_of(type, krb5::role::acceptor), confounder);
    std::string token = input;
    if (stranger->unseal(token).failed == seal_failure::none) std::abort();

    const auto from = krb5::make_sealer(values_of(type, krb5::role::initiator), confounder);
    const auto to = krb5::make_sealer(values_of(type, krb5::role::acceptor), confounder);
    const seal_room room = from->room(input.size());
    std::string sealed = std::string(room.header, '\0') + input + std::string(room.pad, '\0');
    if (!from->seal(sealed)) std::abort();
    const unsealed got = to->unseal(sealed);
    if (got.failed != seal_failure::none || std::string_view(got.clear.data(), got.clear.size()) != input) std::abort();
    return 0;
}

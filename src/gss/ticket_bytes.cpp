#include "gss/ticket_bytes.h"

#include <atomic>
#include <string>

namespace winrm::gss {
namespace {

void put(std::string& to, std::uint32_t value)
{
    for (unsigned shift = 32; shift > 0;) to += static_cast<char>(value >> (shift -= 8) & 255U);
}
void put(std::string& to, const krb5_data& text)
{
    put(to, text.length);
    to.append(text.data, text.length);
}

/// The secret that is built must not leave copies where a string grew.
constexpr std::size_t room = 64 * 1024;

bool add_owner(const library& gss, krb5_context krb5, krb5_ccache cache, std::string& to)
{
    krb5_principal owner = nullptr;
    if (gss.accept.cc_get_principal(krb5, cache, &owner) != 0) return false;
    put(to, static_cast<std::uint32_t>(owner->type));
    put(to, static_cast<std::uint32_t>(owner->length));
    put(to, owner->realm);
    for (krb5_int32 i = 0; i < owner->length; ++i) put(to, owner->data[i]);
    gss.accept.free_principal(krb5, owner);
    return true;
}

bool add_tickets(const library& gss, krb5_context krb5, krb5_ccache cache, std::string& to)
{
    const acceptor_functions& f = gss.accept;
    krb5_cc_cursor cursor = nullptr;
    if (f.cc_start_seq_get(krb5, cache, &cursor) != 0) return false;
    bool any = false;
    krb5_creds ticket{};
    while (f.cc_next_cred(krb5, cache, &cursor, &ticket) == 0) {
        krb5_data* bytes = nullptr;
        if (f.marshal_credentials(krb5, &ticket, &bytes) == 0) {
            any = true;
            to.append(bytes->data, bytes->length);
            base::wipe(bytes->data, bytes->length);
            f.free_data(krb5, bytes);
        }
        f.free_cred_contents(krb5, &ticket);
    }
    f.cc_end_seq_get(krb5, cache, &cursor);
    return any && to.size() <= room;
}

} // namespace

base::secret ticket_bytes(const library& gss, krb5_context krb5, gss_cred_id_t credential)
{
    static std::atomic<unsigned long> number{0};
    const std::string name = "MEMORY:winrmd-" + std::to_string(++number);
    const gss_key_value_element_desc element{"ccache", name.c_str()};
    const gss_key_value_set_desc set{1, const_cast<gss_key_value_element_desc*>(&element)}; // NOLINT: only read
    OM_uint32 minor = 0;
    const OM_uint32 major =
        gss.accept.store_cred_into(&minor, credential, GSS_C_INITIATE, GSS_C_NO_OID, 1, 0, &set, nullptr, nullptr);
    krb5_ccache cache = nullptr;
    if (gss.cc_resolve(krb5, name.c_str(), &cache) != 0) return {};
    std::string out;
    out.reserve(room + 1);
    out.assign("\x05\x04\0\0", 4); // no header fields
    const bool whole = GSS_ERROR(major) == 0 && add_owner(gss, krb5, cache, out) && add_tickets(gss, krb5, cache, out);
    gss.cc_destroy(krb5, cache); // the library wipes the tickets
    base::secret made(std::move(out));
    return whole ? std::move(made) : base::secret();
}

} // namespace winrm::gss

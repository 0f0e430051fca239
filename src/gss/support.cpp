#include "gss/support.h"

namespace winrm::gss {

base::bytes taken(const library& gss, gss_buffer_desc& from)
{
    base::bytes out(static_cast<const char*>(from.value), from.length);
    OM_uint32 ignored = 0;
    gss.release_buffer(&ignored, &from);
    return out;
}

std::string words_of(const library& gss, OM_uint32 major, OM_uint32 minor)
{
    gss_OID_desc mechanism = oid(krb5_oid);
    OM_uint32 ignored = 0, more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    const bool own = minor != 0;
    gss.display_status(&ignored, own ? minor : major, own ? GSS_C_MECH_CODE : GSS_C_GSS_CODE, &mechanism, &more, &text);
    return taken(gss, text);
}

std::optional<exported_context> export_keys(const library& gss, gss_ctx_id_t& context, auth::krb5::role own,
                                            int verified)
{
    OM_uint32 minor = 0;
    void* exported = nullptr;
    if (gss.export_lucid(&minor, &context, 1, &exported) != GSS_S_COMPLETE) return std::nullopt;
    const auto* got = static_cast<const gss_krb5_lucid_context_v1_t*>(exported);
    const bool subkey = got->protocol == 1 && got->cfx_kd.have_acceptor_subkey != 0;
    const gss_krb5_lucid_key_t& key = got->protocol == 0 ? got->rfc1964_kd.ctx_key
                                      : subkey           ? got->cfx_kd.acceptor_subkey
                                                         : got->cfx_kd.ctx_key;
    const gss_krb5_lucid_key_t& initiators = got->protocol == 0 ? got->rfc1964_kd.ctx_key : got->cfx_kd.ctx_key;
    exported_context out;
    out.initiator_mark = base::secret(std::string(static_cast<const char*>(initiators.data), initiators.length) +
                                      std::to_string(got->recv_seq));
    auth::krb5::context_values& values = out.values;
    values.protocol = static_cast<int>(got->protocol);
    values.enctype = static_cast<std::int32_t>(key.type);
    values.key = base::secret(std::string(static_cast<const char*>(key.data), key.length));
    values.acceptor_subkey = subkey;
    values.own = own;
    values.send_sequence = got->send_seq;
    // MIT counts what it sent, but says the first number it expected: a code that was verified has used one up.
    values.receive_sequence = got->recv_seq + static_cast<std::uint64_t>(verified);
    gss.free_lucid(&minor, exported); // wipes the key
    return out;
}

} // namespace winrm::gss

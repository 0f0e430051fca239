// MIT's GSS-API for programs that try our own code against it: errors as exceptions, credentials of the environment
// (PEER_CLIENT_KEYTAB, PEER_KEYTAB, PEER_SERVICE; test/support/kdc.py makes the realm).
#pragma once

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace peer {

inline void must(OM_uint32 major, OM_uint32 minor, const char* what)
{
    if (major == GSS_S_COMPLETE || major == GSS_S_CONTINUE_NEEDED) return;
    std::string text = what;
    for (const auto& [code, kind] : {std::pair{major, GSS_C_GSS_CODE}, std::pair{minor, GSS_C_MECH_CODE}}) {
        OM_uint32 ignored = 0, more = 0;
        gss_buffer_desc message = GSS_C_EMPTY_BUFFER;
        gss_display_status(&ignored, code, kind, GSS_C_NO_OID, &more, &message);
        text += ": " + std::string(static_cast<const char*>(message.value), message.length);
        gss_release_buffer(&ignored, &message);
    }
    throw std::runtime_error(text);
}

inline void must(bool fine, const std::string& what)
{
    if (!fine) throw std::runtime_error(what);
}

inline std::string environment(const char* key)
{
    const char* value = std::getenv(key);
    must(value != nullptr, std::string(key) + " is not set");
    return value;
}

/// Lives as long as the text.
inline gss_buffer_desc buffer(std::string& text) { return {text.size(), text.data()}; }

/// Text of a buffer that is released.
inline std::string taken(gss_buffer_desc& from)
{
    OM_uint32 minor = 0;
    std::string out(static_cast<const char*>(from.value), from.length);
    gss_release_buffer(&minor, &from);
    return out;
}

class credential
{
public:
    credential(gss_cred_usage_t usage, gss_OID mechanism)
    {
        OM_uint32 minor = 0;
        const std::string client = environment("PEER_CLIENT_KEYTAB"), server = environment("PEER_KEYTAB");
        std::vector<gss_key_value_element_desc> store;
        if (usage == GSS_C_INITIATE) store = {{"client_keytab", client.c_str()}, {"ccache", "MEMORY:peer"}};
        else store = {{"keytab", server.c_str()}, {"rcache", "none:"}};
        const gss_key_value_set_desc set{static_cast<OM_uint32>(store.size()), store.data()};
        gss_OID_set_desc mechanisms{1, mechanism};
        must(gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, usage, &set, &value, nullptr,
                                   nullptr),
             minor, "gss_acquire_cred_from");
    }
    credential(const credential&) = delete;
    credential& operator=(const credential&) = delete;
    ~credential()
    {
        OM_uint32 minor = 0;
        gss_release_cred(&minor, &value);
    }
    gss_cred_id_t value = GSS_C_NO_CREDENTIAL;
};

/// One end of a login by a mechanism of MIT's.
class context
{
public:
    context(bool initiates, gss_OID mechanism, OM_uint32 flags)
        : own(initiates ? GSS_C_INITIATE : GSS_C_ACCEPT, mechanism), initiates_(initiates), mechanism_(mechanism),
          flags_(flags)
    {
        if (!initiates) return;
        OM_uint32 minor = 0;
        std::string service = environment("PEER_SERVICE");
        gss_buffer_desc text = buffer(service);
        must(gss_import_name(&minor, &text, const_cast<gss_OID>(GSS_KRB5_NT_PRINCIPAL_NAME), &service_), minor, "name");
    }
    context(const context&) = delete;
    context& operator=(const context&) = delete;
    ~context()
    {
        OM_uint32 minor = 0;
        gss_delete_sec_context(&minor, &value, nullptr);
        gss_release_name(&minor, &service_);
    }

    /// The next token; `done` says whether this end is.
    std::string step(std::string token)
    {
        std::string out = answer(std::move(token));
        must(major_, minor_, initiates_ ? "gss_init_sec_context" : "gss_accept_sec_context");
        return out;
    }
    /// The same, and a refusal with its error token is an answer too.
    std::string answer(std::string token)
    {
        gss_buffer_desc in = buffer(token), out = GSS_C_EMPTY_BUFFER;
        major_ = initiates_ ? gss_init_sec_context(&minor_, own.value, &value, service_, mechanism_, flags_, 0, nullptr,
                                                   &in, nullptr, &out, nullptr, nullptr)
                            : gss_accept_sec_context(&minor_, &value, own.value, &in, nullptr, nullptr, nullptr, &out,
                                                     nullptr, nullptr, nullptr);
        done = major_ == GSS_S_COMPLETE;
        return taken(out);
    }

    credential own;
    gss_ctx_id_t value = GSS_C_NO_CONTEXT;
    bool done = false;

private:
    bool initiates_;
    gss_OID mechanism_;
    OM_uint32 flags_, major_ = GSS_S_COMPLETE, minor_ = 0;
    gss_name_t service_ = GSS_C_NO_NAME;
};

/// MB per second of processor time: a busy machine gives the same figures.
template <class Work> double speed(std::size_t size, Work work)
{
    constexpr int rounds = 100;
    for (int i = 0; i < 5; ++i) work();
    const std::clock_t start = std::clock();
    for (int i = 0; i < rounds; ++i) work();
    const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    return static_cast<double>(size) * rounds / took / 1e6;
}

inline constexpr OM_uint32 usual_flags =
    GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;

inline gss_OID krb5_mechanism() { return const_cast<gss_OID>(gss_mech_krb5); }

} // namespace peer

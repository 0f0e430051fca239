#include "gss/acceptor_keys.h"

#include "gss/acceptor_state.h"
#include "gss/support.h"

#include <array>
#include <atomic>
#include <utility>

namespace winrm::gss {
namespace {

krb5_data data_of(const base::bytes& text)
{
    return {0, static_cast<unsigned>(text.size()), const_cast<char*>(text.data())}; // NOLINT: only read
}

std::string joined(const std::vector<std::string>& names)
{
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name + '/';
    return out;
}

} // namespace

acceptor_keys::state::~state()
{
    OM_uint32 ignored = 0;
    if (credential != GSS_C_NO_CREDENTIAL) gss.release_cred(&ignored, &credential);
    if (keytab != nullptr) gss.accept.kt_close(krb5, keytab); // the last one: the library wipes and frees the keys
    if (krb5 != nullptr) gss.krb5_free(krb5);
}

std::string acceptor_keys::state::take(const std::vector<auth::krb5::keytab_key>& keys)
{
    static std::atomic<unsigned long> number{0};
    const std::string name = "MEMORY:winrmd-" + std::to_string(++number);
    if (gss.krb5_init(&krb5) != 0) return "the Kerberos library does not start: is its configuration readable?";
    if (gss.accept.kt_resolve(krb5, name.c_str(), &keytab) != 0) return "no keytab in memory";
    for (const auth::krb5::keytab_key& key : keys) {
        std::vector<krb5_data> parts;
        for (const base::bytes& part : key.name) parts.push_back(data_of(part));
        krb5_principal_data principal{};
        principal.realm = data_of(key.realm);
        principal.data = parts.data();
        principal.length = static_cast<krb5_int32>(parts.size());
        principal.type = static_cast<krb5_int32>(key.name_type);
        const base::bytes_view bytes = key.key.reveal();
        krb5_keytab_entry entry{};
        entry.principal = &principal;
        entry.timestamp = static_cast<krb5_timestamp>(key.time);
        entry.vno = key.version;
        entry.key.enctype = key.enctype;
        entry.key.length = static_cast<unsigned>(bytes.size());
        entry.key.contents = reinterpret_cast<krb5_octet*>(const_cast<char*>(bytes.data())); // NOLINT: only read
        if (gss.accept.kt_add_entry(krb5, keytab, &entry) != 0) return "a key cannot be taken: " + key.text();
    }
    gss_OID_desc mechanism = oid(krb5_oid);
    gss_OID_set_desc mechanisms{1, &mechanism};
    // The library's own replay cache is a file; ours is replay_guard.
    std::array<gss_key_value_element_desc, 2> store{{{"keytab", name.c_str()}, {"rcache", "none:"}}};
    const gss_key_value_set_desc set{store.size(), store.data()};
    OM_uint32 minor = 0;
    const OM_uint32 major = gss.acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, GSS_C_ACCEPT,
                                                  &set, &credential, nullptr, nullptr);
    return GSS_ERROR(major) != 0 ? words_of(gss, major, minor) : std::string();
}

acceptor_keys::acceptor_keys(std::unique_ptr<state> s, std::shared_ptr<auth::krb5::replay_guard> replays)
    : state_(std::move(s)), replays_(replays ? std::move(replays) : std::make_shared<auth::krb5::replay_guard>())
{}
acceptor_keys::~acceptor_keys() = default;

result<std::shared_ptr<acceptor_keys>> acceptor_keys::load(base::bytes_view keytab,
                                                           const std::vector<std::string>& services,
                                                           std::shared_ptr<auth::krb5::replay_guard> replays)
{
    const library* const gss = open_library();
    if (gss == nullptr) return winrm::error{errc::bad_config, "libgssapi_krb5 is not installed"};
    auto all = auth::krb5::parse_keytab(keytab);
    if (!all) return std::move(all).error();
    const auto keys = auth::krb5::keys_of(std::move(*all), services);
    if (keys.empty()) return winrm::error{errc::bad_config, "has no key for " + joined(services)};
    auto made = std::make_unique<state>(*gss);
    if (std::string why = made->take(keys); !why.empty()) return winrm::error{errc::bad_config, std::move(why)};
    std::shared_ptr<acceptor_keys> out{new acceptor_keys(std::move(made), std::move(replays))};
    return out;
}

} // namespace winrm::gss
